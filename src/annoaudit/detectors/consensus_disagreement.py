"""Labels that the annotators' inferred consensus contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds import WITH_CLASSES
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import REGIONS

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["ConsensusDisagreement"]

Floats = npt.NDArray[np.float64]

UNDECIDED, EVEN, SLIVER = 0.25, 0.5, 1e-3


@dataclass(frozen=True)
class ConsensusDisagreement:
    """Score each label by the posterior probability that it is wrong, given all labels on its item.

    The posterior is that of the truth inference (annotators weighted by how well they agree with the
    rest; class probabilities of the item's features as prior where there are any). It is an inference
    from labels: a majority that is wrong together makes a right minority look suspicious. Where two people alone differ
    on a region of an image and neither is three times as credible, both are looked at.

    References
    ----------
    Dawid, Skene (1979). Maximum likelihood estimation of observer error-rates. Applied Statistics 28.
    """

    name = "consensus_disagreement"
    version = "2"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = WITH_CLASSES
    needs = ("repeated", "consensus")

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item that others labelled too."""
        votes, repeated = evidence.votes, evidence.repeated
        posterior = evidence.consensus.posterior
        judged = repeated > 0
        wrong = _look_at_both(evidence, 1.0 - posterior[votes.item, votes.label])
        best = posterior.argmax(axis=1)[votes.item]

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=np.where(judged, np.clip(wrong, 0, 1), np.nan),
            explain=explain,
            given=votes.label,
            suggested=np.where(judged & (best != votes.label), best, -1),
            n=repeated + 1,
            missing="" if judged.all() else "only one annotator labelled the item",
            note=f"model: {evidence.consensus.model}",
        )


def _look_at_both(evidence: Evidence, wrong: Floats) -> Floats:
    """Raise to .5 what the other of two people on a region contradicts, unless it is clearly right."""
    if evidence.kind not in REGIONS or evidence.consensus is not evidence.votes_consensus:
        return wrong
    open_ones = (evidence.repeated == 1) & (wrong >= UNDECIDED) & (wrong < EVEN)
    return np.where(open_ones, EVEN + SLIVER * wrong, wrong)


def _explain(evidence: Evidence, at: int) -> Explanation:
    votes, posterior = evidence.votes, evidence.consensus.posterior
    item, given = int(votes.item[at]), int(votes.label[at])
    counts = votes.counts[item]
    best = int(posterior[item].argmax())
    told = ", ".join(f"{int(counts[k])} “{votes.classes[k]}”" for k in np.argsort(-counts) if counts[k])
    about = "this item" if votes.parts is None else f"“{votes.parts.names[item]}” of this item"
    reason = (
        f"The labels on {about} are {told}; weighing annotators by their agreement, "
        f"“{votes.classes[best]}” has probability {tell_share(posterior[item, best])}"
    )
    reason += "." if best == given else f" and “{votes.classes[given]}” {tell_share(posterior[item, given])}."
    return Explanation(reason, {"votes": {votes.classes[k]: int(counts[k]) for k in np.flatnonzero(counts)}})
