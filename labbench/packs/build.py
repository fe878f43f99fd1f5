"""Building a pack: the reference is observed through the same sessions as any hand-in, in float64."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import labbench
from labbench import handin, scratch
from labbench.checks import judge
from labbench.errors import ExitCode, LabbenchError
from labbench.handin.finding import PACKAGE
from labbench.observe import Record, Setting, record
from labbench.packs.manifest import FORMAT, CaseEntry, GoldenEntry, Manifest, MistakeEntry
from labbench.packs.writing import digest, npy
from labbench.results import Disclosure, Fault, Profile, Verdict
from labbench.worker.remote import Spec
from labbench.worker.zygote import Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from labbench.catalogue import Check, LabSpec, ScenarioSpec
    from labbench.labs import Case, Lab, Mistake, Recipe
    from labbench.results import Array
    from labbench.vgg.store import Progress
    from labbench.vgg.weights import Weights

    #: Right answers by observation.
    Answers = dict[str, tuple[Array, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build: without `teaching`, no mistakes' first differences; for `profile` quick, no case of full alone."""

    lab: Lab
    spec: LabSpec
    recipe: Recipe
    weights: Weights
    name: str
    disclosure: Disclosure
    profile: Profile = Profile.FULL
    teaching: bool = True


@dataclass(slots=True)
class _Draft:
    """A pack in the making."""

    arrays: dict[str, Array] = field(default_factory=dict)
    cases: list[CaseEntry] = field(default_factory=list)
    goldens: list[GoldenEntry] = field(default_factory=list)
    mistakes: list[MistakeEntry] = field(default_factory=list)

    def add(self, name: str, array: Array) -> str:
        """Keep an array; returns the file it will lie in."""
        self.arrays[f"{name}.npy"] = array
        return f"{name}.npy"


def build(plan: Plan, progress: Progress | None = None) -> tuple[Manifest, dict[str, Array]]:
    """The manifest and the arrays of a new pack; `packs.writing.write` puts them on disk.

    Raises:
        LabbenchError: the reference itself fails, which is our fault.
    """
    draft = _Draft()
    wanted = plan.spec.scenarios_of(plan.profile)
    cases = {s: c for s, c in plan.lab.cases(plan.recipe).items() if s in wanted}
    with Workers() as workers:
        for bench in _benches(plan, workers, progress):
            _add(draft, bench, bench.own(cases))
    manifest = Manifest(
        format=FORMAT,
        name=plan.name,
        lab=plan.lab.name,
        disclosure=plan.disclosure,
        seed_commitment=commitment(plan.recipe.seed, plan.lab.name),
        weights=plan.weights.digest,
        weights_source=plan.weights.source,
        image=digest(npy(plan.recipe.image)),
        versions={
            "labbench": labbench.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        cases=tuple(draft.cases),
        goldens=tuple(draft.goldens),
        mistakes=tuple(draft.mistakes),
        files={},
    )
    return manifest, draft.arrays


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where hand-ins are observed in one way to do the lab.

    Attributes:
        plan: The plan for this way.
        workers: The sessions.
        tell: Told what is done, and how far the building is.
    """

    plan: Plan
    workers: Workers
    tell: Progress

    def own(self, cases: Mapping[str, Sequence[Case]]) -> dict[str, Sequence[Case]]:
        """The cases of this way's scenarios."""
        return {scenario: its for scenario, its in cases.items() if scenario in self.plan.lab.scenarios}

    def observe(self, scenario: str, case: Case, package: Path) -> Record:
        """What the hand-in in a folder shows; what has a golden is fetched."""
        spec, lab = self.plan.spec.scenarios[scenario], self.plan.lab
        with lab.workspace(package, self.plan.weights.path) as workspace:
            workspace.add_images(case.image_files())
            return record(
                Setting(self.workers, workspace.code, spec.limits, service=lab.service),
                (scenario, lab.scenarios[scenario]),
                case,
                wanted=lambda name: Spec() if _is_golden(spec, name) else None,
            )

    def answers(self, cases: Mapping[str, Sequence[Case]]) -> dict[tuple[str, str], Answers]:
        """What the reference gives on each case, in float64, each with one value per right answer."""
        answers: dict[tuple[str, str], Answers] = {}
        with handin.opened(self.plan.lab.reference, self.plan.spec.files) as snapshot:
            for i, (scenario, of_scenario) in enumerate(cases.items()):
                self.tell(scenario, i / len(cases) / 2)
                for case in of_scenario:
                    variants = [self._right(scenario, v, snapshot.package) for v in _variants(case)]
                    answers[scenario, case.name] = {n: tuple(v[n] for v in variants) for n in variants[0]}
        return answers

    def _right(self, scenario: str, case: Case, package: Path) -> dict[str, Array]:
        """What the reference gives, by observation.

        Raises:
            LabbenchError: it fails.
        """
        spec = self.plan.spec.scenarios[scenario]
        seen = self.observe(scenario, case, package)
        values = {o.name: o.value for o in seen.observations if _is_golden(spec, o.name)}
        failed = [v for v in (seen.ended, *values.values()) if isinstance(v, Fault)]
        if failed:
            raise LabbenchError(
                "pack.reference_failed",
                exit_code=ExitCode.INTERNAL,
                scenario=f"{scenario}/{case.name}",
                reason=failed[0].why,
            )
        return {name: v for name, v in values.items() if isinstance(v, np.ndarray)}


def _benches(plan: Plan, workers: Workers, progress: Progress | None) -> list[_Bench]:
    """One for each way to do the lab."""
    labs = [plan.lab.narrowed(variant) for variant in plan.lab.variants] or [plan.lab]
    plans = [dataclasses.replace(plan, lab=lab, spec=plan.spec.narrowed(lab.scenarios)) for lab in labs]
    return [_Bench(way, workers, progress or (lambda _what, _fraction: None)) for way in plans]


def _add(draft: _Draft, bench: _Bench, cases: Mapping[str, Sequence[Case]]) -> None:
    answers = bench.answers(cases)
    for scenario, of_scenario in cases.items():
        for case in of_scenario:
            draft.cases.append(_keep_case(draft, scenario, case))
            draft.goldens.append(_keep_goldens(draft, bench.plan, scenario, case, answers[scenario, case.name]))
    mistakes = bench.plan.lab.mistakes if bench.plan.teaching else ()
    for i, mistake in enumerate(mistakes):
        bench.tell(mistake.name, (1 + i / len(mistakes)) / 2)
        entry = _first_difference(draft, bench, mistake, cases, answers)
        if entry is not None:
            draft.mistakes.append(entry)


def commitment(seed: str, lab: str) -> str:
    """Proves later which seed a pack was built from; slow on purpose, since a short seed could be guessed."""
    return hashlib.scrypt(seed.encode(), salt=f"labbench/{lab}".encode(), n=1 << 14, r=8, p=1, dklen=32).hex()


def derive(
    plan: Plan, cases: Mapping[str, Sequence[Case]], workers: Workers, progress: Progress | None = None
) -> dict[tuple[str, str], Answers]:
    """What the reference observes on each case, in float64, each with one value per right answer."""
    answers: dict[tuple[str, str], Answers] = {}
    for bench in _benches(plan, workers, progress):
        answers |= bench.answers(bench.own(cases))
    return answers


def _variants(case: Case) -> list[Case]:
    """The case in float64; or, if it has several right answers, one such case for each."""
    images = case.alternatives.values() or [case.images]
    return [_exact(dataclasses.replace(case, images=i, alternatives={})) for i in images]


def _exact(case: Case) -> Case:
    arrays = {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in case.arrays.items()}
    return dataclasses.replace(case, params={**case.params, "dtype": "float64"}, arrays=arrays)


def _is_golden(spec: ScenarioSpec, name: str) -> bool:
    return name not in spec.measured and (spec.golden is None or name in spec.golden)


def _keep_case(draft: _Draft, scenario: str, case: Case) -> CaseEntry:
    folder = f"cases/{scenario}/{case.name}"
    return CaseEntry(
        scenario,
        case.name,
        dict(case.params),
        {n: draft.add(f"{folder}/{n}", a) for n, a in case.arrays.items()},
        {n: draft.add(f"{folder}/images/{n}", a) for n, a in case.images.items()},
        {
            alt: {n: draft.add(f"{folder}/{alt}/{n}", a) for n, a in images.items()}
            for alt, images in case.alternatives.items()
        },
    )


def _keep_goldens(draft: _Draft, plan: Plan, scenario: str, case: Case, answers: Answers) -> GoldenEntry:
    store = plan.spec.scenarios[scenario].store
    folder = f"golden/{scenario}/{case.name}"
    kept = {}
    for observation, values in answers.items():
        if all(np.array_equal(v, values[0]) for v in values):
            named = {observation: values[0]}
        else:
            named = {f"{observation}-{alt}": v for alt, v in zip(case.alternatives, values, strict=True)}
        kept[observation] = tuple(draft.add(f"{folder}/{n}", v.astype(store)) for n, v in named.items())
    return GoldenEntry(scenario, case.name, kept)


def _first_difference(
    draft: _Draft,
    bench: _Bench,
    mistake: Mistake,
    cases: Mapping[str, Sequence[Case]],
    answers: Mapping[tuple[str, str], Answers],
) -> MistakeEntry | None:
    """Where a mistake first gives something else than the reference, in quick's order; None if nowhere."""
    with scratch.folder() as folder:
        edited = folder / PACKAGE
        mistake.apply(bench.plan.lab.reference, edited)
        spec = bench.plan.spec
        for scenario in spec.scenarios_of(Profile.QUICK):
            for case in cases.get(scenario, ()):
                checks = [c for c in spec.checks_of(scenario, case.name) if c.tier is not None]
                if not checks:
                    continue
                seen = bench.observe(scenario, _exact(case), edited)
                wrong = _first_wrong(seen, checks, answers[scenario, case.name])
                if wrong is None:
                    continue
                verdict, observation, value = wrong
                file = None if value is None else draft.add(f"mistakes/{mistake.name}", value.astype(np.float32))
                return MistakeEntry(mistake.name, scenario, case.name, observation, verdict, file)
    return None


def _first_wrong(seen: Record, checks: Sequence[Check], answers: Answers) -> tuple[Verdict, str, Array | None] | None:
    """The first observation that a check does not pass: (verdict, its name, its value if it has one)."""
    observed = {o.name: o for o in seen.observations}
    for name, goldens in answers.items():
        for check in checks:
            if name not in check.observe:
                continue
            if name not in observed:
                return (seen.ended.verdict if seen.ended else Verdict.INTERNAL), name, None
            verdict = judge(check, observed[name], goldens, Disclosure.FULL).verdict
            if verdict is not Verdict.PASS:
                value = observed[name].value
                return verdict, name, value if isinstance(value, np.ndarray) else None
    return None
