"""Annotators whose estimated accuracy lies below what is usual in this team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, tell_share

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["AnnotatorQuality"]

_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class AnnotatorQuality:
    """Score each annotator by how far their estimated accuracy lies below the team's median.

    ``z = (median - margin - accuracy) / sqrt(se^2 + spread^2)``, where spread is the team's own robust
    spread of accuracies, read against a t distribution with 4 degrees of freedom. That asks "unusual
    relative to this team", the only question that labels can answer. A rank, not a test: no p value.

    Parameters
    ----------
    margin
        Difference in accuracy that is too small to matter.
    min_labels
        Fewer labels on items that others labelled too: could not be judged.
    """

    margin: float = 0.05
    min_labels: int = 20

    name = "annotator_quality"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("repeated", "consensus")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough labels on shared items."""
        from scipy.stats import t as student_t

        votes, consensus = evidence.votes, evidence.consensus
        if votes.n_annotators < 3:
            raise Unavailable("fewer than three annotators", hint="A team's usual accuracy needs at least three.")
        shared = np.bincount(votes.annotator[evidence.repeated > 0], minlength=votes.n_annotators)
        judged = shared >= self.min_labels
        if judged.sum() < 3:
            raise Unavailable(f"fewer than three annotators have {self.min_labels} labels on shared items")
        accuracy, low, high = consensus.accuracy, consensus.accuracy_low, consensus.accuracy_high
        se = (high - low) / (2 * _NORMAL_95)
        centre = float(np.median(accuracy[judged]))
        spread = _own_spread(accuracy[judged], se[judged])
        z = (centre - self.margin - accuracy) / np.sqrt(se**2 + spread**2 + 1e-9)
        suspicion = np.where(judged, student_t.cdf(z, df=4), np.nan)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [
                Explanation(
                    f"An estimated {tell_share(accuracy[at])} of this annotator's labels are right "
                    f"({tell_share(low[at])} to {tell_share(high[at])}, {shared[at]} shared labels); the team's "
                    f"median is {tell_share(centre)}.",
                    {
                        "accuracy": round(float(accuracy[at]), 4),
                        "interval": [round(float(low[at]), 4), round(float(high[at]), 4)],
                        "team_median": round(centre, 4),
                        "innocent_explanations": [
                            "harder items than others had",
                            "another version of the guideline",
                            "a view that the majority does not share",
                            "new to the task",
                        ],
                        "would_clear": "blinded second labels on a random 50 of their items",
                    },
                )
                for at in positions
            ]

        return Scores(
            detector=self.name,
            version=self.version,
            level=self.level,
            question=votes.question,
            target=np.arange(votes.n_annotators),
            suspicion=suspicion,
            explain=explain,
            n=shared,
            effect=accuracy - centre,
            effect_low=low - centre,
            effect_high=high - centre,
            effect_name="accuracy below the team's median",
            missing="" if judged.all() else f"fewer than {self.min_labels} labels on shared items",
            note="rank among this team, not a test",
        )


def _own_spread(accuracy: npt.NDArray[np.float64], se: npt.NDArray[np.float64]) -> float:
    """Robust spread of accuracies beyond what their standard errors explain."""
    deviation = 1.4826 * float(np.median(np.abs(accuracy - np.median(accuracy))))
    return float(np.sqrt(max(deviation**2 - float(np.median(se)) ** 2, 0.0)))
