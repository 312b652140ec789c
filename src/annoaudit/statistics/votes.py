"""Labels as integer codes, and the sparse matrices that sums over them run on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.errors import UsageError

__all__ = ["FloatArray", "IntArray", "Votes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Votes:
    """Who gave which item which class, as integer codes, one row each.

    Annotators and items without labels are allowed; labels that are missing are not listed.

    Parameters
    ----------
    item, annotator, label
        (L,) codes, each in [0, n).
    n_items, n_annotators, n_classes
        Sizes N, A, K.

    Raises
    ------
    UsageError
        The arrays differ in length, are not integers, or a code lies outside its range.
    """

    item: IntArray
    annotator: IntArray
    label: IntArray
    n_items: int
    n_annotators: int
    n_classes: int

    def __post_init__(self) -> None:
        if self.n_classes < 1:
            raise UsageError("votes need at least one class", hint="give n_classes >= 1")
        sizes = {"item": self.n_items, "annotator": self.n_annotators, "label": self.n_classes}
        for name, size in sizes.items():
            _check_codes(name, getattr(self, name), size)
        if not len(self.item) == len(self.annotator) == len(self.label):
            raise UsageError("item, annotator and label must be one-dimensional and of equal length")

    @classmethod
    def of(
        cls,
        item: npt.ArrayLike,
        annotator: npt.ArrayLike,
        label: npt.ArrayLike,
        n_classes: int,
        *,
        n_items: int | None = None,
        n_annotators: int | None = None,
    ) -> Votes:
        """Check that each annotator labelled an item once, and take N and A from the codes if not given.

        Raises
        ------
        UsageError
            As for ``Votes``, or for two labels of one annotator on one item.
        """
        i, a, k = (_as_codes(codes) for codes in (item, annotator, label))
        n = _size(i) if n_items is None else n_items
        votes = cls(i, a, k, n, _size(a) if n_annotators is None else n_annotators, n_classes)
        key = np.sort(i * votes.n_annotators + a)
        if (key[1:] == key[:-1]).any():
            raise UsageError("an annotator labelled an item twice", hint="keep one label an item and annotator")
        return votes

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """Sparse (N, A * K) counts; column ``u * K + l`` is label l of annotator u."""
        column = self.annotator.astype(np.int64) * self.n_classes + self.label
        shape = (self.n_items, self.n_annotators * self.n_classes)
        return sparse.csr_matrix((np.ones(len(column)), (self.item, column)), shape=shape)

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Sparse (N, K) labels of each class on each item."""
        ones = np.ones(len(self.item))
        return sparse.coo_array((ones, (self.item, self.label)), shape=(self.n_items, self.n_classes)).tocsr()

    @cached_property
    def per_item(self) -> IntArray:
        """(N,) labels of each item."""
        return np.bincount(self.item, minlength=self.n_items)

    @cached_property
    def per_annotator(self) -> IntArray:
        """(A,) labels of each annotator."""
        return np.bincount(self.annotator, minlength=self.n_annotators)

    @cached_property
    def shared(self) -> Votes:
        """The votes on items with at least two labels."""
        keep = self.per_item[self.item] >= 2
        if keep.all():
            return self
        return replace(self, item=self.item[keep], annotator=self.annotator[keep], label=self.label[keep])

    def shares(self) -> FloatArray:
        """(N, K) share of the votes for each class; uniform where an item has none."""
        cell = self.item.astype(np.int64) * self.n_classes + self.label
        counts = np.bincount(cell, minlength=self.n_items * self.n_classes).astype(float)
        counts = counts.reshape(self.n_items, self.n_classes)
        counts[self.per_item == 0] = 1.0
        counts /= counts.sum(axis=1, keepdims=True)
        return counts


def _as_codes(codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
    given = np.asarray(codes)
    if given.size and given.dtype.kind not in "iu":
        raise UsageError("item, annotator and label must be integer codes", hint="leave missing labels out")
    return np.ascontiguousarray(given, dtype=np.int64)


def _size(codes: IntArray) -> int:
    return int(codes.max()) + 1 if codes.size else 0


def _check_codes(name: str, codes: IntArray, size: int) -> None:
    if not np.issubdtype(codes.dtype, np.integer) or codes.ndim != 1:
        raise UsageError(
            f"{name} codes must be integers; item, annotator and label are one-dimensional and of equal length",
            hint="factorise ids first",
        )
    if len(codes) and (codes.min() < 0 or codes.max() >= size):
        raise UsageError(
            f"{name} codes must lie in 0 ... {size - 1}; found {codes.min()} to {codes.max()}",
            hint="recode them, and leave missing labels out",
        )
