"""Agreement coefficients as functions of sums over items.

Each coefficient is a ratio of sums of what single items contribute, unchanged when all sums are scaled. Hence
its gradient at the sums gives every item's influence (for an interval), reweighted sums give bootstrap
replicates, and the sums of two batches that share no item add up.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.agreement.counts import labelled_counts, matching_share
from annoaudit.statistics.votes import Votes

__all__ = [
    "ROOM",
    "Chance",
    "CongerSums",
    "CountSums",
    "ItemSums",
    "class_shares",
    "corrected",
    "corrected_slopes",
    "inner",
    "mixed_shares",
    "safe_ratio",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]
Chance = Literal["none", "fleiss", "gwet", "uniform"]
ROOM = 1e-12  # chance agreement this close to 1 leaves nothing to correct


class ItemSums(Protocol):
    """A coefficient as a function of sums over items."""

    @property
    @abstractmethod
    def rows(self) -> sparse.csr_array:
        """What each item adds to the sums, (N, D)."""

    @property
    @abstractmethod
    def floor(self) -> float:
        """The lowest value, for intervals that stay in the coefficient's range."""

    @property
    @abstractmethod
    def paired(self) -> NDArray[np.bool_]:
        """Which items have two labels or more, (N,)."""

    @abstractmethod
    def value(self, sums: FloatArray) -> FloatArray:
        """Turn sums (..., D) into coefficients (...,); NaN where undefined."""

    @abstractmethod
    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate the coefficient by each of the sums, (..., D)."""

    @abstractmethod
    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the coefficient falls with the share of items (D sums given) that disagree fully."""


@dataclass(frozen=True, eq=False)
class CountSums:
    """Percent agreement and the coefficients whose chance agreement depends on pooled class shares.

    Columns: agreement within the item, 1 if it has two labels, then the shares of its labels (K). ``chance``
    names the chance agreement: none, Fleiss' (Scott's for two annotators), Gwet's, or uniform (Brennan-Prediger).
    """

    rows: sparse.csr_array
    weights: FloatArray | None
    chance: Chance
    n_classes: int

    @classmethod
    def of(cls, votes: Votes, weights: FloatArray | None, chance: Chance) -> CountSums:
        """Sum up the votes, items without labels left out."""
        counts, n = labelled_counts(votes)
        within = np.column_stack([matching_share(counts, n, weights), n >= 2])
        return cls(sparse.hstack([within, _scaled(counts, 1 / n)], format="csr"), weights, chance, votes.n_classes)

    @property
    def floor(self) -> float:
        """The lowest value."""
        return 0.0 if self.chance == "none" else -1.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Which items have two labels or more, (N,)."""
        return _second_column(self.rows) > 0

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the mean agreement for chance."""
        observed = safe_ratio(sums[..., 0], sums[..., 1])
        return corrected(observed, self._expected(class_shares(sums[..., 2:]))[0])

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        return float(self.gradient(sums)[0] * sums[1])

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum."""
        share = class_shares(sums[..., 2:])
        expected, slope = self._expected(share)
        d_counts = (slope - inner(share, slope)) / sums[..., 2:].sum(-1, keepdims=True)
        return _mean_slopes(sums, expected, d_counts)

    def _expected(self, share: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Chance agreement and its slope by the class shares."""
        k = self.n_classes
        total = k if self.weights is None else self.weights.sum()
        if self.chance == "fleiss":
            mixed = mixed_shares(share, self.weights)
            return (mixed * share).sum(-1), 2 * mixed
        if self.chance == "gwet":
            scale = total / (k * (k - 1)) if k > 1 else np.nan
            return scale * (share * (1 - share)).sum(-1), scale * (1 - 2 * share)
        flat = total / k**2 if self.chance == "uniform" else 0.0
        return np.full(share.shape[:-1], flat), np.zeros_like(share)


@dataclass(frozen=True, eq=False)
class CongerSums:
    """Conger's kappa (Cohen's for two annotators): chance agreement from each annotator's own shares.

    Columns: agreement within the item, 1 if it has two labels, its labels by annotator and class (A * K).
    """

    rows: sparse.csr_array
    weights: FloatArray | None
    n_classes: int

    @classmethod
    def of(cls, votes: Votes, weights: FloatArray | None) -> CongerSums:
        """Sum up the votes, items without labels and annotators without labels left out."""
        counts, n = labelled_counts(votes)
        item, _ = _packed(votes.item, votes.per_item)
        annotator, n_present = _packed(votes.annotator, votes.per_annotator)
        k = votes.n_classes
        marks = sparse.coo_array(
            (np.ones(len(item)), (item, annotator * k + votes.label)), shape=(len(n), n_present * k)
        )
        within = np.column_stack([matching_share(counts, n, weights), n >= 2])
        return cls(sparse.hstack([within, marks], format="csr"), weights, k)

    @property
    def floor(self) -> float:
        """The lowest value."""
        return -1.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Which items have two labels or more, (N,)."""
        return _second_column(self.rows) > 0

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the mean agreement for chance."""
        share, _, present = self._annotator_shares(sums)
        pairs = present.sum(-1) * (present.sum(-1) - 1.0)
        others = mixed_shares(share.sum(-2, keepdims=True) - share, self.weights)
        return corrected(safe_ratio(sums[..., 0], sums[..., 1]), safe_ratio((others * share).sum((-2, -1)), pairs))

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        return float(self.gradient(sums)[0] * sums[1])

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum."""
        share, n, present = self._annotator_shares(sums)
        pairs = present.sum(-1) * (present.sum(-1) - 1.0)
        others = mixed_shares(share.sum(-2, keepdims=True) - share, self.weights)
        expected = safe_ratio((others * share).sum((-2, -1)), pairs)
        slope = 2 * others / np.maximum(pairs, 1)[..., None, None]
        d_counts = (slope - inner(slope, share)) / np.maximum(n, 1)
        return _mean_slopes(sums, expected, d_counts.reshape(*sums.shape[:-1], -1))

    def _annotator_shares(self, sums: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        counts = sums[..., 2:].reshape(*sums.shape[:-1], -1, self.n_classes)
        n = counts.sum(-1, keepdims=True)
        return counts / np.maximum(n, 1), n, n[..., 0] > 0


def corrected(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """Correct agreement for chance: (observed - expected) / (1 - expected), NaN where chance gives 1."""
    room = 1 - expected
    return safe_ratio(observed - expected, np.where(room > ROOM, room, 0.0))


def mixed_shares(share: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Chance of each class to agree with one drawn by these shares, (..., K)."""
    return share if weights is None else np.asarray(share @ weights)


def _scaled(counts: sparse.csr_array, scale: FloatArray) -> sparse.csr_array:
    return sparse.csr_array(
        (counts.data * np.repeat(scale, np.diff(counts.indptr)), counts.indices, counts.indptr),
        shape=counts.shape,
    )


def _packed(codes: IntArray, used: IntArray) -> tuple[IntArray, int]:
    """Renumber codes so that only those in use count, and say how many are."""
    place = np.cumsum(used > 0) - 1
    return place[codes], int(np.count_nonzero(used))


def _second_column(rows: sparse.csr_array) -> FloatArray:
    return np.asarray(rows @ np.eye(rows.shape[1], 1, -1)[:, 0], dtype=np.float64)


def safe_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide; NaN where the denominator is 0."""
    ok = denominator != 0
    return np.where(ok, numerator / np.where(ok, denominator, 1.0), np.nan)


def class_shares(counts: FloatArray) -> FloatArray:
    """Divide counts (..., K) by their sum."""
    return np.asarray(counts / np.maximum(counts.sum(-1, keepdims=True), np.finfo(np.float64).tiny))


def inner(a: FloatArray, b: FloatArray) -> FloatArray:
    """Multiply along the last axis and sum up, (..., 1)."""
    return np.asarray((a * b).sum(-1, keepdims=True))


def corrected_slopes(observed: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slopes of the corrected agreement by observed and by expected agreement."""
    room = 1 - expected
    room = np.where(room > ROOM, room, np.nan)
    return 1 / room, -(1 - observed) / room**2


def _mean_slopes(sums: FloatArray, expected: FloatArray, d_counts: FloatArray) -> FloatArray:
    """Slopes by the sums of a mean agreement (columns 0 and 1) corrected by a chance of known slopes."""
    agreeing, paired = sums[..., 0], sums[..., 1]
    observed = safe_ratio(agreeing, paired)
    d_observed, d_expected = corrected_slopes(observed, expected)
    d_agreeing = safe_ratio(d_observed, paired)
    head = np.stack([d_agreeing, -d_agreeing * observed], axis=-1)
    return np.concatenate([head, d_expected[..., None] * d_counts], axis=-1)
