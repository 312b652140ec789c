"""Annotators whose rankings follow the others' less than the team's do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.rankers import count_rankings, mean_by_annotator, show_rankings, tell_too_few
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["LowRankAgreement"]

Ints = npt.NDArray[np.int64]

INNOCENT = (
    "a taste or a standard of one's own, held steadily",
    "items of a sort on which the others happen to agree more closely than they are right",
    "another version of the guideline",
)


@dataclass(frozen=True)
class LowRankAgreement:
    """Score each annotator by how far the agreement of their rankings with the others lies below the team's.

    Each ranking's tau with what the others believe is taken from what a typical annotator would reach on the item, so
    that hard items are held against nobody; the mean over an annotator's rankings is read against the team's own
    spread, a t distribution of 4 degrees of freedom. Orders drawn at random stand out. A rank, not a test: honest
    people differ.

    Parameters
    ----------
    margin
        Shortfall of tau that is too small to matter.
    min_labels
        Fewer rankings: could not be judged.

    References
    ----------
    Efron (2004). Large-scale simultaneous hypothesis testing: the choice of a null hypothesis. JASA 99.
    """

    margin: float = 0.1
    min_labels: int = 20

    name = "low_rank_agreement"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("ranking",)
    needs = ("rankings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough rankings."""
        votes, model = evidence.votes, evidence.rankings.model
        short = model.expected - model.agreement
        n = count_rankings(evidence, np.isfinite(short), self.min_labels)
        judged = n >= self.min_labels
        mean, se = mean_by_annotator(short, votes.annotator, votes.n_annotators)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), int(n[at])) for at in positions]

        value, error = (np.where(judged, one, 0.0) for one in (mean, se))
        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=share_below_team(value, error, judged, margin=self.margin),
            explain=explain,
            n=n,
            effect=np.where(judged, mean, np.nan),
            effect_low=np.where(judged, mean - 1.96 * se, np.nan),
            effect_high=np.where(judged, mean + 1.96 * se, np.nan),
            effect_name="tau short of what a typical annotator would reach on these items",
            missing=tell_too_few(judged, self.min_labels),
            note="rank among this team, not a test",
        )


def _explain(evidence: Evidence, who: int, n: int) -> Explanation:
    model = evidence.rankings.model
    mine = np.flatnonzero((evidence.votes.annotator == who) & np.isfinite(model.agreement))
    furthest = mine[np.argsort((model.agreement - model.expected)[mine], kind="stable")]
    reached, usual = float(model.agreement[mine].mean()), float(model.expected[mine].mean())
    return Explanation(
        f"The {n} rankings of this annotator have a mean tau of {reached:+.2f} with what the others believe; a typical "
        f"annotator would reach {usual:+.2f} on these items.",
        {
            "statistic": "mean tau with the others",
            "value": round(reached, 4),
            "usual": round(usual, 4),
            "examples": show_rankings(evidence, furthest),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "10 of these items ranked again, unseen, some weeks later: a steady order is a view",
        },
    )
