"""How far annotators' regions agree: how many are matched, how closely, and of which class; images resampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.agreement import Coefficient
from annoaudit.statistics.intervals import bootstrap_interval
from annoaudit.statistics.regions.location import by_size

__all__ = ["MatchedPairs", "measure_region_agreement", "pair_up"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEVELS = (0.5, 0.75)
N_BOOTSTRAP = 1000
CHUNK = 4_000_000
TOO_FEW = "no image has submissions of two annotators"


@dataclass(frozen=True, eq=False)
class MatchedPairs:
    """Pairs of regions of two people in one unit, as places ``first`` and ``second`` (P,), and how alike they are."""

    first: Ints
    second: Ints
    similarity: Floats


def pair_up(unit: Ints) -> tuple[Ints, Ints]:
    """Return (P,) places of all pairs of regions of one unit."""
    firsts, seconds = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for _, members in by_size(unit):
        a, b = np.triu_indices(members.shape[1], 1)
        firsts.append(members[:, a].ravel())
        seconds.append(members[:, b].ravel())
    return np.concatenate(firsts), np.concatenate(seconds)


def measure_region_agreement(
    pairs: MatchedPairs,
    *,
    item: Ints,
    label: Ints,
    n_submissions: Ints,
    n_annotators: int,
    n_classes: int,
    seed: int = 0,
) -> tuple[Coefficient, ...]:
    """Return agreement of regions with intervals from a bootstrap of whole images.

    ``f1_at_50`` and ``f1_at_75``: twice the pairs of regions matched at that overlap, over all regions that any two
    submissions on one image hold (the F measure of one against the other, pooled over all pairs of submissions).
    ``mean_overlap`` of the pairs matched at .5. ``alpha_class``: Krippendorff's nominal alpha of the classes that
    regions of one unit have.

    Parameters
    ----------
    pairs
        Matched regions.
    item, label
        (R,) image and class of each region of people.
    n_submissions
        (N,) submissions on each image.
    n_annotators, n_classes
        A and K.
    seed
        Of the bootstrap.

    References
    ----------
    Hripcsak, Rothschild (2005). Agreement, the F-measure, and reliability in information retrieval. JAMIA 12.
    Krippendorff (2011). Computing Krippendorff's alpha-reliability. Efron, Tibshirani (1993), chapter 13.
    """
    n = len(n_submissions)
    shared = np.flatnonzero(n_submissions > 1)
    of_pair = item[pairs.first]
    held = np.bincount(item, minlength=n) * np.maximum(n_submissions - 1, 0)
    tell = _Teller(shared, n_annotators, int((n_submissions[item] > 1).sum()), seed)
    found = []
    for level in LEVELS:
        matched = np.bincount(of_pair[pairs.similarity >= level], minlength=n)
        found.append(tell(f"f1_at_{round(100 * level)}", np.stack([2.0 * matched, held], axis=1)[shared], _ratio))
    close = pairs.similarity >= LEVELS[0]
    of_close = of_pair[close]
    overlap = np.bincount(of_close, weights=pairs.similarity[close], minlength=n)
    count = np.bincount(of_close, minlength=n).astype(np.float64)
    found.append(tell("mean_overlap", np.stack([overlap, count], axis=1)[shared], _ratio))
    weight = 1.0 / _partners(pairs, len(item))[pairs.first]
    a, b = label[pairs.first], label[pairs.second]
    apart = np.bincount(of_pair, weights=weight * (a != b), minlength=n)
    values = np.bincount(of_pair, weights=2.0 * weight, minlength=n)
    each = np.bincount(of_pair * n_classes + a, weights=weight, minlength=n * n_classes)
    each = (each + np.bincount(of_pair * n_classes + b, weights=weight, minlength=n * n_classes)).reshape(n, n_classes)
    found.append(tell("alpha_class", np.column_stack([apart, values, each])[shared], _alpha))
    return tuple(found)


def _partners(pairs: MatchedPairs, n: int) -> Ints:
    """(R,) in how many pairs each region is."""
    return np.bincount(pairs.first, minlength=n) + np.bincount(pairs.second, minlength=n)


class _Teller:
    """Turns sums over images into a coefficient with its interval."""

    def __init__(self, shared: Ints, n_annotators: int, n_regions: int, seed: int) -> None:
        self.shared, self.n_annotators, self.n_regions, self.seed = shared, n_annotators, n_regions, seed

    def __call__(self, name: str, sums: npt.NDArray[np.generic], value_of: Callable[[Floats], Floats]) -> Coefficient:
        rows: Floats = sums.astype(np.float64)
        value = float(value_of(rows.sum(axis=0, keepdims=True))[0]) if len(rows) else np.nan
        why = "" if np.isfinite(value) else (TOO_FEW if not len(sums) else "no regions were matched, or all are alike")
        low = high = se = np.nan
        if np.isfinite(value) and len(sums) > 1:
            replicates = np.concatenate([value_of(one) for one in _resample(rows, self.seed)])
            se = float(np.nanstd(replicates, ddof=1))
            low, high = bootstrap_interval(replicates, value, n=len(sums))
        return Coefficient(
            name, value, se, low, high, "bootstrap", 0.95, len(self.shared), self.n_annotators, self.n_regions, why
        )


def _resample(sums: Floats, seed: int) -> Iterator[Floats]:
    """Yield totals (b, F) over images drawn with replacement, 1,000 times in all."""
    rng, n = np.random.default_rng(seed), len(sums)
    step = max(1, min(N_BOOTSTRAP, CHUNK // n))
    for start in range(0, N_BOOTSTRAP, step):
        size = min(step, N_BOOTSTRAP - start)
        times = np.zeros((size, n))
        np.add.at(times, (np.repeat(np.arange(size), n), rng.integers(0, n, size * n)), 1.0)
        yield times @ sums


def _ratio(totals: Floats) -> Floats:
    return np.asarray(np.where(totals[:, 1] > 0, totals[:, 0] / np.where(totals[:, 1] > 0, totals[:, 1], 1.0), np.nan))


def _alpha(totals: Floats) -> Floats:
    """Nominal alpha from coincidences apart (halved), values that can be paired, and values of each class."""
    apart, n, each = totals[:, 0], totals[:, 1], totals[:, 2:]
    expected = 1.0 - (each * (each - 1.0)).sum(axis=1) / np.where(n > 1, n * (n - 1.0), 1.0)
    usable = (n > 1) & (expected > 1e-12)
    observed = 2.0 * apart / np.where(n > 0, n, 1.0)
    return np.asarray(np.where(usable, 1.0 - observed / np.where(usable, expected, 1.0), np.nan))
