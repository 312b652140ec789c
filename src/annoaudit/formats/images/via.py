"""VGG Image Annotator: projects and annotations of version 2 as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import box_of, ellipse_corners, flat_pairs, polygon_of
from annoaudit.formats.json_text import parse_json
from annoaudit.formats.json_values import Record, dump, dump_some, number, record, shorten, text
from annoaudit.formats.source import Source

__all__ = ["Via"]

_SETTINGS = "_via_img_metadata"


@dataclass(frozen=True)
class Via:
    """VIA 2: a project, or its exported annotations, as JSON.

    See ``docs/formats/via.md``.
    """

    carries: ClassVar[Carries] = Carries("no", "no", "no", "documentation")
    name: str = "via"

    def sniff(self, source: Source) -> bool:
        """Say whether the object has VIA's metadata, or files with regions."""
        if _SETTINGS in source.keys:
            return True
        first = source.sample[0] if source.keys and source.sample else {}
        values = list(first.values())[:5]
        return bool(values) and all(isinstance(one, dict) and {"filename", "regions"} <= set(one) for one in values)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a file, a label a region.

        Raises
        ------
        RefusedInput
            Not shaped as VIA writes it; file and region are named.
        """
        document = parse_json(source.text, source.name)
        if not isinstance(document, dict):
            raise RefusedInput(f"{source.name} is no VIA project.", hint="Export the annotations as JSON.")
        found = record(document, _SETTINGS, source.name) if _SETTINGS in document else document
        rows = Gathering(source.name, source.notes)
        bare = sum(_take(key, one, rows, source.name) for key, one in found.items())
        if bare:
            source.notes.append(f"{bare:,} files have no regions. VIA lists every file; they count as not seen.")
        yield from rows.finish(nobody_named="VIA does not say who made the labels")


def _take(key: str, one: object, rows: Gathering, where: str) -> bool:
    """Take one file, and say whether nothing is on it; its id is its name, with the size that VIA adds left out."""
    where = f"{where}, {key[:60]}"
    if not isinstance(one, dict):
        raise RefusedInput(f"{where} is {shorten(one)}, not an object.", hint="Export the annotations again.")
    name = text(one, "filename", where) or key
    told = record(one, "file_attributes", where)
    item_id = rows.item(name, media="image", uri=name, meta_json=dump_some(dict(told)))
    regions = one.get("regions")
    listed = list(regions.values()) if isinstance(regions, dict) else regions or []
    if not isinstance(listed, list):
        raise RefusedInput(f"{where}: regions are {shorten(regions)}.", hint="Export the annotations again.")
    if not listed:
        return True
    owner = rows.annotation(item_id, None)
    for place, region in enumerate(listed, start=1):
        inside = f"{where}, region {place}"
        if not isinstance(region, dict):
            raise RefusedInput(f"{inside} is {shorten(region)}.", hint="Export the annotations again.")
        shape = _shape(record(region, "shape_attributes", inside), inside)
        attributes = record(region, "region_attributes", inside)
        value = next((one for one in attributes.values() if isinstance(one, str) and one), None)
        more = shape.pop("more", None)
        native = dict(attributes) | (more if isinstance(more, dict) else {})
        rows.region(owner, "regions", shape, value, attributes=dump(native) if native else None)
    return False


def _shape(shape: Record, where: str) -> Row:
    kind = shape.get("name")
    if kind == "rect":
        x, y, w, h = _numbers(shape, ("x", "y", "width", "height"), where)
        return box_of(x, y, w, h, where)
    if kind == "circle":
        x, y, radius = _numbers(shape, ("cx", "cy", "r"), where)
        return polygon_of(ellipse_corners(x, y, radius, radius, 0.0)) | {"more": {"circle": [x, y, radius]}}
    if kind == "ellipse":
        x, y, a, b = _numbers(shape, ("cx", "cy", "rx", "ry"), where)
        turn = number(shape, "theta", where) or 0.0
        return polygon_of(ellipse_corners(x, y, a, b, turn * 57.29577951308232)) | {
            "more": {"ellipse": [x, y, a, b, turn]}
        }
    if kind == "point":
        return {"kind": "keypoints", "points": _numbers(shape, ("cx", "cy"), where)}
    if kind in ("polygon", "polyline"):
        x_all, y_all = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(x_all, list) or not isinstance(y_all, list) or len(x_all) != len(y_all):
            raise RefusedInput(f"{where}: all_points_x and all_points_y are not of one length.", hint="Mend it.")
        pairs = [[x, y] for x, y in zip(x_all, y_all, strict=True)]
        return polygon_of(flat_pairs(pairs, where)) | {"kind": str(kind)}
    raise RefusedInput(f"{where}: the shape is {shorten(kind)}, none of VIA's.", hint="Export the annotations again.")


def _numbers(shape: Record, names: tuple[str, ...], where: str) -> list[float]:
    found = [number(shape, name, where) for name in names]
    if any(one is None for one in found):
        raise RefusedInput(f"{where} has no {names[found.index(None)]}.", hint="Mend it, or export it again.")
    return [float(one or 0.0) for one in found]
