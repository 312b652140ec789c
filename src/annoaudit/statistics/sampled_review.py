"""How right flags were, from a review of all that were queued and of a random sample of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError

__all__ = ["DetectorRates", "estimate_detector"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

N_DRAWS = 20_000


@dataclass(frozen=True)
class DetectorRates:
    """Precision and recall of one detector over the whole stream, with intervals; NaN where not known."""

    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float


def estimate_detector(
    size: Ints, n: Ints, wrong: Ints, flagged: npt.NDArray[np.bool_], *, level: float = 0.95, seed: int = 0
) -> DetectorRates:
    """Estimate a detector's precision and recall from cells of the stream that were sampled at known rates.

    The stream is cut into C cells within which every label had the same chance of being reviewed, such as
    queued and beyond the queue, by flagged by this detector and not. Totals are Horvitz-Thompson's: each
    reviewed label stands for ``size / n`` labels of its cell. The interval comes from draws of the number of
    wrong labels among those of a cell that were not reviewed, beta-binomial with Jeffreys' prior: an approximation,
    good also for cells where few or no wrong labels were seen.

    Parameters
    ----------
    size
        (C,) labels in the stream.
    n
        (C,) of them judged right or wrong, 0 <= n <= size.
    wrong
        (C,) of those judged wrong.
    flagged
        (C,) whether the detector flagged the labels of the cell.
    level
        Of the interval, in (0, 1).
    seed
        Of the draws.

    Returns
    -------
    DetectorRates
        A rate is NaN where a cell that it needs was not sampled at all, or its denominator is 0.

    Raises
    ------
    UsageError
        The counts contradict each other.

    References
    ----------
    Horvitz, Thompson, A generalization of sampling without replacement from a finite universe, JASA 47, 1952.
    Brown, Cai, DasGupta, Interval estimation for a binomial proportion, Statistical Science 16, 2001 (Jeffreys).
    """
    if not ((wrong >= 0) & (wrong <= n) & (n <= size)).all():
        raise UsageError("In each cell, 0 <= wrong <= n <= size must hold.")
    known = (n > 0) | (size == 0)
    total = np.where(n > 0, wrong * size / np.maximum(n, 1), 0.0)
    n_flagged = size[flagged].sum()
    precision = _ratio(total[flagged].sum(), n_flagged) if known[flagged].all() else np.nan
    recall = _ratio(total[flagged].sum(), total.sum()) if known.all() else np.nan
    drawn = _draw_totals(size, n, wrong, seed)
    caught, everything = drawn[:, flagged].sum(axis=1), drawn.sum(axis=1)
    tail = (1 - level) / 2
    reached = n_flagged > 0 and n[flagged].sum() > 0
    judged = n.sum() > 0 and (everything > 0).mean() > 0.5
    low, high = _bounds(caught / max(n_flagged, 1), tail) if reached else (np.nan, np.nan)
    found = everything > 0
    recall_low, recall_high = _bounds(caught[found] / everything[found], tail) if judged else (np.nan, np.nan)
    return DetectorRates(float(precision), low, high, float(recall), recall_low, recall_high)


def _bounds(values: Floats, tail: float) -> tuple[float, float]:
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _draw_totals(size: Ints, n: Ints, wrong: Ints, seed: int) -> Floats:
    """(draws, C) plausible numbers of wrong labels in each cell."""
    rng = np.random.default_rng(seed)
    rate = rng.beta(wrong + 0.5, n - wrong + 0.5, size=(N_DRAWS, len(size)))
    return np.asarray(wrong + rng.binomial(size - n, rate), dtype=np.float64)


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0 else float("nan")
