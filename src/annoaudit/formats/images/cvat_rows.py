"""Elements of CVAT's XML as canonical rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.errors import RefusedInput
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import corner_box, ellipse_corners, polygon_of, turned_box, turned_corners
from annoaudit.formats.json_values import dump, dump_some
from annoaudit.formats.limits import MAX_SHAPE_NUMBERS
from annoaudit.formats.masks import MAX_PIXELS, encode_mask
from annoaudit.formats.xml_text import attribute_number, child_number, child_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["CvatReader"]

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton")
_TOLD = ("occluded", "z_order", "group_id", "source", "outside")
_CUBOID = ("xtl1", "ytl1", "xtr1", "ytr1", "xbr1", "ybr1", "xbl1", "ybl1")


@dataclass
class CvatReader:
    """Takes the elements below the root, one after another."""

    rows: Gathering
    where: str
    tasks: dict[str, str | None] = field(default_factory=dict)
    task: str = ""
    video: str | None = None
    size: tuple[float | None, float | None] = (None, None)
    bare: int = 0
    unfilled: int = 0

    def take(self, element: Element) -> None:
        """Take meta, an image or a track."""
        if element.tag == "meta":
            self._take_meta(element)
        elif element.tag == "image":
            self._take_image(element)
        elif element.tag == "track":
            self._take_track(element)

    def _take_meta(self, meta: Element) -> None:
        for task in (*meta.iter("task"), *meta.iter("job")):
            self.tasks[child_text(task, "id") or ""] = child_text(task, "assignee/username") or child_text(
                task, "assignee"
            )
        self.task = next(iter(self.tasks), "")
        first = next(iter((*meta.iter("task"), *meta.iter("job"))), None)
        self.video = child_text(meta, "source") or (None if first is None else child_text(first, "name"))
        if first is not None:
            sides = ("original_size/width", "original_size/height")
            self.size = tuple(child_number(first, side, self.where) for side in sides)  # type: ignore[assignment] # two
        for label in meta.iter("label"):
            if (name := child_text(label, "name")) and child_text(label, "parent") is None:
                self.rows.question("objects", "bbox", [name])

    def _take_image(self, image: Element) -> None:
        where = f"{self.where}, image {image.get('id', '')[:20]}"
        task = image.get("task_id") or self.task
        name = "/".join(part for part in (image.get("subset"), image.get("name") or image.get("id")) if part)
        width, height = (attribute_number(image, side, where) for side in ("width", "height"))
        item_id = self.rows.item(
            f"{task}:{name}" if task else name, media="image", uri=image.get("name"), width=width, height=height,
            project=task or None, split=image.get("subset"), meta_json=dump_some(_only(image, "id", "task_id")),
        )  # fmt: skip
        shapes = [one for one in image if one.tag in _SHAPES or one.tag == "tag"]
        if not shapes:
            self.bare += 1
            return
        owner = self.rows.annotation(item_id, self.tasks.get(task))
        for place, shape in enumerate(shapes, start=1):
            inside = f"{where}, {shape.tag} {place}"
            said = {"attributes": dump_some(_attributes_of(shape)), "origin": _origin(shape)}
            if shape.tag == "tag":
                value = shape.get("label")
                self.rows.question("tags", "multichoice", [value] if value else [])
                self.rows.label(owner, "tags", "multichoice", value=value, **said)
            else:
                columns = self._shape(shape, (width, height), inside)
                said["attributes"] = _joined(said["attributes"], columns.pop("more", None))
                self.rows.region(owner, "objects", columns, shape.get("label"), **said)

    def _take_track(self, track: Element) -> None:
        """One row a frame that is written; the shape between keyframes is CVAT's own interpolation."""
        where = f"{self.where}, track {track.get('id', '')[:20]}"
        task = track.get("task_id") or self.task
        name = self.video or "video"
        item_id = self.rows.item(
            f"{task}:{name}" if task else name, media="video", uri=name, width=self.size[0], height=self.size[1]
        )
        owners = [one for one in self.rows.annotations.values() if one["item_id"] == item_id]
        owner = owners[0] if owners else self.rows.annotation(item_id, self.tasks.get(task))
        for shape in track:
            if shape.tag not in _SHAPES:
                continue
            inside = f"{where}, frame {shape.get('frame', '')[:20]}"
            columns = self._shape(shape, self.size, inside)
            more = columns.pop("more", None)
            frame = attribute_number(shape, "frame", inside)
            native = {"shape": columns["kind"], **_attributes_of(shape)}
            self.rows.region(
                owner, "tracks", columns | {"kind": "track"}, track.get("label"),
                frame=None if frame is None else int(frame), keyframe=shape.get("keyframe") == "1",
                track_id=track.get("id"), attributes=_joined(dump(native), more), origin=_origin(track),
            )  # fmt: skip

    def _shape(self, shape: Element, size: tuple[float | None, float | None], where: str) -> Row:
        if shape.tag == "box":
            return _box(shape, where)
        if shape.tag == "ellipse":
            x, y, a, b = _numbers(shape, ("cx", "cy", "rx", "ry"), where)
            corners = ellipse_corners(x, y, a, b, attribute_number(shape, "rotation", where) or 0.0)
            return polygon_of(corners) | {"more": {"ellipse": [x, y, a, b]}}
        if shape.tag == "cuboid":
            native = {key: value for key, value in shape.attrib.items() if key[0] in "xy" and key[-1] in "12"}
            return polygon_of(_numbers(shape, _CUBOID, where)) | {"more": {"cuboid": native}}
        if shape.tag == "mask":
            return self._mask(shape, size, where)
        if shape.tag == "skeleton":
            return _skeleton(shape, where)
        corners = _pairs(shape.get("points", ""), where)
        if shape.tag == "points":
            return {"kind": "keypoints", "points": corners}
        return polygon_of(corners) | {"kind": shape.tag}

    def _mask(self, shape: Element, size: tuple[float | None, float | None], where: str) -> Row:
        """Run lengths of a window, row by row and background first, as COCO's of the whole picture."""
        left, top, width, height = (int(one) for one in _numbers(shape, ("left", "top", "width", "height"), where))
        full_w, full_h = (int(one or 0) for one in size)
        full_w, full_h = max(full_w, left + width), max(full_h, top + height)
        if min(left, top, width, height) < 0 or full_w * full_h > MAX_PIXELS:
            raise RefusedInput(f"{where}: a mask of {full_h:,} x {full_w:,} pixels at {left}, {top}.", hint="Mend it.")
        try:
            runs = np.array([int(one) for one in shape.get("rle", "").split(",") if one.strip()], dtype=np.int64)
        except (ValueError, OverflowError) as error:
            raise RefusedInput(f"{where}: rle holds no run lengths.", hint="Export it again.") from error
        if (runs < 0).any() or runs.sum() > 4 * max(width * height, 1):
            raise RefusedInput(f"{where}: its runs are negative or far longer than the mask.", hint="Export it again.")
        window = np.zeros(width * height, dtype=bool)
        flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)[: len(window)]
        window[: len(flat)] = flat
        self.unfilled += int(runs.sum()) != width * height
        mask = np.zeros((full_h, full_w), dtype=bool)
        mask[top : top + height, left : left + width] = window.reshape(height, width)
        box = {"x": float(left), "y": float(top), "w": float(width), "h": float(height)}
        return {"kind": "mask", "rle": encode_mask(mask), "rle_h": full_h, "rle_w": full_w} | box

    def finish(self) -> None:
        """Say what this file could not tell."""
        notes = self.rows.notes
        if self.bare:
            notes.append(
                f"{self.bare:,} images have no shape or tag. CVAT lists every image of a task, looked at or not; they "
                "count as not seen."
            )
        if self.unfilled:
            notes.append(f"{self.unfilled:,} masks have runs that do not fill their size; the rest is background.")
        if any(self.tasks.values()):
            notes.append("The annotator is the assignee of the task: CVAT does not say who drew which shape.")


def _box(shape: Element, where: str) -> Row:
    x1, y1, x2, y2 = _numbers(shape, ("xtl", "ytl", "xbr", "ybr"), where)
    turn = attribute_number(shape, "rotation", where) or 0.0
    if not turn:
        return corner_box(x1, y1, x2, y2, where)
    return turned_box(turned_corners(x1, y1, x2, y2, turn))


def _skeleton(shape: Element, where: str) -> Row:
    """The points of a skeleton, in the order of their names."""
    points = sorted(shape.findall("points"), key=lambda one: one.get("label") or "")
    corners = [_pairs(one.get("points", ""), where)[:2] for one in points]
    told = {
        "names": [one.get("label") for one in points],
        "visibility": [0 if one.get("outside") == "1" else 1 if one.get("occluded") == "1" else 2 for one in points],
    }
    return {"kind": "keypoints", "points": [number for pair in corners for number in pair], "more": told}


def _numbers(shape: Element, names: tuple[str, ...], where: str) -> list[float]:
    found = [attribute_number(shape, name, where) for name in names]
    if any(one is None for one in found):
        missing = next(name for name, one in zip(names, found, strict=True) if one is None)
        raise RefusedInput(f"{where} has no {missing}.", hint="Mend it, or export it again.")
    return [float(one or 0.0) for one in found]


def _pairs(text: str, where: str) -> list[float]:
    """CVAT writes x,y;x,y."""
    words = text.replace(";", ",").split(",") if text.strip() else []
    try:
        corners = np.array([float(word) for word in words[: MAX_SHAPE_NUMBERS + 1]])
    except ValueError as error:
        raise RefusedInput(f"{where}: points are {text[:40]!r}.", hint="They are written as x,y;x,y.") from error
    if len(corners) % 2 or not np.isfinite(corners).all() or not 0 < len(corners) <= MAX_SHAPE_NUMBERS:
        raise RefusedInput(f"{where}: points are {text[:40]!r}.", hint="They are written as x,y;x,y.")
    return corners.tolist()  # type: ignore[no-any-return] # numbers


def _attributes_of(shape: Element) -> Row:
    told: Row = dict(_only(shape, *_TOLD))
    named = {one.get("name", ""): (one.text or "").strip() for one in shape.findall("attribute")}
    return told | ({"attributes": named} if named else {})


def _only(element: Element, *names: str) -> dict[str, str]:
    return {name: str(element.get(name)) for name in names if element.get(name) is not None}


def _origin(shape: Element) -> str | None:
    return {"manual": "manual", "auto": "prediction"}.get(shape.get("source", ""))


def _joined(text: str | None, more: object) -> str | None:
    if not isinstance(more, dict):
        return text
    rest = dump(more)
    return rest if text is None else f"{text[:-1]}, {rest[1:]}"
