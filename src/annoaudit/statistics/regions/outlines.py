"""Polygons and masks: areas and overlaps, and shapes as small grids of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "Runs",
    "cells_of_rings",
    "cells_of_runs",
    "frame_of_runs",
    "overlap_of_runs",
    "rings_of_cells",
    "thin_ring",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rings = Sequence[Floats]
Window = tuple[float, float, float, float]

GRID = 96


@dataclass(frozen=True, eq=False)
class Runs:
    """A mask as run lengths, column by column, background first; ``counts`` (n,)."""

    counts: Ints
    height: int
    width: int


def cells_of_rings(rings: Rings, window: Window, grid: int = GRID) -> Bools:
    """Return (grid, grid) whether the middle of each cell of a window lies in a polygon (even-odd rule).

    Parameters
    ----------
    rings
        Corners (n, 2) of each ring; holes are rings inside others.
    window
        Left, top, right, bottom.

    References
    ----------
    Foley et al. (1990). Computer graphics: principles and practice, section 3.6 (scan conversion of polygons).
    """
    left, top, right, bottom = window
    x = left + (np.arange(grid) + 0.5) * (right - left) / grid
    y = top + (np.arange(grid) + 0.5) * (bottom - top) / grid
    inside = np.zeros((grid, grid), dtype=np.int64)
    for ring in rings:
        start, end = ring, np.roll(ring, -1, axis=0)
        spans = (start[None, :, 1] <= y[:, None]) != (end[None, :, 1] <= y[:, None])
        row, edge = np.nonzero(spans)
        rise = end[edge, 1] - start[edge, 1]
        at = start[edge, 0] + (y[row] - start[edge, 1]) * (end[edge, 0] - start[edge, 0]) / rise
        column = np.searchsorted(x, at, side="left")
        flips = np.zeros((grid, grid + 1), dtype=np.int64)
        np.add.at(flips, (row, column), 1)
        inside += np.cumsum(flips[:, :-1], axis=1)
    return np.asarray(inside % 2 == 1)


def overlap_of_runs(a: Runs, b: Runs) -> float:
    """Return intersection over union of two masks of one size, exactly and without making pixels; else 0.

    References
    ----------
    Lin et al. (2014). Microsoft COCO: common objects in context. ECCV (run lengths).
    """
    if (a.height, a.width) != (b.height, b.width):
        return 0.0
    ends_a, ends_b = np.cumsum(a.counts), np.cumsum(b.counts)
    ends = np.unique(np.concatenate([ends_a, ends_b]))
    length = np.diff(np.concatenate([[0], ends]))
    in_a = np.searchsorted(ends_a, ends, side="left") % 2 == 1
    in_b = np.searchsorted(ends_b, ends, side="left") % 2 == 1
    in_a &= ends <= (ends_a[-1] if len(ends_a) else 0)
    in_b &= ends <= (ends_b[-1] if len(ends_b) else 0)
    union = int(length[in_a | in_b].sum())
    return int(length[in_a & in_b].sum()) / union if union else 0.0


def frame_of_runs(runs: Runs) -> Floats:
    """Return (4,) left, top, right and bottom of a mask; NaN where it is empty."""
    ends = np.cumsum(runs.counts)
    start, end = ends[0::2][: len(ends[1::2])], ends[1::2]
    filled = end > start
    start, end = start[filled], end[filled]
    if not len(start) or not runs.height:
        return np.full(4, np.nan)
    first, last = start // runs.height, (end - 1) // runs.height
    whole = last > first
    top = np.where(whole, 0, start % runs.height)
    bottom = np.where(whole, runs.height, (end - 1) % runs.height + 1)
    return np.array([first.min(), top.min(), last.max() + 1, bottom.max()], dtype=np.float64)


def cells_of_runs(runs: Runs, window: Window, grid: int = GRID) -> Bools:
    """Return (grid, grid) whether the middle of each cell of a window lies in a mask."""
    left, top, right, bottom = window
    x = np.floor(left + (np.arange(grid) + 0.5) * (right - left) / grid).astype(np.int64)
    y = np.floor(top + (np.arange(grid) + 0.5) * (bottom - top) / grid).astype(np.int64)
    within = ((x >= 0) & (x < runs.width))[None, :] & ((y >= 0) & (y < runs.height))[:, None]
    place = x[None, :] * runs.height + y[:, None]
    run = np.searchsorted(np.cumsum(runs.counts), place, side="right")
    return np.asarray(within & (run % 2 == 1) & (run < len(runs.counts)))


def rings_of_cells(cells: Bools) -> list[Floats]:
    """Return the borders of filled cells as closed rings of corners (n, 2), x and y in cells from the top left."""
    filled = np.pad(cells, 1)
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    # Each border edge runs so that the filled cell is on its right: along its top, right, bottom and left.
    for rows, columns, (r0, c0), (r1, c1) in (
        (-1, 0, (0, 0), (0, 1)), (0, 1, (0, 1), (1, 1)), (1, 0, (1, 1), (1, 0)), (0, -1, (1, 0), (0, 0)),
    ):  # fmt: skip
        empty = ~np.roll(filled, (-rows, -columns), axis=(0, 1))[1:-1, 1:-1]
        for r, c in np.argwhere(cells & empty).tolist():
            after.setdefault((r + r0, c + c0), []).append((r + r1, c + c1))
    rings = []
    while after:
        start = next(iter(after))
        ring, at = [], start
        while at in after:
            ring.append((at[1], at[0]))
            ends = after[at]
            following = ends.pop()
            if not ends:
                del after[at]
            at = following
        rings.append(np.array(ring, dtype=np.float64))
    return rings


def thin_ring(ring: Floats, tolerance: float) -> Floats:
    """Leave out corners of a ring (n, 2) that move it by at most ``tolerance``.

    References
    ----------
    Douglas, Peucker (1973). Algorithms for the reduction of the number of points required to represent a digitized
    line or its caricature. Cartographica 10.
    """
    if len(ring) < 5:
        return ring
    closed = np.vstack([ring, ring[:1]])
    far = int(((ring - ring[0]) ** 2).sum(axis=1).argmax())
    kept = np.zeros(len(closed), dtype=bool)
    kept[[0, far, len(ring)]] = True
    parts = [(0, far), (far, len(ring))]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away = _distance(closed[first + 1 : last], closed[first], closed[last])
        worst = int(away.argmax())
        if away[worst] > tolerance:
            middle = first + 1 + worst
            kept[middle] = True
            parts += [(first, middle), (middle, last)]
    return np.asarray(ring[kept[:-1]], dtype=np.float64)


def _distance(points: Floats, start: Floats, end: Floats) -> Floats:
    """(n,) distance of points from a line through two others, or from the one where these are the same."""
    along = end - start
    length = float(np.hypot(*along))
    away = points - start
    if length < 1e-12:
        return np.asarray(np.hypot(away[:, 0], away[:, 1]))
    return np.asarray(np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length)
