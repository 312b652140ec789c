"""A group whose members give the same unusual answers to the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["RING_INNOCENT", "Ring"]

RING_INNOCENT = (
    "a shared view of a contested kind of item; labels cannot tell it from coordination",
    "the same trainer, office or version of the guideline",
    "the same pre-annotations, accepted",
    "items discussed together, as the guideline may allow",
)


@dataclass(frozen=True)
class Ring:
    """Test whether some group in the team agrees on unusual labels beyond what items and ability explain.

    One test a question: p says that some ring exists, and who belongs to it is a ranking. It sees groups of whom no
    single pair stands out. See :func:`annoaudit.statistics.ring_scan.find_ring`.
    """

    name = "ring"
    version = "1"
    level: ClassVar[Level] = "ring"
    needs = ("ring",)

    def score(self, evidence: Evidence) -> Scores:
        """Score the most agreeing group."""
        ring, votes = evidence.ring, evidence.votes
        low, high = exact_interval(np.array([float(ring.n_agreed)]), np.array([max(ring.n_shared, 1)]))
        usual = ring.expected / max(ring.n_shared, 1)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence) for _ in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.zeros(1, dtype=np.int64),
            suspicion=suspicion_of(np.array([ring.p])),
            explain=explain,
            n=np.array([ring.n_shared]),
            effect=np.array([ring.n_agreed / max(ring.n_shared, 1) - usual]),
            effect_low=low - usual,
            effect_high=high - usual,
            effect_name="shared answers alike, beyond two honest people",
            null="who gave which label, shuffled inside each item by everybody's own odds of differing",
            p=np.array([ring.p]),
            family="the team",
            members=(ring.members,),
            note="p is for the existence of a ring; membership is a ranking",
        )


def _explain(evidence: Evidence) -> Explanation:
    ring, votes, peers = evidence.ring, evidence.votes, evidence.peers
    inside = np.isin(votes.annotator, ring.members)
    cell = votes.item * votes.n_classes + votes.label
    together = np.bincount(cell[inside], minlength=votes.n_items * votes.n_classes)[cell] >= 2
    odd = np.flatnonzero(inside & together & (votes.label != peers.expected))
    odd = odd[np.argsort(peers.of_given(votes.label)[odd], kind="stable")]
    n_members, team = len(ring.members), votes.n_annotators
    split = f" They are {n_members} of {team}: rather two readings in the team than a ring." * (3 * n_members > team)
    return Explanation(
        f"{n_members} annotators give the same answer on {ring.n_agreed} of {ring.n_shared} shared answers; "
        f"honest people would on about {ring.expected:.0f}, and what they share are unusual labels: a shared view or "
        f"coordination, which labels cannot tell apart.{split}",
        {
            **exhibit(
                evidence, odd, statistic="largest eigenvalue of pair scores", value=ring.statistic,
                innocent=RING_INNOCENT,
                would_clear="blinded labels of two outsiders on the items where the group stands alone",
            ),
            "n_members": n_members,
        },
    )  # fmt: skip
