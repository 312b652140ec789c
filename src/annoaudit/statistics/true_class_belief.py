"""From probabilities of the given class to a belief about the true one: soften, deconvolve, sharpen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from annoaudit.statistics.confident_counts import CHUNK_CELLS
from annoaudit.statistics.noise_matrix import Matrix, NoiseMatrix

__all__ = ["FLOOR", "best_power", "best_softness", "deconvolve", "probability_columns", "sharpen"]

STEPS = 2
POWERS = (0.25, 0.375, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
SAMPLE_CELLS = 1_000_000
FLOOR = np.float32(1e-12)

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


def probability_columns(rows: Floats, softness: float) -> Matrix:
    """Turn rows of probabilities into columns, softened where the model is too sure.

    Parameters
    ----------
    rows
        (n, K) probabilities of the given class.
    softness
        Power in (0, 1]; 1 leaves them as they are.

    Returns
    -------
    (K, n) float32 whose columns sum to 1.
    """
    p: Matrix = rows.T.astype(np.float32, order="C")
    p += FLOOR
    if softness < 1:
        p = sharpen(p, softness)
        p /= p.sum(axis=0)
    return p


def deconvolve(p: Matrix, noise: NoiseMatrix) -> Matrix:
    """Take the noise out of predictions of the given class.

    Parameters
    ----------
    p
        (K, n) predictions of the given class; columns sum to 1.
    noise
        P(given | true).

    Returns
    -------
    (K, n) belief about the true class; columns sum to 1.

    References
    ----------
    Richardson, J. Opt. Soc. Am. 62 (1972); Lucy, Astron. J. 79 (1974).
    """
    belief = p
    for _ in range(STEPS):
        ratio = noise.push(belief)
        np.divide(p, ratio, out=ratio)
        belief = noise.pull(ratio) * belief
    return belief


def sharpen(belief: Matrix, power: float) -> Matrix:
    """Raise a (K, n) belief to a power of `POWERS`, by roots and squares; columns are not normalised."""
    octave = math.floor(math.log2(power))
    sharp: Matrix = np.maximum(belief, FLOOR)
    for _ in range(abs(octave)):
        sharp = np.square(sharp, out=sharp) if octave > 0 else np.sqrt(sharp, out=sharp)
    return sharp * np.sqrt(sharp) if power > 2.0**octave else sharp


def best_softness(given: Ints, p: Floats) -> float:
    """Choose the power, at most 1, under which the probabilities themselves predict the given labels best.

    Parameters
    ----------
    given
        (N,) given class in 0..K-1.
    p
        (N, K) class probabilities.

    Returns
    -------
    One of `POWERS`; below 1 the model is too sure.
    """

    def own(sharp: Matrix, label: Ints) -> Matrix:
        return np.asarray(sharp[label, np.arange(label.size)], dtype=np.float32)

    return _most_likely([k for k in POWERS if k <= 1], given, p, partial(probability_columns, softness=1.0), own)


def best_power(given: Ints, p: Floats, softness: float, noise: NoiseMatrix) -> float:
    """Choose the power of the belief under which the given labels are most likely.

    Parameters
    ----------
    given
        (N,) given class in 0..K-1.
    p
        (N, K) class probabilities.
    softness
        From `best_softness`.
    noise
        P(given | true).

    Returns
    -------
    One of `POWERS`; above 1 the belief is too timid.
    """

    def belief(rows: Floats) -> Matrix:
        return deconvolve(probability_columns(rows, softness), noise)

    return _most_likely(POWERS, given, p, belief, noise.likelihood)


def _most_likely(
    powers: Sequence[float],
    given: Ints,
    p: Floats,
    belief: Callable[[Floats], Matrix],
    likelihood: Callable[[Matrix, Ints], Matrix],
) -> float:
    rows = _sample(given, p)
    gain = np.zeros(len(powers))
    for start in range(0, rows.size, step := max(1, CHUNK_CELLS // p.shape[1])):
        part = rows[start : start + step]
        plain = belief(p[part])
        for k, power in enumerate(powers):
            sharp = sharpen(plain, power)
            likely = likelihood(sharp, given[part]) / sharp.sum(axis=0)
            gain[k] += np.log(np.maximum(likely, FLOOR)).sum(dtype=np.float64)
    return powers[int(np.argmax(gain))]


def _sample(given: Ints, p: Floats) -> Ints:
    """Rows to fit the power on: all, or every m-th in order of self-confidence, whatever the row order."""
    stride = -(-p.size // SAMPLE_CELLS)
    if stride == 1:
        return np.arange(given.size)
    return np.argsort(p[np.arange(given.size), given])[stride // 2 :: stride]
