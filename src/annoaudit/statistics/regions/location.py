"""Where regions lie against the others that mean the same thing, and what is unusually far."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from annoaudit.statistics.regions.boxes import box_overlap

__all__ = ["blame_pairs", "compared_box", "gap_of", "median_box", "rank_gaps", "size_of", "usual_gap"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STRATUM = 60
MOST_STRATA = 12
SMALLEST_SPREAD = 0.25
GAP_FLOOR = 0.01
STEEPNESS = 3.0
OFF, SLIVER = 0.5, 1e-3
RECORD = 50.0
"""Pairs that the team's rate is worth in each annotator's."""
N_ROUNDS, TINY = 50, 1e-9


def by_size(unit: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield units of one size at a time: their codes (U,), and their members' places (U, size)."""
    order = np.argsort(unit, kind="stable")
    size = np.bincount(unit)
    start = np.cumsum(size) - size
    for one in np.unique(size[size > 0]):
        codes = np.flatnonzero(size == one)
        yield codes, order[start[codes][:, None] + np.arange(one)]


def median_box(box: Floats, unit: Ints) -> Floats:
    """Return (U, 4) the median of each edge over the boxes (R, 4) of each unit; NaN for a unit without boxes."""
    middle = np.full((int(unit.max(initial=-1)) + 1, box.shape[1]), np.nan)
    for codes, members in by_size(unit):
        middle[codes] = np.median(box[members], axis=1)
    return middle


def compared_box(box: Floats, unit: Ints) -> tuple[Floats, Ints]:
    """Return (R, 4) the box that each is held against, and (R,) how many others it is made of.

    With three or more in a unit it is their median, edge by edge, which one bad box cannot move far; with two, each is
    held against the other. NaN where there is no other.
    """
    held, n_others = np.full(box.shape, np.nan), np.zeros(len(box), dtype=np.int64)
    for _, members in by_size(unit):
        size = members.shape[1]
        n_others[members] = size - 1
        if size == 2:
            held[members] = box[members[:, ::-1]]
        elif size > 2:
            held[members] = np.median(box[members], axis=1)[:, None, :]
    return held, n_others


def size_of(box: Floats) -> Floats:
    """Return (R,) square root of the area of boxes (R, 4)."""
    sides = np.maximum(box[:, 2:] - box[:, :2], 1e-9)
    return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]), dtype=np.float64)


def usual_gap(gap: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return (R,) what gap is usual for regions of each size, and its spread, both of ``log(gap + .01)``.

    Medians in strata of about equal numbers (12 at most, of at least 60 regions), interpolated over log size.

    Parameters
    ----------
    gap
        (R,) 1 less the overlap with the consensus.
    size
        (R,) size of the consensus in pixels.
    """
    log_gap, log_size = np.log(np.maximum(gap, 0.0) + GAP_FLOOR), np.log(np.maximum(size, 1e-9))
    n_strata = int(np.clip(len(gap) // STRATUM, 1, MOST_STRATA))
    parts = np.array_split(np.argsort(log_size, kind="stable"), n_strata)
    at = np.array([np.median(log_size[part]) for part in parts])
    middle = np.array([np.median(log_gap[part]) for part in parts])
    spread = np.array([1.4826 * np.median(np.abs(log_gap[part] - m)) for part, m in zip(parts, middle, strict=True)])
    return np.interp(log_size, at, middle), np.maximum(np.interp(log_size, at, spread), SMALLEST_SPREAD)


def rank_gaps(
    gap: Floats, size: Floats, *, margin: float, cutoff: float, group: Ints | None = None
) -> tuple[Floats, Floats]:
    """Return (R,) suspicion of each gap against what is usual for its size, and (R,) that usual gap.

    ``z`` is the log gap, less ``margin``, above the usual one in robust standard deviations; the suspicion is logistic
    in z and .5 at ``cutoff``. A rank: nothing is assumed of the tail.

    Parameters
    ----------
    gap, size
        As in :func:`usual_gap`.
    margin
        Gap that is too small to matter.
    cutoff
        Robust standard deviations at which suspicion is .5.
    group
        (R,) groups of at least 60 regions have a usual gap of their own, such as those held against one other only.
    """
    middle, spread = usual_gap(gap, size)
    for one in np.unique(group) if group is not None else ():
        mine = group == one
        if mine.sum() >= STRATUM:
            middle[mine], spread[mine] = usual_gap(gap[mine], size[mine])
    z = (np.log(np.maximum(gap - margin, 0.0) + GAP_FLOOR) - middle) / spread
    return 1.0 / (1.0 + np.exp(-STEEPNESS * (z - cutoff))), np.exp(middle) - GAP_FLOOR


def gap_of(box: Floats, held: Floats) -> Floats:
    """Return (R,) 1 less the overlap of each box with the one it is held against; NaN where there is none."""
    known = np.isfinite(held).all(axis=1)
    gap = np.full(len(box), np.nan)
    gap[known] = 1.0 - box_overlap(box[known], held[known])
    return gap


def blame_pairs(suspicion: Floats, pair: Ints, annotator: Ints, n_annotators: int) -> Floats:
    """Return (R,) suspicion of regions that are held against one other only, shared out between the two.

    One of the two is off, and no label says which: each is suspected by how often its maker's pairs are off, a rate
    that is shared out between the two in turn (expectation maximisation) and drawn toward the team's. Where a pair is
    off, neither falls below .5, so that both are looked at.

    Parameters
    ----------
    suspicion
        (R,) that the pair of each region is off; about the same for both of a pair.
    pair, annotator
        (R,) codes; two regions a pair.
    n_annotators
        A.

    References
    ----------
    Dempster, Laird, Rubin (1977). Maximum likelihood from incomplete data via the EM algorithm. JRSS B 39.
    """
    off = np.where(suspicion >= OFF, suspicion, 0.0)
    n_pairs = np.bincount(annotator, minlength=n_annotators)
    rate = np.full(n_annotators, 1.0)
    for _ in range(N_ROUNDS):
        blamed = np.bincount(annotator, _share(rate, pair, annotator) * off, n_annotators)
        usual = max(float(blamed.sum()) / max(len(annotator), 1), TINY)
        rate = (blamed + RECORD * usual) / (n_pairs + RECORD)
    likely = suspicion * _share(rate, pair, annotator)
    # Above .5 by its maker's record alone; the rest orders what is tied there.
    return np.where(suspicion >= OFF, np.maximum(likely, OFF) + SLIVER * suspicion * (likely < OFF), likely)


def _share(rate: Floats, pair: Ints, annotator: Ints) -> Floats:
    own = rate[annotator]
    return np.asarray(own / np.bincount(pair, own)[pair])
