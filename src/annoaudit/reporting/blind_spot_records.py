"""What a simulation of attacks found, as it is shown: frozen records; rendering adds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["AttackRecord", "BlindSpotsRecord", "HonestRecord", "Mean", "Share"]


@dataclass(frozen=True)
class Share:
    """k of n runs, with the exact binomial 95 % interval."""

    k: int
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mean:
    """The mean over the runs with its 95 % t interval; NaN where it could not be measured."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class AttackRecord:
    """One attack at one share and strength.

    Parameters
    ----------
    attack, share, n_members, strength
        What was planted, into how many annotators, and how often they do it.
    what
        The attack in words.
    found
        Runs in which a finding named mostly attackers.
    chance
        Runs in which the same people were named with nothing planted.
    by
        Detectors that found them, with the number of runs, most often first.
    expected
        Installed detectors that are meant to see it.
    people
        AUROC of the attackers among annotators, in each run by the detector that was best in the other runs.
    labels
        Average precision of the review order for the labels the attack changed.
    base_rate
        Share of the labels the attack changed: the average precision of a random order.
    verdict
        "detectable", "sometimes", "not detectable" or "undecided".
    mend
        How it would become detectable; empty where it is.
    """

    attack: str
    what: str
    share: float
    n_members: int
    strength: float
    found: Share
    chance: Share
    by: tuple[tuple[str, int], ...]
    expected: tuple[str, ...]
    people: Mean
    labels: Mean
    base_rate: float
    verdict: str
    mend: str = ""


@dataclass(frozen=True)
class HonestRecord:
    """What was flagged where nothing was planted.

    ``any_flag`` are the runs with a finding about anybody, ``flagged`` the mean number of annotators in findings.
    """

    any_flag: Share
    flagged: Mean
    by: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class BlindSpotsRecord:
    """One simulation, ready to be shown.

    ``ground`` says what was planted into, ``probabilities`` how items were judged, ``left_out`` which attacks were
    not run and why, ``notes`` how to read the numbers.
    """

    source: str
    version: str
    started_at: datetime
    seconds: float
    ground: str
    probabilities: str
    n_items: int
    n_labels: int
    n_annotators: int
    redundancy: float
    n_classes: int
    n_runs: int
    honest: HonestRecord
    attacks: tuple[AttackRecord, ...]
    left_out: tuple[tuple[str, str], ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
