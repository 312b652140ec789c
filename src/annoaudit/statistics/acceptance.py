"""How often people accept what they are shown, against what is usual in their team."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import betabinom

from annoaudit.statistics.team_spread import own_spread

__all__ = ["Acceptance", "compare_acceptance"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Acceptance:
    """Accepted shares against a team's.

    Parameters
    ----------
    rate, usual
        (A,) share accepted, and the share that is usual in the team on such items.
    se
        (A,) standard error of the share, from the number of labels alone.
    dispersion
        Correlation of two acceptances of one person: 0 where everybody accepts alike.
    p
        (A,) upper tail of the beta-binomial; NaN where not judged.
    """

    rate: Floats
    usual: Floats
    se: Floats
    dispersion: Floats
    p: Floats


def compare_acceptance(accepted: Ints, expected: Floats, n: Ints, judged: Bools) -> Acceptance:
    """Compare counts of acceptance with a beta-binomial whose spread is the team's.

    The usual share is what each person's own items lead to expect, moved on the scale of log odds by the team's median
    departure; the dispersion is the robust spread of the shares around it, beyond what their sizes explain.

    Parameters
    ----------
    accepted, n
        (A,) number accepted, and number that could have been.
    expected
        (A,) number that the items lead to expect.
    judged
        (A,) who has enough.

    References
    ----------
    Skellam (1948). A probability distribution derived from the binomial distribution. JRSS B 10.
    """
    size = np.maximum(n, 1)
    rate = accepted / size
    own = logit(np.clip(expected / size, 1e-4, 1 - 1e-4))
    shift = float(np.median((logit((accepted + 0.5) / (size + 1.0)) - own)[judged]))
    usual = expit(own + shift)
    se = np.sqrt(usual * (1.0 - usual) / size)
    spread = own_spread((rate - usual)[judged], se[judged])
    # The centre is itself estimated, from as many people as were judged.
    variance = spread**2 + 1.57 * (spread**2 + se**2) / int(judged.sum())
    dispersion = np.clip(variance / (usual * (1.0 - usual)), 1e-6, 0.9)
    strength = 1.0 / dispersion - 1.0
    p = betabinom.sf(accepted - 1, size, usual * strength, (1.0 - usual) * strength)
    return Acceptance(rate, usual, se, dispersion, np.where(judged, p, np.nan))
