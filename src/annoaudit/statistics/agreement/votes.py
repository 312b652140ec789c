"""Labels of several annotators on shared items, as counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from annoaudit.errors import UsageError

__all__ = ["MAX_COINCIDENCES", "Votes", "coincidences", "count_coincidences", "labelled_counts", "matching_share"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MAX_COINCIDENCES = 30_000_000  # held in memory at once, about 2 GB on the way


@dataclass(frozen=True, eq=False)
class Votes:
    """Who gave which item which class: integer arrays of length L, at most one label an item and annotator.

    Annotators and items without labels are allowed; labels that are missing are simply not listed.
    """

    item: IntArray
    annotator: IntArray
    label: IntArray
    n_items: int
    n_annotators: int
    n_classes: int

    @classmethod
    def of(
        cls,
        item: ArrayLike,
        annotator: ArrayLike,
        label: ArrayLike,
        n_classes: int,
        *,
        n_items: int | None = None,
        n_annotators: int | None = None,
    ) -> Votes:
        """Check the codes and keep them.

        Parameters
        ----------
        item, annotator, label
            Codes (L,), integers from 0.
        n_classes, n_items, n_annotators
            K, N, A; N and A are taken from the largest codes if not given.

        Raises
        ------
        UsageError
            For arrays of different length, codes out of range, or two labels of one annotator on one item.
        """
        codes = [np.asarray(a) for a in (item, annotator, label)]
        if any(a.ndim != 1 or a.shape != codes[0].shape for a in codes):
            raise UsageError("item, annotator and label must be one-dimensional and of equal length")
        if any(a.size and a.dtype.kind not in "iu" for a in codes):
            raise UsageError("item, annotator and label must be integer codes", hint="leave missing labels out")
        i, a, k = (np.ascontiguousarray(c, dtype=np.int64) for c in codes)
        sizes = [_size(i, n_items, "item"), _size(a, n_annotators, "annotator"), _size(k, n_classes, "label")]
        key = np.sort(i * sizes[1] + a)
        if (key[1:] == key[:-1]).any():
            raise UsageError("an annotator labelled an item twice", hint="keep one label an item and annotator")
        return cls(i, a, k, *sizes)

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Count the labels of each class on each item, (N, K), sparse."""
        ones = np.ones(len(self.item))
        return sparse.coo_array((ones, (self.item, self.label)), shape=(self.n_items, self.n_classes)).tocsr()

    @cached_property
    def per_item(self) -> IntArray:
        """Count the labels on each item, (N,)."""
        return np.bincount(self.item, minlength=self.n_items).astype(np.int64, copy=False)

    @cached_property
    def per_annotator(self) -> IntArray:
        """Count the labels of each annotator, (A,)."""
        return np.bincount(self.annotator, minlength=self.n_annotators).astype(np.int64, copy=False)

    @cached_property
    def shared(self) -> Votes:
        """Keep the items with at least two labels."""
        keep = self.per_item[self.item] >= 2
        return self if keep.all() else self._only(keep)

    def _only(self, keep: NDArray[np.bool_]) -> Votes:
        return Votes(
            self.item[keep],
            self.annotator[keep],
            self.label[keep],
            self.n_items,
            self.n_annotators,
            self.n_classes,
        )


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
    return (matching - n) / np.maximum(n * (n - 1), 1)


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


def _size(codes: IntArray, given: int | None, name: str) -> int:
    least = int(codes.max()) + 1 if codes.size else 0
    size = least if given is None else int(given)
    if size < least or (codes.size and codes.min() < 0):
        raise UsageError(f"{name} codes must lie in 0 ... {size - 1}", hint="leave missing labels out")
    return size


def _quadratic_form(counts: sparse.csr_array, weights: FloatArray) -> FloatArray:
    return np.asarray(counts.multiply(counts @ weights).sum(axis=1), dtype=np.float64)
