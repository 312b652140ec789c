"""One vote on a region, drawn: who marked what around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds.outlines import consensus_outline
from annoaudit.evidence.kinds.shapes import BOX, POINTS, paths_of_cells
from annoaudit.evidence.pictures import crop_picture
from annoaudit.reporting.views.scene import Scene, Stroke

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.regions import Units

__all__ = ["draw_scene"]

Ints = npt.NDArray[np.int64]
Window = tuple[float, float, float, float]

MOST_REST = 25
LEAST_SHARE = 0.22
AROUND = 2.6
MOST_PICTURES = 700_000
"""Bytes of pictures in one report and question."""


def draw_scene(evidence: Evidence, at: int) -> Scene:
    """Draw the unit that a vote is about: this annotator's region, the others', and where they together put it."""
    units, votes = evidence.units, evidence.votes
    thing, item = int(votes.item[at]), int(votes.whole[at])
    inside = np.flatnonzero(units.unit == thing)
    own = inside[units.cast[inside] == at]
    others = np.setdiff1d(inside, own)
    frame = _frame_of(evidence, item)
    window = _window(np.vstack([units.frame[inside], units.consensus[thing]]), frame)
    mine = units.by_people & (units.regions.annotator == votes.annotator[at]) & (units.regions.item == item)
    rest = np.setdiff1d(np.flatnonzero(mine), own)
    rest = rest[_within(units.frame[rest], window)][:MOST_REST]
    strokes = [Stroke("rest", units.outline(k), _class_of(units, k)) for k in rest.tolist()]
    strokes += [Stroke("others", units.outline(k), _class_of(units, k)) for k in others.tolist()]
    if len(others):
        strokes.append(Stroke("suggested", _suggest(units, thing, inside), "where all together put it"))
    strokes += [Stroke("given", units.outline(k), _class_of(units, k)) for k in own.tolist()]
    x, y, width, height = window
    return Scene(
        x, y, width, height, frame, tuple(strokes),
        caption=_caption(units, thing, len(own), frame),
        picture=_picture(evidence, item, window, frame),
    )  # fmt: skip


def _class_of(units: Units, at: int) -> str:
    said = units.regions.classes[int(units.regions.label[at])]
    return said if units.regions.model[at] < 0 else f"{said}, predicted with {units.regions.confidence[at]:.2f}"


def _suggest(units: Units, thing: int, inside: Ints) -> tuple[str, ...]:
    """The consensus of boxes or of outlines; of keypoints the ones that are most like all."""
    forms = units.shapes.form[inside]
    if (forms == BOX).all():
        return (_path_of(units.consensus[thing]),)
    if (forms == POINTS).any():
        like = [units.alike(np.full(len(inside), one), inside).sum() for one in inside.tolist()]
        return units.outline(int(inside[int(np.argmax(like))]))
    cells, window, _ = consensus_outline(units, inside)
    return paths_of_cells(cells, window)


def _path_of(box: npt.NDArray[np.float64]) -> str:
    left, top, right, bottom = (round(float(one), 1) for one in box)
    return f"M{left} {top}H{right}V{bottom}H{left}Z"


def _frame_of(evidence: Evidence, item: int) -> tuple[float, float] | None:
    width, height = (evidence.labels.items[name][item].as_py() for name in ("width", "height"))
    return (float(width), float(height)) if width and height else None


def _window(boxes: npt.NDArray[np.float64], frame: tuple[float, float] | None) -> Window:
    """Part of the image around boxes: some 2.6 times as large, at least 22 % of the image, and inside it."""
    known = boxes[np.isfinite(boxes).all(axis=1)]
    left, top = (float(one) for one in known[:, :2].min(axis=0))
    right, bottom = (float(one) for one in known[:, 2:].max(axis=0))
    wide = max(AROUND * (right - left), LEAST_SHARE * frame[0] if frame else 0.0, 24.0)
    high = max(AROUND * (bottom - top), LEAST_SHARE * frame[1] if frame else 0.0, 24.0)
    wide, high = max(wide, high), max(high, wide / 1.6)
    x, y = (left + right - wide) / 2, (top + bottom - high) / 2
    if frame:
        wide, high = min(wide, frame[0]), min(high, frame[1])
        x, y = min(max(x, 0.0), frame[0] - wide), min(max(y, 0.0), frame[1] - high)
    return round(x, 1), round(y, 1), round(wide, 1), round(high, 1)


def _within(frame: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.bool_]:
    """Whether any of a region lies in the part that is shown."""
    x, y, wide, high = window
    across = (frame[:, 2] > x) & (frame[:, 0] < x + wide)
    return np.asarray(across & (frame[:, 3] > y) & (frame[:, 1] < y + high))


def _caption(units: Units, thing: int, n_own: int, frame: tuple[float, float] | None) -> str:
    votes = units.votes
    asked, marked = int((votes.item == thing).sum()), int(units.n_people[thing])
    n_predicted = int(((units.unit == thing) & ~units.by_people).sum())
    told = f"{marked} of {asked} annotators marked this" + (", and a model predicts it" if n_predicted else "")
    told += "" if n_own else "; this one did not"
    size = f" Part of an image of {frame[0]:.0f} by {frame[1]:.0f} pixels." if frame else ""
    return f"{told}.{size}"


def _picture(evidence: Evidence, item: int, window: Window, frame: tuple[float, float] | None) -> str:
    used = evidence.kept.get("picture_bytes", 0)
    if evidence.media_root is None or not isinstance(used, int) or used > MOST_PICTURES:
        return ""
    uri = evidence.labels.items["uri"][item].as_py()
    picture = crop_picture(uri, evidence.media_root, window, frame)
    evidence.kept["picture_bytes"] = used + len(picture)
    return picture
