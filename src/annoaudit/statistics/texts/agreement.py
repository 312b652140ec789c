"""How far texts on the same items agree: word error rate, chrF, and Krippendorff's alpha with a distance of texts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from annoaudit.statistics.agreement import Coefficient
from annoaudit.statistics.texts.consensus import pair_up
from annoaudit.statistics.texts.edits import count_edits
from annoaudit.statistics.texts.grams import chrf
from annoaudit.statistics.texts.units import Units

__all__ = ["measure_texts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_PAIRS = 30_000
"""Pairs on items, and pairs over all items, beyond which a random sample is measured."""
GROUPS = 50
_NAMES = {"words": "word_error_rate", "characters": "character_error_rate", "exact": "word_error_rate"}


def measure_texts(
    units: Units, item: Ints, annotator: Ints, *, level: float = 0.95, seed: int = 0
) -> list[Coefficient]:
    """Return the error rate between annotators, chrF between annotators, and alpha with each of the two distances.

    The error rate is the sum of edits over the mean number of units of the two texts, chrF the mean over pairs and both
    directions; each item's pairs count together as much as its texts that have a partner. Alpha is one less the
    observed over the expected distance: the expected is that of all pairs of texts, whatever their items, of which at
    most 30,000 drawn at random are measured. Distances are edits as a share of the longer text, and 1 - chrF.
    Intervals are a jackknife over groups of items.

    Parameters
    ----------
    units
        (L,) the texts.
    item, annotator
        (L,) codes, one text an item and annotator.
    level
        Of the intervals.
    seed
        Of what is drawn.

    References
    ----------
    Krippendorff (2011). Computing Krippendorff's alpha-reliability. Popović (2015). chrF: character n-gram F-score for
    automatic MT evaluation. WMT. Braylan, Alonso, Lease (2022). Measuring annotator agreement generally across complex
    structured, multi-object, and free-text annotation tasks. WWW.
    """
    rng = np.random.default_rng([seed, 53])
    n_texts = np.bincount(item, minlength=1)
    paired = np.flatnonzero(n_texts[item] > 1)
    size = (int((n_texts > 1).sum()), len(np.unique(annotator[paired])), len(paired))
    names = (_NAMES[units.reading], "chrf")
    if size[0] < 2:
        why = "no two items have texts of two annotators"
        missing = (*names, *(f"krippendorff_alpha_{one}" for one in names))
        return [Coefficient(one, np.nan, np.nan, np.nan, np.nan, "none", level, *size, why) for one in missing]
    group = rng.permutation(np.arange(len(n_texts)) % min(GROUPS, size[0]))
    inside, across = _Pairs.on_items(item, rng), _Pairs.of_all(paired, item, rng)
    found = []
    edits, lengths = _edits(units, inside), _edits(units, across)
    alike = [chrf(units, one.first, one.second) for one in (inside, across)]
    found.append(_summarise(names[0], inside, group, edits[0], edits[1], size, level))
    found.append(_summarise(names[1], inside, group, alike[0], np.ones(len(alike[0])), size, level))
    apart = ((edits[0] / edits[2], lengths[0] / lengths[2]), (1 - alike[0], 1 - alike[1]))
    for name, (observed, expected) in zip(names, apart, strict=True):
        found.append(_alpha(f"krippendorff_alpha_{name}", inside, across, group, observed, expected, size, level))
    return found


class _Pairs:
    """Pairs of texts with a weight, and the items of both."""

    def __init__(self, first: Ints, second: Ints, item: Ints, weight: Floats) -> None:
        self.first, self.second, self.weight = first, second, weight
        self.items = item[first], item[second]

    @classmethod
    def on_items(cls, item: Ints, rng: np.random.Generator) -> _Pairs:
        first, second = pair_up(item)
        n_pairs = np.bincount(item[first], minlength=int(item.max()) + 1)
        if len(first) > MOST_PAIRS:
            kept = rng.choice(len(first), MOST_PAIRS, replace=False)
            first, second = first[kept], second[kept]
        n_texts = np.bincount(item, minlength=len(n_pairs))
        return cls(first, second, item, n_texts[item[first]] / n_pairs[item[first]])

    @classmethod
    def of_all(cls, paired: Ints, item: Ints, rng: np.random.Generator) -> _Pairs:
        n = len(paired)
        if n * (n - 1) // 2 <= MOST_PAIRS:
            a, b = np.triu_indices(n, 1)
        else:
            a, step = rng.integers(0, n, MOST_PAIRS), rng.integers(1, n, MOST_PAIRS)
            b = (a + step) % n
        return cls(paired[a], paired[b], item, np.ones(len(a)))

    def without(self, group: Ints, one: int) -> Bools:
        """Which pairs have no item of the group."""
        return np.asarray((group[self.items[0]] != one) & (group[self.items[1]] != one))


def _edits(units: Units, pairs: _Pairs) -> tuple[Floats, Floats, Floats]:
    """Edits of each pair, mean number of units, and that of the longer text."""
    a, b = pairs.first, pairs.second
    edits = count_edits(units.coded[a], units.coded[b]).astype(np.float64)
    return edits, (units.length[a] + units.length[b]) / 2, np.maximum(np.maximum(units.length[a], units.length[b]), 1.0)


def _summarise(
    name: str, pairs: _Pairs, group: Ints, top: Floats, bottom: Floats, size: tuple[int, int, int], level: float
) -> Coefficient:
    def measure(kept: Bools) -> float:
        below = float((pairs.weight * bottom)[kept].sum())
        return float((pairs.weight * top)[kept].sum()) / below if below > 0 else float("nan")

    parts = [measure(pairs.without(group, one)) for one in range(int(group.max()) + 1)]
    return _bound(name, measure(np.ones(len(top), dtype=bool)), np.array(parts), size, level, low=0.0)


def _alpha(
    name: str, inside: _Pairs, across: _Pairs, group: Ints, observed: Floats, expected: Floats,
    size: tuple[int, int, int], level: float,
) -> Coefficient:  # fmt: skip
    def measure(of_inside: Bools, of_across: Bools) -> float:
        if not of_inside.any() or not of_across.any():
            return float("nan")
        chance = float(np.mean(expected[of_across]))
        seen = float(np.average(observed[of_inside], weights=inside.weight[of_inside]))
        return 1 - seen / chance if chance > 0 else float("nan")

    whole = measure(np.ones(len(observed), dtype=bool), np.ones(len(expected), dtype=bool))
    parts = [measure(inside.without(group, one), across.without(group, one)) for one in range(int(group.max()) + 1)]
    return _bound(name, whole, np.array(parts), size, level, low=-1.0)


def _bound(name: str, value: float, parts: Floats, size: tuple[int, int, int], level: float, low: float) -> Coefficient:
    """Bound a coefficient by its jackknife standard error, inside its range."""
    parts = parts[np.isfinite(parts)]
    if not np.isfinite(value) or len(parts) < 2:
        why = "all texts are alike, so that chance alone explains them"
        return Coefficient(name, value, np.nan, np.nan, np.nan, "none", level, *size, why)
    se = float(np.sqrt((len(parts) - 1) * parts.var()))
    half = float(t.ppf((1 + level) / 2, len(parts) - 1)) * se
    high = np.inf if name.endswith("error_rate") and low == 0 else 1.0
    return Coefficient(name, value, se, max(value - half, low), min(value + half, high), "jackknife", level, *size)
