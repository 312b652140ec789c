"""Evidence of copying at a rate that nobody knows: the mean likelihood ratio over a few rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

__all__ = ["COPY_RATES", "mix_copy_rates"]

Floats = npt.NDArray[np.float64]

COPY_RATES = (0.1, 0.3, 0.6, 0.9)


def mix_copy_rates(log_ratio: Callable[[float], Floats]) -> Floats:
    """Return the log of the mean, over copy rates, of a likelihood ratio against honest agreement: a log e value.

    Parameters
    ----------
    log_ratio
        Gives the logs of the likelihood ratios at one copy rate c, where answers are alike with chance
        ``c + (1 - c) g`` instead of ``g``.

    References
    ----------
    Shafer (2021). Testing by betting. JRSS A 184. Vovk, Wang (2021). E-values. Annals of Statistics 49.
    """
    ratios = np.stack([log_ratio(rate) for rate in COPY_RATES])
    return np.asarray(logsumexp(ratios, axis=0) - np.log(len(COPY_RATES)), dtype=np.float64)
