"""Coefficients of spans as functions of sums over items: ratios such as F1, and Krippendorff's unitizing alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.agreement.sums import corrected, safe_ratio

__all__ = ["RatioSums", "UnitizingSums"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioSums:
    """A ratio of two sums over items, in [0, 1]. Columns: numerator, denominator."""

    rows: sparse.csr_array

    @property
    def floor(self) -> float:
        """The lowest value."""
        return 0.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Which items count, (N,)."""
        return np.asarray(self.rows.toarray()[:, 1] > 0)

    def value(self, sums: FloatArray) -> FloatArray:
        """Divide."""
        return safe_ratio(sums[..., 0], sums[..., 1])

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        return 1.0

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum."""
        ratio = self.value(sums)
        return np.stack([safe_ratio(np.ones_like(ratio), sums[..., 1]), -safe_ratio(ratio, sums[..., 1])], axis=-1)


@dataclass(frozen=True, eq=False)
class UnitizingSums:
    """Krippendorff's alpha of units on continua, a gap being a unit of the class "nothing".

    Columns: matching length of the item's pairs of annotators over their number less one; length by class (K); what of
    the products of lengths by class (K) is of a unit with itself, or of a gap's grains with themselves.
    """

    rows: sparse.csr_array
    n_classes: int

    @property
    def floor(self) -> float:
        """The lowest value."""
        return -1.0

    @property
    def paired(self) -> NDArray[np.bool_]:
        """All items that are there, (N,)."""
        return np.ones(self.rows.shape[0], dtype=bool)

    def value(self, sums: FloatArray) -> FloatArray:
        """Correct the matching share of the length for chance."""
        length, square = self._parts(sums)
        total = length.sum(-1)
        expected = safe_ratio((length**2 - square).sum(-1), total**2 - square.sum(-1))
        return corrected(safe_ratio(sums[..., 0], total), expected)

    def worst_loss(self, sums: FloatArray) -> float:
        """How fast the value falls with the share of items that disagree fully."""
        length, square = self._parts(sums)
        total = length.sum()
        expected = ((length**2 - square).sum()) / (total**2 - square.sum())
        return float(1 / (1 - expected))

    def gradient(self, sums: FloatArray) -> FloatArray:
        """Differentiate by each sum; only bootstrap intervals are taken of this coefficient."""
        raise NotImplementedError("the interval of a unitizing alpha is a bootstrap interval")

    def _parts(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        return sums[..., 1 : 1 + self.n_classes], sums[..., 1 + self.n_classes :]
