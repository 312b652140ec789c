"""How far an annotator's rankings of different items repeat one order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.rankings.comparisons import Comparisons

__all__ = ["repeat_of_order"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def repeat_of_order(annotator: Ints, slot: Ints, compared: Comparisons, n_annotators: int) -> tuple[Floats, Floats]:
    """Return (A,) mean tau between two rankings of one annotator on what they share, and its standard error.

    1 where somebody always gives the same order, 0 where orders have nothing to do with each other. The standard
    error is that of a mean over rankings. NaN where no two rankings share two slots.

    Parameters
    ----------
    annotator
        (S,) codes.
    slot
        (E,) what an entry is across items: the place at which it was shown, or the thing itself; -1 where unknown.
    compared
        The rankings as comparisons.
    """
    low, high = slot[compared.first], slot[compared.second]
    told = np.flatnonzero((low >= 0) & (high >= 0) & (low != high))
    low, high, ranking = low[told], high[told], compared.ranking[told]
    sign = np.where(low < high, 1.0, -1.0) * compared.sign[told]
    size = int(slot.max(initial=0)) + 1
    key = (annotator[ranking] * size + np.minimum(low, high)) * size + np.maximum(low, high)
    pairs, code = np.unique(key, return_inverse=True)
    who = (pairs // size // size).astype(np.int64)
    total, n, square = (np.bincount(code, one, len(pairs)) for one in (sign, np.ones_like(sign), sign**2))
    alike = np.bincount(who, total**2 - square, n_annotators)
    compared_twice = np.bincount(who, n * (n - 1), n_annotators)
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = alike / compared_twice
        # How far each ranking is like the annotator's others; twice its deviation is its pull on the mean.
        own = np.bincount(ranking, sign * (total[code] - sign), len(annotator))
        own_n = np.bincount(ranking, n[code] - 1, len(annotator))
        pull = 2 * (own - own_n * tau[annotator]) / compared_twice[annotator]
        spread = np.bincount(annotator, np.nan_to_num(pull) ** 2, n_annotators)
    return np.asarray(tau), np.sqrt(spread)
