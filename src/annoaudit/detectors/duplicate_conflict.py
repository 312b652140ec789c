"""Copies and near copies of one item that were labelled differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["DuplicateConflict"]


@dataclass(frozen=True)
class DuplicateConflict:
    """Score each label of a copied item by the labels that its item and the copies got from others.

    With n other labels in the cluster of copies, d of them different, suspicion is (d + .5) / (n + 1).
    Only items that have a labelled copy are judged.
    """

    name = "duplicate_conflict"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = ("choice",)
    needs = ("near_duplicates",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every vote on an item that has a labelled copy."""
        votes, cluster = evidence.votes, evidence.near_duplicates
        labelled = np.bincount(votes.item, minlength=votes.n_items) > 0
        n_copies = np.bincount(cluster, weights=labelled, minlength=cluster.max() + 1)[cluster[votes.item]]
        judged = n_copies > 1
        if not judged.any():
            raise Unavailable("no two labelled items are copies of each other")
        key = cluster[votes.item] * votes.n_classes + votes.label
        same = np.bincount(key, minlength=(cluster.max() + 1) * votes.n_classes)
        table = same.reshape(-1, votes.n_classes)
        mine = table[cluster[votes.item]]
        n_other = mine.sum(axis=1) - 1
        n_different = n_other - (same[key] - 1)
        others = mine.copy()
        others[np.arange(len(votes)), votes.label] = -1
        suggested = others.argmax(axis=1)
        suspicion = np.where(judged, (n_different + 0.5) / (n_other + 1), np.nan)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [
                Explanation(
                    f"{int(n_different[at])} of the {int(n_other[at])} other labels on this item and its "
                    f"{int(n_copies[at]) - 1} near cop{'y' if n_copies[at] == 2 else 'ies'} say otherwise, "
                    f"most often “{votes.classes[int(suggested[at])]}”.",
                    {"copies": _copies(evidence, int(votes.item[at]))},
                )
                for at in positions
            ]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=suspicion,
            explain=explain,
            given=votes.label,
            suggested=np.where(judged & (n_different > 0), suggested, -1),
            n=n_other,
            missing="the item has no labelled copy",
        )


def _copies(evidence: Evidence, item: int, most: int = 5) -> list[str]:
    members = np.flatnonzero(evidence.near_duplicates == evidence.near_duplicates[item])
    return [evidence.votes.item_ids[int(i)].as_py() for i in members if i != item][:most]
