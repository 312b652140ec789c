"""Annotators who give one class whatever the item is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.fixed_answers import Excess, favourite_excess

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["FixedResponse"]

INNOCENT = (
    "a default that the interface pre-selects",
    "a guideline that names a class for doubtful items",
    "a batch in which this class really is the most frequent",
)


@dataclass(frozen=True)
class FixedResponse:
    """Score each annotator by how often their favourite class is given where peers expect another one.

    Suspicion is the lower end of the exact 95 % interval of that share: .5 means that at least every second
    item of another class gets the favourite. Items on which peers expect the favourite tell nothing and do not
    count. A rank, not a test.

    Parameters
    ----------
    min_labels
        Fewer labels where peers expect another class: could not be judged.
    """

    min_labels: int = 20

    name = "fixed_response"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("cells",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough labels where another class was expected."""
        votes, excess = evidence.votes, favourite_excess(evidence.cells)
        judged = excess.n >= self.min_labels

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, excess, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=np.where(judged, excess.low, np.nan),
            explain=explain,
            given=excess.label,
            n=excess.n,
            effect=excess.value,
            effect_low=excess.low,
            effect_high=excess.high,
            effect_name="share of items of other classes that get the favourite class",
            missing="" if judged.all() else f"fewer than {self.min_labels} labels where peers expect another class",
            note="rank, not a test",
        )


def _explain(evidence: Evidence, excess: Excess, who: int) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    k = int(excess.label[who])
    picked = np.flatnonzero((votes.annotator == who) & (votes.label == k) & (peers.expected != k))
    picked = picked[np.argsort(-peers.confidence[picked], kind="stable")]
    return Explanation(
        f"Of {int(excess.n[who])} items on which peers expect another class, this annotator gives "
        f"“{votes.classes[k]}” to {tell_share(float(excess.value[who]))}.",
        exhibit(
            evidence, picked, statistic="share given the favourite class", value=float(excess.value[who]),
            innocent=INNOCENT, would_clear="blinded second labels on a random 50 of their items",
        ),
    )  # fmt: skip
