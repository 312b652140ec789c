"""Lines of YOLO's text files: what task they are of, and the shape that each of them says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annoaudit.errors import RefusedInput
from annoaudit.formats.geometry import Row, box_of, polygon_of, turned_box
from annoaudit.formats.limits import MAX_SHAPE_NUMBERS

__all__ = ["Line", "Task", "guess_task", "parse_lines", "shape_of"]

_BOX, _CORNERS = 5, 9
_SLACK = 0.5


@dataclass(frozen=True)
class Line:
    """One object: its class, and the numbers after it."""

    number: int
    name: int
    values: tuple[float, ...]

    def __len__(self) -> int:
        return 1 + len(self.values)


@dataclass(frozen=True)
class Task:
    """What the lines of a data set are: detect, segment, obb or pose (then keypoints and numbers of each)."""

    name: str
    keypoints: int = 0
    dimensions: int = 0


def parse_lines(text: str, where: str) -> list[Line]:
    """Parse one label file.

    Raises
    ------
    RefusedInput
        A line is no class number followed by numbers; the message names it.
    """
    lines: list[Line] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            values = tuple(float(word) for word in words[1:])
            name = int(words[0])
        except ValueError as error:
            raise RefusedInput(
                f"{where}: line {number:,} is no class number followed by numbers: {line[:40]!r}.", hint="Mend it."
            ) from error
        if name < 0 or len(words) < _BOX or len(words) > MAX_SHAPE_NUMBERS or not all(map(math.isfinite, values)):
            raise RefusedInput(f"{where}: line {number:,} is no object: {line[:40]!r}.", hint="Mend it.")
        lines.append(Line(number, name, values))
    return lines


def guess_task(lines: Iterable[Line], kpt_shape: Sequence[int] | None) -> Task:
    """Tell the task from how long all lines are.

    Nine columns are four corners (obb) or a polygon of four: obb only where no line is a longer or shorter polygon.
    Poses are known by ``kpt_shape``, or by a third of the numbers after the box being 0, 1 or 2 throughout.
    """
    if kpt_shape is not None:
        return Task("pose", kpt_shape[0], kpt_shape[1])
    known = list(lines)
    lengths = {len(one) for one in known}
    if not lengths - {_BOX, _BOX + 1}:
        return Task("detect")
    if all(_looks_posed(one) for one in known) and len(lengths) == 1:
        return Task("pose", (lengths.pop() - _BOX) // 3, 3)
    return Task("obb" if lengths <= {_CORNERS, _CORNERS + 1} else "segment")


def _looks_posed(line: Line) -> bool:
    rest = line.values[4:]
    return len(rest) >= 3 and not len(rest) % 3 and all(value in (0.0, 1.0, 2.0) for value in rest[2::3])


def shape_of(line: Line, task: Task, size: tuple[float, float] | None, where: str) -> Row:
    """Return the columns of a line; where the picture's size is not known, its kind and numbers only.

    Raises
    ------
    RefusedInput
        The line does not fit the task, or lies far outside of the picture.
    """
    place = f"{where}: line {line.number:,}"
    values, confidence = _without_confidence(line, task, place)
    shares = values if task.name != "pose" else [*values[:4], *_points(values[4:], task)]
    if any(not -_SLACK <= one <= 1 + _SLACK for one in shares):
        raise RefusedInput(
            f"{place} has numbers that are no shares of the picture's size.", hint="YOLO's coordinates lie in 0 to 1."
        )
    kind = _kind_of(line, task)
    told: Row = {"confidence": confidence} if confidence is not None else {}
    if kind == "keypoints" and task.dimensions == 3:
        told["visibility"] = list(values[6::3])
    if size is None:
        return {"kind": kind, "shares": list(values)} | told
    return _scaled(kind, values, task, size, place) | told


def _kind_of(line: Line, task: Task) -> str:
    if task.name == "pose":
        return "keypoints"
    if len(line) in (_BOX, _BOX + 1):
        return "bbox"
    return "rbox" if task.name == "obb" else "polygon"


def _without_confidence(line: Line, task: Task, place: str) -> tuple[tuple[float, ...], float | None]:
    """Predictions end in a confidence: one number more than the shape takes."""
    expected = 4 + task.keypoints * task.dimensions if task.name == "pose" else None
    n_values = len(line.values)
    if expected is None:
        extra = n_values % 2 == 1
    elif n_values in (expected, expected + 1):
        extra = n_values == expected + 1
    else:
        raise RefusedInput(f"{place} has {n_values} numbers, not {expected}.", hint="Check kpt_shape in the YAML file.")
    return (line.values[:-1], line.values[-1]) if extra else (line.values, None)


def _scaled(kind: str, values: Sequence[float], task: Task, size: tuple[float, float], place: str) -> Row:
    width, height = size
    if kind in ("bbox", "keypoints"):
        x, y, w, h = values[0] * width, values[1] * height, values[2] * width, values[3] * height
        box = box_of(x - w / 2, y - h / 2, w, h, place)
        if kind == "bbox":
            return box
        flat = _points(values[4:], task)
        return box | {"kind": kind, "points": _stretched(flat, size)}
    corners = _stretched(values, size)
    return turned_box(corners) if kind == "rbox" else polygon_of(corners)


def _points(values: Sequence[float], task: Task) -> list[float]:
    """X and y of each keypoint, without its visibility."""
    step = max(task.dimensions, 1)
    return [value for place, value in enumerate(values) if place % step < 2]


def _stretched(values: Sequence[float], size: tuple[float, float]) -> list[float]:
    return [value * size[place % 2] for place, value in enumerate(values)]
