"""LabelMe: JSON of the desktop tool, and XML of the older web tool, which names users and times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import box_of, corner_box, flat_pairs, polygon_of
from annoaudit.formats.json_text import parse_json
from annoaudit.formats.json_values import Record, dump_some, number, records, text
from annoaudit.formats.members import people_by_folder
from annoaudit.formats.source import Source
from annoaudit.formats.xml_text import child_number, child_text, parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["LabelMe"]

_WEB = (b"<polygon>", b"<imagesize>", b"<segm>")
_TOLD = ("description", "group_id", "flags", "shape_type")
_WEB_TOLD = {
    "attributes": "attributes", "occluded": "occluded", "verified": "verified", "date": "date", "mask": "segm/mask",
    "group": "parts/ispartof",
}  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class LabelMe:
    """LabelMe shapes: JSON of the desktop tool, XML of the web tool; a file, folder or archive.

    See ``docs/formats/labelme.md``.
    """

    carries: ClassVar[Carries] = Carries(
        "XML: each shape's user; JSON: one folder each", "XML only", "yes: a file without shapes",
        "real files (XML, JSON without pictures); documentation (JSON)",
    )  # fmt: skip
    name: str = "labelme"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is, or holds, files of either tool."""
        return source.holds(_is_labelme, ".json", ".xml")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a picture, a label a shape.

        Raises
        ------
        RefusedInput
            A shape that is none; the message names file and shape.
        """
        parts = [part for part in source.parts(".json", ".xml") if source.members is None or _is_labelme(part)]
        people = people_by_folder([str(part.path) for part in parts])
        rows = Gathering(source.name, source.notes)
        for part in parts:
            if part.kind == "xml":
                _take_web(parse_xml(part.text, part.name), rows, part.name)
            else:
                document = parse_json(part.text, part.name)
                if not isinstance(document, dict) or not isinstance(document.get("shapes"), list):
                    raise RefusedInput(f"{part.name} has no shapes.", hint="Save it again in LabelMe.")
                _take_desktop(document, rows, people.get(str(part.path)), part)
        yield from rows.finish(nobody_named="LabelMe does not say who made these labels")


def _is_labelme(source: Source) -> bool:
    if source.kind == "xml":
        return source.root == "annotation" and any(word in source.text for word in _WEB)
    return {"shapes", "imagePath"} <= source.keys


def _take_desktop(one: Record, rows: Gathering, person: str | None, part: Source) -> None:
    uri = text(one, "imagePath", part.name)
    flags = one.get("flags")
    item_id = rows.item(
        part.stem if not uri else PurePosixPath(uri.replace("\\", "/")).name, media="image", uri=uri,
        width=number(one, "imageWidth", part.name), height=number(one, "imageHeight", part.name),
    )  # fmt: skip
    owner = rows.annotation(item_id, person)
    for flag, value in flags.items() if isinstance(flags, dict) else []:
        if value is True:
            rows.question("flags", "multichoice", [str(flag)])
            rows.label(owner, "flags", "multichoice", value=str(flag))
    for place, shape in enumerate(records(one, "shapes", part.name), start=1):
        where = f"{part.name}, shape {place}"
        told = {key: shape[key] for key in _TOLD if shape.get(key) not in (None, "", {}, [])}
        columns = _desktop_shape(shape, where)
        if shape.get("mask"):
            told["mask"] = shape["mask"]
        rows.region(owner, "shapes", columns, text(shape, "label", where), attributes=dump_some(told))


def _desktop_shape(shape: Record, where: str) -> Row:
    kind = shape.get("shape_type") or "polygon"
    points = flat_pairs(shape.get("points"), where)
    if kind in ("rectangle", "mask", "circle") and len(points) != 4:
        raise RefusedInput(f"{where}: a {kind} has {len(points) // 2} points, not two.", hint="Mend it.")
    if kind in ("rectangle", "mask"):  # a mask's picture lies between its corners, and stays in the attributes
        return corner_box(points[0], points[1], points[2], points[3], where)
    if kind == "circle":
        x, y, edge_x, edge_y = points
        radius = ((edge_x - x) ** 2 + (edge_y - y) ** 2) ** 0.5
        return box_of(x - radius, y - radius, 2 * radius, 2 * radius, where)
    if kind in ("point", "points"):
        return {"kind": "keypoints", "points": points}
    return polygon_of(points) | ({"kind": "polyline"} if kind in ("line", "linestrip") else {})


def _take_web(root: Element, rows: Gathering, where: str) -> None:
    file = child_text(root, "filename") or where
    item_id = rows.item(
        file, media="image", uri=file, width=child_number(root, "imagesize/ncols", where),
        height=child_number(root, "imagesize/nrows", where),
        meta_json=dump_some({key: one for key in ("folder",) if (one := child_text(root, key))}),
    )  # fmt: skip
    owners: dict[tuple[str | None, bool], Row] = {}
    elements = root.findall("object")
    if not elements:
        rows.annotation(item_id, None)
    for place, element in enumerate(elements, start=1):
        inside = f"{where}, object {place}"
        user = child_text(element, "polygon/username") or child_text(element, "segm/username")
        deleted = child_text(element, "deleted") == "1"  # kept, but no vote: it was taken back
        at = _web_time(child_text(element, "date"))
        if (user, deleted) not in owners:
            status = "deleted" if deleted else "submitted"
            owners[user, deleted] = rows.annotation(item_id, user, status=status, created_at=at)
            rows.count_naive(at is not None)
        told = {key: child_text(element, path) for key, path in _WEB_TOLD.items()}
        corners = [
            float(child_number(point, side, inside) or 0.0)
            for point in element.findall("polygon/pt") for side in ("x", "y")
        ]  # fmt: skip
        shape: Row = polygon_of(corners) if corners else {"kind": "mask"}
        native = child_text(element, "id")
        rows.region(
            owners[user, deleted], "shapes", shape, child_text(element, "name"), native,
            attributes=dump_some({key: one for key, one in told.items() if one is not None}),
        )  # fmt: skip


def _web_time(value: str | None) -> datetime | None:
    """``25-May-2012 00:09:48``; None for anything else."""
    try:
        date, clock = (value or "").split()
        day, month, year = date.split("-")
        hour, minute, second = (int(word) for word in clock.split(":"))
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
