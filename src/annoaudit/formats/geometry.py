"""Shapes in canonical units: absolute pixels from the top left, half-open; written once for all readers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from annoaudit.errors import RefusedInput
from annoaudit.formats.json_values import number, shorten
from annoaudit.formats.limits import MAX_SHAPE_NUMBERS

__all__ = [
    "box_of",
    "corner_box",
    "corners_of",
    "ellipse_corners",
    "flat_pairs",
    "polygon_of",
    "turned_box",
    "turned_corners",
]

_ELLIPSE_CORNERS = 64

Row = dict[str, object]


def box_of(x: float, y: float, w: float, h: float, where: str) -> Row:
    """Return the columns of a box.

    Raises
    ------
    RefusedInput
        Width or height is below zero.
    """
    if w < 0 or h < 0:
        raise RefusedInput(f"{where}: a box has a width or height below zero.", hint="Mend it, or export it again.")
    return {"kind": "bbox", "x": x, "y": y, "w": w, "h": h}


def corner_box(x1: float, y1: float, x2: float, y2: float, where: str) -> Row:
    """Return the columns of a box between two opposite corners, in any order."""
    return box_of(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1), where)


def polygon_of(corners: Sequence[float]) -> Row:
    """Return the columns of a polygon of one ring (x, y, x, y …)."""
    return {"kind": "polygon", "polygon": [list(corners)]}


def turned_box(corners: Sequence[float]) -> Row:
    """Return the columns of a rectangle in any direction, given its four corners in order.

    ``x``, ``y`` is the first corner, ``w`` and ``h`` the sides that follow, ``rotation`` the clockwise angle of the
    first side in degrees; the corners themselves stand in ``polygon``, for they need not be exactly square.
    """
    x1, y1, x2, y2, x3, y3 = corners[:6]
    turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
    return {
        "kind": "rbox", "x": x1, "y": y1, "w": math.hypot(x2 - x1, y2 - y1), "h": math.hypot(x3 - x2, y3 - y2),
        "rotation": turn % 360, "polygon": [list(corners)],
    }  # fmt: skip


def turned_corners(x1: float, y1: float, x2: float, y2: float, rotation: float) -> list[float]:
    """Return the four corners of a box turned clockwise about its centre by degrees, from its top left on."""
    turn, cx, cy = math.radians(rotation), (x1 + x2) / 2, (y1 + y2) / 2
    corners: list[float] = []
    for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
        dx, dy = x - cx, y - cy
        corners += [cx + dx * math.cos(turn) - dy * math.sin(turn), cy + dx * math.sin(turn) + dy * math.cos(turn)]
    return corners


def ellipse_corners(x: float, y: float, a: float, b: float, rotation: float) -> list[float]:
    """Return 64 corners of an ellipse around (x, y), its half axes a and b turned clockwise by degrees."""
    turn = math.radians(rotation)
    corners: list[float] = []
    for k in range(_ELLIPSE_CORNERS):
        angle = 2 * math.pi * k / _ELLIPSE_CORNERS
        dx, dy = a * math.cos(angle), b * math.sin(angle)
        corners += [x + dx * math.cos(turn) - dy * math.sin(turn), y + dx * math.sin(turn) + dy * math.cos(turn)]
    return corners


def corners_of(points: Iterable[Mapping[str, object]], where: str) -> list[float]:
    """Return x, y, x, y … of points that are objects with x and y."""
    corners: list[float] = []
    for place, point in enumerate(points, start=1):
        x, y = number(point, "x", where), number(point, "y", where)
        if x is None or y is None:
            raise RefusedInput(f"{where}: point {place} has no x and y.", hint="Mend it, or export it again.")
        corners += [x, y]
    return _checked(corners, where)


def flat_pairs(points: object, where: str) -> list[float]:
    """Return x, y, x, y … of points that are lists of two numbers, or already one list.

    Raises
    ------
    RefusedInput
        A point is no pair of finite numbers, or there are too many.
    """
    if not isinstance(points, list):
        raise RefusedInput(f"{where}: points are {shorten(points)}, not a list.", hint="Mend it, or export it again.")
    flat: list[object] = []
    for point in points:
        pair = point if isinstance(point, list) else [point]
        if isinstance(point, list) and len(point) != 2:
            raise RefusedInput(f"{where}: a point is {shorten(point)}, not [x, y].", hint="Mend it.")
        flat += pair
    numbers = [number({"point": one}, "point", where) for one in flat]
    return _checked([0.0 if one is None else one for one in numbers], where)


def _checked(corners: list[float], where: str) -> list[float]:
    if len(corners) % 2 or len(corners) > MAX_SHAPE_NUMBERS:
        raise RefusedInput(f"{where}: {len(corners):,} coordinates are no pairs, or too many.", hint="Mend it.")
    return corners
