"""Labels judged by item and by annotator together: the order of the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.label_fusion import fuse_evidence

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["LabelFusion"]


@dataclass(frozen=True)
class LabelFusion:
    """Score each label by how unlikely peers find it, and by how often its annotator departs in this way elsewhere.

    The log odds that a peer would not say it, plus ``cell_weight`` times the log ratio of the annotator's other
    labels in the same class pair to what peers would have given there. So labels of a targeted attack, or of a
    misread guideline, come up together, and lone slips on hard items do not. In the order of the review queue it
    weighs as much as all other label-level detectors together.

    Parameters
    ----------
    cell_weight
        Weight of the class pair; halved in the queue by the mean with the other detectors.
    """

    cell_weight: float = 3.0

    name = "label_fusion"
    version = "1"
    level: ClassVar[Level] = "label"
    needs = ("cells",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item of which something else is known."""
        votes, peers, cells = evidence.votes, evidence.peers, evidence.cells
        suspicion = fuse_evidence(votes.annotator, votes.label, peers, cells, cell_weight=self.cell_weight)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=np.where(peers.informed, suspicion, np.nan),
            explain=explain,
            given=votes.label,
            suggested=np.where((peers.expected != votes.label) & peers.informed, peers.expected, -1),
            n=np.asarray(peers.n_others, dtype=np.int64) + 1,
            missing="" if peers.informed.all() else "nobody else labelled the item, and it has no features",
            note="item evidence and annotator evidence together; orders the queue",
        )


def _explain(evidence: Evidence, at: int) -> Explanation:
    votes, peers, cells = evidence.votes, evidence.peers, evidence.cells
    who, a, b = int(votes.annotator[at]), int(peers.expected[at]), int(votes.label[at])
    reason = (
        f"A typical other annotator would say “{votes.classes[b]}” with probability {tell_share(float(peers.q[at, b]))}"
    )
    if a == b:
        return Explanation(reason + ".", {})
    elsewhere = int(cells.observed[who, a, b]) - 1
    usual = max(float(cells.predicted[who, a, b]) - float(peers.q[at, b]), 0.0)
    reason += f" and “{votes.classes[a]}” with {tell_share(float(peers.q[at, a]))}"
    if elsewhere:
        reason += (
            f"; this annotator gives “{votes.classes[b]}” for “{votes.classes[a]}” {elsewhere} more "
            f"time{'s' * (elsewhere != 1)}, where peers would {usual:.1f}"
        )
    return Explanation(reason + ".", {"elsewhere": elsewhere, "peers_elsewhere": round(usual, 2)})
