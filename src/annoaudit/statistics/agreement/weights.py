"""How much two classes agree: 1 on the diagonal, less for classes further apart."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annoaudit.errors import UsageError

__all__ = [
    "MAX_WEIGHTED_CLASSES",
    "Weighting",
    "Weights",
    "class_values",
    "class_weights",
    "squared_distances",
    "weight_matrix",
    "weighted_name",
]

FloatArray = NDArray[np.float64]
Weighting = Literal["identity", "linear", "quadratic", "ordinal", "ratio"]
Weights = Weighting | ArrayLike
MAX_WEIGHTED_CLASSES = 2000  # a K x K matrix is held in memory


def class_weights(weighting: Weighting | ArrayLike, n_classes: int, values: ArrayLike | None = None) -> FloatArray:
    """Weigh the agreement between each two of K classes.

    Parameters
    ----------
    weighting
        ``identity`` counts exact agreement only; ``linear`` and ``quadratic`` use the distance of the class
        values, ``ordinal`` their order, ``ratio`` their relative distance. Or a symmetric (K, K) matrix.
    n_classes
        K.
    values
        Class values (K,), distinct; 0 ... K-1 if not given.

    Returns
    -------
    FloatArray
        (K, K), symmetric, 1 on the diagonal, in [0, 1] for the named weightings.

    Raises
    ------
    UsageError
        For too many classes, an unknown weighting, a matrix of wrong shape, or values that are not K distinct
        finite numbers.

    References
    ----------
    Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014, chapter 3.
    """
    if n_classes > MAX_WEIGHTED_CLASSES:
        raise UsageError(f"weights need at most {MAX_WEIGHTED_CLASSES} classes", hint="bin the values")
    if not isinstance(weighting, str):
        return _own_weights(weighting, n_classes)
    if weighting not in get_args(Weighting):
        raise UsageError(f"unknown weighting {weighting!r}", hint="use " + ", ".join(get_args(Weighting)))
    if weighting == "identity" or n_classes < 2:
        return np.eye(n_classes)
    v = class_values(values, n_classes)
    if weighting == "linear":
        distance = np.abs(v[:, None] - v[None, :])
    elif weighting == "ordinal":
        rank = np.argsort(np.argsort(v)).astype(np.float64)
        span = np.abs(rank[:, None] - rank[None, :])
        distance = span * (span + 1) / 2
    else:
        distance = squared_distances("interval" if weighting == "quadratic" else "ratio", v)
    return np.asarray(1 - distance / distance.max(), dtype=np.float64)


def squared_distances(metric: Literal["nominal", "interval", "ratio"], values: FloatArray) -> FloatArray:
    """Measure Krippendorff's squared difference between each two class values.

    Parameters
    ----------
    metric
        ``nominal`` (0 or 1), ``interval`` or ``ratio``.
    values
        Class values (K,); not negative for ``ratio``.

    Returns
    -------
    FloatArray
        (K, K), symmetric, 0 on the diagonal.

    Raises
    ------
    UsageError
        For negative values on a ratio scale.

    References
    ----------
    Krippendorff, Computing Krippendorff's alpha-reliability, 2011.
    """
    if metric == "nominal":
        return np.asarray(1.0 - np.eye(len(values)), dtype=np.float64)
    gap = values[:, None] - values[None, :]
    if metric == "interval":
        return np.asarray(gap**2, dtype=np.float64)
    if (values < 0).any():
        raise UsageError("a ratio scale has no negative values", hint="use interval instead")
    total = values[:, None] + values[None, :]
    return np.asarray((gap / np.where(total == 0, 1.0, total)) ** 2, dtype=np.float64)


def class_values(values: ArrayLike | None, n_classes: int) -> FloatArray:
    """Check the class values: (K,) distinct finite numbers; 0 ... K-1 if none are given.

    Raises
    ------
    UsageError
        For values of another length, repeated or not finite.
    """
    if values is None:
        return np.arange(n_classes, dtype=np.float64)
    v = np.asarray(values, dtype=np.float64)
    if v.shape != (n_classes,) or not np.isfinite(v).all() or len(np.unique(v)) != n_classes:
        raise UsageError(f"class values must be {n_classes} distinct finite numbers", hint="one for each class")
    return v


def weighted_name(name: str, weights: Weights) -> str:
    """Add the weighting to the name of a coefficient."""
    if not isinstance(weights, str):
        return f"{name}_weighted"
    return name if weights == "identity" else f"{name}_{weights}"


def weight_matrix(weights: Weights, n_classes: int) -> FloatArray | None:
    """Weights as a matrix; None for the identity, which is never built."""
    plain = isinstance(weights, str) and weights == "identity"
    return None if plain else class_weights(weights, n_classes)


def _own_weights(weights: ArrayLike, n_classes: int) -> FloatArray:
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (n_classes, n_classes) or not np.allclose(w, w.T) or not np.allclose(np.diag(w), 1):
        raise UsageError(
            f"class weights must be a symmetric {n_classes} x {n_classes} matrix",
            hint="with 1 on the diagonal",
        )
    return w
