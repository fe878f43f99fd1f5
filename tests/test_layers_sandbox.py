"""The isolation layers: what is denied fails with a permission error and leaves no trace, what is needed works."""

import ctypes
import errno
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import scipy
import scipy.io
from PIL import Image

INSIDE = Path(__file__).parent.parent / "labbench" / "worker" / "inside"
PACKAGES = {name: str(Path(module.__file__).parent.parent) for name, module in
            (("numpy", np), ("scipy", scipy), ("PIL", Image))}  # fmt: skip
NOBODY = 65534
X86 = platform.machine() == "x86_64"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="layers are Linux's")


class Box:
    """One zygote, `without` some capabilities; `run` is one session."""

    def __init__(self, without=(), **config):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("layers_zygote.py")), str(INSIDE),
             json.dumps({"packages": PACKAGES, **config})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
            # Off the bounding set: what is executed does not get it, root or not.
            preexec_fn=lambda: [ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) for capability in without],
        )  # fmt: skip
        line = self.process.stdout.readline()
        if not line and config.get("become") is not None:
            self.close()
            pytest.skip("no mount namespace to show the interpreter to an ordinary user in")
        self.status = json.loads(line)
        self.active, self.inactive = self.status["active"], self.status["inactive"]

    def run(self, code, **request):
        self.process.stdin.write(json.dumps({"code": code, **request}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.communicate()


#: Surroundings by name. ABI 1, 3 and 5 are kernels 5.13, 6.2 and 6.10; "user" is an ordinary user, without root.
CONFIGS = {
    "all": {},
    "user": {"become": NOBODY},
    "landlock only": {"off": ["namespaces", "seccomp", "capabilities", "uid", "untraceable"]},
    "seccomp only": {"off": ["namespaces", "landlock", "capabilities", "uid", "untraceable"]},
    "none": {"off": ["namespaces", "landlock", "seccomp", "capabilities", "uid", "untraceable"]},
    **{f"abi {n}": {"landlock_abi": n, "off": ["namespaces"]} for n in range(1, 8)},
}


@pytest.fixture(scope="module")
def boxes():
    made = {}

    def box(name):
        if name == "user" and os.getuid() != 0:
            name = "all"
        if name not in made:
            made[name] = Box(**CONFIGS[name])
        return made[name]

    yield box
    for box in made.values():
        box.close()


@pytest.fixture
def strong(boxes, request):
    """A box with Landlock and seccomp, in the surroundings that the test is run for."""
    box = boxes(request.param)
    for layer in ("landlock", "seccomp"):
        if layer in box.inactive:
            pytest.skip(f"{layer}: {box.inactive[layer]}")
    return box


everywhere = pytest.mark.parametrize("strong", ["all", "user", "abi 1"], indirect=True)


@pytest.fixture(scope="module")
def public():
    """A temporary folder that other users may read, unlike pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def world(public):
    """What attacks aim at: a golden file, a victim process of the same user, a listening UDP and Unix socket."""
    folder = public / "world"
    folder.mkdir()
    golden = folder / "golden.npy"
    golden.write_bytes(b"secret")
    os.utime(golden, (1e9, 1e9))
    golden.chmod(0o666)
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    pieces = {"golden": str(golden), "shared": str(shared), "folder": str(folder)}
    victims = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as unix:
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(folder / "unix"))
        os.chmod(folder / "unix", 0o777)
        unix.listen()
        for listener in (udp, unix):
            listener.setblocking(False)

        def scope(box):
            """The attacks' variables; the victim runs as the box's user."""
            user = NOBODY if box.status["inactive"].get("uid") == "not root" and os.getuid() == 0 else None
            if user not in victims:
                victims[user] = subprocess.Popen(["sleep", "1000"], user=user, extra_groups=[] if user else None)
            pid = victims[user].pid
            return {**pieces, "victim": pid, "zygote": box.status["pid"], "grader": os.getpid(),
                    "port": udp.getsockname()[1]}  # fmt: skip

        yield scope, golden, shared, victims, udp, unix
        for victim in victims.values():
            victim.kill()
            victim.wait()


def _untouched(world):
    _, golden, shared, victims, udp, unix = world
    assert golden.read_bytes() == b"secret"
    assert golden.stat().st_mode & 0o777 == 0o666
    assert golden.stat().st_mtime == 1e9
    assert list(shared.iterdir()) == []
    for victim in victims.values():
        assert victim.poll() is None
        assert "T" not in Path(f"/proc/{victim.pid}/stat").read_text().split()[2]
        assert os.getpriority(os.PRIO_PROCESS, victim.pid) == os.getpriority(os.PRIO_PROCESS, 0)
        assert os.sched_getaffinity(victim.pid) == os.sched_getaffinity(0)
        assert "Max open files            7 " not in Path(f"/proc/{victim.pid}/limits").read_text()
    with pytest.raises(BlockingIOError):
        udp.recv(10)
    with pytest.raises(BlockingIOError):
        unix.accept()


#: Attacks by what stops them. Each must end in PermissionError in a strong box.
LANDLOCK_STOPS = {
    "read": "open(golden)",
    "read through proc": "open('/proc/self/root' + golden)",
    "list": "os.listdir(folder)",
    "list root": "os.listdir('/')",
    "zygote's environment": "open(f'/proc/{zygote}/environ')",
    "zygote's memory": "open(f'/proc/{zygote}/mem', 'rb')",
    "zygote's descriptors": "os.listdir(f'/proc/{zygote}/fd')",
    "own memory map": "open('/proc/self/maps')",
    "passwd": "open('/etc/passwd')",
    "write": "open(shared + '/x', 'w')",
    "overwrite": "open(golden, 'r+b')",
    "append": "open(golden, 'ab')",
    "open to truncate": "os.open(golden, os.O_TRUNC)",
    "shared memory file": "open('/dev/shm/labbench-test', 'w')",
    "poison bytecode": "open(os.path.dirname(os.__file__) + '/__pycache__/zzz.pyc', 'w')",
    "poison a module": "open(os.__file__, 'r+b')",
    "make folder": "os.mkdir(shared + '/x')",
    "temporary file": "os.open(shared, os.O_TMPFILE | os.O_RDWR)",
}
SECCOMP_STOPS = {
    "chmod": "os.chmod(golden, 0)",
    "utime": "os.utime(golden, (1, 1))",
    "chown": "os.chown(golden, 1, 1)",
    "truncate": "os.truncate(golden, 0)",
    "rename": "os.rename(golden, golden + 'x')",
    "unlink": "os.unlink(golden)",
    "link": "os.link(golden, shared + '/x')",
    "symlink": "os.symlink(golden, shared + '/x')",
    "fifo": "os.mkfifo(shared + '/x')",
    "xattr": "os.setxattr(golden, 'user.x', b'1')",
    "lock": "import fcntl; fcntl.flock(0, fcntl.LOCK_EX)",
    "posix lock": "import fcntl; fcntl.lockf(0, fcntl.LOCK_SH)",
    "fork": "os.fork() or os._exit(0)",
    "exec": "os.execv('/bin/true', ['true'])",
    "subprocess": "import subprocess; subprocess.Popen(['/bin/true'])",
    "kill victim": "os.kill(victim, 19)",
    "kill zygote": "os.kill(zygote, 19)",
    "kill everybody": "os.kill(-1, 0)",
    "kill group": "os.kill(0, 0)",
    "tgkill": "syscall(234 if os.uname().machine == 'x86_64' else 131, victim, victim, 19)",
    "pidfd": "os.pidfd_open(victim)",
    "udp": "import socket; socket.socket(2, 2).sendto(b'x', ('127.0.0.1', port))",
    "tcp": "import socket; socket.socket(2, 1).connect(('127.0.0.1', 9))",
    "unix": "import socket; socket.socket(1, 1).connect(folder + '/unix')",
    "abstract": "import socket; socket.socket(1, 1).bind('\\0labbench')",
    "socketpair": "import socket; socket.socketpair()",
    "netlink": "import socket; socket.socket(16, 3)",
    "victim's limits": "import resource; resource.prlimit(victim, resource.RLIMIT_NOFILE, (7, 7))",
    "renice victim": "os.setpriority(0, victim, 5)",
    "renice": "os.nice(1)",
    "victim's affinity": "os.sched_setaffinity(victim, {0})",
    "affinity": "os.sched_setaffinity(0, {0})",
    "scheduler": "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))",
    "memfd": "os.memfd_create('x')",
    "session": "os.setsid()",
    "owner of a descriptor": "import fcntl; fcntl.fcntl(reply, fcntl.F_SETOWN, victim)",
    "signal of a descriptor": "import fcntl; fcntl.fcntl(reply, fcntl.F_SETSIG, 9)",
    "owner, extended": "import fcntl; fcntl.fcntl(reply, 15, bytes(8))",
    "lease": "import fcntl; fcntl.fcntl(reply, 1024, 0)",
    "notify": "import fcntl; fcntl.fcntl(reply, 1026, 1)",
    "bigger pipe": "import fcntl; fcntl.fcntl(reply, 1031, 1 << 20)",
    "descriptors of one's own": "syscall(436, 1000, 1000, 2)",
    "evict a file": "os.posix_fadvise(0, 0, 0, os.POSIX_FADV_DONTNEED)",
    "evict memory": "import mmap; mmap.mmap(-1, 4096).madvise(21)",
    "merge pages": "import mmap; mmap.mmap(-1, 4096).madvise(mmap.MADV_MERGEABLE)",
    "type into a terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    "asynchronous descriptor": "import fcntl; fcntl.ioctl(reply, 0x5452, b'1111')",
    "raise a limit": "syscall({'x86_64': 302}.get(os.uname().machine, 261), 0, 4, ctypes.create_string_buffer(16), 0)",
    "new root": "os.chroot('/')",
    "set user": "os.setuid(0)",
    "death signal": "assert LIBC.prctl(1, 0, 0, 0, 0) == 0 or (_ for _ in ()).throw(PermissionError())",
    "dumpable": "assert LIBC.prctl(4, 1, 0, 0, 0) == 0 or (_ for _ in ()).throw(PermissionError())",
}
#: Denied by number, on (x86_64, aarch64), with harmless or senseless arguments: only the filter says EPERM to all.
NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "io_uring_setup": (425, 425), "shmget": (29, 194),
    "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "open_tree": (428, 428), "fsopen": (430, 430),
    "userfaultfd": (323, 282), "bpf": (321, 280), "perf_event_open": (298, 241), "keyctl": (250, 219),
    "add_key": (248, 217), "personality": (135, 92), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    "open_by_handle_at": (304, 265), "seccomp": (317, 277), "kcmp": (312, 272), "move_pages": (279, 239),
    "migrate_pages": (256, 238), "ioprio_set": (251, 30), "setpgid": (109, 154), "sendmsg": (46, 211),
    "recvmsg": (47, 212), "splice": (275, 76), "vmsplice": (278, 75), "ftruncate": (77, 46), "fallocate": (285, 47),
    "fchmod": (91, 52), "memfd_secret": (447, 447), "init_module": (175, 105), "kexec_load": (246, 104),
    "reboot": (169, 142), "syslog": (103, 116), "acct": (163, 89), "swapon": (167, 224), "mknodat": (259, 33),
    "execveat": (322, 281), "capset": (126, 91), "setresuid": (117, 147), "landlock_restrict_self": (446, 446),
    "process_madvise": (440, 440), "name_to_handle_at": (303, 264), "quotactl": (179, 60), "modify_ldt": (154, None),
    "sched_setattr": (314, 274), "timer_create": (222, 107), "get_robust_list": (274, 100), "mincore": (27, 232),
}  # fmt: skip


def _attack(box, world, code):
    # Descriptor 0 is a pipe; the reply's is the highest.
    prelude = "reply = max(n for n in range(400) if LIBC.fcntl(n, 1, 0) >= 0)\n" if "reply" in code else ""
    return box.run(prelude + code, scope=world[0](box))


@everywhere
@pytest.mark.parametrize("name", [*LANDLOCK_STOPS, *SECCOMP_STOPS])
def test_denied(strong, world, name):
    seen = _attack(strong, world, {**LANDLOCK_STOPS, **SECCOMP_STOPS}[name])
    assert seen.get("error") == "PermissionError", seen
    _untouched(world)
    assert seen["status"] == 0


@everywhere
def test_denied_by_number(strong):
    column = 0 if X86 else 1
    numbers = {name: pair[column] for name, pair in NUMBERS.items() if pair[column] is not None}
    code = (
        "answer = {}\n"
        "for name, number in numbers.items():\n"
        "    try:\n        syscall(number, 0, 0, 0, 0, 0, 0)\n        answer[name] = 0\n"
        "    except OSError as error:\n        answer[name] = error.errno\n"
    )
    seen = strong.run(code, scope={"numbers": numbers})
    assert seen["answer"] == dict.fromkeys(numbers, errno.EPERM)


@pytest.mark.parametrize("number", range(1, 8))
def test_old_kernels(boxes, world, number):
    box = boxes(f"abi {number}")
    if "landlock" in box.inactive:
        pytest.skip(box.inactive["landlock"])
    actual = int(box.active["landlock"].split(":")[0].removeprefix("ABI "))
    assert actual <= number
    for name in ("truncate", "open to truncate", "rename", "owner of a descriptor", "kill victim", "tcp", "abstract",
                 "asynchronous descriptor", "read", "write"):  # fmt: skip
        seen = _attack(box, world, {**LANDLOCK_STOPS, **SECCOMP_STOPS}[name])
        assert seen.get("error") == "PermissionError", (name, seen)
    _untouched(world)


def test_landlock_alone(boxes, world):
    box = boxes("landlock only")
    if "landlock" in box.inactive:
        pytest.skip(box.inactive["landlock"])
    names = [*LANDLOCK_STOPS, "rename", "unlink", "fifo", "exec", "link", "symlink"]
    if "signals" in box.active["landlock"]:
        names += ["kill victim", "kill zygote"]
    for name in names:
        seen = _attack(box, world, {**LANDLOCK_STOPS, **SECCOMP_STOPS}[name])
        assert seen.get("error") in ("PermissionError", "OSError"), (name, seen)
        assert seen["errno"] in (errno.EACCES, errno.EPERM, errno.EXDEV), (name, seen)
    _untouched(world)


def test_seccomp_alone(boxes, world):
    box = boxes("seccomp only")
    if "seccomp" in box.inactive:
        pytest.skip(box.inactive["seccomp"])
    for name, code in SECCOMP_STOPS.items():
        seen = _attack(box, world, code)
        assert seen.get("error") == "PermissionError", (name, seen)
    _untouched(world)


@pytest.mark.parametrize("code", [
    "open(golden)", "os.listdir(folder)", "os.fork() or os._exit(0)", "os.memfd_create('x')", "os.nice(0)",
    "import resource; resource.prlimit(victim, resource.RLIMIT_NOFILE)", "os.kill(victim, 0)",
    "import socket; socket.socketpair()", "import fcntl; fcntl.fcntl(reply, fcntl.F_SETOWN, victim)",
])  # fmt: skip
def test_attacks_are_real(boxes, world, code):
    """Without the layers they work: otherwise the tests above would prove nothing."""
    assert "answer" in _attack(boxes("none"), world, code)


# ---- what is needed

NEEDED = {
    "lazy scipy": "import scipy.signal; answer = scipy.signal.convolve2d([[1.0]], [[2.0]]).tolist() == [[2.0]]",
    "more scipy": "import scipy.special, scipy.fft, scipy.sparse, scipy.linalg",
    "linear algebra": "import numpy as np; a = np.random.rand(200, 200); u, s, v = np.linalg.svd(a);"
                      " answer = bool(np.allclose(u * s @ v, a) and np.allclose(np.linalg.inv(a) @ a, np.eye(200)))",
    "threads": "from concurrent.futures import ThreadPoolExecutor as P\n"
               "answer = list(P(8).map(abs, range(100))) == list(range(100))",
    "small stacks": "import threading; threading.stack_size(1 << 18); t = threading.Thread(target=int); t.start();"
                    " t.join()",
    "blas threads": "import numpy as np, glob\n"
                    "for lib in [l for l in blas]:\n"
                    "    b = ctypes.CDLL(lib); b.scipy_openblas_set_num_threads64_(2)\n"
                    "a = np.ones((600, 600)); answer = float((a @ a)[0, 0]) == 600",
    "time": "import time; time.sleep(0.001); time.time(); time.process_time(); time.localtime(); time.thread_time()",
    "random": "import random, secrets, uuid; os.urandom(8); random.SystemRandom().random(); uuid.uuid4()",
    "standard library": "import hashlib, decimal, fractions, json, csv, pickle, zlib, bz2, lzma, sqlite3, unittest,"
                        " multiprocessing, asyncio, logging, argparse, xml.dom, email, ssl, statistics; "
                        "hashlib.sha256(b'x'); answer = os.cpu_count() >= 1",
    "devices": "open('/dev/null', 'w').write('x'); open(os.devnull).read(); open('/dev/urandom', 'rb').read(1)",
    "pipes": "r, w = os.pipe(); os.write(w, b'x'); answer = os.read(r, 1) == b'x'",
    "polling": "import select; r, w = os.pipe(); p = select.epoll(); p.register(r); p.poll(0); select.poll().poll(0)",
    "signals": "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None); os.kill(os.getpid(), signal.SIGUSR1)\n"
               "signal.setitimer(signal.ITIMER_REAL, 0.01, 0); signal.signal(signal.SIGALRM, lambda *a: None)\n"
               "signal.pause(); signal.raise_signal(signal.SIGUSR1)",
    "limits can be read": "import resource; resource.getrlimit(resource.RLIMIT_NOFILE); resource.getrusage(0)",
    "existing folder": "os.makedirs(work, exist_ok=True)\ntry:\n    os.mkdir(work)\nexcept FileExistsError: pass",
    "missing file": "try:\n    open(work + '/nothing')\nexcept FileNotFoundError: pass",
    "workspace": "os.chdir(work); answer = sorted(os.listdir('.')) == ['cat.jpg', 'cat.png', 'link', 'w.mat']",
    "pictures": "from PIL import Image\n"
                "answer = [Image.open(f'{work}/cat.{e}').convert('RGB').resize((4, 4)).size for e in ('png', 'jpg')]"
                " == [(4, 4)] * 2",
    "loadmat": "import scipy.io; answer = scipy.io.loadmat(work + '/w.mat')['a'].tolist() == [[1.0, 2.0]]",
    "linked weights": "import scipy.io; answer = scipy.io.loadmat(work + '/link')['a'].shape == (1, 2)",
    "mapped file": "import numpy as np; np.memmap(work + '/w.mat', mode='r')[0]",
    "big allocation": "import numpy as np; np.ones(20_000_000).sum()",
}  # fmt: skip


@pytest.fixture(scope="module")
def workspace(public):
    folder, cache = public / "work", public / "cache"
    folder.mkdir()
    cache.mkdir()
    for file in ("cat.png", "cat.jpg"):
        Image.new("RGB", (8, 8), "red").save(folder / file)
    for place in (folder / "w.mat", cache / "weights.mat"):
        scipy.io.savemat(place, {"a": np.array([1.0, 2.0])})
    (folder / "link").symlink_to(cache / "weights.mat")
    return folder, cache / "weights.mat"


@everywhere
@pytest.mark.parametrize("name", NEEDED)
def test_needed(strong, workspace, name):
    folder, weights = workspace
    blas = [str(p) for p in Path(PACKAGES["numpy"], "numpy.libs").glob("libscipy_openblas64*")]
    seen = strong.run(NEEDED[name], read=[str(folder), str(weights)], scope={"work": str(folder), "blas": blas})
    assert seen.get("answer") in ("done", True), seen
    assert seen["status"] == 0


@everywhere
def test_only_this_session_s_workspace(strong, workspace):
    folder, weights = workspace
    seen = strong.run("open(weights)", read=[str(folder)], scope={"weights": str(weights)})
    assert seen["error"] == "PermissionError"


@everywhere
def test_labbench_s_own_files_are_out_of_reach(strong):
    labbench = INSIDE.parent.parent
    for place in (labbench, labbench.parent / "reference_data", Path(PACKAGES["numpy"]), INSIDE.parent):
        seen = strong.run(f"os.listdir({str(place)!r})")
        assert seen["error"] == "PermissionError", (place, seen)
    assert "answer" in strong.run(f"os.listdir({str(INSIDE)!r})")


@everywhere
def test_memory_is_bounded(strong):
    seen = strong.run("import numpy as np; np.ones(200_000_000)", limits={"memory": 1 << 30, "cpu": 5})
    assert "MemoryError" in seen["error"]


@everywhere
def test_threads_are_bounded(strong):
    code = (
        # Not `Thread.start`: it would wait for a thread that had no memory to begin.
        "import _thread, time\n_thread.stack_size(1 << 15)\nanswer = 0\n"
        "try:\n    while answer < 3000:\n        _thread.start_new_thread(time.sleep, (30,)); answer += 1\n"
        "except (RuntimeError, MemoryError): pass\n"
    )
    seen = strong.run(code, limits={"memory": 256 << 20, "cpu": 20})
    # NPROC where it binds; else the address space. 64 MiB of malloc arenas go first.
    assert 8 < seen["answer"] < 3000, seen


@everywhere
def test_few_descriptors(strong):
    code = "answer = 0\ntry:\n    while answer < 1000:\n        os.dup(0); answer += 1\nexcept OSError: pass\n"
    assert strong.run(code)["answer"] < 64


@everywhere
def test_inherits_only_what_it_keeps(strong):
    code = "answer = sum(LIBC.fcntl(n, 1, 0) >= 0 for n in range(4096))"
    assert strong.run(code)["answer"] == 4


@everywhere
def test_holds_in_threads_too(strong, world):
    code = (
        "import threading\nanswer = []\n"
        "def attempt():\n    try:\n        open(golden)\n    except PermissionError:\n        answer.append(1)\n"
        "    try:\n        os.fork()\n    except PermissionError:\n        answer.append(2)\n"
        "t = threading.Thread(target=attempt); t.start(); t.join()"
    )
    assert strong.run(code, scope=world[0](strong))["answer"] == [1, 2]


@everywhere
@pytest.mark.skipif(not X86, reason="x86_64 has other calling conventions")
def test_other_calling_conventions(strong):
    getpid_x32, getpid_32 = 0x40000000 + 39, bytes.fromhex("b814000000cd80c3")
    assert strong.run(f"syscall({getpid_x32})")["errno"] == errno.ENOSYS
    code = (
        "import mmap\npage = mmap.mmap(-1, 4096, prot=7)\n"
        f"page.write({getpid_32!r})\n"
        "answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()"
    )
    seen = strong.run(code)
    assert "answer" not in seen
    assert os.WTERMSIG(seen["status"]) in (signal.SIGSYS, signal.SIGSEGV)


@everywhere
def test_clone_makes_threads_only(strong):
    clone, clone3 = (56, 435) if X86 else (220, 435)
    assert strong.run(f"syscall({clone}, 17, 0, 0, 0, 0)")["errno"] == errno.EPERM
    assert strong.run(f"syscall({clone}, 0, 0, 0, 0, 0) or os._exit(0)")["errno"] == errno.EPERM
    # With descriptors of its own, and so with 64 more.
    assert strong.run(f"syscall({clone}, 0x7D0B00, 0, 0, 0, 0)")["errno"] == errno.EPERM
    # A thread in a new user namespace.
    assert strong.run(f"syscall({clone}, 0x7D0F00 | 0x10000000, 0, 0, 0, 0)")["errno"] == errno.EPERM
    assert strong.run(f"syscall({clone3}, 0, 0)")["errno"] == errno.ENOSYS
    assert strong.run("syscall(500)")["errno"] == errno.ENOSYS


@everywhere
def test_no_privileges(strong):
    assert strong.run("answer = LIBC.prctl(3, 0, 0, 0, 0)")["answer"] == 0  # not dumpable
    seen = _status_of_a_session(strong)
    assert int(seen["NoNewPrivs"]) == 1
    assert int(seen["Seccomp"]) == 2
    for which in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        # One that reads past file modes may stay.
        assert int(seen[which], 16) in (0, 2, 4), which


def _start(box, code):
    """Start a session and return its pid once it is locked in, as seen from outside."""
    box.process.stdin.write(json.dumps({"code": code}) + "\n")
    box.process.stdin.flush()
    zygote = box.status["pid"]
    while True:
        for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split():
            if "Seccomp:\t2" in Path(f"/proc/{child}/status").read_text():
                return int(child)


def _status_of_a_session(box):
    """/proc/…/status of a session, as the grader sees it."""
    pid = _start(box, "import time; time.sleep(0.1)")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    box.process.stdout.readline()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


@everywhere
def test_the_grader_can_still_read_its_clock_and_kill_it(strong):
    pid = _start(strong, "while True: pass")
    time.sleep(0.05)
    os.kill(pid, signal.SIGSTOP)
    assert time.clock_gettime_ns((~pid << 3) | 2) > 0
    os.kill(pid, signal.SIGKILL)
    assert os.WTERMSIG(json.loads(strong.process.stdout.readline())["status"]) == signal.SIGKILL


def test_dies_with_the_zygote(boxes):
    if "seccomp" in boxes("all").inactive:
        pytest.skip(boxes("all").inactive["seccomp"])
    box = Box()
    pid = _start(box, "import time; time.sleep(60)")
    box.process.kill()
    box.process.wait()
    deadline = time.monotonic() + 5
    while _lives(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            pytest.fail("it outlived its parent")
    box.process.communicate()


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


# ---- what prepare says


def test_active_where_the_kernel_has_them(boxes):
    """Or a broken layer would only be seen as skipped tests."""
    libc = ctypes.CDLL(None)
    if libc.syscall(444, None, 0, 1) > 0:
        assert "landlock" in boxes("all").active, boxes("all").inactive
    if platform.machine() in ("x86_64", "aarch64") and "Seccomp:" in Path("/proc/self/status").read_text():
        assert "seccomp" in boxes("all").active, boxes("all").inactive
    assert {"rlimits", "descriptors", "no_new_privs", "untraceable", "death_signal"} <= boxes("all").active.keys()
    assert boxes("all").active["capabilities"].startswith("all ")


def test_what_is_left_out_is_said(boxes):
    none = boxes("none")
    assert none.inactive["landlock"] == none.inactive["seccomp"] == "left out"
    assert "rlimits" in none.active


as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
WHO = "answer = [os.getpid(), *os.getresuid(), *os.getresgid(), os.getgroups()]"


@pytest.fixture
def other(boxes):
    """A root grader's box, whose sessions become other users."""
    box = boxes("all")
    if "uid" in box.inactive:
        pytest.skip(box.inactive["uid"])
    return box


@as_root
def test_each_session_is_a_user_of_its_own(other):
    for _ in range(2):
        pid, *ids, groups = other.run(WHO)["answer"]
        assert (ids, groups) == ([0x7000_0000 + pid] * 6, [])
    assert "NPROC" in other.active["threads"]
    limit = other.run("import resource; answer = resource.getrlimit(resource.RLIMIT_NPROC)")["answer"]
    assert limit == [2048, 2048]
    assert other.active["capabilities"] == "all but CAP_DAC_READ_SEARCH dropped"
    status = _status_of_a_session(other)
    assert [int(status[which], 16) for which in ("CapEff", "CapPrm", "CapInh", "CapAmb")] == [4, 4, 0, 0]
    assert int(status["CapBnd"], 16) & ~4 == 0


@as_root
def test_another_user_reads_what_it_is_given_and_writes_nothing(other, public):
    private = public / "private"
    private.mkdir(mode=0o700)
    (private / "file").write_text("x")
    (private / "file").chmod(0o600)
    scope = {"private": str(private)}
    assert other.run("answer = open(private + '/file').read()", read=[str(private)], scope=scope)["answer"] == "x"
    # access(2) says what open(2) does.
    assert other.run("answer = os.access(private + '/file', os.R_OK)", read=[str(private)], scope=scope)["answer"]
    assert other.run("open(private + '/file')", scope=scope)["error"] == "PermissionError"
    box = Box(off=["seccomp"])
    try:
        for code in ("os.chmod(private, 0)", "os.utime(private, (1, 1))", "os.kill(zygote, 0)", "os.setuid(0)"):
            seen = box.run(code, read=[str(private)], scope={**scope, "zygote": box.status["pid"]})
            assert seen.get("error") == "PermissionError", (code, seen)
    finally:
        box.close()


@as_root
def test_without_landlock_nobody_reads_past_file_modes():
    box = Box(off=["landlock"])
    box.close()
    assert box.inactive["uid"].startswith("needs Landlock")
    assert box.active["capabilities"] == "all dropped"
    assert "root is exempt" in box.inactive["threads"]


@as_root
@pytest.mark.parametrize(
    ("capability", "reason"),
    [(5, "no permission to stop processes of another user"), (6, "setgroups: EPERM"), (7, "setresuid: EPERM"),
     (8, "prctl: EPERM")],
    ids=["KILL", "SETGID", "SETUID", "SETPCAP"],
)  # fmt: skip
def test_a_root_that_lacks_a_capability_stays_root(capability, reason):
    """As in a container; what is left must still hold."""
    box = Box(without=[capability])
    try:
        assert box.inactive["uid"] == reason
        assert box.run(WHO)["answer"][1:4] == [0, 0, 0]
        assert {"landlock", "seccomp"} <= box.active.keys()
    finally:
        box.close()


#: CHOWN to SETPCAP but DAC_READ_SEARCH, and some that do not matter here.
DOCKER = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}


@as_root
def test_docker_s_root_reads_by_another_capability(public):
    private = public / "docker"
    private.mkdir(mode=0o700)
    (private / "file").touch(0o600)
    box = Box(without={*range(41)} - DOCKER, off=["namespaces"])
    try:
        if "uid" in box.inactive:
            pytest.skip(box.inactive["uid"])
        assert "CAP_DAC_OVERRIDE" in box.active["uid"]
        assert box.active["capabilities"] == "all but CAP_DAC_OVERRIDE dropped"
        scope = {"private": str(private)}
        assert "answer" in box.run("open(private + '/file')", read=[str(private)], scope=scope)
        for code in ("open(private + '/file', 'a')", "os.chmod(private + '/file', 0)", "os.kill(zygote, 0)"):
            seen = box.run(code, read=[str(private)], scope={**scope, "zygote": box.status["pid"]})
            assert seen.get("error") == "PermissionError", (code, seen)
    finally:
        box.close()


def test_each_session_reads_its_own_paths_and_no_others(boxes, public):
    mine, other = public / "mine", public / "other"
    for folder in (mine, other):
        folder.mkdir()
        (folder / "file").write_text("")

    def seen(reading, file):
        return boxes("all").run("open(file)", read=[str(reading)], scope={"file": str(file)}).get("error")

    assert "landlock" in boxes("all").active
    assert [seen(mine, mine / "file"), seen(mine, mine / "file"), seen(mine, other / "file")] == [
        None, None, "PermissionError"]  # fmt: skip
    assert [seen(other, mine / "file"), seen(other, other / "file")] == ["PermissionError", None]
    assert [seen(mine, mine / "file"), seen(mine, other / "file")] == [None, "PermissionError"]
    # The same name, and another folder behind it.
    mine.rename(public / "gone")
    other.rename(mine)
    assert [seen(mine, mine / "file"), seen(mine, public / "gone" / "file")] == [None, "PermissionError"]


@as_root
def test_what_was_read_is_noted_nowhere(boxes, public):
    """By dates of last access one session could tell the next what it was asked."""

    def date(box):
        file = public / "read"
        file.write_text("x")
        os.utime(file, (1e9, 1e9))
        assert boxes(box).run(f"answer = open({str(file)!r}).read()", read=[str(file)])["answer"] == "x"
        return file.stat().st_atime

    if "noatime" not in boxes("all").active.get("namespaces", ""):
        pytest.skip("the mounts are not ours to set")
    if date("none") == 1e9:
        pytest.skip("this file system notes no access anyway")
    assert date("all") == 1e9


def test_a_session_holds_no_ruleset(boxes, public):
    """Else it could let later sessions read more."""
    seen = boxes("all").run("answer = [n for n in range(3, 1024) if LIBC.fcntl(n, 1) >= 0]", read=[str(public)])
    assert len(seen["answer"]) == 1, seen  # the one it replies by


def test_a_layer_that_fails_later_is_an_error(boxes):
    seen = boxes("all").run("pass", read=["/there/is/no/such/path"])
    assert seen["error"] == "LayerError"
    assert seen["message"].startswith("landlock: ")
    # In a session with another parent than it was told.
    assert boxes("all").run("pass", parent=1)["error"] == "LayerError"


def test_unknown_machines_get_no_filter():
    from labbench.worker.inside.layers import seccomp
    from labbench.worker.inside.layers.layer import Unavailable

    with pytest.raises(Unavailable, match="riscv64"):
        seccomp.build("riscv64")
    assert len(seccomp.build("aarch64")) > 200
