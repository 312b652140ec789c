"""Whether new items, or their labels, are drawn as those before: cross-fitted and against permutations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

__all__ = ["Shift", "compare_classes", "compare_features"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STAGES = (199, 1_999)
PROMISING = 0.05
N_FOLDS = 5
PENALTY = 1.0
AT_ONCE = 100
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class Shift:
    """How far new differ from old.

    ``p`` is by permutation. ``effect`` with its 95 % interval: the area under the ROC curve less .5 for features, the
    largest difference of a class for labels; ``which`` is that class, -1 for features.
    """

    p: float
    effect: float
    effect_low: float
    effect_high: float
    which: int = -1


def compare_features(places: npt.NDArray[np.floating], is_new: Bools, seed: int) -> Shift:
    """Test by a classifier whether new items can be told from old ones by their features.

    A ridge regression on the features and their squares, cross-fitted in five folds that do not depend on who is new;
    the statistic is the area under the ROC curve of what it says of items it did not learn from. The null permutes who
    is new and fits anew each time, up to 1,999 times, fewer where the answer is plain after 199.

    Parameters
    ----------
    places
        (N, D) features of items that are independent of each other, D small.
    is_new
        (N,) both kinds at least five times.
    seed
        Of folds and permutations.

    References
    ----------
    Lopez-Paz, Oquab (2017). Revisiting classifier two-sample tests. ICLR. Hanley, McNeil (1982). Radiology 143. Besag,
    Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """
    rng = np.random.default_rng([seed, 31])
    design = _design(places)
    fold = rng.permutation(len(design)) % N_FOLDS
    solve = [_prepare(design[fold != f]) for f in range(N_FOLDS)]

    def areas(new: Floats) -> Floats:
        says = np.empty_like(new)
        for f, operator in enumerate(solve):
            learned = new[fold != f] - new[fold != f].mean(axis=0)
            says[fold == f] = design[fold == f] @ (operator @ learned)
        return _area(says, new)

    area = float(areas(is_new[:, None].astype(np.float64))[0])
    p = _permute(area, areas, is_new, np.zeros(len(is_new), dtype=np.int64), rng)
    half = NORMAL_975 * _error_of_area(area, int(is_new.sum()), int((~is_new).sum()))
    return Shift(p, area - 0.5, area - 0.5 - half, area - 0.5 + half)


def compare_classes(values: Floats, is_new: Bools, stratum: Ints, seed: int) -> Shift:
    """Test whether class values of new items differ in mean from those of old ones, within strata.

    With shares of labels as values and one stratum, this compares class shares; with shares less the probabilities of a
    model that did not see the labels, and the class it expects as stratum, it compares labels given features. The
    statistic is the largest standardised difference of a class; the null permutes who is new inside each stratum.

    Parameters
    ----------
    values
        (N, K) of items that are independent of each other.
    is_new
        (N,) both kinds at least five times.
    stratum
        (N,) items may change places only with items of the same.
    seed
        Of the permutations.

    References
    ----------
    Good (2005). Permutation, parametric and bootstrap tests of hypotheses. Springer.
    """
    rng = np.random.default_rng([seed, 37])
    size, n_new = np.bincount(stratum), np.bincount(stratum, is_new)
    share = (n_new / np.maximum(size, 1))[stratum]
    usable = values.std(axis=0) > 0
    means = np.stack([np.bincount(stratum, column) for column in values.T], axis=1) / np.maximum(size, 1)[:, None]
    centred = values - means[stratum]
    spread = np.sqrt(np.maximum((share * (1 - share)) @ centred**2, 1e-12)) + 0.5

    def largest(new: Floats) -> Floats:
        excess = np.abs((new - share[:, None]).T @ centred) / spread
        return np.asarray(np.where(usable, excess, 0.0).max(axis=1))

    start = is_new[:, None].astype(np.float64)
    p = _permute(float(largest(start)[0]), largest, is_new, stratum, rng)
    which = int(np.where(usable, np.abs((start[:, 0] - share) @ centred) / spread, -1.0).argmax())
    mine, other = values[is_new, which], values[~is_new, which]
    effect = float(mine.mean() - other.mean())
    half = NORMAL_975 * float(np.sqrt(mine.var() / len(mine) + other.var() / len(other)))
    sign = 1.0 if effect >= 0 else -1.0
    return Shift(p, sign * effect, sign * effect - half, sign * effect + half, which)


def _permute(
    observed: float, statistic: Callable[[Floats], Floats], is_new: Bools, stratum: Ints, rng: np.random.Generator
) -> float:
    above = drawn = 0
    for total in STAGES:
        while drawn < total:
            times = min(AT_ONCE, total - drawn)
            new = np.stack([_shuffle(is_new, stratum, rng) for _ in range(times)], axis=1).astype(np.float64)
            above += int((statistic(new) >= observed - 1e-12).sum())
            drawn += times
        if (1 + above) / (1 + drawn) > PROMISING:
            break
    return (1 + above) / (1 + drawn)


def _shuffle(is_new: Bools, stratum: Ints, rng: np.random.Generator) -> Bools:
    """Who is new, drawn anew with as many in each stratum."""
    shuffled = np.empty_like(is_new)
    shuffled[np.lexsort((rng.random(len(is_new)), stratum))] = is_new[np.argsort(stratum, kind="stable")]
    return shuffled


def _design(places: npt.NDArray[np.floating]) -> Floats:
    scaled = (places - places.mean(axis=0)) / (places.std(axis=0) + 1e-9)
    clipped = np.clip(scaled, -5.0, 5.0)
    return np.hstack([clipped, clipped**2 - (clipped**2).mean(axis=0), np.ones((len(places), 1))])


def _prepare(learned: Floats) -> Floats:
    """(D, n) that turns answers into coefficients."""
    gram = learned.T @ learned + PENALTY * np.eye(learned.shape[1])
    return np.asarray(np.linalg.solve(gram, learned.T))


def _area(says: Floats, new: Floats) -> Floats:
    """Area under the ROC curve of each column."""
    n_new, n_old = new.sum(axis=0), (1 - new).sum(axis=0)
    ranks = rankdata(says, axis=0)
    return np.asarray(((ranks * new).sum(axis=0) - n_new * (n_new + 1) / 2) / (n_new * n_old))


def _error_of_area(area: float, n_new: int, n_old: int) -> float:
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n_new - 1) * (one - area**2) + (n_old - 1) * (two - area**2)
    return float(np.sqrt(max(spread, 0.0) / (n_new * n_old)))
