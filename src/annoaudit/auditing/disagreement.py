"""How often labels differ from what the other annotators said: by class, by annotator, as a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from annoaudit.labels import Votes

__all__ = ["against_others", "count_confusion"]

Floats = npt.NDArray[np.float64]


def against_others(votes: Votes) -> Floats:
    """Return (L,) disagreement of each vote with the plurality of the other votes on its item.

    0 if its class is the others' most frequent one, 1 if not, 1 - 1/t if it is one of t tied classes;
    NaN where nobody else labelled the item. Numbers that are not equal are apart.
    """
    if votes.numbers is not None:
        return _apart_from_all(votes)
    counts = votes.counts[votes.item].astype(np.float64)
    rows = np.arange(len(votes))
    counts[rows, votes.label] -= 1
    top = counts.max(axis=1, initial=0.0)
    n_tied = (counts == top[:, None]).sum(axis=1)
    among = counts[rows, votes.label] == top
    return np.where(top > 0, 1.0 - among / n_tied, np.nan)


def _apart_from_all(votes: Votes) -> Floats:
    """Whether each number differs from all others on its item; NaN where there are none."""
    key = votes.item * votes.n_classes + votes.label
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    same = count[place] - 1
    others = np.bincount(votes.item, minlength=votes.n_items)[votes.item] - 1
    return np.where(others > 0, (same == 0).astype(np.float64), np.nan)


def count_confusion(votes: Votes, posterior: Floats) -> Floats:
    """Return (K, K) expected counts: label given (rows) by true class under the posterior (columns)."""
    flat = np.stack(
        [np.bincount(votes.label, weights=posterior[votes.item, k], minlength=votes.n_classes)
         for k in range(votes.n_classes)],
        axis=1,
    )  # fmt: skip
    return np.asarray(flat, dtype=np.float64)
