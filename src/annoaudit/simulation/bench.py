"""Many trials: every attack on every seed, beside the same people with nothing planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.blind_spots import Overlap
from annoaudit.reporting.blind_spot_records import AttackRecord, HonestRecord, Mean, Share
from annoaudit.simulation.mends import DESCRIPTIONS, suggest_mend
from annoaudit.simulation.trials import Trial, find_suspects, rank_labels, rank_people, run_trial
from annoaudit.statistics.intervals import exact_interval, wald_interval

if TYPE_CHECKING:
    from annoaudit.detectors import Detector
    from annoaudit.policy import Policy
    from annoaudit.simulation.attacks import Attack
    from annoaudit.simulation.grounds import Ground
    from annoaudit.simulation.teams import Team

__all__ = ["EVEN", "Bench", "choose_others_best", "judge_share"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

EVEN = 0.5
"""Detectable: found in more than this share of the runs, by the lower end of the interval."""


@dataclass(eq=False)
class Bench:
    """Audits one ground with and without attacks, seed by seed.

    Parameters
    ----------
    ground
        What attacks are planted into.
    detectors, policy
        As in an audit.
    seeds
        One a run.
    n_audits
        How many will be run, for the progress.
    progress
        Called with what is being done, audits done, and all.
    """

    ground: Ground
    detectors: Sequence[Detector]
    policy: Policy
    seeds: Sequence[int]
    n_audits: int
    progress: Progress | None = None
    failures: dict[str, str] = field(default_factory=dict)
    n_done: int = 0
    unplanted: list[Trial] = field(default_factory=list)

    def run_honest(self) -> HonestRecord:
        """Audit the ground as it is: once where it is the same for every seed, else once a seed."""
        seeds = self.seeds[:1] if self.ground.is_fixed else self.seeds
        self.unplanted = [self._audit("nothing planted", self.ground.team(seed), seed) for seed in seeds]
        sizes = np.array([len(one.people) for one in self.unplanted], dtype=float)
        found = Counter(name for one in self.unplanted for name, groups in one.flagged.items() if groups)
        return HonestRecord(tell_share(int((sizes > 0).sum()), len(sizes)), tell_mean(sizes, most=np.inf), _rank(found))

    def run(self, attack: Attack, share: float, strength: float | None, overlap: Overlap) -> AttackRecord:
        """Audit the ground with one attack, once a seed."""
        by: Counter[str] = Counter()
        n_found, n_chance, sizes, n_changed = 0, 0, [], []
        people: list[dict[str, float]] = []
        labels: list[float] = []
        known = {one.name for one in self.detectors}
        expected = tuple(name for name in attack.expected if name in known)
        for number, seed in enumerate(self.seeds):
            team = attack.plant(self.ground.team(seed), share, seed, strength)
            trial = self._audit(attack.name, team, seed)
            found = find_suspects(trial, team.suspects)
            by.update(found)
            n_found += bool(found)
            n_chance += bool(find_suspects(self.unplanted[number % len(self.unplanted)], team.suspects))
            malicious = team.malicious[~team.again]
            people.append(rank_people(trial, team.suspects))
            labels.append(rank_labels(trial, self.ground.order_labels(malicious)))
            sizes.append(int(team.suspects.sum()))
            n_changed.append(float(malicious.mean()))
        seen, chance = tell_share(n_found, len(self.seeds)), tell_share(n_chance, len(self.seeds))
        verdict = judge_share(seen, chance)
        return AttackRecord(
            attack=attack.name,
            what=DESCRIPTIONS.get(attack.name, ""),
            share=share,
            n_members=max(sizes),
            strength=attack.strength if strength is None else strength,
            found=seen,
            chance=chance,
            by=_rank(by),
            expected=expected,
            people=tell_mean(choose_others_best(people, expected)),
            labels=tell_mean(np.array(labels)),
            base_rate=float(np.mean(n_changed)),
            verdict=verdict,
            mend=suggest_mend(attack.name, overlap) if verdict in ("sometimes", "not detectable") else "",
        )

    def _audit(self, what: str, team: Team, seed: int) -> Trial:
        if self.progress:
            self.progress(what, self.n_done, self.n_audits)
        trial = run_trial(self.ground.evidence(team, seed), self.detectors, self.policy)
        self.failures.update(trial.failures)
        self.n_done += 1
        return trial


def choose_others_best(by_detector: Sequence[Mapping[str, float]], expected: Sequence[str]) -> Floats:
    """Return (runs,) the AUROC of the detector that was best in the other runs, so that choosing flatters nothing.

    Ties, and a single run, go to the detectors that are expected to see the attack.
    """
    names = sorted({name for run in by_detector for name in run}, key=lambda name: (name not in expected, name))
    if not names:
        return np.full(len(by_detector), np.nan)
    table = np.array([[run.get(name, 0.5) for name in names] for run in by_detector])
    others = table.sum(axis=0) - table
    return np.asarray(table[np.arange(len(table)), others.argmax(axis=1)], dtype=np.float64)


def judge_share(found: Share, chance: Share) -> str:
    """Return "detectable", "sometimes", "not detectable" or, where there are too few runs, "undecided".

    Detectable: found in more than half of the runs by the lower end of the interval, and by more than the same people
    are named without an attack. Not detectable: in less than half by the upper end. Undecided: the same in every run,
    yet the interval holds a half.
    """
    if found.low > max(EVEN, chance.value):
        return "detectable"
    if found.high < EVEN:
        return "not detectable"
    is_mixed = 0 < found.k < found.n or found.low > EVEN
    return "sometimes" if is_mixed else "undecided"


def tell_share(k: int, n: int) -> Share:
    """Return k of n with its exact interval."""
    low, high = exact_interval(k, n)
    return Share(k, n, k / n, float(low), float(high))


def tell_mean(values: Floats, *, most: float = 1.0) -> Mean:
    """Return the mean over runs with its t interval, within [0, most]."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Mean(float("nan"), float("nan"), float("nan"), 0)
    mean = float(known.mean())
    if len(known) < 2:
        return Mean(mean, float("nan"), float("nan"), len(known))
    low, high = wald_interval(mean, known.std(ddof=1) / len(known) ** 0.5, len(known) - 1)
    return Mean(mean, max(float(low), 0.0), min(float(high), most), len(known))


def _rank(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
