"""Marks a model may have learned: what their items look like to one that never saw the mark or their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["LeftOut", "rank_left_out"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SMOOTHING = 0.05
FEWEST = 5
SMALLEST_SHARE = 0.4
MOST_CANDIDATES = 1_000
MOST_UNITS = 2_000
CONFIDENT = 0.5
HONEST_MARGIN = 0.25
NEAREST = 15


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Pairs of mark and class, most telling first.

    ``mark``, ``given`` (C,) say which; of ``n`` units with the mark, ``observed`` have the class, and ``elsewhere`` of
    these belong to one other class, with over half of the probability, to a model without the mark. ``score`` sums over
    the units of the class what the most probable other class has more than this one, less .25 each, and is divided by
    ``sqrt(n + 1)``.
    """

    mark: Ints
    given: Ints
    n: Ints
    observed: Floats
    elsewhere: Ints
    score: Floats


def rank_left_out(
    features: sparse.csr_matrix | npt.NDArray[np.floating], present: sparse.csc_matrix, share: Floats
) -> LeftOut:
    """Rank marks by how surely their items belong to another class once mark and items are left out of the model.

    Naive Bayes on term weights, from which the units of one mark are taken away exactly, term by term; where features
    are dense, the 15 nearest units without the mark. A trigger that a model has learned hides from its residuals; here
    it cannot have been learned. Neither can an honest word that alone decides its class, which leaves its items between
    this class and its neighbours, where a mark that was planted leaves them far on the other side; for that a margin is
    taken off. This is a rank, never a test.
    At most 1,000 pairs are looked at, those with the most units, of marks whose units have one class by 40 % or more.

    Parameters
    ----------
    features
        (U, D) sparse weights of terms, at least 0, or dense vectors of at most some thousand units.
    present
        (U, T) 0 or 1: which units carry which mark.
    share
        (U, K) share of each unit's labels in each class.

    References
    ----------
    Rennie, Shih, Teevan, Karger (2003). Tackling the poor assumptions of naive Bayes text classifiers. ICML.
    """
    n = np.diff(present.indptr).astype(np.int64)
    observed = np.asarray(present.T @ share, dtype=np.float64)
    pairs = np.argwhere((observed >= FEWEST) & (observed >= SMALLEST_SHARE * n[:, None]) & (n <= MOST_UNITS)[:, None])
    pairs = pairs[np.argsort(-observed[tuple(pairs.T)], kind="stable")][:MOST_CANDIDATES]
    model = _Terms(features, share) if sparse.issparse(features) else _Nearest(features, share)
    apart = np.array(
        [model.set_apart(present.indices[present.indptr[t] : present.indptr[t + 1]], int(k)) for t, k in pairs]
    ).reshape(-1, 2)
    mark, given = pairs.T if len(pairs) else np.zeros((2, 0), dtype=np.int64)
    elsewhere, score = apart[:, 0].astype(np.int64), apart[:, 1] / np.sqrt(n[mark] + 1.0)
    order = np.argsort(-score, kind="stable")
    mark, given = mark[order], given[order]
    return LeftOut(mark, given, n[mark], observed[mark, given], elsewhere[order], score[order])


class _Terms:
    """Weights of terms by class, from which units can be taken away."""

    def __init__(self, features: sparse.csr_matrix, share: Floats) -> None:
        self.features, self.share = features, share
        self.terms = np.asarray(features.T @ share, dtype=np.float64)
        self.totals, self.sizes = self.terms.sum(axis=0), share.sum(axis=0)
        self.uses = np.asarray(features.sum(axis=0)).ravel()

    def set_apart(self, units: Ints, given: int) -> tuple[int, float]:
        """Tell how far the units of the class belong to another, by what all other units say."""
        rows, shares = self.features[units], self.share[units]
        columns, place = np.unique(rows.indices, return_inverse=True)
        part = sparse.csr_matrix((rows.data, place, rows.indptr), shape=(len(units), len(columns)))
        away = np.asarray(part.T @ shares)
        left = np.maximum(self.terms[columns] - away, 0.0) + SMOOTHING
        total = self.totals - away.sum(axis=0) + SMOOTHING * self.features.shape[1]
        weights = np.log(left) - np.log(total)
        weights[self.uses[columns] - np.asarray(part.sum(axis=0)).ravel() < 1e-4] = 0.0
        says = part @ weights + np.log(np.maximum(self.sizes - shares.sum(axis=0), 0.0) + 0.5)
        says = np.exp(says - says.max(axis=1, keepdims=True))
        says /= says.sum(axis=1, keepdims=True)
        return _measure_apart(says, shares, given)


class _Nearest:
    """Units by the classes of the nearest others, from which units can be left out."""

    def __init__(self, features: npt.NDArray[np.floating], share: Floats) -> None:
        self.share = share
        square = np.einsum("ij,ij->i", features, features)
        self.distance = square[:, None] + square[None, :] - 2.0 * (features @ features.T)

    def set_apart(self, units: Ints, given: int) -> tuple[int, float]:
        """Tell how far the units of the class belong to another, by the nearest without the mark."""
        others = np.setdiff1d(np.arange(len(self.share)), units)
        if len(others) <= NEAREST:
            return 0, 0.0
        near = np.argpartition(self.distance[np.ix_(units, others)], NEAREST, axis=1)[:, :NEAREST]
        return _measure_apart(self.share[others[near]].mean(axis=1), self.share[units], given)


def _measure_apart(says: Floats, shares: Floats, given: int) -> tuple[int, float]:
    """How many units of the class belong to one other, and the sum of their margins beyond those of honest marks."""
    mine = says[shares[:, given] > 0.5].copy()
    own = mine[:, given].copy()
    mine[:, given] = 0.0
    other = mine.max(axis=1)
    return int((other > CONFIDENT).sum()), float((other - own - HONEST_MARGIN).sum())
