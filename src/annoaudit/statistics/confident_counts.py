"""Counts of the items a model is confident about: the confident joint, and anchors of each class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["anchor_counts", "confident_joint", "confident_thresholds", "row_chunks", "survey"]

CHUNK_CELLS = 1 << 18
SLACK = 1e-6

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def confident_thresholds(label: Ints, probabilities: Floats) -> NDArray[np.float64]:
    """Mean probability of each class among the items given that class.

    Parameters
    ----------
    label
        (N,) given class in 0..K-1.
    probabilities
        (N, K) class probabilities.

    Returns
    -------
    (K,) in [0, 1]; NaN for a class without labels.

    References
    ----------
    Northcutt, Jiang, Chuang, JAIR 70 (2021), equation 2.
    """
    n_classes = probabilities.shape[1]
    own = probabilities[np.arange(label.size), label]
    count = np.bincount(label, minlength=n_classes)
    total = np.bincount(label, own, minlength=n_classes)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def confident_joint(label: Ints, probabilities: Floats, thresholds: NDArray[np.float64]) -> Ints:
    """Count items by given class and by the class they confidently belong to.

    An item belongs confidently to a class whose threshold its probability reaches; where several do, to its
    most probable class. Items that reach none are not counted. The diagonal is at least 1.

    Parameters
    ----------
    label
        (N,) given class in 0..K-1.
    probabilities
        (N, K) class probabilities.
    thresholds
        (K,) from `confident_thresholds`.

    Returns
    -------
    (K, K) counts, rows given, columns confident.

    References
    ----------
    Northcutt, Jiang, Chuang, JAIR 70 (2021), equation 1; uncalibrated, as in `cleanlab.count`.
    """
    joint, _, _ = survey(label, probabilities, thresholds)
    return joint


def survey(given: Ints, p: Floats, thresholds: NDArray[np.float64]) -> tuple[Ints, Ints, Floats]:
    """Return the confident joint, each item's most probable class and its probability, in one pass.

    Parameters
    ----------
    given
        (N,) given class in 0..K-1.
    p
        (N, K) class probabilities.
    thresholds
        (K,) from `confident_thresholds`.

    Returns
    -------
    (K, K) counts as in `confident_joint`, (N,) class, (N,) probability in [0, 1].
    """
    n, n_classes = p.shape
    # A class without labels can never be reached: probabilities end at 1.
    bar = (np.nan_to_num(thresholds, nan=2.0) - SLACK).astype(p.dtype)
    guess = np.empty(n, dtype=np.int64)
    confident = np.full(n, -1, dtype=np.int64)
    for part in row_chunks(p):
        guess[part] = p[part].argmax(axis=1)
        row, column = np.divmod(np.flatnonzero(p[part] >= bar), n_classes)
        n_reached = np.bincount(row, minlength=guess[part].size)
        confident[part][row] = column
        confident[part] = np.where(n_reached > 1, guess[part], confident[part])
    seen = confident >= 0
    cells = np.bincount(given[seen] * n_classes + confident[seen], minlength=n_classes**2)
    joint = cells.reshape(n_classes, n_classes)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    return joint, guess, p[np.arange(n), guess]


def anchor_counts(given: Ints, guess: Ints, top: Floats, n_classes: int, rate: float) -> Ints:
    """Count the given labels of the items predicted most confidently for each class.

    Parameters
    ----------
    given
        (N,) given class in 0..K-1.
    guess
        (N,) most probable class.
    top
        (N,) its probability.
    n_classes
        K.
    rate
        Share of the items predicted for a class that serve as its anchors, in (0, 1]; ties join.

    Returns
    -------
    (K, K) counts, rows predicted, columns given.

    References
    ----------
    Patrini et al., Making deep neural networks robust to label noise, CVPR 2017.
    """
    order = np.argsort(guess.astype(np.int16 if n_classes < 1 << 15 else np.int64), kind="stable")
    ends = np.cumsum(np.bincount(guess, minlength=n_classes))
    sorted_top = top[order]
    bar = np.full(n_classes, np.inf)
    for k, (start, end) in enumerate(zip(ends - np.diff(ends, prepend=0), ends, strict=True)):
        if end > start:
            last = end - start - int(np.ceil(rate * (end - start)))
            bar[k] = np.partition(sorted_top[start:end], last)[last]
    anchor = top >= bar[guess]
    cells = np.bincount(guess[anchor] * n_classes + given[anchor], minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def row_chunks(p: Floats) -> Iterator[slice]:
    """Slices of the rows of (N, K) probabilities, each small enough to stay in cache."""
    step = max(1, CHUNK_CELLS // max(1, p.shape[1]))
    return (slice(start, start + step) for start in range(0, p.shape[0], step))
