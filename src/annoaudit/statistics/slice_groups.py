"""Slices in which several annotators depart from peers alike: found on half of the items, tested on the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["SliceGroup", "find_slice_group"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Departures = Callable[[int], tuple[Bools, Floats]]

RATES = (2.0, 3.0, 5.0, 8.0, 12.0)
PENALTY, MEMBER_AT = 1.0, 2.0
LAPSES = 0.2
MOST_OF_TEAM = 1 / 3
STAGES = (199, 1999, 9999)
PROMISING = 0.025
MOST_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class SliceGroup:
    """Several annotators who depart from peers toward one class in one slice.

    Parameters
    ----------
    p
        That the group found on one half of the items departs there on the other half too; who belongs to it is a
        ranking, not a test.
    target, region
        The class they give, and the column of the slice.
    members
        Annotators of the group, at least two, as both halves show them.
    n, observed, predicted
        On the half that did not choose: the members' labels in the slice, departures there, and how many of their
        departures would fall there if they followed what peers say of the items.
    """

    p: float
    target: int
    region: int
    members: Ints
    n: int
    observed: int
    predicted: float


@dataclass(frozen=True, eq=False)
class _Counts:
    """(A, T) labels, departures and predicted departures in each slice, toward one class, on some of the items."""

    observed: Floats
    predicted: Floats


@dataclass(frozen=True, eq=False)
class _Nomination:
    score: float
    target: int
    region: int
    members: Ints


def find_slice_group(
    departures: Departures,
    item: Ints,
    annotator: Ints,
    regions: sparse.csr_matrix,
    *,
    n_annotators: int,
    n_classes: int,
    seed: int = 0,
) -> SliceGroup | None:
    """Look for one slice in which several annotators depart toward the same class; None where none stands out.

    Half of the items nominate a class, a slice and a group: the largest sum, over annotators, of the log likelihood
    ratio of departing in the slice at a common multiple of what is predicted, less a penalty for each member. The
    other half tests it: the members' departures in the slice against as many drawn anew, with odds in proportion to
    what peers say of the items, times how much more often everybody else departs so in that slice.

    Parameters
    ----------
    departures
        For a class, (L,) whether each label departs toward it, and the probability that a peer's would.
    item, annotator
        (L,) codes.
    regions
        (L, T) sparse 0 and 1: which slices each label lies in.
    n_annotators, n_classes
        A, K.
    seed
        Of the split and the draws.

    References
    ----------
    Speakman, Somanchi, McFowland, Neill (2016). Penalized fast subset scanning. J. Computational and Graphical
    Statistics 25. Besag, Clifford (1991). Sequential Monte Carlo p-values. Biometrika 78.
    """
    rng = np.random.default_rng([seed, 29])
    chooses = (rng.permutation(int(item.max()) + 1) % 2 == 0)[item]
    best: _Nomination | None = None
    for target in range(n_classes):
        departs, weight = _weigh(*departures(target))
        counts = _count(departs, weight, annotator, regions, chooses, n_annotators)
        found = _nominate(counts, target)
        if found is not None and (best is None or found.score > best.score):
            best = found
    if best is None:
        return None
    departs, weight = _weigh(*departures(best.target))
    inside = np.asarray(regions[:, [best.region]].todense()).ravel() > 0
    return _test(best, departs, weight, annotator, inside, chooses, n_annotators, rng)


def _weigh(departs: Bools, chance: Floats) -> tuple[Bools, Floats]:
    """Departures, and what they are drawn in proportion to: lapses can happen wherever a departure can."""
    return departs, np.where(chance > 0, chance + LAPSES * float(chance.mean()), 0.0)


def _count(
    departs: Bools, weight: Floats, annotator: Ints, regions: sparse.csr_matrix, used: Bools, n_annotators: int
) -> _Counts:
    counted = (departs & used).astype(np.float64)
    observed = _sum_by(annotator, counted, regions, n_annotators)
    total = np.bincount(annotator, counted, n_annotators)
    share = _sum_by(annotator, weight * used, regions, n_annotators)
    share = share / np.maximum(np.bincount(annotator, weight * used, n_annotators), 1e-12)[:, None]
    return _Counts(observed, total[:, None] * share)


def _sum_by(annotator: Ints, value: Floats, regions: sparse.csr_matrix, n_annotators: int) -> Floats:
    rows = np.flatnonzero(value)
    by = sparse.csr_matrix((value[rows], (annotator[rows], rows)), shape=(n_annotators, len(value)))
    return np.asarray((by @ regions).todense(), dtype=np.float64)


def _gain(observed: Floats, predicted: Floats, rate: float) -> Floats:
    """Log likelihood ratio of departing at ``rate`` times what is predicted."""
    return np.asarray(observed * np.log(rate) - predicted * (rate - 1.0))


def _nominate(counts: _Counts, target: int) -> _Nomination | None:
    """The slice, rate and group of the largest gain, of at least two and at most a third of the team."""
    best: _Nomination | None = None
    most = max(2, int(MOST_OF_TEAM * len(counts.observed)))
    for rate in RATES:
        gain = _gain(counts.observed, counts.predicted, rate) - PENALTY
        size = (gain > 0).sum(axis=0)
        score = np.where((size >= 2) & (size <= most), np.maximum(gain, 0.0).sum(axis=0), -np.inf)
        region = int(score.argmax())
        if np.isfinite(score[region]) and (best is None or score[region] > best.score):
            best = _Nomination(float(score[region]), target, region, np.flatnonzero(gain[:, region] > 0))
    return best


def _test(
    found: _Nomination,
    departs: Bools,
    weight: Floats,
    annotator: Ints,
    inside: Bools,
    chooses: Bools,
    n_annotators: int,
    rng: np.random.Generator,
) -> SliceGroup:
    column = sparse.csr_matrix(inside[:, None].astype(np.float64))
    whole = _count(departs, weight, annotator, column, np.ones(len(inside), dtype=bool), n_annotators)
    rest = _count(departs, weight, annotator, column, ~chooses, n_annotators)
    other = np.ones(n_annotators, dtype=bool)
    other[found.members] = False
    usual = max(1.0, float((whole.observed[other].sum() + 1.0) / (whole.predicted[other].sum() + 1.0)))
    odds = (weight + 1e-12) * np.where(inside, usual, 1.0)
    streams = [np.flatnonzero((annotator == who) & ~chooses) for who in found.members]
    p = _draw_p([(departs[mine], odds[mine], inside[mine]) for mine in streams], rng)
    rate = rest.observed[found.members].sum() / max(rest.predicted[found.members].sum() * usual, 1e-9)
    gain = _gain(whole.observed[:, 0], whole.predicted[:, 0] * usual, float(np.clip(rate, RATES[0], RATES[-1])))
    members = np.flatnonzero(gain >= MEMBER_AT)
    members = members if 2 <= len(members) <= max(2, int(MOST_OF_TEAM * n_annotators)) else found.members
    mine = np.isin(annotator, members) & ~chooses & inside
    return SliceGroup(
        p, found.target, found.region, members[np.argsort(-gain[members], kind="stable")], int(mine.sum()),
        int((departs & mine).sum()), float(rest.predicted[members].sum()),
    )  # fmt: skip


def _draw_p(streams: list[tuple[Bools, Floats, Bools]], rng: np.random.Generator) -> float:
    """P(as many departures inside) by as many draws as it takes to know."""
    observed = sum(int((departs & inside).sum()) for departs, _, inside in streams)
    above = drawn = 0
    for total in STAGES:
        counts = np.zeros(total - drawn)
        for departs, odds, inside in streams:
            counts += _draw(int(departs.sum()), np.log(odds), inside, total - drawn, rng)
        above += int((counts >= observed).sum())
        drawn = total
        if (1 + above) / (1 + drawn) > PROMISING:
            break
    return (1 + above) / (1 + drawn)


def _draw(n_departures: int, log_odds: Floats, inside: Bools, times: int, rng: np.random.Generator) -> Floats:
    """(times,) departures inside, of so many drawn without replacement."""
    counts = np.zeros(times)
    if not n_departures:
        return counts
    step = max(1, MOST_AT_ONCE // len(log_odds))
    for start in range(0, times, step):
        keys = log_odds + rng.gumbel(size=(min(step, times - start), len(log_odds)))
        picked = np.argpartition(-keys, n_departures - 1, axis=1)[:, :n_departures]
        counts[start : start + step] = inside[picked].sum(axis=1)
    return counts
