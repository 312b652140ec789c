"""Blocks of COCO annotations as columns of the labels table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.coco.documents import Block, CocoAnnotation, Rle
from annoaudit.formats.json_values import dump
from annoaudit.formats.limits import MAX_SHAPE_NUMBERS
from annoaudit.formats.masks import decode_counts, encode_counts

__all__ = ["QUESTIONS", "Seen", "columns_of"]

QUESTIONS = {"text": "caption", "multichoice": "category"}
"""Kind of label to the name of its question; all regions answer the question ``objects``."""

_POLYGON = pa.list_(pa.list_(pa.float64()))
_NULL = b"null"


@dataclass
class Seen:
    """What all blocks together show: kinds of labels, categories that are not stated, masks that do not fill."""

    kinds: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    unfilled: int = 0
    places: dict[str, int] = field(default_factory=dict)


def columns_of(
    block: Block[CocoAnnotation], names: Mapping[str, str], where: str, seen: Seen
) -> dict[str, pa.Array | list[object]]:
    """Return the columns of a block that speak of the labels themselves: kind, value, shape, attributes.

    Parameters
    ----------
    block
        L annotations.
    names
        Category id, as text, to its name.
    where
        What messages call the file.
    seen
        Is told what is in the block.
    """
    rows = block.rows
    kinds = [_kind_of(one) for one in rows]
    for kind in dict.fromkeys(kinds):
        seen.kinds[kind] = seen.kinds.get(kind, 0) + kinds.count(kind)
    boxes = _boxes(rows, where)
    columns: dict[str, pa.Array | list[object]] = {
        "kind": kinds,
        "question": [QUESTIONS.get(kind, "objects") for kind in kinds],
        "value": [_name_of(one, names, seen) for one in rows],
        "value_text": [one.caption for one in rows],
        "polygon": _polygons(rows, where),
        "confidence": [one.score for one in rows],
        "attributes": [_attributes_of(one, block.further(place)) for place, one in enumerate(rows)],
    }
    columns |= dict(zip(("x", "y", "w", "h"), boxes, strict=True))
    if any(one.keypoints for one in rows):
        columns["points"] = pa.array([_points_of(one, where) for one in rows], pa.list_(pa.float64()))
    if "mask" in kinds:
        columns |= _masks(rows, where, seen)
    return columns


def _kind_of(one: CocoAnnotation) -> str:
    if one.keypoints:
        return "keypoints"
    if one.segmentation:
        return "mask" if isinstance(one.segmentation, Rle) else "polygon"
    if one.bbox:
        return "bbox"
    return "text" if one.caption is not None else "multichoice"


def _name_of(one: CocoAnnotation, names: Mapping[str, str], seen: Seen) -> str | None:
    if one.category_id is None or one.caption is not None:
        return None
    native = str(one.category_id)
    if native not in names:
        seen.unknown[native] = None
    return names.get(native, native)


def _boxes(rows: list[CocoAnnotation], where: str) -> list[pa.Array]:
    """x, y, w, h, each (L,); null where there is no box."""
    none = [0.0, 0.0, 0.0, 0.0]
    missing = np.array([not one.bbox for one in rows])
    try:
        boxes = np.array([one.bbox or none for one in rows], dtype=np.float64).reshape(len(rows), 4)
    except ValueError as error:
        wrong = next(one for one in rows if one.bbox and len(one.bbox) != 4)
        raise _refuse(where, wrong, f"bbox has {len(wrong.bbox or []):,} numbers, not 4") from error
    below = np.flatnonzero((boxes[:, 2:] < 0).any(axis=1))
    if len(below):
        raise _refuse(where, rows[below[0]], "bbox has a width or height below zero")
    return [pa.array(column, mask=missing) for column in boxes.T]


def _polygons(rows: list[CocoAnnotation], where: str) -> pa.Array:
    shapes = [one.segmentation if isinstance(one.segmentation, list) and one.segmentation else None for one in rows]
    polygons = pa.array(shapes, _POLYGON)
    lengths = pc.list_value_length(pc.list_flatten(polygons))
    odd = np.asarray(pc.or_(pc.equal(pc.bit_wise_and(lengths, 1), 1), pc.greater(lengths, MAX_SHAPE_NUMBERS)))
    if odd.any():
        wrong = next(one for one in rows if isinstance(one.segmentation, list) and _is_wrong(one.segmentation))
        raise _refuse(where, wrong, "segmentation has a polygon whose numbers are no pairs, or too many")
    return polygons


def _is_wrong(parts: list[list[float]]) -> bool:
    return any(len(part) % 2 or len(part) > MAX_SHAPE_NUMBERS for part in parts)


def _points_of(one: CocoAnnotation, where: str) -> list[float] | None:
    """X and y of each keypoint; how visible it is stands in the attributes."""
    if not one.keypoints:
        return None
    if len(one.keypoints) % 3 or len(one.keypoints) > MAX_SHAPE_NUMBERS:
        raise _refuse(where, one, f"keypoints has {len(one.keypoints):,} numbers, not threes")
    triples = np.array(one.keypoints).reshape(-1, 3)
    return triples[:, :2].ravel().tolist()


def _masks(rows: list[CocoAnnotation], where: str, seen: Seen) -> dict[str, pa.Array]:
    found = [_mask_of(one, where, seen) for one in rows]
    return {
        "rle": pa.array([one[0] for one in found], pa.binary()),
        "rle_h": pa.array([one[1] for one in found], pa.int64()),
        "rle_w": pa.array([one[2] for one in found], pa.int64()),
    }


def _mask_of(one: CocoAnnotation, where: str, seen: Seen) -> tuple[bytes | None, int | None, int | None]:
    mask = one.segmentation
    if not isinstance(mask, Rle):
        return None, None, None
    height, width = mask.size
    try:
        listed = isinstance(mask.counts, list)
        counts = np.array(mask.counts, dtype=np.int64) if listed else decode_counts(str(mask.counts).encode("ascii"))
        if not 0 <= min(height, width) <= max(height, width) <= MAX_SHAPE_NUMBERS or (counts < 0).any():
            raise ValueError("a run or a side is below zero or too large")
        rle = encode_counts(counts) if listed else str(mask.counts).encode("ascii")
    except (ValueError, OverflowError) as error:
        raise _refuse(where, one, f"segmentation is no mask: {str(error)[:80]}") from error
    seen.unfilled += int(counts.sum()) != height * width
    return rle, height, width


def _attributes_of(one: CocoAnnotation, extra: dict[str, object]) -> str | None:
    """What else an annotation says, as JSON; area, attributes and unknown fields as they are written."""
    parts: list[str] = []
    if (area := bytes(one.area)) != _NULL:
        parts.append(f'"area": {area.decode()}')
    if (native := bytes(one.attributes)) not in (_NULL, b"{}"):
        parts.append(f'"attributes": {native.decode()}')
    if one.iscrowd:
        parts.append('"iscrowd": 1')
    if one.keypoints:
        parts.append(f'"visibility": {dump(one.keypoints[2::3])}')
    if extra:
        parts.append(dump(extra)[1:-1])
    return "{" + ", ".join(parts) + "}" if parts else None


def _refuse(where: str, one: CocoAnnotation, what: str) -> RefusedInput:
    return RefusedInput(f"{where}: annotation {str(one.id)[:40]}: {what}.", hint="Mend it, or export it again.")
