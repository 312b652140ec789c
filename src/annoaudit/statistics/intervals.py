"""Confidence intervals for shares, bounded coefficients and bootstrap replicates."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from annoaudit.errors import UsageError

__all__ = ["bootstrap_interval", "exact_interval", "logit_interval", "wald_interval", "wilson_interval"]

FloatArray = NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]


def exact_interval(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Bound a share of k successes in n independent trials (Clopper-Pearson); covers at least ``level``.

    Parameters
    ----------
    k, n
        Counts, 0 <= k <= n, broadcast against each other.
    level
        In (0, 1).

    Returns
    -------
    tuple of FloatArray
        Lower and upper ends in [0, 1]; 0 and 1 where n is 0.

    Raises
    ------
    UsageError
        For counts or a level out of range.

    References
    ----------
    Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934.
    """
    hits, trials = _counts(k, n)
    tail = _tail(level)
    inner = np.maximum(hits, 0.5), np.maximum(trials - hits, 0.5)
    low = special.betaincinv(inner[0], trials - hits + 1, tail)
    high = special.betaincinv(hits + 1, inner[1], 1 - tail)
    return np.where(hits > 0, low, 0.0), np.where(hits < trials, high, 1.0)


def wilson_interval(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Bound a share of k successes in n independent trials by Wilson's score; covers ``level`` on average.

    Parameters
    ----------
    k, n
        Counts, 0 <= k <= n, broadcast against each other.
    level
        In (0, 1).

    Returns
    -------
    tuple of FloatArray
        Lower and upper ends in [0, 1]; 0 and 1 where n is 0.

    Raises
    ------
    UsageError
        For counts or a level out of range.

    References
    ----------
    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
    """
    hits, trials = _counts(k, n)
    z = special.ndtri(1 - _tail(level))
    safe = np.maximum(trials, 1)
    share = hits / safe
    middle = share + z**2 / (2 * safe)
    reach = z * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    scale = 1 + z**2 / safe
    low = np.where(hits == 0, 0.0, (middle - reach) / scale)
    high = np.where(hits == trials, 1.0, (middle + reach) / scale)
    return low, high


def wald_interval(value: ArrayLike, se: ArrayLike, df: ArrayLike, level: float = 0.95) -> Bounds:
    """Reach out from an estimate by its standard error times Student's quantile.

    Parameters
    ----------
    value, se, df
        Estimate, standard error and degrees of freedom (> 0), broadcast against each other.
    level
        In (0, 1).

    Returns
    -------
    tuple of FloatArray
        Lower and upper ends, not clipped.
    """
    reach = special.stdtrit(np.asarray(df, dtype=np.float64), 1 - _tail(level)) * np.asarray(se)
    return np.asarray(value - reach), np.asarray(value + reach)


def logit_interval(
    value: ArrayLike, se: ArrayLike, df: ArrayLike, level: float = 0.95, *, floor: float = 0.0
) -> Bounds:
    """Reach out from an estimate on the logit scale of its range, so that the ends stay inside it.

    Parameters
    ----------
    value, se, df
        Estimate in (floor, 1), standard error and degrees of freedom (> 0), broadcast against each other.
    level
        In (0, 1).
    floor
        Lowest possible value; with -1 the scale is Fisher's z.

    Returns
    -------
    tuple of FloatArray
        Lower and upper ends in (floor, 1); NaN where the value is at an end of its range.
    """
    v, error = np.asarray(value, dtype=np.float64), np.asarray(se, dtype=np.float64)
    inside = (v > floor) & (v < 1)
    v = np.where(inside, v, np.nan)
    position = (v - floor) / (1 - floor)
    slope = (1 - floor) / ((v - floor) * (1 - v))
    ends = wald_interval(special.logit(position), error * slope, df, level)
    return floor + (1 - floor) * special.expit(ends[0]), floor + (1 - floor) * special.expit(ends[1])


def bootstrap_interval(
    replicates: ArrayLike,
    value: float,
    level: float = 0.95,
    *,
    kind: Literal["percentile", "basic"] = "percentile",
    n: int | None = None,
) -> tuple[float, float]:
    """Bound an estimate by its bootstrap replicates.

    Parameters
    ----------
    replicates
        (B,); replicates that are NaN are left out.
    value
        The estimate itself; used by ``basic`` only.
    level
        In (0, 1).
    kind
        ``percentile``: quantiles of the replicates; ``basic``: those, mirrored at the estimate.
    n
        Number of resampled units; if given, the quantiles are moved out as Student's are, which corrects the
        narrowness of the bootstrap for small n.

    Returns
    -------
    tuple of float
        Lower and upper end; NaN if over half of the replicates are NaN.

    Raises
    ------
    UsageError
        For an unknown kind or a level out of range.

    References
    ----------
    Efron, Tibshirani, An introduction to the bootstrap, 1993, chapter 13. Hesterberg, What teachers should
    know about the bootstrap, The American Statistician 69, 2015 (the correction by n).
    """
    if kind not in ("percentile", "basic"):
        raise UsageError(f"unknown kind of bootstrap interval {kind!r}", hint="use percentile or basic")
    tail = _tail(level)
    if n is not None and n > 1:
        tail = float(special.ndtr(-np.sqrt(n / (n - 1)) * special.stdtrit(n - 1, 1 - tail)))
    known = np.asarray(replicates, dtype=np.float64)
    usable = known[np.isfinite(known)]
    if usable.size == 0 or 2 * usable.size < known.size:
        return np.nan, np.nan
    low, high = (float(q) for q in np.quantile(usable, [tail, 1 - tail]))
    return (low, high) if kind == "percentile" else (2 * value - high, 2 * value - low)


def _counts(k: ArrayLike, n: ArrayLike) -> Bounds:
    hits, trials = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if not ((hits >= 0) & (hits <= trials)).all():
        raise UsageError("successes must lie between 0 and the number of trials")
    return hits, trials


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"a confidence level must lie between 0 and 1, not {level}", hint="0.95 is usual")
    return (1 - level) / 2
