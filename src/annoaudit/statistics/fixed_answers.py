"""Answers that do not follow the items: one class for everything, or worse than guessing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from annoaudit.statistics.cells import Cells
from annoaudit.statistics.intervals import exact_interval

__all__ = ["Excess", "below_chance", "favourite_excess"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Excess:
    """(A,) share of an annotator's labels with its interval, the class meant, and the labels it rests on."""

    value: Floats
    low: Floats
    high: Floats
    label: Ints
    n: Ints


def favourite_excess(cells: Cells) -> Excess:
    """Return how often each annotator gives their favourite class where peers expect another one.

    The favourite is the class given most often to such items; items on which peers expect it tell nothing.

    Parameters
    ----------
    cells
        Labels by annotator and class pair.
    """
    n_classes = cells.observed.shape[1]
    elsewhere = cells.observed.sum(axis=1) - cells.observed[:, np.arange(n_classes), np.arange(n_classes)]
    favourite = elsewhere.argmax(axis=1)
    rows = np.arange(len(favourite))
    n = cells.observed.sum(axis=(1, 2)) - cells.n_expected[rows, favourite]
    k = elsewhere[rows, favourite]
    low, high = exact_interval(k, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n > 0, k / n, np.nan)
    return Excess(share, np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan), favourite, n.astype(np.int64))


def below_chance(
    annotator: Ints, label: Ints, expected: Ints, n_annotators: int, n_classes: int
) -> tuple[Floats, Excess]:
    """Test whether each annotator agrees with a clear answer less often than labels drawn without looking.

    The null keeps how often the annotator gives each class and how often each answer was expected of them, and
    pairs them at random; the number of agreements then has a known mean and variance. Someone who guesses, or
    always says the same, sits exactly on the null; someone who looks and answers honestly is far above it.

    Parameters
    ----------
    annotator, label, expected
        (L,) codes; labels on items with a clear answer only.
    n_annotators, n_classes
        A, K.

    Returns
    -------
    p : ndarray
        (A,) one-sided p values of agreeing less than chance; NaN where a label or an answer never varies.
    excess : Excess
        Chance agreement less agreement, as shares.

    References
    ----------
    Cohen (1960). A coefficient of agreement for nominal scales. Everitt (1968). Moments of the statistics kappa
    and weighted kappa. British J. Mathematical and Statistical Psychology 21.
    """
    size = n_annotators * n_classes
    given = np.bincount(annotator * n_classes + label, minlength=size).reshape(n_annotators, n_classes).astype(float)
    wanted = (
        np.bincount(annotator * n_classes + expected, minlength=size).reshape(n_annotators, n_classes).astype(float)
    )
    n = given.sum(axis=1)
    agreed = np.bincount(annotator, label == expected, n_annotators)
    with np.errstate(invalid="ignore", divide="ignore"):
        product = given * wanted
        mean = product.sum(axis=1) / n
        total = product.sum(axis=1)
        variance = (total**2 + n**2 * total - n * (product * (given + wanted)).sum(axis=1)) / (n**2 * (n - 1))
        z = (agreed + 0.5 - mean) / np.sqrt(variance)
        p = np.where(variance > 1e-9, norm.cdf(z), np.nan)
        low, high = exact_interval(agreed, n)
        chance = mean / n
        excess = Excess(chance - agreed / n, chance - high, chance - low, wanted.argmax(axis=1), n.astype(np.int64))
    return p, excess
