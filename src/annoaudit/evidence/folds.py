"""Folds that never split a group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError

__all__ = ["group_folds"]

Ints = npt.NDArray[np.int64]

_PLACED_SINGLY = 5_000


def group_folds(groups: Ints, n_folds: int, *, stratify: Ints | None = None, seed: int) -> Ints:
    """Assign rows to folds so that a group is never split, folds are of like size and classes are spread.

    Groups of several rows, the largest first, go one by one to the fold that has least of what they hold;
    single rows (and groups after the 5,000th) are dealt round by class.

    Parameters
    ----------
    groups
        (N,) group of each row, any integers.
    n_folds
        At least 2; at most the number of groups.
    stratify
        (N,) class of each row, from 0, to be spread over the folds.
    seed
        Fixes the order of groups of equal size.

    Returns
    -------
    numpy.ndarray
        (N,) fold of each row, 0 to ``n_folds - 1``; none is empty.

    Raises
    ------
    UsageError
        There are fewer groups than folds, or fewer than two folds.
    """
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1 if len(group) else 0
    if not 2 <= n_folds <= n_groups:
        raise UsageError(
            f"{n_groups} groups cannot be put into {n_folds} folds.", hint="Use 2 folds or more, not above the groups."
        )
    classes = np.zeros(len(group), dtype=np.int64) if stratify is None else np.asarray(stratify)
    n_classes = int(classes.max()) + 1
    size = np.bincount(group, minlength=n_groups)
    shuffled = np.random.default_rng(seed).permutation(n_groups)
    order = shuffled[np.argsort(-size[shuffled], kind="stable")]
    n_single = int((size[order[:_PLACED_SINGLY]] > 1).sum())
    fold = np.full(n_groups, -1, dtype=np.int64)
    held = _place(order[:n_single], group, classes, size, n_classes, n_folds, fold)
    _deal(order[n_single:], group, classes, n_classes, n_folds, fold, held)
    return fold[group]


def _place(
    order: Ints, group: Ints, classes: Ints, size: Ints, n_classes: int, n_folds: int, fold: Ints
) -> npt.NDArray[np.float64]:
    """Fill ``fold`` for the groups in ``order``, one by one; return (F, K) shares of each class held."""
    rows = np.argsort(group, kind="stable")
    ends = np.cumsum(size)
    total = np.maximum(np.bincount(classes, minlength=n_classes), 1).astype(float)
    held = np.zeros((n_folds, n_classes))
    filled = np.zeros(n_folds)
    for g in order:
        present, counts = np.unique(classes[rows[ends[g] - size[g] : ends[g]]], return_counts=True)
        crowding = held[:, present] @ (counts / counts.sum())
        best = int(np.lexsort((filled, np.round(crowding, 12)))[0])
        fold[g] = best
        held[best, present] += counts / total[present]
        filled[best] += size[g]
    return held


def _deal(
    order: Ints, group: Ints, classes: Ints, n_classes: int, n_folds: int, fold: Ints, held: npt.NDArray[np.float64]
) -> None:
    """Deal the groups in ``order``, each known by its first row's class, round the folds."""
    if not len(order):
        return
    first = np.full(len(fold), -1, dtype=np.int64)
    first[group[::-1]] = classes[::-1]
    by_class = order[np.argsort(first[order], kind="stable")]
    start = np.argsort(held.sum(axis=1), kind="stable")
    fold[by_class] = start[np.arange(len(by_class)) % n_folds]
