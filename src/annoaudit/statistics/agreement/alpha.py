"""Krippendorff's alpha and Bangdiwala's B as functions of sums over items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.agreement.counts import coincidences, labelled_counts, matching_share
from annoaudit.statistics.agreement.sums import (
    class_shares,
    corrected,
    corrected_slopes,
    inner,
    mixed_shares,
    safe_ratio,
)
from annoaudit.statistics.votes import Votes

__all__ = ["BangdiwalaSums", "KrippendorffSums", "OrdinalSums"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KrippendorffSums:
    """Krippendorff's alpha with differences that do not depend on the labels (nominal, interval, ratio).

    Columns: weighted matching pairs of the item over n - 1, then its labels by class (K). Items with one label
    are left out.
    """

    rows: sparse.csr_array
    weights: FloatArray | None

    @classmethod
    def of(cls, votes: Votes, weights: FloatArray | None) -> KrippendorffSums:
        """Sum up the votes."""
        counts, n = labelled_counts(votes.shared)
        matching = n * matching_share(counts, n, weights)
        return cls(sparse.hstack([matching[:, None], counts], format="csr"), weights)

    @property
    def floor(self) -> float:
        """The lowest value."""
        return -1.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """All items that are left, (N,)."""
        return np.ones(self.rows.shape[0], dtype=bool)

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the pooled agreement for chance, with Krippendorff's small-sample term."""
        n = sums[..., 1:].sum(-1)
        return _small_sample(self._large(sums), n)

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        return float(self.gradient(sums)[0] * sums[1:].sum())

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum, the small-sample term left out as in the published variance."""
        share, n = class_shares(sums[..., 1:]), sums[..., 1:].sum(-1, keepdims=True)
        mixed = mixed_shares(share, self.weights)
        expected = inner(mixed, share)
        observed = sums[..., :1] / n
        d_observed, d_expected = corrected_slopes(observed, expected)
        d_counts = -d_observed * observed + d_expected * 2 * (mixed - expected)
        return np.asarray(np.concatenate([d_observed, d_counts], axis=-1) / n)

    def _large(self, sums: FloatArray) -> FloatArray:
        share = class_shares(sums[..., 1:])
        expected = (mixed_shares(share, self.weights) * share).sum(-1)
        return corrected(safe_ratio(sums[..., 0], sums[..., 1:].sum(-1)), expected)


@dataclass(frozen=True, eq=False)
class OrdinalSums:
    """Krippendorff's ordinal alpha, whose differences follow from how often each class was used.

    The ordinal difference of two classes is the difference of their mid-ranks among all labels. Columns: the
    item's coincidences of two classes (K * K), classes in their order.
    """

    rows: sparse.csr_array
    n_classes: int

    @classmethod
    def of(cls, votes: Votes, order: IntArray) -> OrdinalSums:
        """Sum up the votes; ``order`` (K,) lists the classes from lowest to highest."""
        counts, n = labelled_counts(votes.shared)
        return cls(coincidences(counts[:, order].tocsr(), n), votes.n_classes)

    @property
    def floor(self) -> float:
        """The lowest value."""
        return -1.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """All items that are left, (N,)."""
        return np.ones(self.rows.shape[0], dtype=bool)

    def value(self, sums: FloatArray) -> FloatArray:
        """One minus observed over expected difference."""
        pairs, n, gap = self._parts(sums)
        observed = (pairs * gap**2).sum((-2, -1))
        expected = (n * (gap**2 @ n[..., None])[..., 0]).sum(-1)
        total = n.sum(-1)
        return _small_sample(1 - safe_ratio(total * observed, expected), total)

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        _, n, gap = self._parts(sums)
        return float((gap**2).max() * n.sum() ** 2 / (n @ gap**2 @ n))

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum, through the mid-ranks too."""
        pairs, n, gap = self._parts(sums)
        total = n.sum(-1)[..., None, None]
        observed = (pairs * gap**2).sum((-2, -1))[..., None, None]
        far = (gap**2 @ n[..., None])[..., 0]
        expected = (n * far).sum(-1)[..., None, None]
        d_observed = gap**2 + _through_ranks(4 * (pairs * gap).sum(-1))[..., None]
        d_expected = 2 * far + _through_ranks(4 * n * (gap @ n[..., None])[..., 0])
        slope = observed + total * d_observed - (total * observed / expected) * d_expected[..., None]
        return np.asarray(-slope / expected).reshape(sums.shape)

    def _parts(self, sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coincidences, labels by class, and the mid-rank of each class less that of each other."""
        pairs = sums.reshape(*sums.shape[:-1], self.n_classes, self.n_classes)
        n = pairs.sum(-1)
        rank = np.cumsum(n, axis=-1) - n / 2
        return pairs, n, rank[..., :, None] - rank[..., None, :]


@dataclass(frozen=True, eq=False)
class BangdiwalaSums:
    """Bangdiwala's B of two annotators: area of agreement over area of the marginal rectangles.

    Columns: both gave class k (K), the first did (K), the second did (K); items with both labels only.
    """

    rows: sparse.csr_array
    n_classes: int

    @classmethod
    def of(cls, votes: Votes) -> BangdiwalaSums:
        """Sum up the votes of the two annotators who are present."""
        shared = votes.shared
        order = np.lexsort((shared.annotator, shared.item))
        first, second = shared.label[order].reshape(-1, 2).T
        eye = sparse.eye_array(votes.n_classes, format="csr")
        given = [eye[first], eye[second]]
        return cls(sparse.hstack([given[0].multiply(given[1]), *given], format="csr"), votes.n_classes)

    @property
    def floor(self) -> float:
        """The lowest value."""
        return 0.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """All items that are left, (N,)."""
        return np.ones(self.rows.shape[0], dtype=bool)

    def value(self, sums: FloatArray) -> FloatArray:
        """Divide the areas."""
        both, first, second = np.split(sums, 3, axis=-1)
        return safe_ratio((both**2).sum(-1), (first * second).sum(-1))

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        return 2.0

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum."""
        both, first, second = np.split(sums, 3, axis=-1)
        area = inner(first, second)
        b = inner(both, both) / area
        return np.concatenate([2 * both, -b * second, -b * first], axis=-1) / area


def _small_sample(alpha: FloatArray, n: FloatArray) -> FloatArray:
    return 1 - (1 - alpha) * (1 - 1 / n)


def _through_ranks(by_rank: FloatArray) -> FloatArray:
    """Slopes by counts from slopes by mid-ranks: a label lifts its own by 1/2, all higher by 1."""
    return np.asarray(by_rank.sum(-1, keepdims=True) - np.cumsum(by_rank, axis=-1) + by_rank / 2)
