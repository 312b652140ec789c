"""Reliability of ratings: intraclass correlation, and interval alpha for numbers of any number of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import f, t

from annoaudit.statistics.agreement import Coefficient

__all__ = ["interval_alpha", "intraclass"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GROUPS = 50
TOO_FEW = "no two annotators rated two items together"


def intraclass(item: Ints, annotator: Ints, value: Floats, *, level: float = 0.95, seed: int = 0) -> list[Coefficient]:
    """Return ICC(2,1) and ICC(2,k): the share of variance that is the items', for one rating and for an item's mean.

    Two-way random effects, absolute agreement; ratings may be missing. Variance components by Henderson's first
    method, which is the analysis of variance where nothing is missing. Then the interval is that of McGraw and Wong,
    for annotators drawn from many; else it is a jackknife over groups of items, for the annotators as they are.

    Parameters
    ----------
    item, annotator
        (L,) codes, one rating an item and annotator.
    value
        (L,) ratings.
    level
        Of the intervals.
    seed
        Of the groups of the jackknife.

    References
    ----------
    Shrout, Fleiss (1979). Intraclass correlations: uses in assessing rater reliability. Psychol. Bulletin 86.
    McGraw, Wong (1996). Forming inferences about some intraclass correlation coefficients. Psychol. Methods 1.
    Henderson (1953). Estimation of variance and covariance components. Biometrics 9.
    """
    _, item = np.unique(item, return_inverse=True)
    _, annotator = np.unique(annotator, return_inverse=True)
    per_item = np.bincount(item)
    size = (len(per_item), int(annotator.max(initial=-1)) + 1, len(item))
    if size[0] < 2 or size[1] < 2 or size[2] <= max(size[0], size[1]) + 1 or np.ptp(value) == 0:
        return [_undefined(name, size, level) for name in ("icc_2_1", "icc_2_k")]
    k = float(per_item.mean())
    one = _icc(_components(item, annotator, value), 1.0)
    many = _icc(_components(item, annotator, value), k)
    if size[2] == size[0] * size[1]:
        low, high = _mcgraw_wong(item, annotator, value, level)
        ends = [(low, high), (_step_up(low, k), _step_up(high, k))]
        how = "F"
    else:

        def measure(kept: npt.NDArray[np.bool_]) -> float:
            return _icc(_components(item[kept], annotator[kept], value[kept]), 1.0)

        def measure_mean(kept: npt.NDArray[np.bool_]) -> float:
            return _icc(_components(item[kept], annotator[kept], value[kept]), k)

        se = [_jackknife(item, one, seed) for one in (measure, measure_mean)]
        ends = [_fisher_ends(at, spread, level) for at, spread in zip((one, many), se, strict=True)]
        how = "jackknife"
    return [
        Coefficient(name, at, np.nan, low, high, how, level, *size)
        for name, at, (low, high) in zip(("icc_2_1", "icc_2_k"), (one, many), ends, strict=True)
    ]


def interval_alpha(item: Ints, value: Floats, *, level: float = 0.95, seed: int = 0) -> Coefficient:
    """Return Krippendorff's alpha with squared differences, from sums alone, so that every value may be another.

    Items with one rating do not count. The interval is a jackknife over groups of items.

    Parameters
    ----------
    item
        (L,) codes.
    value
        (L,) numbers.
    level
        Of the interval.
    seed
        Of the groups.

    References
    ----------
    Krippendorff (2011). Computing Krippendorff's alpha-reliability.
    """
    paired = np.bincount(item, minlength=1)[item] > 1
    _, code = np.unique(item[paired], return_inverse=True)
    used = value[paired]
    size = (len(np.unique(code)), 0, len(code))
    if size[0] < 2 or np.ptp(used) == 0:
        return _undefined("krippendorff_alpha_interval", size, level)

    def measure(kept: npt.NDArray[np.bool_]) -> float:
        own, x = code[kept], used[kept] - used.mean()
        n = np.bincount(own)
        within = np.bincount(own, x**2) - np.bincount(own, x) ** 2 / np.maximum(n, 1)
        observed = 2 * (within[n > 1] * n[n > 1] / (n[n > 1] - 1)).sum() / len(x)
        expected = 2 * x.var() * len(x) / (len(x) - 1)
        return float(1 - observed / expected)

    at = measure(np.ones(len(code), dtype=bool))
    low, high = _fisher_ends(at, _jackknife(code, measure, seed), level)
    return Coefficient("krippendorff_alpha_interval", at, np.nan, low, high, "jackknife", level, *size)


def _components(item: Ints, annotator: Ints, value: Floats) -> tuple[float, float, float]:
    """Variance of items, of annotators and of the rest, none below 0."""
    x = value - value.mean()
    n, per_item, per_annotator = len(x), np.bincount(item), np.bincount(annotator)
    per_item, per_annotator = per_item[per_item > 0], per_annotator[per_annotator > 0]
    all_sum = float(x @ x)
    beside_items = (all_sum - _between(item, x)) / (n - len(per_item))
    beside_annotators = (all_sum - _between(annotator, x)) / (n - len(per_annotator))
    lack_items = n - float((per_item**2).sum()) / n
    lack_annotators = n - float((per_annotator**2).sum()) / n
    total = all_sum - float(x.sum()) ** 2 / n
    rest = (lack_items * beside_annotators + lack_annotators * beside_items - total) / (
        lack_items + lack_annotators - n + 1
    )
    rest = min(max(rest, 0.0), beside_items, beside_annotators)
    return beside_annotators - rest, beside_items - rest, rest


def _between(code: Ints, x: Floats) -> float:
    n = np.bincount(code)
    return float((np.bincount(code, x)[n > 0] ** 2 / n[n > 0]).sum())


def _icc(components: tuple[float, float, float], k: float) -> float:
    of_items, of_annotators, rest = components
    total = of_items + (of_annotators + rest) / k
    return of_items / total if total > 0 else float("nan")


def _mcgraw_wong(item: Ints, annotator: Ints, value: Floats, level: float) -> tuple[float, float]:
    n, k = int(item.max()) + 1, int(annotator.max()) + 1
    x = value - value.mean()
    rows, columns = _between(item, x) / (n - 1), _between(annotator, x) / (k - 1)
    rest = (float(x @ x) - _between(item, x) - _between(annotator, x)) / ((n - 1) * (k - 1))
    if rest <= 0:
        return float("nan"), float("nan")
    icc = (rows - rest) / (rows + (k - 1) * rest + k * (columns - rest) / n)
    a, b = k * icc / (n * (1 - icc)), 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * columns + b * rest) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    tail = (1 + level) / 2
    above, below = f.ppf(tail, n - 1, v), f.ppf(tail, v, n - 1)
    others = k * columns + (k * n - k - n) * rest
    low = n * (rows - above * rest) / (above * others + n * rows)
    high = n * (below * rows - rest) / (others + n * below * rows)
    return float(low), float(high)


def _step_up(one: float, k: float) -> float:
    return k * one / (1 + (k - 1) * one)


def _jackknife(item: Ints, measure: Callable[[npt.NDArray[np.bool_]], float], seed: int) -> float:
    """Jackknife standard error with groups of items left out."""
    n = int(item.max()) + 1
    n_groups = min(GROUPS, n)
    group = np.random.default_rng([seed, 41]).permutation(np.arange(n) % n_groups)[item]
    found = np.array([measure(group != one) for one in range(n_groups)])
    found = found[np.isfinite(found)]
    return float(np.sqrt((len(found) - 1) * found.var())) if len(found) > 1 else float("nan")


def _fisher_ends(at: float, se: float, level: float) -> tuple[float, float]:
    """Interval on Fisher's scale, with as many degrees of freedom as groups less one."""
    if not -1 < at < 1 or not np.isfinite(se):
        return float("nan"), float("nan")
    half = float(t.ppf((1 + level) / 2, GROUPS - 1)) * se / (1 - at**2)
    return float(np.tanh(np.arctanh(at) - half)), float(np.tanh(np.arctanh(at) + half))


def _undefined(name: str, size: tuple[int, int, int], level: float) -> Coefficient:
    return Coefficient(name, np.nan, np.nan, np.nan, np.nan, "none", level, *size, TOO_FEW)
