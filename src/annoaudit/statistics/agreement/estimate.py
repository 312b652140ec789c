"""An agreement coefficient with its standard error and interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annoaudit.statistics.agreement.sums import Chance, CountSums, ItemSums
from annoaudit.statistics.agreement.weights import Weights, weight_matrix, weighted_name
from annoaudit.statistics.intervals import bootstrap_interval, exact_interval, logit_interval, wald_interval
from annoaudit.statistics.votes import Votes

__all__ = [
    "ANALYTIC",
    "NO_PAIRS",
    "Coefficient",
    "Interval",
    "estimate",
    "estimate_by_counts",
    "item_influence",
    "undefined",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NO_PAIRS = "no item has labels of two annotators"
CHUNK = 4_000_000  # numbers held at once while resampling, 32 MB an array


@dataclass(frozen=True)
class Interval:
    """How a coefficient gets its interval; items are the sampled units, annotators are taken as they are.

    Parameters
    ----------
    kind
        ``analytic``: linearised standard error, Student's quantile on the logit scale of the range.
        ``published``: standard error and symmetric interval exactly as Gwet's (for two annotators without
        missing labels Fleiss, Cohen and Everitt's), which count items with one label as if they varied.
        ``bootstrap``: whole items resampled, corrected percentiles.
    level
        Confidence level in (0, 1).
    n_bootstrap
        Number of replicates B.
    seed
        Of the resampling.
    """

    kind: Literal["analytic", "published", "bootstrap"] = "analytic"
    level: float = 0.95
    n_bootstrap: int = 1000
    seed: int = 0


ANALYTIC = Interval()


@dataclass(frozen=True)
class Coefficient:
    """An agreement coefficient; NaN where it cannot be computed, and ``why`` then says what is missing.

    ``n_items`` counts the items with at least two labels, ``n_annotators`` and ``n_labels`` those on them.
    """

    name: str
    value: float
    se: float
    low: float
    high: float
    interval: str
    level: float
    n_items: int
    n_annotators: int
    n_labels: int
    why: str = ""


def estimate(name: str, sums: ItemSums, votes: Votes, interval: Interval) -> Coefficient:
    """Evaluate a coefficient and bound it.

    Parameters
    ----------
    name
        Of the coefficient.
    sums
        What each item adds, and how the coefficient follows from the totals.
    votes
        The labels, for the counts in the result.
    interval
        Which interval.

    Returns
    -------
    Coefficient
        Value, standard error and interval.
    """
    totals = np.asarray(sums.rows.sum(axis=0), dtype=np.float64)
    value = float(sums.value(totals))
    if not np.isfinite(value):
        return undefined(name, votes, interval, "all labels are of one class, so that chance alone explains them")
    n = int(np.count_nonzero(sums.paired))
    if n < 2:
        return _result(name, votes, interval, value, why="one item has two labels: no interval")
    if interval.kind == "bootstrap":
        replicates = _resample(sums, interval)
        se = float(np.nanstd(replicates, ddof=1)) if np.isfinite(replicates).sum() > 1 else np.nan
        low, high = bootstrap_interval(replicates, value, interval.level, n=n)
    else:
        se = _standard_error(sums, totals, value, votes, published=interval.kind == "published")
        df = int(np.count_nonzero(votes.per_item)) - 1 if interval.kind == "published" else n - 1
        low, high = _ends(sums, value, se, df, interval)
    if se > 1e-12:
        return _result(name, votes, interval, value, se, low, high)
    if value < 1 - 1e-12:
        return _result(name, votes, interval, value, why="all items agree to the same degree: no interval")
    loss = (1 - float(exact_interval(n, n, interval.level)[0])) * sums.worst_loss(totals)
    why = "no disagreement seen: the lower end follows from the number of items"
    return _result(name, votes, interval, value, 0.0, max(sums.floor, 1 - loss), 1.0, why)


def estimate_by_counts(name: str, votes: Votes, weights: Weights, chance: Chance, interval: Interval) -> Coefficient:
    """Evaluate a coefficient of the family of ``CountSums``, or say why it cannot be."""
    name = name if name.startswith("gwet") else weighted_name(name, weights)
    if len(votes.shared.item) == 0:
        return undefined(name, votes, interval, NO_PAIRS)
    if votes.n_classes < 2 and chance != "none":
        return undefined(name, votes, interval, "there is one class only")
    return estimate(name, CountSums.of(votes, weight_matrix(weights, votes.n_classes), chance), votes, interval)


def item_influence(sums: ItemSums, totals: FloatArray) -> FloatArray:
    """Linearise a coefficient: what each item adds to its deviation, (N,), with mean 0.

    Parameters
    ----------
    sums
        What each item adds.
    totals
        The sums over all items, (D,).

    Returns
    -------
    FloatArray
        (N,); the coefficient varies like their mean.

    References
    ----------
    Gwet, Computing inter-rater reliability and its variance in the presence of high agreement, Brit. J. Math.
    Stat. Psychol. 61, 2008.
    """
    return np.asarray(sums.rows.shape[0] * (sums.rows @ sums.gradient(totals)), dtype=np.float64)


def undefined(name: str, votes: Votes, interval: Interval, why: str) -> Coefficient:
    """Say why a coefficient cannot be computed.

    Parameters
    ----------
    name
        Of the coefficient.
    votes
        The labels, for the counts in the result.
    interval
        Which interval was asked for.
    why
        What is missing.

    Returns
    -------
    Coefficient
        With NaN for all its numbers.
    """
    return _result(name, votes, interval, np.nan, why=why)


def _standard_error(sums: ItemSums, totals: FloatArray, value: float, votes: Votes, *, published: bool) -> float:
    influence, n = item_influence(sums, totals), sums.rows.shape[0]
    paired = sums.paired
    m = np.count_nonzero(paired)
    if not published:
        return float(np.sqrt((influence**2).sum() * m / (m - 1)) / n)
    influence = influence + value * (paired * n / m - 1)
    table = np.count_nonzero(votes.per_annotator) == 2 and len(votes.item) == 2 * n
    return float(np.sqrt((influence**2).sum() / (n * (n - (not table)))))


def _ends(sums: ItemSums, value: float, se: float, df: int, interval: Interval) -> tuple[float, float]:
    if interval.kind == "analytic" and sums.floor < value < 1:
        low, high = logit_interval(value, se, df, interval.level, floor=sums.floor)
        return float(low), float(high)
    low, high = wald_interval(value, se, df, interval.level)
    return float(low), min(1.0, float(high))


def _resample(sums: ItemSums, interval: Interval) -> FloatArray:
    """Recompute the coefficient on whole items drawn with replacement, (B,)."""
    rng = np.random.default_rng(interval.seed)
    rows, times = _distinct(sums.rows)
    step = max(1, min(interval.n_bootstrap, CHUNK // max(int(times.sum()), rows.shape[1])))
    transposed = rows.T.tocsr()
    parts = []
    for start in range(0, interval.n_bootstrap, step):
        drawn = _draw(rng, times, min(step, interval.n_bootstrap - start))
        parts.append(sums.value(np.ascontiguousarray((transposed @ drawn.T).T)))
    return np.concatenate(parts)


def _distinct(rows: sparse.csr_array) -> tuple[sparse.csr_array, IntArray]:
    """Distinct rows and how often each occurs; items that look the same need not be told apart."""
    mark = rows @ np.random.default_rng(0).random(rows.shape[1])
    _, first, times = np.unique(mark, return_index=True, return_counts=True)
    return rows[first], times.astype(np.int64)


def _draw(rng: np.random.Generator, times: IntArray, b: int) -> FloatArray:
    """How often each distinct item is drawn in each of b replicates, (b, distinct)."""
    n, total = len(times), int(times.sum())
    if 4 * n < total:
        return rng.multinomial(total, times / total, size=b).astype(np.float64)
    kind = np.repeat(np.arange(n), times)
    drawn = kind[rng.integers(0, total, (b, total))] + n * np.arange(b)[:, None]
    return np.bincount(drawn.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def _result(
    name: str,
    votes: Votes,
    interval: Interval,
    value: float,
    se: float = np.nan,
    low: float = np.nan,
    high: float = np.nan,
    why: str = "",
) -> Coefficient:
    shared = votes.shared
    kind = "bootstrap" if interval.kind == "bootstrap" else "analytic"
    n_items, n_annotators = (int(np.count_nonzero(n)) for n in (shared.per_item, shared.per_annotator))
    counts = (n_items, n_annotators, len(shared.item))
    return Coefficient(name, value, se, low, high, kind, interval.level, *counts, why)
