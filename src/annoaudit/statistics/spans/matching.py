"""Spans matched across annotators: which of them are about the same thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.spans.overlaps import overlap_share, overlapping_pairs

__all__ = ["MOST_PAIRS", "SAME_CLASS", "Units", "match_spans"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_PAIRS = 30_000_000
SAME_CLASS = 0.5
"""What the same class adds to the share of overlap when two spans are compared as matches."""


@dataclass(frozen=True, eq=False)
class Units:
    """What spans were matched to: U units, in order of item and place.

    ``of`` (M,) is the unit of each span, of which each source has at most one; all spans of a unit have a place in
    common. ``item``, ``start`` and ``end`` (U,) are the item and the most common extent of each. ``complete`` is False
    where there were too many overlaps to match more than equal spans.
    """

    of: Ints
    item: Ints
    start: Floats
    end: Floats
    complete: bool = True

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Spans joined so far: their mean extent, the place they all share, and the class of the first."""

    size: Ints
    start: Floats
    end: Floats
    core_start: Floats
    core_end: Floats
    label: Ints

    @classmethod
    def of(cls, group: Ints, n: int, start: Floats, end: Floats, label: Ints) -> _Groups:
        size = np.bincount(group, minlength=n)
        core_start, core_end = np.full(n, -np.inf), np.full(n, np.inf)
        np.maximum.at(core_start, group, start)
        np.minimum.at(core_end, group, end)
        named = np.zeros(n, dtype=np.int64)
        named[group[::-1]] = label[::-1]
        mean = [np.bincount(group, weights=one, minlength=n) / np.maximum(size, 1) for one in (start, end)]
        return cls(size, mean[0], mean[1], core_start, core_end, named)


def match_spans(
    item: Ints, source: Ints, start: Floats, end: Floats, label: Ints, *, most_pairs: int = MOST_PAIRS
) -> Units:
    """Match the spans of each item one to one across sources, the most alike first.

    Two spans are candidates where they share a stretch; a source's two spans are never joined. Alike is the share of
    overlap (Jaccard, of mean extents where groups are compared), plus a half for the same class. Pairs of which each
    is the other's most alike are joined, until none is left: this is the greedy matching. Spans with the same place
    and class come first, so that two classes at one place find their own, and nested spans their like.

    Parameters
    ----------
    item, source, label
        (M,) codes: the item, who marked it (one code a submission or model), and the class.
    start, end
        (M,) half-open extents.
    most_pairs
        Overlapping pairs to compare at most; beyond, only equal spans are matched.

    References
    ----------
    Preis. Linear time 1/2-approximation algorithm for maximum weighted matching in general graphs. STACS 1999
    (locally dominant pairs).
    """
    group = _join_equal(item, source, start, end, label)
    pairs = overlapping_pairs(item, start, end, most_pairs)
    if pairs is not None:
        group = _join_alike(group, source, start, end, label, pairs)
    return _name_units(group, item, start, end, complete=pairs is not None)


def _join_equal(item: Ints, source: Ints, start: Floats, end: Floats, label: Ints) -> Ints:
    """Join equal spans of several sources; a source's second equal span goes to a group of its own."""
    _, key = np.unique(np.stack([item, start, end, label]), axis=1, return_inverse=True)
    key = key.reshape(-1).astype(np.int64)
    order = np.lexsort((source, key))
    same = np.r_[False, (key[order][1:] == key[order][:-1]) & (source[order][1:] == source[order][:-1])]
    at = np.arange(len(order))
    first = np.maximum.accumulate(np.where(same, 0, at))
    copy = np.empty(len(order), dtype=np.int64)
    copy[order] = at - first
    _, group = np.unique(key * (int(copy.max(initial=0)) + 1) + copy, return_inverse=True)
    return np.asarray(group, dtype=np.int64)


def _join_alike(group: Ints, source: Ints, start: Floats, end: Floats, label: Ints, pairs: tuple[Ints, Ints]) -> Ints:
    first, second = pairs
    rivals = source[first] == source[second]
    apart = first[rivals], second[rivals]
    together = first[~rivals], second[~rivals]
    while True:
        n = int(group.max(initial=-1)) + 1
        a, b = _between(group, together, n)
        forbidden = _between(group, apart, n)
        free = ~np.isin(a * n + b, forbidden[0] * n + forbidden[1])
        a, b = a[free], b[free]
        groups = _Groups.of(group, n, start, end, label)
        touch = np.maximum(groups.core_start[a], groups.core_start[b]) < np.minimum(
            groups.core_end[a], groups.core_end[b]
        )
        a, b = a[touch], b[touch]
        if not len(a):
            return group
        joined = _join_best(a, b, overlap_share(groups.start, groups.end, a, b)
                            + SAME_CLASS * (groups.label[a] == groups.label[b]), n)  # fmt: skip
        group = joined[group]


def _between(group: Ints, pairs: tuple[Ints, Ints], n: int) -> tuple[Ints, Ints]:
    """Distinct pairs of groups, the lower first."""
    a, b = group[pairs[0]], group[pairs[1]]
    key = np.unique(np.minimum(a, b) * n + np.maximum(a, b))
    low, high = key // max(n, 1), key % max(n, 1)
    return low[low != high], high[low != high]


def _join_best(a: Ints, b: Ints, alike: Floats, n: int) -> Ints:
    """Return the new group of each group, after joining pairs that are each other's best."""
    rank = np.empty(len(a), dtype=np.int64)
    rank[np.lexsort((b, a, -alike))] = np.arange(len(a))
    best = np.full(n, len(a), dtype=np.int64)
    np.minimum.at(best, a, rank)
    np.minimum.at(best, b, rank)
    mutual = (best[a] == rank) & (best[b] == rank)
    renamed = np.arange(n)
    renamed[b[mutual]] = a[mutual]
    _, compact = np.unique(renamed, return_inverse=True)
    return np.asarray(compact, dtype=np.int64)


def _name_units(group: Ints, item: Ints, start: Floats, end: Floats, *, complete: bool) -> Units:
    """Number groups by item and place, and take the extent that most of their spans have; ties go to the first."""
    places, code, count = np.unique(np.stack([group, start, end]), axis=1, return_inverse=True, return_counts=True)
    del code
    owner = places[0].astype(np.int64)
    best = np.lexsort((places[2], places[1], -count, owner))
    chosen = best[np.r_[True, owner[best][1:] != owner[best][:-1]]] if len(best) else best
    unit_start, unit_end = places[1][chosen], places[2][chosen]
    unit_item = np.zeros(len(chosen), dtype=np.int64)
    unit_item[group] = item
    order = np.lexsort((np.arange(len(chosen)), unit_end, unit_start, unit_item))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return Units(number[group], unit_item[order], unit_start[order], unit_end[order], complete)
