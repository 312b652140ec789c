"""Marks whose items carry a class that the rest of the item does not explain: an exact scan of residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import poisson_binom

from annoaudit.statistics.multiplicity import adjust_p

__all__ = ["ResidualScan", "match_margins", "pool_units", "scan_residuals", "tail_above"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

LAPSES = 0.02
ROUNDS = 20
PROMISING = 0.05
MOST_EXACT = 3_000
MOST_FOUND = 2_000
LARGEST_EXACT = 2_000
ROUNDING = 1e-14


@dataclass(frozen=True, eq=False)
class ResidualScan:
    """What each of T marks carries of each of K classes.

    Parameters
    ----------
    n
        (T,) units with the mark.
    observed, expected
        (T, K) units with the mark that have the class, and how many would by the rest of what they are.
    p
        (T, K) of at least that many, once marks that explain it better are set aside.
    """

    n: Ints
    observed: Floats
    expected: Floats
    p: Floats


def match_margins(chance: npt.NDArray[np.floating], share: npt.NDArray[np.floating]) -> Singles:
    """Shift (U, K) probabilities so that each class is expected as often as it was given.

    A share of lapses that can happen anywhere is mixed in first. Without the shift, a model that is wrong about a whole
    class would make every word of that class stand out.

    Parameters
    ----------
    chance
        (U, K) probabilities of a model that did not see the labels.
    share
        (U, K) share of each unit's labels in each class.

    References
    ----------
    Saerens, Latinne, Decaestecker (2002). Adjusting the outputs of a classifier to new a priori probabilities. Neural
    Computation 14.
    """
    total = share.sum(axis=0, dtype=np.float64)
    shifted = (1.0 - LAPSES) * chance + LAPSES * (total / max(float(total.sum()), 1.0))
    for _ in range(ROUNDS):
        shifted *= (total + 0.5) / (shifted.sum(axis=0, dtype=np.float64) + 0.5)
        shifted /= shifted.sum(axis=1, keepdims=True)
    return np.asarray(shifted, dtype=np.float32)


def pool_units(unit: Ints, label: Ints, n_units: int, n_classes: int) -> Floats:
    """(U, K) share of each unit's labels in each class; rows of zeros where a unit has none."""
    counts = np.bincount(unit * n_classes + label, minlength=n_units * n_classes).reshape(n_units, n_classes)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def scan_residuals(
    present: sparse.csc_matrix, share: npt.NDArray[np.floating], chance: npt.NDArray[np.floating], *, level: float
) -> ResidualScan:
    """Test for every mark and class whether the class is more frequent among its units than probabilities say.

    The sum of the shares is compared with the Poisson-binomial of the probabilities, exactly for the most promising
    pairs, by Chernoff's bound for the rest, which is never too small. A unit whose labels disagree has a share between
    0 and 1, which spreads less than the 0 or 1 it is tested as. Then, from the smallest p on, the units of each mark
    found at ``level`` are set aside, and what is left of the other marks is tested again: words that only share items
    with a trigger are not found for it.

    Parameters
    ----------
    present
        (U, T) 0 or 1: which units carry which mark. Marks must not have been chosen by looking at labels.
    share, chance
        (U, K) share of each unit's labels in each class, and probabilities of a model that did not see them.
    level
        False discovery rate at which marks are set aside.

    References
    ----------
    Hong (2013). On computing the distribution function for the Poisson binomial distribution. CSDA 59. Hoeffding
    (1956). On the distribution of the number of successes in independent trials. Annals of Mathematical Statistics 27.
    """
    n = np.diff(present.indptr).astype(np.int64)
    observed = np.asarray(present.T @ share, dtype=np.float64)
    expected = np.asarray(present.T @ chance, dtype=np.float64)
    p = _bound(observed, expected)
    tests = _Tests(present, share, chance)
    promising = np.argsort(p, axis=None, kind="stable")[:MOST_EXACT]
    for flat in promising[p.ravel()[promising] < PROMISING]:
        mark, k = divmod(int(flat), p.shape[1])
        p[mark, k] = tests.tail(mark, k)
    _set_aside(p, tests, level)
    return ResidualScan(n, observed, expected, p)


def tail_above(observed: float, chance: npt.NDArray[np.floating]) -> float:
    """Return P(S >= observed) for a sum S of independent 0 or 1 with these probabilities; never too small.

    Exact for up to 2,000 of them, Chernoff's bound beyond.
    """
    bound = float(_bound(np.array([observed]), np.array([chance.sum(dtype=np.float64)]))[0])
    whole = int(np.floor(observed + 1e-6))
    if whole < 1 or len(chance) > LARGEST_EXACT:
        return bound
    exact = float(poisson_binom.sf(whole - 1, np.clip(chance.astype(np.float64), 0.0, 1.0)))
    return min(bound, exact + ROUNDING) if observed - whole < 1e-6 else exact + ROUNDING


def _bound(observed: Floats, expected: Floats) -> Floats:
    """Chernoff's bound on P(S >= observed); 1 where no more than expected is observed."""
    mean = np.maximum(expected, 1e-12)
    ratio = np.maximum(observed, 1e-12) / mean
    return np.asarray(np.where(observed > mean, np.exp(-(observed * np.log(ratio) - observed + mean)), 1.0))


class _Tests:
    """Tests of single pairs, on the units that are not set aside."""

    def __init__(
        self, present: sparse.csc_matrix, share: npt.NDArray[np.floating], chance: npt.NDArray[np.floating]
    ) -> None:
        self.present, self.share, self.chance = present, share, chance
        self.left = np.ones(present.shape[0], dtype=bool)

    def units(self, mark: int) -> Ints:
        rows = self.present.indices[self.present.indptr[mark] : self.present.indptr[mark + 1]]
        return np.asarray(rows[self.left[rows]], dtype=np.int64)

    def tail(self, mark: int, k: int) -> float:
        rows = self.units(mark)
        return tail_above(float(self.share[rows, k].sum()), self.chance[rows, k]) if len(rows) else 1.0


def _set_aside(p: Floats, tests: _Tests, level: float) -> None:
    """Raise the p values of pairs that others explain, from the smallest on; beyond 2,000 none is looked at."""
    adjusted = adjust_p(p.ravel()).reshape(p.shape)
    found = np.argwhere(adjusted <= level)
    found = found[np.argsort(p[tuple(found.T)], kind="stable")]
    p[tuple(found[MOST_FOUND:].T)] = 1.0
    n_kept = 0
    for mark, k in found[:MOST_FOUND]:
        again = tests.tail(int(mark), int(k))
        p[mark, k] = max(p[mark, k], again)
        if again <= level * (n_kept + 1) / p.size:
            tests.left[tests.units(int(mark))] = False
            n_kept += 1
