"""What is unusual in a team: a value against the team's own spread."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import t

__all__ = ["own_spread", "share_below_team"]

Floats = npt.NDArray[np.float64]
DEGREES_OF_FREEDOM = 4


def own_spread(value: Floats, se: Floats) -> float:
    """Return the robust standard deviation of values beyond what their standard errors explain."""
    deviation = 1.4826 * float(np.median(np.abs(value - np.median(value))))
    return float(np.sqrt(max(deviation**2 - float(np.median(se)) ** 2, 0.0)))


def share_below_team(value: Floats, se: Floats, judged: npt.NDArray[np.bool_], *, margin: float = 0.0) -> Floats:
    """Return (A,) the share of a t distribution that lies below each value; NaN where it was not judged.

    ``(value - median - margin) / sqrt(se^2 + spread^2)`` with the team's robust spread, read against t with 4
    degrees of freedom. Near 1: far above the team. It is a rank: teams are not samples of a t distribution.

    Parameters
    ----------
    value, se
        (A,) value and standard error of each annotator.
    judged
        (A,) who has enough labels.
    margin
        Difference from the median that is too small to matter.

    References
    ----------
    Efron (2004). Large-scale simultaneous hypothesis testing: the choice of a null hypothesis. JASA 99.
    """
    centre = float(np.median(value[judged]))
    spread = own_spread(value[judged], se[judged])
    z = (value - centre - margin) / np.sqrt(se**2 + spread**2 + 1e-9)
    return np.where(judged, t.cdf(z, df=DEGREES_OF_FREEDOM), np.nan)
