"""The packs of a gradebook: those a teacher names, and one fresh random pack for each other lab.

A fresh pack lies in a temporary folder while it is needed and is thrown away; what leaks of it is worth nothing. It is
built from a seed in the journal, so that a resumed run asks the same questions, and only when something has yet to be
graded. It holds what its profile needs and no known mistakes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from labbench import packs, scratch
from labbench.errors import LabbenchError
from labbench.packs import recipes
from labbench.results import Disclosure, PackId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labbench.gradebook.journal import Journal
    from labbench.results import Profile
    from labbench.vgg.store import Progress


class Packs:
    """A context manager; fresh packs go when it ends.

    Attributes:
        identities: Of each lab's pack, for `policy.require`; of a fresh one its name and its disclosure alone.
    """

    def __init__(self, labs: Sequence[str], profile: Profile, named: Sequence[Path], journal: Journal) -> None:
        """Read the named packs; a seed for each other lab is drawn when it is asked for.

        Raises:
            LabbenchError: a named pack cannot be used, or belongs to none of the labs or to one that has another.
        """
        self._stack = contextlib.ExitStack()
        self._profile = profile
        self._paths: dict[str, Path] = {}
        self._digests: dict[str, str] = {}
        self.identities: dict[str, PackId] = {}
        for path in named:
            pack = packs.read(path)
            lab = pack.manifest.lab
            if lab not in labs or lab in self._paths:
                raise LabbenchError("grade.other_pack", path=str(path), lab=lab, labs=", ".join(labs))
            self._paths[lab], self._digests[lab] = path.absolute(), pack.identity.digest
            self.identities[lab] = pack.identity
        for lab in labs:
            self.identities.setdefault(lab, PackId("fresh", "", Disclosure.VERDICT, ""))
        self._journal = journal

    def digest(self, lab: str) -> str:
        """What tells the pack from others, without building it."""
        return self._digests.get(lab) or f"fresh {self._seed(lab)}"

    def path(self, lab: str, progress: Progress | None = None) -> Path:
        """Where the lab's pack lies; a fresh one is built now."""
        if lab not in self._paths:
            folder = self._stack.enter_context(scratch.folder()) / "pack"
            order = recipes.Order(lab, self._seed(lab), name="fresh", profile=self._profile, teaching=False)
            self._paths[lab] = recipes.build_to(order, folder, progress=progress).pack.path
        return self._paths[lab]

    def _seed(self, lab: str) -> str:
        if lab not in self._journal.seeds:
            self._journal.seed(lab, recipes.random_seed())
        return self._journal.seeds[lab]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
