"""The shipped attacks lose here, as far as the layers that stop them are active; and the judges can tell a win."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labbench import redteam
from labbench.errors import ExitCode
from labbench.redteam import guarded, ipc, model, processes, stakes
from labbench.redteam.referee import Ground, Referee, inapplicable
from labbench.redteam.stakes import Seen
from labbench.redteam.watch import Watch
from labbench.redteam.wrappings import WRAPPINGS
from labbench.results import Verdict, text
from labbench.texts import Lang, render
from labbench.worker.zygote import probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the attacks are written for Linux")

ATTACKS = redteam.attacks()
#: Names in `needs` that are no layers: what labbench itself has still to close. A win is expected, and noticed when
#: it no longer happens.
OPEN = {need for a in ATTACKS for need in a.header.needs if " " in need}
TOKEN = "lbrt0123456789abcdef"


@pytest.fixture(scope="module")
def ground():
    with Ground() as ground:
        yield ground


@pytest.fixture(scope="module")
def referee(ground):
    with Referee(ground) as referee:
        yield referee


def lacking(attack):
    """The reason why the attack may win here, or "": none of the layers that stop it is active."""
    needs = [n for n in attack.header.needs if n not in OPEN]
    there = any(layer.split()[0] == need for need in needs for layer in probe().layers)
    return "" if there or not needs else f"inactive here: {', '.join(needs)}"


# -- the corpus -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_attack_loses(referee, attack, request):
    if reason := lacking(attack):
        pytest.skip(reason)
    if set(attack.header.needs) & OPEN:
        request.applymarker(pytest.mark.xfail(reason=f"open: {', '.join(attack.header.needs)}", strict=True))
    outcome = referee.run(attack)
    if Verdict.TIMEOUT in set(outcome.verdicts) - set(attack.verdicts) and not outcome.won:
        outcome = referee.run(attack)  # a busy machine, likely
    if not outcome.applicable:
        pytest.skip(render(outcome.detail, Lang.EN))
    assert not outcome.won, render(outcome.detail, Lang.EN)
    assert outcome.verdicts or attack.header.refused
    assert (outcome.detail.key if outcome.detail else "") == attack.header.refused
    assert set(outcome.verdicts) <= set(attack.verdicts)


def test_every_attack_has_a_header_and_no_name_twice():
    assert len({a.name for a in ATTACKS}) == len(ATTACKS) > 150
    groups = {a.header.group for a in ATTACKS}
    assert not groups & {a.name for a in ATTACKS} - {"honest"}
    assert {a.header.stake for a in ATTACKS} == set(redteam.Stake)


def test_every_wrapping_is_an_attack():
    assert sorted(a.header.wrapped for a in ATTACKS if a.header.wrapped) == sorted(WRAPPINGS)


def test_attacks_are_imported_by_nobody():
    assert not [name for name in sys.modules if name.startswith("labbench.redteam.attacks")]
    assert not list(model.FOLDER.rglob("__pycache__"))


def test_a_bad_header_is_refused(tmp_path):
    (tmp_path / "odd.py").write_text('"""\nen: x\nzh: y\ngroup: z\nstake: money\n"""\n')
    with pytest.raises(ValueError, match=r"odd\.py"):
        model.attacks(tmp_path)


# -- the judges: a win of each kind is seen ---------------------------------------------------------------------


def made(folder, body, header="stake: host"):
    """An attack of our own."""
    path = folder / "own.py"
    path.write_text(f'"""\nen: own\nzh: own\ngroup: own\n{header}\n"""\nfrom told import *\n\n' + textwrap.dedent(body))
    return model.read(path)


def lost(referee, tmp_path, body, header="stake: host"):
    """What such an attack gets."""
    outcome = referee.run(made(tmp_path, body, header))
    return outcome.detail.key if outcome.won else None


def test_honest_work_is_not_accused(referee):
    (honest,) = (a for a in ATTACKS if a.name == "honest")
    outcome = referee.run(honest)
    assert not outcome.won
    assert outcome.verdicts == (Verdict.PASS,) * 4


def test_honest_work_that_fails_is_not_accused(referee, tmp_path):
    body = "def forward(x, out):\n    print('got this far')\n    raise ValueError('bad size')\n"
    outcome = referee.run(made(tmp_path, body))
    assert (outcome.won, outcome.verdicts) == (False, (Verdict.ERROR,))


def test_a_right_answer_counts_as_stolen_where_none_was_computed(referee, tmp_path):
    body = """
        from numpy.lib.stride_tricks import sliding_window_view

        def pool(x, out):
            return sliding_window_view(x, (2, 2), axis=(2, 3))[:, :, ::2, ::2].max(axis=(4, 5))
        """
    assert lost(referee, tmp_path, body, "stake: golden\nscenarios: [pool]") == "redteam.passed"


def test_a_canary_that_comes_out_is_seen(referee, tmp_path, monkeypatch):
    arena, _ = referee._ready()
    told = {**referee._facts(arena), "gift": arena.canaries.memory}
    monkeypatch.setattr(Referee, "_facts", lambda *_: told)
    body = "def forward(x, out):\n    return leak(GIFT.encode(), out)\n"
    assert lost(referee, tmp_path, body) == "redteam.secret"
    assert lost(referee, tmp_path, "def forward(x, out):\n    raise ValueError(GIFT)\n") is None
    seen = lost(
        referee, tmp_path, "def forward(x, out):\n    raise ValueError(GIFT)\n", "stake: host\ndisclosure: full"
    )
    assert seen == "redteam.secret"


def test_an_input_that_comes_out_of_another_session_is_seen(referee, ground, tmp_path, monkeypatch):
    told = {**referee._facts(referee._ready()[0]), "gift": ground.question[:16]}
    monkeypatch.setattr(Referee, "_facts", lambda *_: told)
    body = "def pool(x, out):\n    return leak(GIFT, out)\n"
    assert lost(referee, tmp_path, body, "stake: host\nscenarios: [conv, pool]") == "redteam.smuggled"


def test_work_on_no_clock_is_seen(ground):
    values = (("conv", b"...." + ground.proof),)
    row = {"scenario": "conv", "seen": 10**6, "gap": 0, "stray": 0}
    assert stakes.clock("conv", ground.proof, 90 * 10**6, seen(values=values, clocks=(row,))).key == "redteam.hidden"
    for shown in ("seen", "gap", "stray"):
        honest = seen(values=values, clocks=({**row, shown: 80 * 10**6},))
        assert stakes.clock("conv", ground.proof, 90 * 10**6, honest) is None
    assert stakes.clock("conv", ground.proof, 90 * 10**6, seen(clocks=(row,))) is None


def test_a_grader_that_dies_is_seen_and_replaced(referee, tmp_path, monkeypatch):
    arena, _ = referee._ready()
    monkeypatch.setattr(arena, "ask", lambda *_: os.kill(arena.pid, signal.SIGKILL) or type(arena).ask(arena, {}))
    monkeypatch.setattr(referee, "_ready", lambda: (arena, {}))
    assert lost(referee, tmp_path, "") == "redteam.killed"
    monkeypatch.undo()
    assert lost(referee, tmp_path, "") is None


def test_a_grader_that_does_not_come_back_is_seen(referee, tmp_path, monkeypatch):
    monkeypatch.setattr("labbench.redteam.referee._SECONDS", 0.0)
    monkeypatch.setattr("labbench.redteam.referee._SECONDS_A_SCENARIO", 0.3)
    assert lost(referee, tmp_path, "time.sleep(5)") == "redteam.hung"


# -- what a grader saw ------------------------------------------------------------------------------------------


def seen(**changes):
    nothing = Seen(
        checks=(("conv", Verdict.WRONG),), score=0, ceiling=0, values=(), said=(),
        json='{"score": 0, "ceiling": 0}', terminal="Score 0\n", clocks=(), sibling=True, signals=(),
    )  # fmt: skip
    return dataclasses.replace(nothing, **changes)


ATTACK = next(a for a in ATTACKS if a.name == "zeros")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"checks": (("conv", Verdict.PASS),)}, "redteam.passed"),
        ({"checks": (("conv", Verdict.INTERNAL),)}, "redteam.passed"),
        ({"score": 60}, "redteam.score"),
        ({"ceiling": 100}, "redteam.score"),
    ],
)
def test_golden(changes, key):
    assert getattr(stakes.golden(ATTACK, seen(**changes)), "key", None) == key


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"terminal": "a\x1b[2Jb\n"}, "redteam.control"),
        ({"terminal": "a\u202eb\n"}, "redteam.control"),
        ({"said": ("x\ry",)}, "redteam.control"),
        ({"terminal": "fine\n  ::error::x\n"}, "redteam.command"),
        ({"said": ("one\n##[error]",)}, "redteam.command"),
        ({"terminal": f"Score 0\n{TOKEN} 100/100\n"}, "redteam.forged_line"),
        ({"json": '{"score": 0, "ceiling": 0}{}'}, "redteam.forged_json"),
        ({"json": '{"score": 100, "ceiling": 100}'}, "redteam.forged_json"),
        ({"terminal": f"why: {TOKEN}, C::D\n"}, None),
    ],
)
def test_report(changes, key):
    assert getattr(stakes.report(TOKEN, seen(**changes)), "key", None) == key


def test_words_that_the_pack_forbids():
    assert stakes.disclosed(ATTACK, TOKEN, seen()) is None
    assert stakes.disclosed(ATTACK, TOKEN, seen(terminal=f"Got {TOKEN}\n")).key == "redteam.disclosed"
    number = int(TOKEN[4:], 16) >> 2
    assert stakes.disclosed(ATTACK, TOKEN, seen(json=json.dumps({"shape": number}))).key == "redteam.disclosed"


def test_a_refusal_of_two_lines_is_seen():
    refused = text("handin.empty", path="x")
    assert stakes.lines(seen(said=("one\ntwo",))) is None  # output of a session has lines
    assert stakes.lines(seen(said=("one",), refused=refused)) is None
    assert stakes.lines(seen(said=("one", "one\ntwo"), refused=refused)).key == "redteam.lines"
    named = seen(terminal=f"The archive holds {TOKEN}")
    assert stakes.disclosed(ATTACK, TOKEN, named).key == "redteam.disclosed"
    assert stakes.disclosed(ATTACK, TOKEN, dataclasses.replace(named, refused=refused)) is None


def test_other_processes():
    assert stakes.other_processes(seen()) is None
    assert stakes.other_processes(seen(sibling=False)).key == "redteam.sibling"
    assert stakes.other_processes(seen(signals=(10,))) == text("redteam.signal", number=10)


# -- what is guarded --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        lambda f: (f / "results.json").write_text("100"),
        lambda f: (f / "results.json").chmod(0o644),
        lambda f: os.utime(f / "results.json", (0, 0)),
        lambda f: (f / "results.json").unlink(),
        lambda f: (f / "golden.npy").rename(f / "other"),
        lambda f: (f / "two").hardlink_to(f / "golden.npy"),
        lambda f: (f / "__pycache__" / "new.pyc").touch(),
    ],
    ids=["content", "mode", "time", "gone", "renamed", "linked", "new"],
)
def test_a_changed_file_is_seen(tmp_path, harm):
    files = guarded.Files(tmp_path)
    assert files.loss() is None
    harm(files.folder)
    assert files.loss().key == "redteam.file"
    files.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tcp", "udp", "unix", "abstract"])
def test_a_connection_is_seen(tmp_path, name):
    listeners = guarded.Listeners(tmp_path, TOKEN)
    try:
        assert listeners.loss() is None
        told = listeners.told()
        if name == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"x", ("127.0.0.1", told["udp"]))
        elif name == "tcp":
            socket.create_connection(("127.0.0.1", told["tcp"])).close()
        else:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(told["unix"] if name == "unix" else f"\0{TOKEN}")
        assert listeners.loss().values["name"].lower() == name
    finally:
        listeners.close()


def test_no_stranger_is_given_the_port_that_an_attack_may_open(tmp_path):
    """Another run's server there would look like a win."""
    handed_out = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    with contextlib.closing(guarded.Listeners(tmp_path, "lbrtport")) as listeners:
        assert listeners.port not in range(int(handed_out[0]), int(handed_out[1]) + 1)


def test_what_was_left_is_seen_and_removed(tmp_path):
    left = guarded.Leftovers(TOKEN, (tmp_path,))
    assert left.loss() is None
    (tmp_path / f"x-{TOKEN}").mkdir()
    assert left.loss().key == "redteam.left"
    left.close()
    assert left.loss() is None
    libc = ipc._libc()
    if libc.msgget(left.key, 0o1600) >= 0:
        assert left.loss() == text("redteam.left", name="msg", count=1)
        left.close()
        assert left.loss() is None


def test_what_was_unpacked_and_stays_is_seen(tmp_path):
    (tmp_path / "workspace").mkdir()
    unpacked = guarded.Unpacked(tmp_path)
    assert unpacked.loss() is None
    (tmp_path / "snapshot").mkdir()
    assert unpacked.loss() == text("redteam.left", name="snapshot", count=1)


def test_a_lock_that_is_taken_is_seen(tmp_path):
    import fcntl

    lock = guarded.Lock(tmp_path)
    assert not lock.taken()
    with Path(lock.told()["lock"]).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert lock.taken()
    assert not lock.taken()


@pytest.fixture
def bystander(tmp_path):
    """A process of our own that does nothing until it is told to, in a folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-ISc", "import sys; print(flush=True); exec(sys.stdin.read())"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, text=True,
    )  # fmt: skip
    process.stdout.readline()
    yield process
    process.kill()
    with process:
        pass


def test_a_survivor_is_seen_and_ended(bystander, tmp_path):
    assert guarded.Survivors(tmp_path, {bystander.pid}).loss() is None
    survivors = guarded.Survivors(tmp_path, set())
    assert survivors.loss() == text("redteam.survived", count=1)
    survivors.close()
    assert bystander.wait(5) == -signal.SIGKILL


def test_a_process_that_cannot_be_looked_into_is_not_taken_for_dead(bystander, monkeypatch):
    """What an ordinary user sees of a zygote that is not dumpable."""
    monkeypatch.setattr(processes, "link", lambda *_: "")
    with Watch(os.getpid(), 1, lambda: False) as watch:
        pass
    assert watch.loss() is None
    assert processes.alive(bystander.pid)
    bystander.kill()
    os.waitid(os.P_PID, bystander.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.alive(bystander.pid)


def test_what_only_root_could_judge_is_not_called_stopped(monkeypatch):
    (attack,) = (a for a in ATTACKS if a.name == "uring_socket")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert inapplicable(attack) == text("redteam.unseen")


def test_what_was_set_of_a_grader_is_seen(bystander):
    grader = guarded.Grader(bystander.pid)
    assert grader.loss() is None
    os.setpriority(os.PRIO_PROCESS, bystander.pid, 5)
    assert grader.loss() == text("redteam.set", name="nice")
    bystander.kill()
    bystander.wait()
    assert grader.loss() == text("redteam.killed")


@pytest.mark.parametrize(("mib", "key"), [(100, None), (400, "redteam.grown")])
def test_a_grader_that_grows_is_seen(bystander, mib, key):
    bystander.stdin.write(f"x = b'x' * ({mib} << 20); print(flush=True); import time; time.sleep(60)")
    grader = guarded.Grader(bystander.pid)
    bystander.stdin.close()
    bystander.stdout.readline()
    assert getattr(grader.loss(), "key", None) == key


#: Of threads that share no descriptors: not one is the process's own, by its line in /proc.
PIPES_OF_THREADS = """
import ctypes, os, threading, time
def hold():
    ctypes.CDLL(None).unshare(0x400)
    for _ in range(400):
        os.write(os.pipe()[1], bytes(1 << 16))
    time.sleep(1)
if not os.fork():
    for _ in range(4):
        threading.Thread(target=hold).start()
    time.sleep(1)
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("", None),
        ("import os,time; [os.fork() for _ in 'ab']; time.sleep(0.4)", "redteam.processes"),
        ("import os,time; os.fork() or os.execv('/bin/sleep', ['sleep', '0.4']); os.wait()", "redteam.other_program"),
        ("import os,time\nif not os.fork():\n x = b'x' * (500 << 20); time.sleep(0.4); os._exit(0)\nos.wait()",
         "redteam.memory"),
        (PIPES_OF_THREADS, "redteam.buffered"),
    ],
)  # fmt: skip
def test_what_goes_beyond_bounds_is_seen(bystander, code, key):
    with Watch(bystander.pid, 1, lambda: False) as watch:
        bystander.communicate(code)
    assert getattr(watch.loss(), "key", None) == key


# -- the whole --------------------------------------------------------------------------------------------------


def test_run_all_in_the_order_of_the_list(tmp_path):
    told = []
    outcomes = redteam.run_all(["honest"], told.append, jobs=2)
    assert [o.attack.name for o in outcomes] == [a.name for a in redteam.chosen(["honest"])]
    assert sorted(o.attack.name for o in told) == sorted(o.attack.name for o in outcomes)
    assert not any(o.won for o in outcomes)


def test_nothing_is_left_of_a_ground():
    with Ground() as ground:
        folder = ground.folder
        assert (ground.pack.stat().st_mode & 0o777) == 0o700
    assert not folder.exists()


def command(monkeypatch, *arguments):
    from labbench.cli import base
    from labbench.cli.command_line import run

    if "redteam" not in base.COMMANDS:
        monkeypatch.setitem(base.ROOT._lazy, "redteam", "labbench.cli.redteam")
    return run(["redteam", *arguments])


@pytest.mark.parametrize("won", [False, True])
def test_command_exits_with_5_when_an_attack_wins(monkeypatch, capsys, won):
    outcome = model.Outcome(ATTACK, won, (Verdict.WRONG,), text("redteam.killed") if won else None, True, 0.1)
    monkeypatch.setattr(redteam, "run_all", lambda *_, **__: (outcome,))
    assert command(monkeypatch, "--only", "zeros") == (ExitCode.WEAK if won else ExitCode.DONE)
    printed = capsys.readouterr().out
    assert ("WON: the grader died" in printed) == won
    assert ("1 of 1 attacks were stopped" in printed) == (not won)


def test_command_json_and_list(monkeypatch, capsysbinary):
    reason = text("redteam.only_root")
    monkeypatch.setattr(redteam, "run_all", lambda *_, **__: (model.Outcome(ATTACK, False, (), reason, False, 0.0),))
    assert command(monkeypatch, "--json") == ExitCode.DONE
    (row,) = json.loads(capsysbinary.readouterr().out)["attacks"]
    assert (row["name"], row["outcome"], row["detail"]) == ("zeros", "not_applicable", "the grader is not root")
    assert command(monkeypatch, "--list", "--json", "--lang", "zh") == ExitCode.DONE
    assert len(json.loads(capsysbinary.readouterr().out)["attacks"]) == len(ATTACKS)


def test_command_weakens_on_purpose_and_says_so(monkeypatch, capsys):
    given = []
    won = model.Outcome(ATTACK, True, (), text("redteam.killed"), True, 0.1)
    monkeypatch.setattr(redteam, "run_all", lambda *_, isolation: given.append(isolation) or (won,))
    weakened = {"off": ["namespaces", "seccomp"], "landlock_abi": 3}
    line = ["--without", "seccomp", "--without", "namespaces", "--landlock-abi", "3", "--json"]
    assert command(monkeypatch, *line) == ExitCode.WEAK
    printed = capsys.readouterr()
    assert given == [weakened]
    assert printed.err.strip() == (
        "labbench: Weakened on purpose: without namespaces, without seccomp, Landlock at most ABI 3."
    )
    told = json.loads(printed.out)
    assert told["weakened"] == weakened
    names = {layer.split()[0] for layer in told["layers"]}
    assert not names & {"namespaces", "seccomp"}
    assert command(monkeypatch, "--without", "nonsense") == ExitCode.USAGE
    assert "--without: got nonsense" in capsys.readouterr().err


def test_a_weakened_victim_is_weak(ground, tmp_path):
    """The settings reach the sessions that are attacked."""
    body = "def pool(x, out):\n    os.fork() or (time.sleep(2), os._exit(0))\n    time.sleep(1)"
    attack = made(tmp_path, body, "stake: host\nscenarios: [pool]")
    with Referee(ground) as strong:
        assert not strong.run(attack).won or "seccomp" not in {n.split()[0] for n in probe().layers}
    with Referee(ground, {"off": ["seccomp"]}) as weak:
        assert weak.run(attack).detail.key == "redteam.processes"


def test_command_refuses_a_name_that_chooses_nothing(monkeypatch, capsys):
    assert command(monkeypatch, "--only", "nonsense") == ExitCode.USAGE
    assert "nonsense" in capsys.readouterr().err


_LISTENS = """
import sys
ran = []
sys.addaudithook(lambda event, args: ran.append(args) if event in ("subprocess.Popen", "os.system") else None)
from labbench.scoring import environment
assert environment()["platform"]
assert not ran, ran
"""


def test_a_grader_runs_no_program_to_describe_its_machine():
    """The watch over it would take that for the attack's."""
    subprocess.run([sys.executable, "-c", _LISTENS], check=True)
