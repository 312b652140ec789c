"""Labels that differ from those of the most similar items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Explanation, Level, Scores, signed, tell_share

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["NeighbourDisagreement"]


@dataclass(frozen=True)
class NeighbourDisagreement:
    """Score each label by how far another class leads it among the neighbours of its item.

    With ``s_k`` the similarity-weighted share of class k among the neighbours, suspicion is
    ``(1 + max_{k != y} s_k - s_y) / 2``: 1 if all neighbours share one other class, 0 if all share the
    label. Near copies of the item never count as its neighbours, nor do items below ``min_similarity``.

    References
    ----------
    Zhu, Dong, Liu (2022). Detecting corrupted labels without training a model to predict. ICML.
    """

    min_similarity: float = 0.05
    min_neighbours: int = 5
    n_shown: int = 3

    name = "neighbour_disagreement"
    version = "1"
    level: ClassVar[Level] = "label"
    needs = ("neighbours", "votes_consensus")

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item with enough labelled neighbours."""
        votes, neighbours = evidence.votes, evidence.neighbours
        truth = evidence.votes_consensus.posterior
        labelled = np.bincount(votes.item, minlength=votes.n_items) > 0
        usable = (neighbours.index >= 0) & (neighbours.similarity >= self.min_similarity)
        usable &= labelled[neighbours.index]
        weight = np.where(usable, neighbours.similarity, 0.0)
        share = np.zeros((votes.n_items, votes.n_classes))
        for rank in range(neighbours.index.shape[1]):
            share += weight[:, rank, None] * truth[neighbours.index[:, rank]]
        total = weight.sum(axis=1)
        n_usable = usable.sum(axis=1)
        share /= np.where(total > 0, total, 1.0)[:, None]
        given, suggested = _lead(share, votes.item, votes.label)
        judged = n_usable[votes.item] >= self.min_neighbours
        suspicion = np.where(judged, np.clip((1 + given[1] - given[0]) / 2, 0, 1), np.nan)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [self._explain(evidence, int(at), share, n_usable, int(suggested[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            suggested=np.where(judged, suggested, -1),
            n=n_usable[votes.item],
            missing="" if judged.all() else f"fewer than {self.min_neighbours} labelled items are similar enough",
            note=f"features: {evidence.features.source}",
        )

    def _explain(
        self,
        evidence: Evidence,
        at: int,
        share: npt.NDArray[np.float64],
        n_usable: npt.NDArray[np.int64],
        other: int,
    ) -> Explanation:
        votes, neighbours = evidence.votes, evidence.neighbours
        item, given = int(votes.item[at]), int(votes.label[at])
        nearest = [int(i) for i in neighbours.index[item] if i >= 0][: self.n_shown]
        best = evidence.votes_consensus.posterior.argmax(axis=1)
        return Explanation(
            f"Among the {n_usable[item]} most similar items, {tell_share(share[item, other])} (by similarity) are "
            f"“{votes.classes[other]}” and {tell_share(share[item, given])} “{votes.classes[given]}”.",
            {
                "neighbours": [
                    {
                        "item_id": votes.item_ids[i].as_py(),
                        "label": votes.classes[int(best[i])],
                        "similarity": round(float(neighbours.similarity[item, rank]), 3),
                    }
                    for rank, i in enumerate(nearest)
                ]
            },
        )


def _lead(
    share: npt.NDArray[np.float64], item: npt.NDArray[np.int64], label: npt.NDArray[np.int64]
) -> tuple[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], npt.NDArray[np.int64]]:
    """Return, for each vote, the share of its class, the best other share, and that other class."""
    rows = share[item]
    own = rows[np.arange(len(item)), label]
    rows[np.arange(len(item)), label] = -1.0
    other = rows.argmax(axis=1)
    return (own, np.maximum(rows[np.arange(len(item)), other], 0.0)), other
