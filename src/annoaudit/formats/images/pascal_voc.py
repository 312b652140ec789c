"""Pascal VOC: one XML file a picture, boxes between pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import box_of
from annoaudit.formats.json_values import dump, dump_some
from annoaudit.formats.members import people_by_folder
from annoaudit.formats.source import Source
from annoaudit.formats.xml_text import child_number, child_text, parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["PascalVoc"]

_LABELME = (b"<polygon>", b"<imagesize>", b"<segm>")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_PLAIN = ("pose", "truncated", "difficult", "occluded")


@dataclass(frozen=True)
class PascalVoc:
    """Pascal VOC boxes: an XML file, or a folder or archive of them.

    See ``docs/formats/pascal_voc.md``.
    """

    carries: ClassVar[Carries] = Carries("one folder each", "no", "yes: a file without objects")
    name: str = "pascal_voc"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is, or holds, <annotation> files that are not LabelMe's."""
        return source.holds(_is_voc, ".xml")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a picture, a label a box.

        Raises
        ------
        RefusedInput
            Not XML, a document type, or a box whose sides are no numbers or the wrong way round.
        """
        parts = [part for part in source.parts(".xml") if source.members is None or _is_voc(part)]
        roots = [(part, parse_xml(part.text, part.name)) for part in parts]
        rows = Gathering(source.name, source.notes)
        rows.question("objects", "bbox", native_json=None)
        shift = _convention([root for _, root in roots], rows, source.notes)
        people = people_by_folder([str(part.path) for part, _ in roots])
        for part, root in roots:
            _take(part, root, rows, people.get(str(part.path)), shift)
        yield from rows.finish(nobody_named="Pascal VOC does not say who made the labels")


def _is_voc(source: Source) -> bool:
    return source.root == "annotation" and not any(word in source.text for word in _LABELME)


def _convention(roots: list[Element], rows: Gathering, notes: list[str]) -> tuple[float, float]:
    """What is added to the lower and upper sides of boxes, told from how all of them are written."""
    boxes = [box for root in roots for box in root.iter("bndbox")]
    texts = [(side, (box.findtext(side) or "").strip()) for box in boxes for side in _SIDES]
    lowest = [text for side, text in texts if side.endswith("min")]
    if texts and all("." in text for _, text in texts):
        found, shift = "distances from the top left, as CVAT writes them (every number has a decimal point)", (0.0, 0.0)
    elif any(text in ("0", "0.0") or text.startswith("-") for text in lowest):
        found, shift = "pixels counted from 0, the last one included (some box starts at 0)", (0.0, 1.0)
    else:
        found, shift = "pixels counted from 1, the last one included, as Pascal VOC defines them", (-1.0, 0.0)
    if texts:
        notes.append(f"Boxes are read as {found}.")
        rows.questions["objects"]["native_json"] = dump({"added_to_min": shift[0], "added_to_max": shift[1]})
    return shift


def _take(part: Source, root: Element, rows: Gathering, person: str | None, shift: tuple[float, float]) -> None:
    file = child_text(root, "filename")
    folder = child_text(root, "folder")
    database = child_text(root, "source/database")
    item_id = rows.item(
        part.path.stem if file is None and part.path is not None else str(file), media="image", uri=file,
        width=child_number(root, "size/width", part.name), height=child_number(root, "size/height", part.name),
        meta_json=dump_some({key: one for key, one in (("folder", folder), ("database", database)) if one}),
    )  # fmt: skip
    owner = rows.annotation(item_id, person)
    for place, element in enumerate(root.findall("object"), start=1):
        where = f"{part.name}, object {place}"
        label = _take_object(element, rows, owner, shift, where)
        for number, inner in enumerate(element.findall("part"), start=1):
            name = child_text(inner, "name")
            shape = _box(inner, shift, f"{where}, part {number}")
            rows.region(owner, "parts", shape or {"kind": "bbox"}, name, parent_label_id=label)


def _take_object(element: Element, rows: Gathering, owner: Row, shift: tuple[float, float], where: str) -> str:
    name = child_text(element, "name")
    said = {key: child_text(element, key) for key in _PLAIN}
    attributes: Row = {key: one for key, one in said.items() if one is not None}
    actions = {str(one.tag): (one.text or "").strip() for one in element.findall("actions/*")}
    attributes |= {"actions": actions} if actions else {}
    named = {str(child_text(one, "name")): child_text(one, "value") for one in element.findall("attributes/attribute")}
    attributes |= {"attributes": named} if named else {}
    shape = _box(element, shift, where)
    if shape is None:
        rows.question("category", "multichoice", [name] if name else [])
        return rows.label(owner, "category", "multichoice", value=name, attributes=dump_some(attributes))
    return rows.region(owner, "objects", shape, name, attributes=dump_some(attributes))


def _box(element: Element, shift: tuple[float, float], where: str) -> Row | None:
    box = element.find("bndbox")
    if box is None:
        return None
    sides = [child_number(box, side, where) for side in _SIDES]
    if any(side is None for side in sides):
        raise RefusedInput(f"{where}: bndbox lacks a side.", hint="It needs xmin, ymin, xmax and ymax.")
    x1, y1, x2, y2 = (float(side or 0.0) for side in sides)
    x1, y1, x2, y2 = x1 + shift[0], y1 + shift[0], x2 + shift[1], y2 + shift[1]
    return box_of(x1, y1, x2 - x1, y2 - y1, where)
