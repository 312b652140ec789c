"""The members of the ensemble: unlike classifiers that learn from soft labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from annoaudit.evidence.features import DIFFERENCES, Features
from annoaudit.evidence.neighbours import Neighbours
from annoaudit.evidence.softmax_regression import apply_softmax, fit_softmax

__all__ = ["MOST_COMPARED", "Classifier", "Material", "Nearest", "choose_classifiers"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Predictor = Callable[[Ints], Floats]

_PARAMETERS = 2_000_000
_WORK = 2e8
_SHARE = 0.02
_TREE_ROWS = 30_000
MOST_COMPARED = 10_000
"""Comparisons up to which each is held against all others for near copies and neighbours."""


@dataclass(frozen=True, eq=False)
class Material:
    """What every classifier works with; none of it depends on labels."""

    features: Features
    neighbours: Neighbours | None
    cluster: Ints


class Classifier(Protocol):
    """A member of the ensemble.

    ``fit`` learns from (R,) rows whose soft labels are (R, K) with rows of sum 1, and returns a function
    from rows to (M, K) probabilities. ``start`` is an earlier fit on part of the same rows, or None.
    """

    @property
    def name(self) -> str:
        """What it is called in outputs."""
        ...

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Learn."""
        ...


def choose_classifiers(features: Features) -> tuple[Classifier, ...]:
    """Return the members that suit the kind of features.

    Of more than 3,000 comparisons fewer trees are grown, each on fewer of them: a linear model of differences, which
    is a Bradley-Terry model, learns most of what there is. Over 10,000 it learns all that trees would (precision of
    planted flips differed by .001 and .006), so none are grown, and none are held against all others.
    """
    n = len(features.has_content)
    if features.source == DIFFERENCES and n > MOST_COMPARED // 3:
        if n > MOST_COMPARED:
            return (SoftmaxRegression(), ClassShares())
        return (SoftmaxRegression(), RandomTrees(most_trees=40, most_rows=5_000), Nearest(), ClassShares())
    if features.is_sparse:
        return (SoftmaxRegression(), NaiveBayes(), Nearest(), ClassShares())
    return (SoftmaxRegression(), RandomTrees(), Nearest(), ClassShares())


@dataclass(frozen=True)
class ClassShares:
    """The share of each class, whatever the item: what is left when features tell nothing."""

    name: str = "class shares"

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Learn the mean of the soft labels."""
        shares = (soft.sum(axis=0) + 1.0 / soft.shape[1]) / (len(soft) + 1.0)
        return lambda judged: np.broadcast_to(shares.astype(np.float32), (len(judged), len(shares)))


@dataclass(frozen=True)
class SoftmaxRegression:
    """Multinomial logistic regression with a squared penalty, fitted by L-BFGS.

    On more than two million coefficients the most frequent features are used.
    """

    strength_sparse: float = 5.0
    strength_dense: float = 0.1
    name: str = "logistic regression"

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Learn coefficients, from those of ``start`` where given."""
        matrix = material.features.scaled
        columns = start.columns if isinstance(start, _Linear) else _frequent(matrix, _PARAMETERS // soft.shape[1])
        learned = _with_ones(matrix[rows][:, columns] if columns is not None else matrix[rows])
        first = start.weights if isinstance(start, _Linear) else None
        sparse = material.features.is_sparse
        strength, steps = (self.strength_sparse, 25) if sparse else (self.strength_dense, 60)
        return _Linear(matrix, columns, fit_softmax(learned, soft, strength=strength, steps=steps, start=first))


@dataclass(frozen=True, eq=False)
class _Linear:
    matrix: sp.csr_matrix | Floats
    columns: Ints | None
    weights: Floats

    def __call__(self, judged: Ints) -> Floats:
        part = self.matrix[judged]
        part = part[:, self.columns] if self.columns is not None else part
        return apply_softmax(np.asarray(_with_ones(part) @ self.weights))


def _frequent(matrix: sp.csr_matrix | Floats, most: int) -> Ints | None:
    if matrix.shape[1] <= most or not sp.issparse(matrix):
        return None
    counts = np.bincount(sp.csr_matrix(matrix).indices, minlength=matrix.shape[1])
    return np.asarray(np.sort(np.argsort(-counts, kind="stable")[: max(most, 1)]), dtype=np.int64)


def _with_ones(matrix: sp.csr_matrix | Floats) -> sp.csr_matrix | Floats:
    ones = np.ones((matrix.shape[0], 1), dtype=np.float32)
    return sp.hstack([matrix, ones], format="csr") if sp.issparse(matrix) else np.hstack([matrix, ones])


@dataclass(frozen=True)
class NaiveBayes:
    """Multinomial naive Bayes on TF-IDF weights."""

    smoothing: float = 0.05
    name: str = "naive Bayes"

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Learn the log share of each term in each class."""
        matrix = abs(material.features.scaled)
        terms = np.asarray(matrix[rows].T @ soft) + np.float32(self.smoothing)
        weights = np.log(terms / terms.sum(axis=0)).astype(np.float32)
        prior = np.log((soft.sum(axis=0) + 0.5) / (len(soft) + 0.5 * soft.shape[1])).astype(np.float32)
        return lambda judged: apply_softmax(np.asarray(matrix[judged] @ weights) + prior)


@dataclass(frozen=True)
class Nearest:
    """Soft labels of the k nearest clusters among those learned from, the nearer the heavier."""

    k: int = 15
    name: str = "nearest neighbours"

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Keep the mean soft label of each cluster."""
        cluster, neighbours = material.cluster, material.neighbours
        assert neighbours is not None
        n_clusters, n_classes = int(cluster.max()) + 1, soft.shape[1]
        sums = sp.csr_matrix((np.ones(len(rows), np.float32), (cluster[rows], np.arange(len(rows)))),
                             shape=(n_clusters, len(rows)))  # fmt: skip
        count = np.bincount(cluster[rows], minlength=n_clusters)
        means = np.asarray(sums @ soft) / np.maximum(count, 1)[:, None].astype(np.float32)
        shares = soft.mean(axis=0)

        def predict(judged: Ints) -> Floats:
            near = neighbours.index[judged]
            place = np.where(near >= 0, cluster[near], 0)
            usable = (near >= 0) & (count[place] > 0)
            usable &= np.cumsum(usable, axis=1) <= self.k
            weight = np.where(usable, neighbours.similarity[judged], 0).astype(np.float32)
            result = np.tile(shares * np.float32(0.05), (len(judged), 1))
            for column in range(weight.shape[1]):
                result += weight[:, column, None] * means[place[:, column]]
            return np.asarray(result / result.sum(axis=1, keepdims=True), dtype=np.float32).reshape(-1, n_classes)

        return predict


@dataclass(frozen=True)
class RandomTrees:
    """Extremely randomised trees; fewer of them where rows, columns and classes are many.

    ``most_trees`` are grown at most; each sees ``most_rows`` of more rows.
    """

    most_trees: int = 100
    most_rows: int = _TREE_ROWS
    name: str = "randomised trees"

    def fit(self, material: Material, rows: Ints, soft: Floats, seed: int, start: Predictor | None) -> Predictor:
        """Grow the trees; each soft label above 2 % becomes a weighted row."""
        from sklearn.ensemble import ExtraTreesClassifier

        matrix = np.asarray(material.features.matrix)
        row, label = np.nonzero(soft > _SHARE)
        n, d = len(row), matrix.shape[1]
        work = min(n, self.most_rows) * np.log2(n + 1) * np.sqrt(d * soft.shape[1])
        trees = ExtraTreesClassifier(
            n_estimators=int(np.clip(_WORK / work, 30, self.most_trees)), random_state=seed, n_jobs=1,
            bootstrap=n > self.most_rows, max_samples=self.most_rows if n > self.most_rows else None,
        )  # fmt: skip
        trees.fit(matrix[rows[row]], label, sample_weight=soft[row, label])
        seen = trees.classes_

        def predict(judged: Ints) -> Floats:
            result = np.zeros((len(judged), soft.shape[1]), dtype=np.float32)
            result[:, seen] = trees.predict_proba(matrix[judged])
            return result

        return predict
