"""Many tests at once: lists in which the expected share of false discoveries is held."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

__all__ = ["adjust_e", "adjust_p", "sidak", "suspicion_of"]

Floats = npt.NDArray[np.float64]


def adjust_p(p: Floats) -> Floats:
    """Return (n,) adjusted p values of one family; NaN stays NaN and does not count.

    Rejecting those at most q holds the false discovery rate at q where the tests are independent or positively
    dependent.

    References
    ----------
    Benjamini, Hochberg (1995). Controlling the false discovery rate. JRSS B 57. Benjamini, Yekutieli (2001).
    """
    adjusted = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        adjusted[known] = false_discovery_control(np.clip(p[known], 0.0, 1.0))
    return adjusted


def adjust_e(e: Floats) -> Floats:
    """Return (n,) the smallest q at which e-BH rejects each of one family; NaN stays NaN and does not count.

    With m e values, the k-th largest is rejected if it is at least m / (k q). The false discovery rate is
    held under any dependence.

    References
    ----------
    Wang, Ramdas (2022). False discovery rate control with e-values. JRSS B 84.
    """
    adjusted = np.full(len(e), np.nan)
    known = np.flatnonzero(np.isfinite(e))
    order = known[np.argsort(-e[known], kind="stable")]
    with np.errstate(divide="ignore"):
        needed = len(order) / (np.arange(1, len(order) + 1) * np.maximum(e[order], 1e-300))
    adjusted[order] = np.minimum(np.minimum.accumulate(needed[::-1])[::-1], 1.0)
    return adjusted


def sidak(p: Floats, n_tests: npt.NDArray[np.int64] | int) -> Floats:
    """Return the p value of the smallest of ``n_tests`` independent p values.

    References
    ----------
    Sidak (1967). Rectangular confidence regions for the means of multivariate normal distributions. JASA 62.
    """
    return np.asarray(-np.expm1(n_tests * np.log1p(-np.minimum(p, 1 - 1e-16))), dtype=np.float64)


def suspicion_of(p: Floats) -> Floats:
    """Return p values as suspicion in [0, 1): ``l / (1 + l)`` with ``l = -log10 p``; .5 at p = .1, NaN stays NaN."""
    size = -np.log10(np.clip(p, 1e-300, 1.0))
    return np.asarray(size / (1.0 + size), dtype=np.float64)
