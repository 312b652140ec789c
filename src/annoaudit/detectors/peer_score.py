"""Annotators who agree with their peers less than is usual in this team, hard items allowed for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import NOMINAL, REGIONS
from annoaudit.statistics.peer_shortfall import hardness_of_items, shortfall_of_agreement
from annoaudit.statistics.team_spread import share_below_team

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["PeerScore"]

INNOCENT = (
    "another version of the guideline",
    "a view that the majority does not share",
    "new to the task",
    "items that are hard in a way neither their content nor the others' labels show",
)


@dataclass(frozen=True)
class PeerScore:
    """Score each annotator by how far their agreement falls short of what their own items lead to expect.

    The shortfall is the mean, over their labels, of the probability that a typical other annotator would agree
    with the peers' most probable class, less whether they did. On hard items the same ability falls short by more,
    so it is divided by how hard an annotator's items are. It is then read against the team's own spread, with a t
    distribution of 4 degrees of freedom: unusual relative to this team is the only question that labels can answer.
    A rank, not a test: honest people differ in ability.

    Parameters
    ----------
    margin
        Shortfall that is too small to matter.
    min_labels
        Fewer labels with peers: could not be judged.
    """

    margin: float = 0.08
    min_labels: int = 20

    name = "peer_score"
    version = "2"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = (*NOMINAL, *REGIONS)
    needs = ("peers",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough labels that peers say something about."""
        votes, peers = evidence.votes, evidence.peers
        shortfall, se, n = shortfall_of_agreement(votes.annotator, votes.label, peers, votes.n_annotators)
        judged = n >= self.min_labels
        if judged.sum() < 3:
            raise Unavailable(
                f"fewer than three annotators have {self.min_labels} labels",
                hint="What is usual in a team needs at least three.",
            )
        hardness = hardness_of_items(votes.annotator, peers, votes.n_annotators)
        suspicion = share_below_team(shortfall / hardness, se / hardness, judged, margin=self.margin)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), float(shortfall[at]), float(se[at]), int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion,
            explain=explain,
            n=n,
            effect=shortfall,
            effect_low=shortfall - 1.96 * se,
            effect_high=shortfall + 1.96 * se,
            effect_name="agreement with peers below what their items lead to expect",
            missing="" if judged.all() else f"fewer than {self.min_labels} labels",
            note="rank among this team, not a test",
        )


def _explain(evidence: Evidence, who: int, shortfall: float, se: float, n: int) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    mine = np.flatnonzero((votes.annotator == who) & peers.informed)
    differ = mine[votes.label[mine] != peers.expected[mine]]
    surprising = differ[np.argsort(peers.of_given(votes.label)[differ], kind="stable")]
    rate = 1.0 - len(differ) / n
    return Explanation(
        f"{tell_share(rate)} of this annotator's {n} labels are what their peers would most probably say; their items "
        f"lead to expect {tell_share(min(rate + shortfall, 1.0))}.",
        {
            **exhibit(
                evidence,
                surprising,
                statistic="shortfall of agreement",
                value=shortfall,
                innocent=INNOCENT,
                would_clear="blinded second labels on a random 50 of their items",
            ),
            "standard_error": round(se, 4),
        },
    )
