"""How far rankings agree: Kendall's tau-b and W, and alpha with the Kemeny distance, over items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.statistics.agreement import Coefficient, Interval, Votes
from annoaudit.statistics.agreement.estimate import NO_PAIRS, estimate, undefined
from annoaudit.statistics.agreement.sums import safe_ratio
from annoaudit.statistics.rankings.comparisons import Comparisons

__all__ = ["measure_ranking_agreement", "rank_distances"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _MeanSums:
    """A mean over items of values in [floor, 1]. Columns: value, one."""

    rows: sparse.csr_array
    floor: float

    @property
    def paired(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rows.toarray()[:, 1] > 0)

    def value(self, sums: Floats) -> Floats:
        return safe_ratio(sums[..., 0], sums[..., 1])

    def worst_loss(self, sums: Floats) -> float:
        return 1.0 - self.floor

    def gradient(self, sums: Floats) -> Floats:
        mean = self.value(sums)
        return np.stack([safe_ratio(np.ones_like(mean), sums[..., 1]), -safe_ratio(mean, sums[..., 1])], axis=-1)


@dataclass(frozen=True, eq=False)
class _KemenySums:
    """Alpha with the Kemeny distance. Columns: distance, comparisons, ties.

    Observed: the mean distance of two comparisons of the same things. Expected: that of two orders drawn at random
    which tie as often, (1 - t^2) / 2. Alpha is then 1 - 2 d n / (n^2 - T^2) of the sums d, n and T.
    """

    rows: sparse.csr_array

    @property
    def floor(self) -> float:
        return -1.0

    @property
    def paired(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rows.toarray()[:, 1] > 0)

    def value(self, sums: Floats) -> Floats:
        d, n, t = sums[..., 0], sums[..., 1], sums[..., 2]
        return np.asarray(1.0 - safe_ratio(2 * d * n, n**2 - t**2))

    def worst_loss(self, sums: Floats) -> float:
        return float(2 * sums[1] ** 2 / (sums[1] ** 2 - sums[2] ** 2))

    def gradient(self, sums: Floats) -> Floats:
        d, n, t = sums[..., 0], sums[..., 1], sums[..., 2]
        free = n**2 - t**2
        by_n = safe_ratio(2 * d * (n**2 + t**2), free**2)
        return np.stack([-safe_ratio(2 * n, free), by_n, -safe_ratio(4 * d * n * t, free**2)], axis=-1)


def measure_ranking_agreement(
    item: Ints, annotator: Ints, cell: Ints, level: Ints, compared: Comparisons, ranking: Ints, *, seed: int = 0
) -> Sequence[Coefficient]:
    """Return agreement of rankings with intervals over items.

    Parameters
    ----------
    item, annotator
        (S,) codes of the rankings.
    cell, level, ranking
        (E,) thing on its item, place and ranking of each entry.
    compared
        The rankings as comparisons.
    seed
        Of intervals that resample.

    Returns
    -------
    Sequence[Coefficient]
        ``alpha_kemeny``: Krippendorff's scheme with the Kemeny distance of ties and partial orders; without ties, on
        complete rankings of as many annotators an item, the mean Kendall tau. ``kendall_tau_b``: mean over items of
        the mean over pairs of annotators, on the things that both ranked. ``kendall_w``: mean over the items whose
        annotators all ranked the same things, corrected for ties; chance makes it 1/m with m annotators.

    References
    ----------
    Kemeny, Snell (1962). Mathematical models in the social sciences. Kendall (1948). Rank correlation methods.
    Krippendorff (2011). Computing Krippendorff's alpha-reliability.
    """
    votes = Votes.of(item, annotator, np.zeros(len(item), dtype=np.int64), 2)
    n_items, interval = votes.n_items, Interval(seed=seed)
    if not len(votes.shared.item) or not len(compared):
        names = ("alpha_kemeny", "kendall_tau_b", "kendall_w")
        return [undefined(name, votes, interval, NO_PAIRS) for name in names]
    sums = _kemeny_rows(item, compared, n_items)
    found = [estimate("alpha_kemeny", _KemenySums(sparse.csr_array(sums)), votes, interval)]
    for name, (value, known), floor in (
        ("kendall_tau_b", _tau_b(item, compared, n_items), -1.0),
        ("kendall_w", _concordance(item, cell, level, ranking, n_items), 0.0),
    ):
        rows = sparse.csr_array(np.stack([np.where(known, value, 0.0), known.astype(np.float64)], axis=1))
        why = "no item whose annotators ranked the same things, not all of them tied"
        found.append(
            estimate(name, _MeanSums(rows, floor), votes, interval)
            if known.any()
            else undefined(name, votes, interval, why)
        )
    return found


def rank_distances(item: Ints, compared: Comparisons) -> Floats:
    """Return (S,) mean Kemeny distance of each ranking from the others on its item, in [0, 1]; NaN where none is.

    Of two comparisons of the same things it is 1 where they go opposite ways, 1/2 where one of them is a tie.
    """
    shape = compared.n_units
    up, down, tie = (np.bincount(compared.unit, compared.sign == sign, shape) for sign in (1, -1, 0))
    n = (up + down + tie)[compared.unit] - 1
    sign = compared.sign
    opposite = np.where(sign == 1, down[compared.unit], up[compared.unit]) * (sign != 0)
    halves = np.where(sign != 0, tie[compared.unit], (up + down)[compared.unit]) / 2
    total = np.bincount(compared.ranking, opposite + halves, len(item))
    seen = np.bincount(compared.ranking, n, len(item))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / seen)


def _kemeny_rows(item: Ints, compared: Comparisons, n_items: int) -> Floats:
    """(N, 3) of each item: mean distance of each comparison from the others', comparisons, ties; summed."""
    up, down, tie = (np.bincount(compared.unit, compared.sign == sign, compared.n_units) for sign in (1, -1, 0))
    n = up + down + tie
    of_unit = np.zeros(compared.n_units, dtype=np.int64)
    of_unit[compared.unit] = item[compared.ranking]
    pairs = n > 1
    distance = np.where(pairs, (2 * up * down + tie * (up + down)) / np.maximum(n - 1, 1), 0.0)
    return np.stack([np.bincount(of_unit, values, n_items) for values in (distance, n * pairs, tie * pairs)], axis=1)


def _tau_b(item: Ints, compared: Comparisons, n_items: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(N,) mean tau-b of the pairs of rankings of each item, and where there is any."""
    order = np.argsort(compared.unit, kind="stable")
    unit, ranking, sign = compared.unit[order], compared.ranking[order], compared.sign[order].astype(np.float64)
    most = int(np.bincount(unit).max(initial=0))
    keys, products, firsts, seconds = [], [], [], []
    n_rankings = len(item)
    for step in range(1, most):
        at = np.flatnonzero(unit[step:] == unit[:-step])
        one, other = ranking[at], ranking[at + step]
        keys.append(np.minimum(one, other) * n_rankings + np.maximum(one, other))
        products.append(sign[at] * sign[at + step])
        turned = one > other
        firsts.append(np.where(turned, sign[at + step], sign[at]) ** 2)
        seconds.append(np.where(turned, sign[at], sign[at + step]) ** 2)
    if not keys:
        return np.zeros(n_items), np.zeros(n_items, dtype=bool)
    pair, code = np.unique(np.concatenate(keys), return_inverse=True)
    total, one, other = (np.bincount(code, np.concatenate(part)) for part in (products, firsts, seconds))
    known = (one > 0) & (other > 0)
    tau = total[known] / np.sqrt(one[known] * other[known])
    where = item[pair[known] // n_rankings]
    n = np.bincount(where, minlength=n_items)
    return np.bincount(where, tau, n_items) / np.maximum(n, 1), n > 0


def _concordance(
    item: Ints, cell: Ints, level: Ints, ranking: Ints, n_items: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(N,) Kendall's W of each item whose rankings all hold the same things, and where that is so."""
    mid, tied = _mid_ranks(ranking, level, len(item))
    m = np.bincount(item, minlength=n_items)
    of_cell = np.zeros(int(cell.max(initial=0)) + 1, dtype=np.int64)
    of_cell[cell] = item[ranking]
    n_of_cell = np.bincount(cell, minlength=len(of_cell))
    things = np.bincount(of_cell, n_of_cell > 0, n_items)
    whole = np.bincount(of_cell, n_of_cell == m[of_cell], n_items) == things
    total = np.bincount(cell, mid, len(of_cell)) - m[of_cell] * (things[of_cell] + 1) / 2
    spread = np.bincount(of_cell, total**2, n_items)
    most = (m**2 * (things**3 - things) - m * np.bincount(item, tied, n_items)) / 12
    known = whole & (m > 1) & (things > 1) & (most > 0)
    return np.where(known, spread / np.where(known, most, 1.0), 0.0), known


def _mid_ranks(ranking: Ints, level: Ints, n_rankings: int) -> tuple[Floats, Floats]:
    """(E,) mid-ranks, and (S,) sums of t^3 - t over ties of t."""
    order = np.lexsort((level, ranking))
    fresh = np.r_[True, (np.diff(ranking[order]) != 0) | (np.diff(level[order]) != 0)]
    group = np.cumsum(fresh) - 1
    size = np.bincount(group)
    k = np.bincount(ranking, minlength=n_rankings)
    begin = np.flatnonzero(fresh) - (np.cumsum(k) - k)[ranking[order][fresh]]
    mid = np.empty(len(level))
    mid[order] = (begin + (size + 1) / 2)[group]
    tied = np.bincount(ranking[order][fresh], size.astype(np.float64) ** 3 - size, n_rankings)
    return mid, np.asarray(tied, dtype=np.float64)
