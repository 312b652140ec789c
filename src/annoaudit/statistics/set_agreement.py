"""How far sets of options agree: alpha with a distance between sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.agreement import Coefficient, Interval, Votes, percent_agreement
from annoaudit.statistics.agreement.alpha import KrippendorffSums
from annoaudit.statistics.agreement.estimate import NO_PAIRS, estimate, undefined

__all__ = ["jaccard", "masi", "measure_set_agreement"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_SETS = 3000


def jaccard(sets: Bools) -> Floats:
    """Return (D, D) Jaccard similarity of D sets given as rows (D, K); two empty sets are alike.

    References
    ----------
    Jaccard. The distribution of the flora in the alpine zone. New Phytologist 11, 1912.
    """
    members = sets.astype(np.float64)
    shared = members @ members.T
    size = members.sum(axis=1)
    union = size[:, None] + size[None, :] - shared
    return np.where(union > 0, shared / np.maximum(union, 1.0), 1.0)


def masi(sets: Bools) -> Floats:
    """Return (D, D) MASI similarity of D sets given as rows (D, K): Jaccard's, times 1, 2/3, 1/3 or 0.

    The factor is 1 for equal sets, 2/3 where one holds the other, 1/3 where they overlap, and 0 where they don't.

    References
    ----------
    Passonneau. Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation. LREC 2006.
    """
    members = sets.astype(np.float64)
    shared = members @ members.T
    size = members.sum(axis=1)
    smaller, larger = np.minimum(size[:, None], size[None, :]), np.maximum(size[:, None], size[None, :])
    factor = np.select([shared == larger, shared == smaller, shared > 0], [1.0, 2.0 / 3.0, 1.0 / 3.0], 0.0)
    factor = np.where((smaller == 0) & (larger > 0), 0.0, factor)
    return factor * jaccard(sets)


def measure_set_agreement(item: Ints, annotator: Ints, chosen: Bools, *, seed: int = 0) -> Sequence[Coefficient]:
    """Return agreement of sets with intervals: equal sets, and alpha with MASI and Jaccard distances.

    Parameters
    ----------
    item, annotator
        (S,) codes of the submissions.
    chosen
        (S, K) options chosen; a row of all False is an explicit empty set.
    seed
        Of intervals that resample.

    Returns
    -------
    Sequence[Coefficient]
        ``exact_agreement``, ``alpha_masi`` and ``alpha_jaccard``; the last two not for over 3,000 distinct sets.
    """
    sets, code = np.unique(chosen, axis=0, return_inverse=True)
    votes = Votes.of(item, annotator, code.reshape(-1).astype(np.int64), len(sets))
    interval = Interval(seed=seed)
    measured = [replace(percent_agreement(votes, interval=interval), name="exact_agreement")]
    for name, similar in (("alpha_masi", masi), ("alpha_jaccard", jaccard)):
        if not len(votes.shared.item):
            measured.append(undefined(name, votes, interval, NO_PAIRS))
        elif len(sets) > MOST_SETS:
            measured.append(undefined(name, votes, interval, f"more than {MOST_SETS:,} distinct sets"))
        else:
            measured.append(estimate(name, KrippendorffSums.of(votes, similar(sets)), votes, interval))
    return measured
