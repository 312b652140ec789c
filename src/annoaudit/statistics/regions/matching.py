"""Which regions of different people mean the same thing: matched pair by pair, then gathered into units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

__all__ = ["match_regions"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def match_regions(first: Ints, second: Ints, similarity: Floats, source: Ints, *, threshold: float = 0.5) -> Ints:
    """Return (R,) unit of each region; regions of one unit mean the same thing, and no source has two in one.

    Between any two sources, regions at least ``threshold`` alike are paired so that the sum of similarities is largest
    (one to one). Regions joined by pairs are a unit. Where that would put two regions of one source into a unit, pairs
    are joined most alike first and those that would do so are left out. At last, a region that is alone joins the unit
    on its image that lacks its source and is most like it, down to the least similarity among the pairs given: marked
    by somebody else too, but badly located.

    Parameters
    ----------
    first, second, similarity
        (P,) pairs of regions of different sources on one image, and how alike they are; also below the threshold.
    source
        (R,) who marked each region.
    threshold
        Similarity from which two regions may mean the same thing.

    References
    ----------
    Kuhn (1955). The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2. Bolya et al.
    (2020). TIDE: a general toolbox for identifying object detection errors. ECCV (what is badly located).
    """
    n = len(source)
    strong = similarity >= threshold
    kept = _pair_one_to_one(first[strong], second[strong], similarity[strong], source)
    a, b, s = first[strong][kept], second[strong][kept], similarity[strong][kept]
    unit = _components(n, a, b)
    clashing = _clashing(unit, source)
    if clashing.any():
        inside = clashing[unit[a]]
        loose = np.flatnonzero(clashing[unit])
        unit = unit.copy()
        unit[loose] = unit.max() + 1 + np.arange(len(loose))
        unit = _join(a[inside], b[inside], s[inside], unit, source)
    weak = ~strong
    return _compact(_attach(first[weak], second[weak], similarity[weak], unit, source))


def _pair_one_to_one(first: Ints, second: Ints, similarity: Floats, source: Ints) -> Bools:
    """(P,) whether a pair is in the best one-to-one pairing between its two sources."""
    n_sources = int(source.max(initial=-1)) + 1
    left, right = first * n_sources + source[second], second * n_sources + source[first]
    ends, code = np.unique(np.concatenate([left, right]), return_inverse=True)
    left, right = code[: len(first)], code[len(first) :]
    uses = np.bincount(code, minlength=len(ends))
    kept: Bools = (uses[left] == 1) & (uses[right] == 1)
    unclear = np.flatnonzero(~kept)
    if not len(unclear):
        return kept
    group = _components(len(ends), left[unclear], right[unclear])[left[unclear]]
    order = np.argsort(group, kind="stable")
    for part in np.split(unclear[order], np.flatnonzero(np.diff(group[order])) + 1):
        kept[part[_assign(first[part], second[part], similarity[part], source)]] = True
    return kept


def _assign(first: Ints, second: Ints, similarity: Floats, source: Ints) -> Ints:
    """Places of the pairs, between two sources only, whose similarities have the largest sum."""
    swap = source[first] > source[second]
    a, b = np.where(swap, second, first), np.where(swap, first, second)
    rows, row = np.unique(a, return_inverse=True)
    columns, column = np.unique(b, return_inverse=True)
    gain = np.zeros((len(rows), len(columns)))
    gain[row, column] = similarity
    place = np.full(gain.shape, -1, dtype=np.int64)
    place[row, column] = np.arange(len(a))
    found = place[linear_sum_assignment(gain, maximize=True)]
    return np.asarray(found[found >= 0])


def _components(n: int, a: Ints, b: Ints) -> Ints:
    graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _clashing(unit: Ints, source: Ints) -> Bools:
    """Whether a unit holds two regions of one source."""
    key = np.sort(unit * (int(source.max(initial=0)) + 1) + source)
    twice = key[1:][key[1:] == key[:-1]] // (int(source.max(initial=0)) + 1)
    clashing = np.zeros(int(unit.max(initial=-1)) + 1, dtype=bool)
    clashing[twice] = True
    return clashing


def _join(first: Ints, second: Ints, similarity: Floats, unit: Ints, source: Ints) -> Ints:
    """Join units pair by pair, most alike first, unless both hold a region of one source."""
    touched = np.unique(np.concatenate([first, second]))
    members = {int(unit[one]): [int(one)] for one in touched}
    unit = unit.copy()
    for at in np.lexsort((second, first, -similarity)).tolist():
        a, b = int(unit[first[at]]), int(unit[second[at]])
        if a == b or {int(source[k]) for k in members[a]} & {int(source[k]) for k in members[b]}:
            continue
        unit[members[b]] = a
        members[a] += members.pop(b)
    return unit


def _attach(first: Ints, second: Ints, similarity: Floats, unit: Ints, source: Ints) -> Ints:
    """Let regions that are alone join the unit most like them that lacks their source."""
    size = np.bincount(unit)
    alone = (size[unit[first]] == 1) | (size[unit[second]] == 1)
    first, second, similarity = first[alone], second[alone], similarity[alone]
    if not len(first):
        return unit
    involved = np.flatnonzero(np.isin(unit, np.concatenate([unit[first], unit[second]])))
    members: dict[int, list[int]] = {}
    for one in involved.tolist():
        members.setdefault(int(unit[one]), []).append(one)
    unit = unit.copy()
    for at in np.lexsort((second, first, -similarity)).tolist():
        a, b = int(unit[first[at]]), int(unit[second[at]])
        if a == b or min(len(members[a]), len(members[b])) > 1:
            continue
        if {int(source[k]) for k in members[a]} & {int(source[k]) for k in members[b]}:
            continue
        unit[members[b]] = a
        members[a] += members.pop(b)
    return unit


def _compact(unit: Ints) -> Ints:
    """Number units in the order of their first regions."""
    _, first, code = np.unique(unit, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[code.reshape(-1)]
