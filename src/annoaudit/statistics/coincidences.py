"""How often two sources come to exactly the same detail, and what that is evidence of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.statistics.copy_rates import mix_copy_rates
from annoaudit.statistics.intervals import exact_interval

__all__ = ["Coincidences", "bound_chance", "count_coincidences", "weigh_coincidences"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_ALIKE = 50


@dataclass(frozen=True, eq=False)
class Coincidences:
    """Pairs of sources with an equal detail on an item of both.

    Parameters
    ----------
    first, second
        (P,) source codes, first < second.
    equal, shared
        (P,) items with an equal detail, and items on which both have some.
    crossed, crossable
        (P,) equal details on *different* items, and the number of such comparisons.
    largest_share
        (P,) greatest share that one value has among the details of either.
    n_fewer
        (P,) number of details of the one that has fewer.
    total_equal, total_shared
        Items of pairs, over all pairs.
    where
        (E, 3) first, second and item of each equal detail.
    """

    first: Ints
    second: Ints
    equal: Ints
    shared: Ints
    crossed: Ints
    crossable: Ints
    largest_share: Floats
    n_fewer: Ints
    total_equal: int
    total_shared: int
    where: Ints


def count_coincidences(item: Ints, source: Ints, value: Ints, n_items: int, n_sources: int) -> Coincidences:
    """Count equal details of pairs of sources; only pairs with at least one are listed.

    Values that more than 50 sources have on one item are not arbitrary and left out.

    Parameters
    ----------
    item, source, value
        (D,) codes; a source may have several details on an item.
    n_items, n_sources
        N, A.
    """
    rows = _without_crowds(_distinct(np.stack([item, value, source], axis=1)))
    where = _pair_up(rows)
    pairs, equal = (
        np.unique(where[:, :2], axis=0, return_counts=True) if len(where) else (where[:, :2], np.zeros(0, int))
    )
    first, second = pairs[:, 0], pairs[:, 1]
    seen = sparse.csr_matrix((np.ones(len(rows)), (rows[:, 2], rows[:, 0])), shape=(n_sources, n_items))
    seen.data[:] = 1
    uses = sparse.csr_matrix(
        (np.ones(len(rows)), (rows[:, 2], rows[:, 1])), shape=(n_sources, int(value.max(initial=0)) + 1)
    )
    n_uses = np.asarray(uses.sum(axis=1)).ravel()
    top = uses.max(axis=1).toarray().ravel() / np.maximum(n_uses, 1)
    both = np.asarray(uses[first].multiply(uses[second]).sum(axis=1)).ravel()
    shared = np.asarray(seen[first].multiply(seen[second]).sum(axis=1)).ravel()
    per_item = np.asarray(seen.sum(axis=0)).ravel()
    return Coincidences(
        first,
        second,
        equal.astype(np.int64),
        shared.astype(np.int64),
        np.maximum(both - equal, 0).astype(np.int64),
        np.maximum(n_uses[first] * n_uses[second] - shared, 1).astype(np.int64),
        np.maximum(top[first], top[second]),
        np.minimum(n_uses[first], n_uses[second]).astype(np.int64),
        len(where),
        int((per_item * (per_item - 1) / 2).sum()),
        where,
    )


def bound_chance(found: Coincidences) -> tuple[Floats, Floats]:
    """Return (P,) upper bounds on the chance that a shared item has an equal detail, and (P,) the others' rate.

    The larger of two: the upper 95 % bound of the rate at which all other pairs coincide on shared items; and that
    of the rate at which the two sources' details coincide on different items, which is high where values are coarse
    or few.

    References
    ----------
    Clopper, Pearson (1934). The use of confidence or fiducial limits. Biometrika 26.
    """
    equal, shared = found.total_equal - found.equal, found.total_shared - found.shared
    others = exact_interval(equal, np.maximum(shared, equal))[1]
    crossed = np.minimum(found.crossed, found.crossable)
    rate = crossed / found.crossable
    clumped = 2.0 * np.sqrt(2.0 * rate * found.largest_share / np.maximum(found.n_fewer, 1))
    own = exact_interval(crossed, found.crossable)[1] + clumped
    return np.minimum(np.maximum(others, own), 1.0), equal / np.maximum(shared, 1)


def weigh_coincidences(equal: Ints, shared: Ints, chance: Floats) -> Floats:
    """Return (P,) e values against "each shared item has an equal detail with at most this chance".

    The mean over copy rates c of the likelihood ratio of chance ``c + (1 - c) g`` against ``g``.

    References
    ----------
    Shafer (2021). Testing by betting. JRSS A 184. Vovk, Wang (2021). E-values. Annals of Statistics 49.
    """
    g = np.clip(chance, 1e-9, 1.0 - 1e-9)

    def weigh(rate: float) -> Floats:
        alike = np.log((rate + (1.0 - rate) * g) / g)
        return np.asarray(equal * alike + (shared - equal) * np.log1p(-rate), dtype=np.float64)

    return np.asarray(np.exp(np.minimum(mix_copy_rates(weigh), 690.0)))


def _pair_up(rows: Ints) -> Ints:
    """(E, 3) first, second and item: sources with the same value on an item, each item once a pair."""
    found = [np.zeros((0, 3), dtype=np.int64)]
    for step in range(1, MOST_ALIKE):
        same = (rows[step:, :2] == rows[:-step, :2]).all(axis=1) if len(rows) > step else np.zeros(0, dtype=bool)
        if not same.any():
            break
        at = np.flatnonzero(same)
        found.append(np.stack([rows[at, 2], rows[at + step, 2], rows[at, 0]], axis=1))
    return _distinct(np.concatenate(found))


def _distinct(rows: Ints) -> Ints:
    """Rows sorted by their columns, each once."""
    rows = rows[np.lexsort(rows.T[::-1])]
    return np.asarray(rows[np.r_[True, (rows[1:] != rows[:-1]).any(axis=1)][: len(rows)]])


def _without_crowds(rows: Ints) -> Ints:
    """Rows, sorted, less those of values that too many have on one item."""
    new = np.r_[True, (rows[1:, :2] != rows[:-1, :2]).any(axis=1)][: len(rows)]
    group = np.cumsum(new) - 1
    return np.asarray(rows[np.bincount(group)[group] <= MOST_ALIKE]) if len(rows) else rows
