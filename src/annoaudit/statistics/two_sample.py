"""Whether new items, or their labels, are drawn as those before: cross-fitted and against permutations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import rankdata

__all__ = ["Shift", "compare_classes", "compare_features"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STAGES = (200, 2_000)
PROMISING = 0.05
N_FOLDS = 5
PENALTY = 1.0
AT_ONCE = 100
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class Shift:
    """How far new differ from old.

    ``p`` is by permutation. ``effect`` with its 95 % interval: the area under the ROC curve less .5 for features, the
    largest difference of a class for labels; ``which`` is that class and ``stratum`` where, -1 for features.
    """

    p: float
    effect: float
    effect_low: float
    effect_high: float
    which: int = -1
    stratum: int = -1


def compare_features(places: npt.NDArray[np.floating], is_new: Bools, seed: int, stratum: Ints | None = None) -> Shift:
    """Test by a classifier whether new items can be told from old ones by their features.

    A ridge regression on the features and their squares, cross-fitted in five folds that do not depend on who is new;
    the statistic is the area under the ROC curve of what it says of items it did not learn from. The null permutes who
    is new and fits anew each time, up to 2,000 times, fewer where the answer is plain after 200.

    Parameters
    ----------
    places
        (N, D) features of items that are independent of each other, D small.
    is_new
        (N,) both kinds at least five times.
    seed
        Of folds and permutations.
    stratum
        (N,) items may change places only with items of the same, and are compared by how far they lie from its mean;
        by default all are of one.

    References
    ----------
    Lopez-Paz, Oquab (2017). Revisiting classifier two-sample tests. ICLR. Hanley, McNeil (1982). Radiology 143. Besag,
    Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """
    rng = np.random.default_rng([seed, 31])
    group = np.zeros(len(is_new), dtype=np.int64) if stratum is None else stratum
    design = _design(places if stratum is None else _less_means(places, group))
    fold = rng.permutation(len(design)) % N_FOLDS
    solve = [_prepare(design[fold != f]) for f in range(N_FOLDS)]

    def areas(new: Floats) -> Floats:
        says = np.empty_like(new)
        for f, operator in enumerate(solve):
            learned = new[fold != f] - new[fold != f].mean(axis=0)
            says[fold == f] = design[fold == f] @ (operator @ learned)
        return _area(says, new)[None]

    observed = areas(is_new[:, None].astype(np.float64))
    area = float(observed[0, 0])
    p = _permute(observed, areas, is_new, group, rng)
    half = NORMAL_975 * _error_of_area(area, int(is_new.sum()), int((~is_new).sum()))
    return Shift(p, area - 0.5, area - 0.5 - half, area - 0.5 + half)


def compare_classes(values: Floats, is_new: Bools, stratum: Ints, seed: int, *, pooled: bool = False) -> Shift:
    """Test whether class values of new items differ in mean from those of old ones, within strata.

    With shares of labels as values and one stratum, this compares class shares; with shares less the probabilities of a
    model that did not see the labels, and the class it expects as stratum, it compares labels given features. The
    statistics are the largest standardised difference of a class in a stratum, and the sum of their squares; the larger
    counts, each on the scale of its own draws. The null permutes who is new inside each stratum.

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
    pooled
        Differences inside the strata are summed over all of them: for strata that are only held fixed.

    References
    ----------
    Good (2005). Permutation, parametric and bootstrap tests of hypotheses. Springer.
    """
    rng = np.random.default_rng([seed, 37])
    groups = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    centred = [values[rows] - values[rows].mean(axis=0) for rows in groups]
    share = [float(is_new[rows].mean()) for rows in groups]
    variance = np.stack([one * (1 - one) * (part**2).sum(axis=0) for one, part in zip(share, centred, strict=True)])
    spread = np.sqrt((variance.sum(axis=0, keepdims=True) if pooled else variance) + 0.5)

    def standardise(new: Floats) -> Floats:
        """(G, K, times) standardised differences of each class in each stratum."""
        excess = [(new[rows] - one).T @ part for rows, one, part in zip(groups, share, centred, strict=True)]
        summed = np.sum(excess, axis=0, keepdims=True) if pooled else np.stack(excess)
        return np.asarray(summed.transpose(0, 2, 1) / spread[:, :, None])

    def measure(new: Floats) -> Floats:
        size = np.abs(standardise(new)).reshape(spread.size, -1)
        return np.stack([size.max(axis=0), (size**2).sum(axis=0)])

    start = is_new[:, None].astype(np.float64)
    p = _permute(measure(start), measure, is_new, stratum, rng)
    place, which = divmod(int(np.abs(standardise(start)[:, :, 0]).argmax()), values.shape[1])
    if pooled:
        inside = _less_means(values[:, [which]], stratum)[:, 0]
        return _contrast(inside[is_new], inside[~is_new], p, which, -1)
    rows = groups[place]
    mine, other = (values[part, which] for part in (rows[is_new[rows]], rows[~is_new[rows]]))
    return _contrast(mine, other, p, which, int(stratum[rows[0]]))


def _contrast(mine: Floats, other: Floats, p: float, which: int, stratum: int) -> Shift:
    """The difference of two means, with its interval."""
    effect = float(mine.mean() - other.mean()) if len(mine) and len(other) else 0.0
    half = NORMAL_975 * float(np.sqrt(mine.var() / max(len(mine), 1) + other.var() / max(len(other), 1)))
    return Shift(p, abs(effect), abs(effect) - half, abs(effect) + half, which, stratum)


def _permute(
    observed: Floats,
    measure: Callable[[Floats], Floats],
    is_new: Bools,
    stratum: Ints,
    rng: np.random.Generator,
) -> float:
    """Return p of the observed (S, 1) statistics; of several, the largest counts, each on the scale of its draws."""
    drawn, above = [observed], 0
    for total in STAGES:
        while len(drawn) * AT_ONCE < total + AT_ONCE:
            new = np.stack([_shuffle(is_new, stratum, rng) for _ in range(AT_ONCE)], axis=1).astype(np.float64)
            drawn.append(measure(new))
        every = np.concatenate(drawn, axis=1)
        scaled = (every - every.mean(axis=1, keepdims=True)) / (every.std(axis=1, keepdims=True) + 1e-12)
        largest = scaled.max(axis=0)
        above = int((largest[1:] >= largest[0] - 1e-9).sum())
        if (1 + above) / len(largest) > PROMISING:
            break
    return (1 + above) / len(largest)


def _shuffle(is_new: Bools, stratum: Ints, rng: np.random.Generator) -> Bools:
    """Who is new, drawn anew with as many in each stratum."""
    shuffled = np.empty_like(is_new)
    shuffled[np.lexsort((rng.random(len(is_new)), stratum))] = is_new[np.argsort(stratum, kind="stable")]
    return shuffled


def _less_means(places: npt.NDArray[np.floating], stratum: Ints) -> Floats:
    """Places less the mean of their stratum."""
    _, place = np.unique(stratum, return_inverse=True)
    member = sparse.csr_array((np.ones(len(place)), (place, np.arange(len(place)))))
    means = (member @ places) / member.sum(axis=1)[:, None]
    return np.asarray(places - means[place], dtype=np.float64)


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
