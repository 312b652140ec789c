"""Which stretches of the same item overlap, without comparing all with all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["overlap_share", "overlapping_pairs"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def overlapping_pairs(item: Ints, start: Floats, end: Floats, most: int) -> tuple[Ints, Ints] | None:
    """Return positions (first, second) of all pairs that lie in one item and share a stretch; None if over ``most``.

    Parameters
    ----------
    item, start, end
        (M,) item code and half-open extent of each, ``start`` >= 0 and ``end`` > ``start``.
    most
        Pairs that may be held.
    """
    order = np.lexsort((end, start, item))
    i, s, e = item[order], start[order], end[order]
    # Starts on one axis: each item gets a stretch of its own that is longer than any extent.
    _, at = np.unique(np.concatenate([s, e]), return_inverse=True)
    rank_start, rank_end = at[: len(s)].astype(np.int64), at[len(s) :].astype(np.int64)
    width = int(at.max(initial=0)) + 1
    last = np.searchsorted(i * width + rank_start, i * width + rank_end, side="left")
    here = np.arange(len(s))
    n_after = last - here - 1
    if int(n_after.sum()) > most:
        return None
    first = np.repeat(here, n_after)
    second = np.arange(len(first)) - np.repeat(np.cumsum(n_after) - n_after, n_after) + first + 1
    return order[first], order[second]


def overlap_share(start: Floats, end: Floats, first: Ints, second: Ints) -> Floats:
    """Return the stretch that two have in common over the stretch that either has (Jaccard), for pairs."""
    shared = np.minimum(end[first], end[second]) - np.maximum(start[first], start[second])
    either = np.maximum(end[first], end[second]) - np.minimum(start[first], start[second])
    return np.asarray(np.clip(shared, 0.0, None) / either)
