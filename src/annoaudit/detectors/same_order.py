"""Annotators who give the same order over and over, whatever the items hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.rankers import count_rankings, show_rankings, tell_too_few
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.rankings import repeat_of_order
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.rankings import ComparedRankings

__all__ = ["SameOrder"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INNOCENT = (
    "things that were shown in the order of their quality",
    "a thing that this annotator holds to be better throughout, and the others do not",
    "an interface that keeps the last order",
)


@dataclass(frozen=True)
class SameOrder:
    """Score each annotator by how much their rankings of different items repeat one order.

    The mean tau between two rankings of one annotator, by the places at which things were shown, and by the things
    themselves where these come back; against the team's own spread, a t distribution of 4 degrees of freedom. The
    stronger of the two counts. What is good throughout makes everybody repeat themselves; that is the team's median. A
    rank, not a test.

    Parameters
    ----------
    margin
        Excess of tau that is too small to matter.
    min_labels
        Fewer rankings: could not be judged.

    References
    ----------
    Herzog, Bachman (1981). Effects of questionnaire length on response quality. Public Opinion Quarterly 45.
    """

    margin: float = 0.15
    min_labels: int = 20

    name = "same_order"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("ranking",)
    needs = ("compared_rankings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough rankings."""
        votes, given = evidence.votes, evidence.compared_rankings
        n = count_rankings(evidence, np.ones(len(votes), dtype=bool), self.min_labels)
        unknown = np.full(votes.n_annotators, np.nan)
        suspicion: Floats = unknown
        tau: Floats = unknown
        median: Floats = unknown
        for slot in _slots(given):
            repeated, se = repeat_of_order(votes.annotator, slot, given.compared, votes.n_annotators)
            judged = (n >= self.min_labels) & np.isfinite(repeated)
            if judged.sum() < 3:
                continue
            value = np.where(judged, repeated, 0.0)
            found = share_below_team(value, np.where(judged, se, 0.0), judged, margin=self.margin)
            better = np.nan_to_num(found, nan=-1.0) > np.nan_to_num(suspicion, nan=-1.0)
            tau, median = np.where(better, repeated, tau), np.where(better, np.median(repeated[judged]), median)
            suspicion = np.where(better, found, suspicion)
        known = np.isfinite(suspicion)
        if not known.any():
            raise Unavailable(
                "neither the order in which things were shown is known, nor do things stand in several items"
            )

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), float(tau[at]), float(median[at]), int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion,
            explain=explain,
            n=n,
            missing=tell_too_few(known, self.min_labels),
            note="rank, not a test",
        )


def _slots(given: ComparedRankings) -> Iterator[Ints]:
    """(E,) what an entry is across items: the place at which it was shown, and the thing where it comes back."""
    if (given.shown >= 0).any():
        yield given.shown[given.cell]
    if given.come_back:
        yield given.rankings.thing


def _explain(evidence: Evidence, who: int, tau: float, median: float, n: int) -> Explanation:
    mine = np.flatnonzero(evidence.votes.annotator == who)
    try:
        examples = show_rankings(evidence, mine)
    except Unavailable:
        examples = []
    return Explanation(
        f"Two of this annotator's {n} rankings, of different items, have a mean tau of {tau:+.2f}; that of the team's "
        f"median annotator is {median:+.2f}.",
        {
            "statistic": "mean tau between two rankings of one annotator",
            "value": round(tau, 4),
            "examples": examples,
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 of these items, shown again in another order",
        },
    )
