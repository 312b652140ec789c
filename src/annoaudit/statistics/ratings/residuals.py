"""How probable it is that a rating has nothing to do with its item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

__all__ = ["judge_residuals"]

Floats = npt.NDArray[np.float64]

ROUNDS = 50
FEWEST_STRAY, MOST_STRAY = 0.02, 0.3
MOST_STEPS = 100
FREEDOM = 20


def judge_residuals(value: Floats, expected: Floats, sd: Floats) -> tuple[Floats, float]:
    """Return (L,) the probability that each rating was made as if for another item, and the share of such ratings.

    Two kinds of ratings: those near what was expected (Student's t with 20 degrees of freedom, whose scale is fitted
    to the middle half of the residuals), and strays, spread as ratings are over all items, half evenly over the scale.
    The share of strays is fitted, from 2 % to 30 %. Where at most 100 values occur, chances are those of the steps of
    the scale, the lowest and highest of which hold all that lies beyond them.

    Parameters
    ----------
    value
        (L,) ratings.
    expected, sd
        (L,) what was expected, from other sources than the rating, and its standard deviation; NaN where unknown.

    References
    ----------
    Efron (2010). Large-scale inference. Cambridge (local false discovery rate). Box, Tiao (1968). A Bayesian approach
    to some outlier problems. Biometrika 55.
    """
    known = np.isfinite(expected) & np.isfinite(sd)
    wrong = np.full(len(value), np.nan)
    if not known.any():
        return wrong, float("nan")
    y, at, width = value[known], expected[known], sd[known]
    quartile = float(np.median(np.abs((y - at) / width)))
    width = width * max(quartile / float(t.ppf(0.75, FREEDOM)), 0.25)
    near, stray = _chances(value, y, at, width)
    share = 0.05
    for _ in range(ROUNDS):
        of_stray = share * stray / (share * stray + (1 - share) * near + 1e-300)
        share = float(np.clip(of_stray.mean(), FEWEST_STRAY, MOST_STRAY))
    wrong[known] = share * stray / (share * stray + (1 - share) * near + 1e-300)
    return wrong, share


def _chances(every: Floats, y: Floats, at: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Chance (or density) of each rating if it is near what was expected, and if it strays."""
    steps, count = np.unique(every, return_counts=True)
    if len(steps) > MOST_STEPS:
        middle, reach = float(np.median(every)), 1.5 * float(every.std())
        return t.pdf((y - at) / width, FREEDOM) / width, norm.pdf(y, middle, reach)
    edges = np.r_[-np.inf, (steps[1:] + steps[:-1]) / 2, np.inf]
    step = np.searchsorted(steps, y)
    near = t.cdf((edges[step + 1] - at) / width, FREEDOM) - t.cdf((edges[step] - at) / width, FREEDOM)
    stray = 0.5 * count / count.sum() + 0.5 / len(steps)
    return np.maximum(near, 1e-12), stray[step]
