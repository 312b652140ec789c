"""Annotators who rank the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from annoaudit.detectors.rankers import count_rankings, mean_by_annotator, show_rankings, tell_too_few
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["ReversedRanking"]

Ints = npt.NDArray[np.int64]

INNOCENT = (
    "a guideline or an interface that is read the other way round, 1 as the worst",
    "another standard of what is good, opposite to the team's",
    "a team whose majority ranks the worst first",
)


@dataclass(frozen=True)
class ReversedRanking:
    """Test for each annotator whether their orders go against those of the others.

    The mean tau of an annotator's rankings with what the others believe of each item is compared with 0, one-sided.
    Whoever ranks at random has a mean of 0; honest people lie above it, however hard the items are.

    Parameters
    ----------
    min_labels
        Fewer rankings: could not be judged.

    References
    ----------
    Kendall (1948). Rank correlation methods. Griffin.
    """

    min_labels: int = 10

    name = "reversed_ranking"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("ranking",)
    needs = ("rankings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough rankings."""
        votes, agreement = evidence.votes, evidence.rankings.model.agreement
        n = count_rankings(evidence, np.isfinite(agreement), self.min_labels, fewest=1)
        mean, se = mean_by_annotator(agreement, votes.annotator, votes.n_annotators)
        judged = n >= self.min_labels
        z = mean / np.sqrt(se**2 + 1e-9)
        p = np.where(judged, t.cdf(z, np.maximum(n - 1, 1)), np.nan)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), float(mean[at]), int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(p),
            explain=explain,
            n=n,
            effect=np.where(judged, -mean, np.nan),
            effect_low=np.where(judged, -mean - 1.96 * se, np.nan),
            effect_high=np.where(judged, -mean + 1.96 * se, np.nan),
            effect_name="tau of the annotator's orders with the reverse of what the others believe",
            null="the annotator's orders have nothing to do with those of the others, or follow them",
            p=p,
            family="annotators",
            missing=tell_too_few(judged, self.min_labels),
        )


def _explain(evidence: Evidence, who: int, mean: float, n: int) -> Explanation:
    agreement = evidence.rankings.model.agreement
    mine = np.flatnonzero((evidence.votes.annotator == who) & np.isfinite(agreement))
    lowest = mine[np.argsort(agreement[mine], kind="stable")]
    return Explanation(
        f"The {n} rankings of this annotator have a mean tau of {mean:+.2f} with what the others believe: the worst "
        "tends to stand first.",
        {
            "statistic": "mean tau with the others",
            "value": round(mean, 4),
            "examples": show_rankings(evidence, lowest),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "10 of these items, ranked again after reading which end is the best",
        },
    )
