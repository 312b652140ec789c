"""What is flagged, and how many people at most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError
from annoaudit.findings import Scores, Severity
from annoaudit.policy.limits import OF_OPINION, QUEUE_MOST, QUEUE_SHARE, SEVERITY, THRESHOLDS
from annoaudit.statistics.multiplicity import adjust_e, adjust_p

__all__ = ["Policy", "log_odds"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Policy:
    """What is flagged, what is queued, and how severe it is.

    Parameters
    ----------
    budget
        B, the most labels in the review queue; by default min(5 % of the labels, 500), at least 1.
    thresholds
        Suspicion at which a detector's target is flagged, by detector; ``default_threshold`` for the rest.
    false_discovery_rate
        Where a detector gives p or e values, the expected share of false ones among its flags, in each family.
    smallest_effect
        Such a flag also needs an effect of at least this share, where the detector states one.
    annotator_cap_rate
        Greatest share of a team's annotators flagged at L1 or L2 in one run, by all detectors, rounded up.
    severities
        Level of a detector's findings; statistics alone never exceed L2.
    lead
        Label-level detector that weighs as much as all others together in the order of the queue.
    subjective
        The question asks for opinions: detectors that hold disagreement with others against people are off.
    """

    budget: int | None = None
    default_threshold: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=lambda: dict(THRESHOLDS))
    false_discovery_rate: float = 0.05
    smallest_effect: float = 0.05
    annotator_cap_rate: float = 0.05
    severities: Mapping[str, Severity] = field(default_factory=lambda: dict(SEVERITY))
    lead: str = "label_fusion"
    subjective: bool = False

    def __post_init__(self) -> None:
        if self.budget is not None and self.budget < 0:
            raise UsageError(f"The budget is {self.budget}.", hint="Give 0 or more labels to review.")
        for name, value in self.thresholds.items():
            if not 0 <= value <= 1:
                raise UsageError(f"The threshold of {name} is {value}.", hint="Thresholds lie between 0 and 1.")

    def threshold(self, detector: str) -> float:
        """Return the suspicion from which this detector's targets are flagged."""
        return float(self.thresholds.get(detector, self.default_threshold))

    def severity(self, detector: str) -> Severity:
        """Return the severity of this detector's findings."""
        return self.severities.get(detector, "L0")

    def size_queue(self, n_labels: int) -> int:
        """Return B for this many labels."""
        if self.budget is not None:
            return self.budget
        return min(max(1, math.ceil(QUEUE_SHARE * n_labels)), QUEUE_MOST)

    def is_off(self, detector: str, level: str) -> bool:
        """Return whether this detector flags nobody, because the question asks for opinions."""
        return self.subjective and level not in ("label", "item", "dataset") and detector not in OF_OPINION

    def adjust(self, scores: Scores) -> Floats | None:
        """Return p or e values as what they are worth among all of their family; None where there are none."""
        if scores.e is not None:
            return adjust_e(scores.e)
        return None if scores.p is None else adjust_p(scores.p)

    def flag(self, scores: Scores) -> Bools:
        """Mark the targets that this detector flags, free of any budget or cap.

        By its p or e values where it has any and its effect is large enough to matter; else by its threshold.
        """
        if self.is_off(scores.detector, scores.level):
            return np.zeros(len(scores), dtype=bool)
        adjusted = self.adjust(scores)
        if adjusted is None:
            return np.asarray(np.nan_to_num(scores.suspicion, nan=-1.0) >= self.threshold(scores.detector))
        above = np.nan_to_num(adjusted, nan=1.0) <= self.false_discovery_rate
        if scores.effect is not None:
            above &= ~(scores.effect < self.smallest_effect)
        return np.asarray(above)

    def cap(self, scores: Sequence[Scores], flagged: Mapping[str, Bools], n_annotators: int) -> dict[str, Bools]:
        """Return the flags with at most the capped share of annotators at L1 and L2, gravest first.

        Groups and L3 findings do not count: the one is a single finding, the other rests on mechanism.
        """
        worst = np.full(n_annotators, -1.0)
        people = [one for one in scores if one.level == "annotator" and self.severity(one.detector) in ("L1", "L2")]
        for one in people:
            at = flagged[one.detector]
            above = log_odds(one.suspicion[at]) - log_odds(np.array(self.threshold(one.detector)))
            gravity = np.clip(above, 0.0, 50.0) + 100.0 * (self.severity(one.detector) == "L2")
            np.maximum.at(worst, one.target[at], gravity)
        most = math.ceil(self.annotator_cap_rate * n_annotators)
        kept = np.zeros(n_annotators, dtype=bool)
        kept[np.argsort(-worst, kind="stable")[:most]] = True
        capped = {one.detector: flagged[one.detector] & kept[one.target] for one in people}
        return {**flagged, **capped}


def log_odds(share: Floats, floor: float = 1e-4) -> Floats:
    """Return the log odds of shares, held away from 0 and 1."""
    clipped = np.clip(share, floor, 1 - floor)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
