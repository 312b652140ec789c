"""COCO panoptic: every pixel belongs to a segment; the segments' masks are the colours of a PNG beside the JSON."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import box_of
from annoaudit.formats.json_text import parse_json
from annoaudit.formats.json_values import Record, as_id, dump, number, records, shorten, text
from annoaudit.formats.masks import MAX_PIXELS, encode_mask
from annoaudit.formats.members import Members
from annoaudit.formats.source import Source

__all__ = ["CocoPanoptic"]

_MARK = b'"segments_info"'


@dataclass(frozen=True)
class CocoPanoptic:
    """COCO panoptic segmentation: the JSON, or a folder or archive that also holds its PNG files.

    See ``docs/formats/coco_panoptic.md``.
    """

    carries: ClassVar[Carries] = Carries("no", "no", "no")
    name: str = "coco_panoptic"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is, or holds, COCO JSON with segments_info."""
        return source.holds(_is_panoptic, ".json")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a picture, a label a segment.

        Raises
        ------
        RefusedInput
            A segment or picture that is none; the message names it.
        """
        rows = Gathering(source.name, source.notes)
        undrawn = 0
        for part in source.parts(".json"):
            if source.members is not None and not _is_panoptic(part):
                continue
            document = parse_json(part.text, part.name)
            if not isinstance(document, dict):
                raise RefusedInput(f"{part.name} is no object.", hint="Export it as COCO panoptic JSON.")
            names = {as_id(one.get("id")): as_id(one.get("name")) for one in records(document, "categories", part.name)}
            rows.question("segments", "mask", names.values())
            for image in records(document, "images", part.name):
                size = {side: number(image, side, part.name) for side in ("width", "height")}
                rows.item(as_id(image.get("id")), media="image", uri=text(image, "file_name", part.name), **size)
            for place, one in enumerate(records(document, "annotations", part.name), start=1):
                undrawn += _take(one, names, rows, source.members, f"{part.name}, annotation {place}")
        if undrawn:
            source.notes.append(
                f"The masks of {undrawn:,} segments are in PNG files that are not there or cannot be read; their boxes "
                "are kept. Read the folder that holds both (needs annoaudit[images])."
            )
        yield from rows.finish(nobody_named="COCO does not say who made the labels")


def _is_panoptic(source: Source) -> bool:
    return {"images", "annotations"} <= source.keys and _MARK in source.text


def _take(one: Record, names: dict[str, str], rows: Gathering, members: Members | None, where: str) -> int:
    """Take one picture's segments, and return how many have no mask."""
    item_id = rows.item(as_id(one.get("image_id")), media="image")
    owner = rows.annotation(item_id, None)
    file = text(one, "file_name", where)
    colours = _colours(members, file)
    undrawn = 0
    for place, segment in enumerate(records(one, "segments_info", where), start=1):
        inside = f"{where}, segment {place}"
        native, category = segment.get("id"), as_id(segment.get("category_id"))
        told = {key: segment[key] for key in ("area", "iscrowd") if key in segment} | {"file_name": file}
        shape = _box(segment, inside) | {"kind": "mask"}
        if colours is not None and isinstance(native, int):
            mask = colours == native
            shape |= {"rle": encode_mask(mask), "rle_h": mask.shape[0], "rle_w": mask.shape[1]}
        else:
            undrawn += 1
        rows.region(owner, "segments", shape, names.get(category, category), as_id(native), attributes=dump(told))
    return undrawn


def _box(segment: Record, where: str) -> Row:
    box = segment.get("bbox")
    if box is None:
        return {}
    if not isinstance(box, list) or len(box) != 4:
        raise RefusedInput(f"{where}: bbox is {shorten(box)}, not four numbers.", hint="Export it again.")
    x, y, w, h = (number({"bbox": one}, "bbox", where) or 0.0 for one in box)
    return box_of(x, y, w, h, where)


def _colours(members: Members | None, file: str | None) -> npt.NDArray[np.int64] | None:
    """The segment's id of each pixel: R + 256 G + 65,536 B; None where there is no such picture."""
    if members is None or not file:
        return None
    name = next((one for one in members.names if PurePosixPath(one).name == PurePosixPath(file).name), None)
    try:
        from PIL import Image
    except ImportError:
        return None
    if name is None:
        return None
    with members.open(name) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its size is checked before it is decoded
        try:
            with Image.open(stream, formats=("PNG",)) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    return None
                pixels = np.asarray(picture.convert("RGB")).astype(np.int64)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            return None
    return np.asarray(pixels @ np.array([1, 256, 65536]))
