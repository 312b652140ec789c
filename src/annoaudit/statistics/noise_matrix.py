"""The noise matrix P(given | true) from counts, shrunk by empirical Bayes, and fast products with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.special import gammaln

__all__ = ["Matrix", "NoiseMatrix", "estimate_noise"]

RATE_STRENGTHS = np.geomspace(5, 1e4, 25)
TARGET_STRENGTHS = np.geomspace(0.1, 1e5, 40)
DENSE_CLASSES = 128

Matrix = NDArray[np.float32]
Counts = NDArray[np.int64]


class NoiseMatrix:
    """P(given = k | true = j), kept as an even background for each row plus the cells that were seen.

    With many classes nearly all cells are background, so products cost the seen cells and not K x K.

    Parameters
    ----------
    seen
        (K, K) sparse: the diagonal and the seen cells, less the background of their row.
    background
        (K,) probability of a class that an item of this class was never seen to be given.
    """

    def __init__(self, seen: csr_array, background: NDArray[np.float64]) -> None:
        self.background: Matrix = background.astype(np.float32)
        self.dense: Matrix = (seen.toarray() + background[:, None]).astype(np.float32)
        self.right_rate: Matrix = self.dense.diagonal().copy()
        self._few = background.size <= DENSE_CLASSES
        self._own: Matrix = seen.diagonal().astype(np.float32)
        rise = (seen - diags_array(seen.diagonal())).astype(np.float32).tocsr()
        rise.eliminate_zeros()
        self._pulls = _Rows.of(rise)
        self._pushes = _Rows.of(rise.T.tocsr())

    def push(self, belief: Matrix) -> Matrix:
        """Turn (K, n) beliefs about the true class into (K, n) predictions of the given one."""
        if self._few:
            return self.dense.T @ belief
        given: Matrix = self._own[:, None] * belief
        given += self.background @ belief
        return self._pushes.add(given, belief)

    def pull(self, ratio: Matrix) -> Matrix:
        """Turn (K, n) weights of given classes into (K, n) weights of true ones."""
        if self._few:
            return self.dense @ ratio
        true: Matrix = np.multiply.outer(self.background, ratio.sum(axis=0))
        true += self._own[:, None] * ratio
        return self._pulls.add(true, ratio)

    def likelihood(self, belief: Matrix, given: Counts) -> Matrix:
        """(n,) what (K, n) beliefs predict for the class that each item was given."""
        item = np.arange(given.size)
        if self._few:
            likely: Matrix = np.einsum("kn,kn->n", belief, self.dense[:, given])
            return likely
        likely = self.background @ belief + self._own[given] * belief[given, item]
        cells = self._pushes.whole[given]
        owner = np.repeat(item, np.diff(cells.indptr))
        likely += np.bincount(owner, cells.data * belief[cells.indices, owner], given.size)
        return likely


@dataclass(frozen=True, eq=False)
class _Rows:
    """A sparse matrix with few filled rows, added to products without touching the others."""

    whole: csr_array
    filled: NDArray[np.intp]
    part: csr_array

    @classmethod
    def of(cls, whole: csr_array) -> _Rows:
        filled = np.flatnonzero(np.diff(whole.indptr))
        return cls(whole, filled, whole[filled])

    def add(self, out: Matrix, columns: Matrix) -> Matrix:
        if self.filled.size:
            out[self.filled] += self.part @ columns
        return out


def estimate_noise(counts: Counts) -> NoiseMatrix:
    """Estimate P(given | true) from counts, each row shrunk as strongly as all rows together support.

    The error rate of a class is shrunk to the pooled rate (beta-binomial), the targets of its errors to an
    even spread over the other classes (Dirichlet-multinomial); both strengths maximise the marginal
    likelihood over a fixed grid.

    Parameters
    ----------
    counts
        (K, K) counts, rows true class, columns given class; K >= 2. Rows may be empty.

    Returns
    -------
    NoiseMatrix

    References
    ----------
    Minka, Estimating a Dirichlet distribution (2000).
    """
    n_classes = len(counts)
    right = counts.diagonal().astype(np.float64)
    total = counts.sum(axis=1).astype(np.float64)
    wrong = total - right
    true, given = np.nonzero(counts)
    off = true != given
    cell = counts[true, given].astype(np.float64)
    rate = _shrunk_rates(wrong, right)
    strength = _target_strength(cell[off], wrong, n_classes)
    # With many classes a cell seen once is chance more often than a pattern, and each one costs a pass.
    lone = off & (cell == 1) & (n_classes > DENSE_CLASSES)
    n_lone = np.bincount(true[lone], minlength=n_classes)
    off &= ~lone
    background = rate * (strength + n_lone) / (n_classes - 1) / (wrong + strength)
    rise = rate[true] * cell / (wrong + strength)[true]
    every = np.arange(n_classes)
    rows, columns = np.append(true[off], every), np.append(given[off], every)
    values = np.append(rise[off], 1 - rate - background)
    return NoiseMatrix(csr_array((values, (rows, columns)), shape=counts.shape), background)


def _shrunk_rates(wrong: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    total = wrong + right
    pooled = (wrong.sum() + 0.5) / (total.sum() + 1)

    def evidence(strength: float) -> float:
        a, b = strength * pooled, strength * (1 - pooled)
        row = gammaln(wrong + a) + gammaln(right + b) - gammaln(total + strength)
        return float((row - gammaln(a) - gammaln(b) + gammaln(strength)).sum())

    strength = max(RATE_STRENGTHS, key=evidence)
    shrunk: NDArray[np.float64] = (wrong + strength * pooled) / (total + strength)
    return shrunk


def _target_strength(cell: NDArray[np.float64], wrong: NDArray[np.float64], n_classes: int) -> float:
    wrong = wrong[wrong > 0]

    def evidence(strength: float) -> float:
        share = strength / (n_classes - 1)
        cells = gammaln(cell + share) - gammaln(share)
        return float(cells.sum() + (gammaln(strength) - gammaln(wrong + strength)).sum())

    return float(max(TARGET_STRENGTHS, key=evidence))
