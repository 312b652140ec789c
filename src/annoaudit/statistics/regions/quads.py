"""Boxes in any direction: corners, and exact overlap by clipping, all pairs at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["convex_overlap", "corners_of_turned", "quads_of_boxes"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CHUNK = 50_000


def corners_of_turned(x: Floats, y: Floats, w: Floats, h: Floats, degrees: Floats) -> Floats:
    """Return (R, 4, 2) corners of boxes turned clockwise about their first corner (x, y)."""
    turn = np.deg2rad(degrees)
    along = np.stack([np.cos(turn), np.sin(turn)], axis=1) * w[:, None]
    across = np.stack([-np.sin(turn), np.cos(turn)], axis=1) * h[:, None]
    first = np.stack([x, y], axis=1)
    return np.stack([first, first + along, first + along + across, first + across], axis=1)


def quads_of_boxes(box: Floats) -> Floats:
    """Return (R, 4, 2) corners of upright boxes (R, 4)."""
    return np.stack([box[:, [0, 1]], box[:, [2, 1]], box[:, [2, 3]], box[:, [0, 3]]], axis=1)


def convex_overlap(a: Floats, b: Floats) -> Floats:
    """Return (P,) intersection over union of convex quadrilaterals (P, 4, 2).

    Corners of the intersection are the corners of each that lie in the other and where edges cross; put in order of
    angle, they enclose its area.

    References
    ----------
    O'Rourke (1998). Computational geometry in C, chapter 7 (intersection of convex polygons).
    """
    parts = [_overlap(a[at : at + CHUNK], b[at : at + CHUNK]) for at in range(0, len(a), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _overlap(a: Floats, b: Floats) -> Floats:
    a, b = _clockwise(a), _clockwise(b)
    middle = a.mean(axis=1, keepdims=True)
    a, b = a - middle, b - middle
    scale = np.maximum(np.abs(a).max(axis=(1, 2)), 1e-12)[:, None, None]
    a, b = a / scale, b / scale
    crossing, crossed = _crossings(a, b)
    corners = np.concatenate([a, b, crossing], axis=1)
    used = np.concatenate([_inside(a, b), _inside(b, a), crossed], axis=1)
    shared = _area_of_hull(corners, used)
    union = _area(a) + _area(b) - shared
    return np.asarray(np.where(union > 0, np.clip(shared / np.where(union > 0, union, 1.0), 0.0, 1.0), 0.0))


def _cross(u: Floats, v: Floats) -> Floats:
    return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])


def _area(quad: Floats) -> Floats:
    return np.asarray(_cross(quad, np.roll(quad, -1, axis=1)).sum(axis=1) / 2.0)


def _clockwise(quad: Floats) -> Floats:
    """Turn the order of corners round where their area is negative."""
    return np.where((_area(quad) < 0)[:, None, None], quad[:, ::-1], quad)


def _inside(points: Floats, quad: Floats) -> Bools:
    """(P, 4) whether each of four points lies in or on a convex quadrilateral."""
    edge = np.roll(quad, -1, axis=1) - quad
    side = _cross(edge[:, None], points[:, :, None] - quad[:, None])
    return np.asarray((side >= -1e-9).all(axis=2))


def _crossings(a: Floats, b: Floats) -> tuple[Floats, Bools]:
    """(P, 16, 2) where edges cross, and (P, 16) whether they do."""
    along, across = np.roll(a, -1, axis=1) - a, np.roll(b, -1, axis=1) - b
    apart = b[:, None] - a[:, :, None]
    turn = _cross(along[:, :, None], across[:, None])
    usable = np.abs(turn) > 1e-12
    safe = np.where(usable, turn, 1.0)
    t = _cross(apart, across[:, None]) / safe
    s = _cross(apart, along[:, :, None]) / safe
    crossed = usable & (t >= 0) & (t <= 1) & (s >= 0) & (s <= 1)
    point = a[:, :, None] + t[..., None] * along[:, :, None]
    return point.reshape(len(a), 16, 2), crossed.reshape(len(a), 16)


def _area_of_hull(corners: Floats, used: Bools) -> Floats:
    """(P,) area within the used corners, which lie around a convex shape."""
    count = used.sum(axis=1)
    centre = (corners * used[..., None]).sum(axis=1) / np.maximum(count, 1)[:, None]
    away = corners - centre[:, None]
    angle = np.where(used, np.arctan2(away[..., 1], away[..., 0]), np.inf)
    order = np.argsort(angle, axis=1)
    ring = np.take_along_axis(away, order[..., None], axis=1)
    last = np.maximum(count - 1, 0)
    kept = np.minimum(np.arange(corners.shape[1])[None, :], last[:, None])
    ring = np.take_along_axis(ring, kept[..., None], axis=1)
    area = _cross(ring, np.roll(ring, -1, axis=1)).sum(axis=1) / 2.0
    return np.asarray(np.where(count >= 3, np.maximum(area, 0.0), 0.0))
