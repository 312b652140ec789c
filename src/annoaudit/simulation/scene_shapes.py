"""Boxes of simulated scenes as other shapes that lie in the same places."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from annoaudit.errors import UsageError
from annoaudit.formats.masks import encode_counts

__all__ = ["shape_columns"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Frame = tuple[int, int]

TURN = 25.0
N_CORNERS = 24


def shape_columns(kind: str, box: Floats, frame: Frame) -> dict[str, object]:
    """Return the columns of the labels table that say where regions of a kind lie, given boxes (R, 4).

    Raises
    ------
    UsageError
        There is no such kind.
    """
    if kind not in _SHAPES:
        raise UsageError(f"Scenes have no regions of kind {kind!r}.", hint=f"Kinds: {', '.join(_SHAPES)}.")
    return _SHAPES[kind](box, frame)


def _boxes(box: Floats, frame: Frame) -> dict[str, object]:
    sides = np.maximum(box[:, 2:] - box[:, :2], 1.0)
    return {"x": box[:, 0], "y": box[:, 1], "w": sides[:, 0], "h": sides[:, 1]}


def _turned(box: Floats, frame: Frame) -> dict[str, object]:
    return {**_boxes(box, frame), "rotation": np.full(len(box), TURN)}


def _polygons(box: Floats, frame: Frame) -> dict[str, object]:
    angle = 2 * np.pi * np.arange(N_CORNERS) / N_CORNERS
    middle, half = (box[:, :2] + box[:, 2:]) / 2, np.maximum(box[:, 2:] - box[:, :2], 1.0) / 2
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    corners = middle[:, None] + half[:, None] * circle[None]
    return {"polygon": [[one.ravel().tolist()] for one in corners]}


def _masks(box: Floats, frame: Frame) -> dict[str, object]:
    width, height = frame
    return {
        "rle": [_ellipse(one, frame) for one in box],
        "rle_h": [height] * len(box),
        "rle_w": [width] * len(box),
    }


def _ellipse(box: Floats, frame: Frame) -> bytes:
    """Run lengths of the pixels whose middles lie in the ellipse within a box."""
    width, height = frame
    (x, y), (a, b) = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 2.0) / 2
    column = np.arange(max(int(x - a), 0), min(int(x + a) + 1, width))
    half = b * np.sqrt(np.clip(1 - ((column + 0.5 - x) / a) ** 2, 0, 1))
    top = np.clip(np.ceil(y - half - 0.5), 0, height).astype(np.int64)
    bottom = np.clip(np.floor(y + half - 0.5) + 1, 0, height).astype(np.int64)
    filled = bottom > top
    ends = np.stack([column * height + top, column * height + bottom], axis=1)[filled].ravel()
    return encode_counts(np.diff(np.concatenate([[0], ends, [width * height]])))


def _keypoints(box: Floats, frame: Frame) -> dict[str, object]:
    left, top, right, bottom = box.T
    x, y = (left + right) / 2, (top + bottom) / 2
    points = np.stack([left, top, right, top, right, bottom, left, bottom, x, y], axis=1)
    return {**_boxes(box, frame), "points": points.tolist()}


_SHAPES: Mapping[str, Callable[[Floats, Frame], dict[str, object]]] = {
    "bbox": _boxes,
    "rbox": _turned,
    "polygon": _polygons,
    "mask": _masks,
    "keypoints": _keypoints,
}
