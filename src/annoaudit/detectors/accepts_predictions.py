"""Annotators who accept predictions that their peers would not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.acceptance import Acceptance, compare_acceptance
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["AcceptsPredictions"]

Ints = npt.NDArray[np.int64]
INNOCENT = (
    "the predictions were right and the peers mistaken",
    "a guideline that says to keep the prediction in doubt",
    "an interface in which changing a prediction is laborious",
    "predictions of another model version than the others saw",
)


@dataclass(frozen=True)
class AcceptsPredictions:
    """Score each annotator by how often they keep a shown prediction that is not what their peers expect.

    Counted are labels where a prediction was on show and peers most probably say another class. What each item leads
    to expect is the probability that a peer says the shown class; what is usual in the team is fitted to the team.

    Parameters
    ----------
    min_shown
        Fewer such labels: could not be judged.
    """

    min_shown: int = 15

    name = "accepts_predictions"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers", "shown")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator who was shown enough predictions that peers would not expect."""
        votes, peers, shown = evidence.votes, evidence.peers, evidence.shown
        odd = np.flatnonzero((shown >= 0) & (shown != peers.expected) & peers.informed)
        who, size = votes.annotator[odd], votes.n_annotators
        n = np.bincount(who, minlength=size)
        judged = n >= self.min_shown
        if judged.sum() < 3:
            raise Unavailable(
                f"fewer than three annotators were shown {self.min_shown} predictions that peers would not expect",
                hint="A few deliberately wrong predictions show who reads them.",
            )
        accepted = np.bincount(who[votes.label[odd] == shown[odd]], minlength=size)
        expected = np.bincount(who, peers.of_given(shown)[odd], size).astype(np.float64)
        found = compare_acceptance(accepted, expected, n, judged)
        low, high = exact_interval(accepted, n)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, odd, int(at), accepted, n, found) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(size),
            suspicion=suspicion_of(found.p),
            explain=explain,
            n=n,
            effect=np.where(judged, found.rate - found.usual, np.nan),
            effect_low=np.where(judged, low - found.usual, np.nan),
            effect_high=np.where(judged, high - found.usual, np.nan),
            effect_name="unexpected predictions accepted, above what is usual in the team",
            null="accepts unexpected predictions as often as people of this team do on such items (beta-binomial)",
            p=found.p,
            family="annotators",
            missing="" if judged.all() else f"fewer than {self.min_shown} predictions that peers would not expect",
        )


def _explain(evidence: Evidence, odd: Ints, who: int, accepted: Ints, n: Ints, found: Acceptance) -> Explanation:
    votes = evidence.votes
    mine = odd[votes.annotator[odd] == who]
    kept = mine[votes.label[mine] == evidence.shown[mine]]
    surprising = kept[np.argsort(evidence.peers.of_given(votes.label)[kept], kind="stable")]
    return Explanation(
        f"{int(accepted[who])} of {int(n[who])} predictions that peers would not expect were accepted unchanged "
        f"({tell_share(float(found.rate[who]))}); in this team, {tell_share(float(found.usual[who]))} is usual on such "
        f"items.",
        {
            **exhibit(
                evidence,
                surprising,
                statistic="share of unexpected predictions accepted",
                value=float(found.rate[who]),
                innocent=INNOCENT,
                would_clear="blinded second labels on a random 50 of their items, without predictions",
            ),
            "usual_in_team": round(float(found.usual[who]), 4),
        },
    )
