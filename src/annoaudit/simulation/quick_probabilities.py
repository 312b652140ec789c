"""Class probabilities in a fraction of a second: one cross-fitted logistic regression instead of an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from annoaudit.errors import Unavailable
from annoaudit.evidence.folds import group_folds
from annoaudit.evidence.probabilities import Probabilities
from annoaudit.evidence.softmax_regression import apply_softmax, fit_softmax

if TYPE_CHECKING:
    from annoaudit.evidence.features import Features
    from annoaudit.labels import Votes

__all__ = ["QUICK", "judge_quickly"]

QUICK = "one cross-fitted logistic regression"

N_FOLDS = 5
STRENGTH_SPARSE, STRENGTH_DENSE = 5.0, 0.1
STEPS = 25
FEWEST_ANNOTATORS = 3

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


def judge_quickly(features: Features, votes: Votes, *, cluster: Ints | None = None, seed: int) -> Probabilities:
    """Return class probabilities from a model that saw neither an item's labels nor, at one label an item, its source.

    Parameters
    ----------
    features
        Vectors of the N items.
    votes
        What to learn from.
    cluster
        (N,) copies of each other, never apart; by default no item is a copy.
    seed
        Fixes the folds.

    Raises
    ------
    Unavailable
        The labels are of one class, or too few.
    """
    if len(np.unique(votes.label)) < 2 or len(votes) < 2 * N_FOLDS:
        raise Unavailable("all labels are of one class, or there are hardly any", hint="A model needs labels.")
    matrix = _with_constant(features.scaled)
    strength = STRENGTH_SPARSE if features.is_sparse else STRENGTH_DENSE
    total, times = np.zeros((votes.n_items, votes.n_classes), dtype=np.float32), np.zeros(votes.n_items)
    group = _group(votes, np.arange(votes.n_items) if cluster is None else cluster)
    folds = group_folds(group, min(N_FOLDS, len(np.unique(group))), stratify=votes.label, seed=seed)
    for fold in np.unique(folds):
        rows, soft = _share(votes, folds != fold)
        weights = fit_softmax(matrix[rows], soft, strength=strength, steps=STEPS)
        judged = np.unique(votes.item[folds == fold])
        total[judged] += apply_softmax(np.asarray(matrix[judged] @ weights))
        times[judged] += 1
    judged_by = np.where(features.has_content, times, 0)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        averaged = np.where(judged_by > 0, total / judged_by, np.nan).astype(np.float32)
    return Probabilities(matrix=averaged, source=QUICK)


def _group(votes: Votes, cluster: Ints) -> Ints:
    """(L,) what a fold holds out together: an annotator's labels where each item has one, else those of an item."""
    is_single = np.bincount(votes.item).max(initial=0) < 2
    return votes.annotator if is_single and votes.n_annotators >= FEWEST_ANNOTATORS else cluster[votes.item]


def _share(votes: Votes, learned: npt.NDArray[np.bool_]) -> tuple[Ints, Singles]:
    """Items with a label to learn from, and the shares of their labels."""
    flat = votes.item[learned] * votes.n_classes + votes.label[learned]
    counts = np.bincount(flat, minlength=votes.n_items * votes.n_classes).reshape(votes.n_items, votes.n_classes)
    rows = np.flatnonzero(counts.sum(axis=1))
    return rows, np.asarray(counts[rows] / counts[rows].sum(axis=1, keepdims=True), dtype=np.float32)


def _with_constant(matrix: sp.csr_matrix | Singles) -> sp.csr_matrix | Singles:
    ones = np.ones((matrix.shape[0], 1), dtype=np.float32)
    if sp.issparse(matrix):
        return sp.csr_matrix(sp.hstack([matrix, sp.csr_matrix(ones)]), dtype=np.float32)
    return np.hstack([matrix, ones])
