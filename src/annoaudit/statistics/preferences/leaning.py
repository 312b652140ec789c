"""Whether an annotator leans to one side where what others say of the comparison leads to expect no such thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from annoaudit.statistics.team_spread import own_spread

__all__ = ["Leaning", "fit_leaning", "measure_leaning"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEWEST_FOR_A_TEAM = 5


@dataclass(frozen=True, eq=False)
class Leaning:
    """How far each annotator leans, beyond the team.

    Parameters
    ----------
    n
        (A,) comparisons that tell something.
    effect, low, high
        (A,) change of the chance of choosing the leaned-to side, with 95 % interval; NaN where it cannot be told.
    p
        (A,) two-sided, of no leaning beyond what this team's people differ by.
    spread
        Standard deviation of leanings in this team beyond chance; part of the null.
    """

    n: Ints
    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    spread: float


def measure_leaning(
    annotator: Ints, first: npt.NDArray[np.bool_], belief: Floats, side: Floats, n_annotators: int
) -> Leaning:
    """Measure by how much each annotator's choices follow ``side`` beside what others believe.

    The chance of choosing the first thing is ``1/2 + s (belief - 1/2) + c side``: s is how closely the annotator
    follows what others say (0 for a guess), so that a careless annotator, whose mistakes go both ways, has c = 0
    whatever the shares of the sides. c is fitted by least squares with a heteroscedasticity-robust standard error.
    Where five or more are judged it is taken from the team's median, its standard error is widened by the team's own
    spread, and both together are read against t with one degree of freedom less than annotators.

    Parameters
    ----------
    annotator
        (L,) codes.
    first
        (L,) whether the first of the two things was chosen; ties are left out beforehand.
    belief
        (L,) chance that a typical other annotator chooses the first thing; no label of the annotator in it.
    side
        (L,) in [-1, 1]: to which of the two, first positive, a leaning would go; 0 tells nothing.
    n_annotators
        A.

    References
    ----------
    MacKinnon, White (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved finite
    sample properties. J. Econometrics 29 (HC3). Efron (2004). Large-scale simultaneous hypothesis testing. JASA 99.
    """
    return fit_leaning(annotator, np.asarray(first - 0.5, dtype=np.float64), belief - 0.5, side, n_annotators)


def fit_leaning(annotator: Ints, y: Floats, d: Floats, side: Floats, n_annotators: int) -> Leaning:
    """Fit ``y = s d + c side`` for each annotator and hold c against the team's; see :func:`measure_leaning`.

    ``y`` (L,) is what was said and ``d`` (L,) what others lead to expect, both in [-1/2, 1/2].
    """

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(annotator, values, n_annotators), dtype=np.float64)

    dd, ds, ss = total(d * d), total(d * side), total(side * side)
    determinant = dd * ss - ds**2
    with np.errstate(invalid="ignore", divide="ignore"):
        follow = (ss * total(d * y) - ds * total(side * y)) / determinant
        lean = (dd * total(side * y) - ds * total(d * y)) / determinant
        rest = y - follow[annotator] * d - lean[annotator] * side
        inverse = (dd[annotator], ds[annotator], ss[annotator], determinant[annotator])
        pull = (inverse[0] * side - inverse[1] * d) / inverse[3]
        hat = (inverse[2] * d * d - 2 * inverse[1] * d * side + inverse[0] * side * side) / inverse[3]
        se = np.sqrt(total((pull * rest / (1 - np.minimum(hat, 0.99))) ** 2))
    known = np.isfinite(lean) & np.isfinite(se) & (se > 0)
    n = np.bincount(annotator, side != 0, n_annotators).astype(np.int64)
    centre, spread, freedom = 0.0, 0.0, np.maximum(n - 2.0, 1.0)
    if known.sum() >= FEWEST_FOR_A_TEAM:
        centre, spread = float(np.median(lean[known])), own_spread(lean[known], se[known])
        freedom = np.minimum(freedom, known.sum() - 1.0)
    effect = np.where(known, lean - centre, np.nan)
    z = effect / np.sqrt(se**2 + spread**2)
    p = 2.0 * t.sf(np.abs(z), freedom)
    return Leaning(n, effect, effect - 1.96 * se, effect + 1.96 * se, p, spread)
