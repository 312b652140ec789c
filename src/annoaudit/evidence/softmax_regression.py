"""Multinomial logistic regression from soft labels, in single precision, sparse or dense."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

__all__ = ["apply_softmax", "fit_softmax"]

Floats = npt.NDArray[np.float32]
Loss = Callable[[Floats], tuple[float, Floats]]

_MEMORY = 8
_TRIALS = 12
_DECREASE = 1e-4


def apply_softmax(scores: Floats) -> Floats:
    """Turn (M, K) scores into probabilities."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)


def fit_softmax(
    matrix: sp.csr_matrix | Floats, soft: Floats, *, strength: float, steps: int, start: Floats | None = None
) -> Floats:
    """Fit coefficients that minimise cross-entropy plus ``|W|^2 / (2 strength)``.

    Parameters
    ----------
    matrix
        (N, D) float32; the last column is the constant and is hardly penalised.
    soft
        (N, K) soft labels with rows of sum 1.
    strength
        How freely the coefficients may grow.
    steps
        Most steps of L-BFGS; it ends before when a step gains less than one part in 10,000.
    start
        (D, K) to start from; zero by default.

    Returns
    -------
    numpy.ndarray
        (D, K) float32.

    References
    ----------
    Liu, Nocedal. On the limited memory BFGS method for large scale optimization. Math. Programming 45, 1989.
    """
    transposed = sp.csr_matrix(matrix.T) if sp.issparse(matrix) else matrix.T
    penalty = np.full((matrix.shape[1], 1), 1 / strength, dtype=np.float32)
    penalty[-1] = 1e-3 / strength

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = np.asarray(matrix @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        value = -float(np.vdot(soft, scores))
        np.exp(scores, out=scores)
        total = scores.sum(axis=1, keepdims=True)
        value += float(np.log(total).sum(dtype=np.float64))
        scores /= total
        scores -= soft
        pull = penalty * weights
        value += 0.5 * float(np.vdot(pull, weights))
        pull += np.asarray(transposed @ scores)
        return value, pull

    shape = (matrix.shape[1], soft.shape[1])
    return _minimise(loss, np.zeros(shape, dtype=np.float32) if start is None else start, steps)


def _minimise(loss: Loss, weights: Floats, steps: int) -> Floats:
    """Limited-memory BFGS with backtracking; arrays keep their shape."""
    value, gradient = loss(weights)
    moves: list[tuple[Floats, Floats, float]] = []
    for _ in range(steps):
        direction = _direction(gradient, moves)
        slope = float(np.vdot(direction, gradient))
        if not slope < 0:
            return weights
        length = 1.0 if moves else 1.0 / max(float(np.linalg.norm(gradient)), 1.0)
        for _trial in range(_TRIALS):
            moved = weights + np.float32(length) * direction
            new_value, new_gradient = loss(moved)
            if new_value <= value + _DECREASE * length * slope:
                break
            length *= 0.4
        else:
            return weights
        change, bend = moved - weights, new_gradient - gradient
        curvature = float(np.vdot(change, bend))
        if curvature > 1e-10:
            moves = [*moves[1 - _MEMORY :], (change, bend, curvature)]
        gain = value - new_value
        weights, value, gradient = moved, new_value, new_gradient
        if gain < 1e-4 * abs(value):
            return weights
    return weights


def _direction(gradient: Floats, moves: list[tuple[Floats, Floats, float]]) -> Floats:
    direction = -gradient
    shares = []
    for change, bend, curvature in reversed(moves):
        share = np.float32(np.vdot(change, direction) / curvature)
        direction -= share * bend
        shares.append(share)
    if moves:
        _, bend, curvature = moves[-1]
        direction *= np.float32(curvature / np.vdot(bend, bend))
    for (change, bend, curvature), share in zip(moves, reversed(shares), strict=True):
        direction += (share - np.float32(np.vdot(bend, direction) / curvature)) * change
    return direction
