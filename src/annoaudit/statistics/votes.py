"""Labels as integer codes, and the sparse matrix that sums over them run on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.errors import RefusedInput

__all__ = ["FloatArray", "IntArray", "Votes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Votes:
    """Labels as integer codes, one row each, with the sparse matrix that the sums run over.

    Parameters
    ----------
    item, annotator, label
        (L,) codes, each in [0, n). At most one label for an item and annotator is expected; repeats count as
        that many votes.
    n_items, n_annotators, n_classes
        Sizes N, A, K.

    Raises
    ------
    RefusedInput
        If the arrays differ in length, are not integers, or a code lies outside its range.
    """

    item: IntArray
    annotator: IntArray
    label: IntArray
    n_items: int
    n_annotators: int
    n_classes: int

    def __post_init__(self) -> None:
        if self.n_classes < 1:
            raise RefusedInput("truth inference needs at least one class", hint="give n_classes >= 1")
        if not len(self.item) == len(self.annotator) == len(self.label):
            raise RefusedInput("item, annotator and label differ in length", hint="give one entry a label")
        sizes = {"item": self.n_items, "annotator": self.n_annotators, "label": self.n_classes}
        for name, size in sizes.items():
            _check_codes(name, getattr(self, name), size)

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """Sparse (N, A * K) counts; column ``u * K + l`` is label l of annotator u."""
        column = self.annotator.astype(np.int64) * self.n_classes + self.label
        shape = (self.n_items, self.n_annotators * self.n_classes)
        return sparse.csr_matrix((np.ones(len(column)), (self.item, column)), shape=shape)

    @cached_property
    def per_item(self) -> IntArray:
        """(N,) labels of each item."""
        return np.bincount(self.item, minlength=self.n_items)

    @cached_property
    def per_annotator(self) -> IntArray:
        """(A,) labels of each annotator."""
        return np.bincount(self.annotator, minlength=self.n_annotators)

    def shares(self) -> FloatArray:
        """(N, K) share of the votes for each class; uniform where an item has none."""
        cell = self.item.astype(np.int64) * self.n_classes + self.label
        counts = np.bincount(cell, minlength=self.n_items * self.n_classes).astype(float)
        counts = counts.reshape(self.n_items, self.n_classes)
        counts[self.per_item == 0] = 1.0
        counts /= counts.sum(axis=1, keepdims=True)
        return counts


def _check_codes(name: str, codes: IntArray, size: int) -> None:
    if not np.issubdtype(codes.dtype, np.integer) or codes.ndim != 1:
        raise RefusedInput(f"{name} codes must be a one-dimensional integer array", hint="factorise ids first")
    if len(codes) and (codes.min() < 0 or codes.max() >= size):
        raise RefusedInput(
            f"{name} codes must lie in [0, {size}); found {codes.min()} to {codes.max()}",
            hint="recode them, and leave rows without a label out",
        )
