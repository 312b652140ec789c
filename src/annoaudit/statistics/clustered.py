"""Intervals for shares whose observations come in clusters, such as several labels on one item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, t

__all__ = ["clustered_interval"]

FloatArray = npt.NDArray[np.float64]


def clustered_interval(value: npt.ArrayLike, cluster: npt.ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Estimate a share and its interval from observations that depend on each other inside clusters.

    The exact binomial interval is taken at the effective number of observations: n divided by the design
    effect, which is the ratio of the clustered to the simple variance. Where all observations are equal,
    the effective number is that of the clusters.

    Parameters
    ----------
    value
        (n,) observations in [0, 1].
    cluster
        (n,) integer cluster of each observation.
    level
        Nominal coverage.

    Returns
    -------
    tuple of float
        Share, low, high; all NaN where n is 0.

    References
    ----------
    Korn, Graubard (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24.
    """
    x = np.asarray(value, dtype=np.float64)
    if not len(x):
        return float("nan"), float("nan"), float("nan")
    share = float(x.mean())
    _, code = np.unique(np.asarray(cluster), return_inverse=True)
    n_effective = _effective_number(x, share, code)
    k = share * n_effective
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, k, n_effective - k + 1)) if share > 0 else 0.0
    high = float(beta.ppf(1 - tail, k + 1, n_effective - k)) if share < 1 else 1.0
    return share, low, high


def _effective_number(x: FloatArray, share: float, code: npt.NDArray[np.intp]) -> float:
    n, m = len(x), int(code.max()) + 1
    simple = share * (1 - share) / n
    residual = np.bincount(code, weights=x - share)
    clustered = m / max(m - 1, 1) * float((residual**2).sum()) / n**2
    if m < 2 or simple <= 0 or clustered <= 0:
        return float(m)
    # Korn and Graubard's factor pays for estimating the variance from m clusters only.
    factor = float(t.ppf(0.975, n - 1) / t.ppf(0.975, m - 1)) ** 2
    return float(min(n, n * simple / clustered * factor))
