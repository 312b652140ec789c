"""Annotators who avoid clear answers more than somebody who does not look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.fixed_answers import Excess, below_chance
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["WorseThanChance"]

INNOCENT = (
    "two classes swapped by mistake, in the guideline, the interface or an import",
    "labels joined to the wrong items by an export",
    "a team most of which is wrong: labels cannot tell which side is right",
)


@dataclass(frozen=True)
class WorseThanChance:
    """Test whether an annotator agrees with clear answers less often than labels paired with items at random.

    Guessing, and saying the same always, sit on the null; honest people lie far above it. To be below, one has to
    know the answer. It assumes that most of the team is right.

    Parameters
    ----------
    clear
        Probability that peers give to their most probable class, from which an answer counts as clear.
    min_labels
        Fewer labels on clear items: could not be judged.
    """

    clear: float = 0.8
    min_labels: int = 20

    name = "worse_than_chance"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough labels on items whose answer is clear."""
        votes, peers = evidence.votes, evidence.peers
        clear = np.flatnonzero((peers.confidence >= self.clear) & peers.informed)
        if not len(clear):
            raise Unavailable("no item has a clear answer", hint="Let more items be labelled by several people.")
        p, excess = below_chance(
            votes.annotator[clear], votes.label[clear], peers.expected[clear], votes.n_annotators, votes.n_classes
        )
        judged = (excess.n >= self.min_labels) & np.isfinite(p)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, clear, excess, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=np.where(judged, suspicion_of(p), np.nan),
            explain=explain,
            n=excess.n,
            effect=excess.value,
            effect_low=excess.low,
            effect_high=excess.high,
            effect_name="agreement with clear answers below that of labels paired at random",
            null="the same labels, paired with items at random",
            p=np.where(judged, p, np.nan),
            family="annotators",
            missing=""
            if judged.all()
            else f"fewer than {self.min_labels} labels on items with a clear answer, or nothing but one class",
        )


def _explain(evidence: Evidence, clear: npt.NDArray[np.int64], excess: Excess, who: int) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    mine = clear[votes.annotator[clear] == who]
    agreed = votes.label[mine] == peers.expected[mine]
    picked = mine[~agreed]
    picked = picked[np.argsort(-peers.confidence[picked], kind="stable")]
    rate = float(agreed.mean())
    return Explanation(
        f"On {len(mine)} items with a clear answer this annotator gives it {tell_share(rate)} of the time; the same "
        f"labels paired with items at random would {tell_share(rate + float(excess.value[who]))}.",
        exhibit(
            evidence, picked, statistic="agreement below chance", value=float(excess.value[who]), innocent=INNOCENT,
            would_clear="20 of these items, judged by somebody outside the team",
        ),
    )  # fmt: skip
