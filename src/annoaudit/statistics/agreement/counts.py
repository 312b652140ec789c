"""Labels on shared items, counted: what coefficients of agreement are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.votes import Votes

__all__ = ["MAX_COINCIDENCES", "coincidences", "count_coincidences", "labelled_counts", "matching_share"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MAX_COINCIDENCES = 30_000_000  # held in memory at once, about 2 GB on the way


def labelled_counts(votes: Votes) -> tuple[sparse.csr_array, FloatArray]:
    """Counts of the items that have labels, (N', K), and how many labels each has."""
    n = votes.per_item.astype(np.float64)
    return (votes.counts, n) if (n > 0).all() else (votes.counts[n > 0], n[n > 0])


def matching_share(counts: sparse.csr_array, n: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Weighted share of agreeing pairs of labels on each item, 0 for items with one label."""
    if weights is None:
        matching = np.asarray(counts.multiply(counts).sum(axis=1), dtype=np.float64)
    else:
        step = max(1, 4_000_000 // max(1, len(weights)))
        parts = [_quadratic_form(counts[s : s + step], weights) for s in range(0, counts.shape[0], step)]
        matching = np.concatenate([np.zeros(0), *parts])
    return np.asarray((matching - n) / np.maximum(n * (n - 1), 1), dtype=np.float64)


def count_coincidences(votes: Votes) -> int:
    """Count the pairs of classes met on the items, the size of ``coincidences``."""
    classes = np.diff(votes.counts.indptr).astype(np.int64)
    return int((classes**2).sum())


def coincidences(counts: sparse.csr_array, n: FloatArray) -> sparse.csr_array:
    """Ordered pairs of labels of two annotators on each item over n - 1, (N, K * K)."""
    k = counts.shape[1]
    length = np.diff(counts.indptr)
    left = np.repeat(np.arange(counts.nnz), np.repeat(length, length))
    row = np.repeat(np.arange(len(n)), length**2)
    start = np.concatenate([[0], np.cumsum(length**2)])[:-1]
    within = np.arange(len(row)) - start[row]
    right = counts.indptr[row] + within % length[row]
    same = left == right
    pairs = counts.data[left] * (counts.data[right] - same) / (n[row] - 1)
    column = counts.indices[left].astype(np.int64) * k + counts.indices[right]
    return sparse.coo_array((pairs, (row, column)), shape=(len(n), k * k)).tocsr()


def _quadratic_form(counts: sparse.csr_array, weights: FloatArray) -> FloatArray:
    return np.asarray(counts.multiply(counts @ weights).sum(axis=1), dtype=np.float64)
