"""LabelSets as COCO JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from annoaudit.formats.coco.columns import QUESTIONS
from annoaudit.formats.gathering import UNKNOWN
from annoaudit.formats.writing import Row, counted, decoded, fresh_path, native_number, rows_by, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_coco"]

_SHAPES = ("bbox", "polygon", "mask", "keypoints")


def write_coco(labels: LabelSet, target: Path) -> list[str]:
    """Write images, categories and annotations; return what was left out."""
    table = counted(labels)
    by_item = rows_by(table, lambda row: str(row["item_id"]))
    names = _categories(labels, by_item)
    written = 0
    with fresh_path(target) as scratch, scratch.open("w", encoding="utf-8") as file:
        file.write('{"info": {}, "licenses": [],\n"images": [')
        _write_list(file, _images(labels))
        file.write('],\n"annotations": [')
        written = _write_list(file, _annotations(by_item, names))
        file.write(f'],\n"categories": {json.dumps(list(names.values()), ensure_ascii=False)}}}\n')
    notes = tell_left_out(labels, written, why="COCO holds boxes, polygons, masks, keypoints, captions and categories")
    empty = labels.annotations.num_rows - len({row["annotation_id"] for rows in by_item.values() for row in rows})
    if empty > 0:
        notes.append(f"{empty:,} submissions without labels were not written: COCO cannot hold them.")
    if labels.annotations["created_at"].null_count < labels.annotations.num_rows:
        notes.append("Times were not written: COCO does not hold them.")
    return notes


def _write_list(file: IO[str], rows: Iterator[Row]) -> int:
    count = 0
    for count, row in enumerate(rows, start=1):
        file.write((",\n" if count > 1 else "\n") + json.dumps(row, ensure_ascii=False, allow_nan=False))
    return count


def _images(labels: LabelSet) -> Iterator[Row]:
    for rows in rows_by(labels.items, lambda row: str(row["item_id"])).values():
        for row in rows:
            image: Row = {"id": native_number(str(row["item_id"])), "file_name": row.get("uri")}
            sizes = {name: _plain(row[name]) for name in ("width", "height") if name in row}
            yield image | sizes | {key: one for key, one in decoded(row, "meta_json").items() if key not in image}


def _categories(labels: LabelSet, by_item: dict[str, list[Row]]) -> dict[str, Row]:
    """Category name to its row: as the file it came from states it, else numbered from 1."""
    stated: dict[str, Row] = {}
    for question in labels.questions.to_pylist():
        native = decoded(question, "native_json").get("categories")
        for one in native if isinstance(native, list) else []:
            stated.setdefault(str(one.get("name", one.get("id"))), one)
        for name in question["options"] or ():
            stated.setdefault(name, {})
    for rows in by_item.values():
        for row in rows:
            if row["kind"] in _SHAPES and "value" in row:
                stated.setdefault(str(row["value"]), {})
    taken = [one["id"] for one in stated.values() if "id" in one]
    free = 1 + max((native for native in taken if isinstance(native, int)), default=0)
    for place, (name, row) in enumerate(stated.items()):
        stated[name] = row if "id" in row else {"id": free + place, "name": name, "supercategory": ""}
    return stated


def _annotations(by_item: dict[str, list[Row]], names: dict[str, Row]) -> Iterator[Row]:
    used: set[object] = set()
    for item, rows in by_item.items():
        for row in rows:
            shape = _shape(row)
            if shape is None:
                continue
            native = native_number(str(row.get("native_id", row["label_id"])))
            native = native if native not in used else str(row["label_id"])
            used.add(native)
            one: Row = {"id": native, "image_id": native_number(item)}
            if "value" in row and row["kind"] != "text":
                one["category_id"] = names[str(row["value"])]["id"] if row["value"] in names else row["value"]
            if row["annotator_id"] != UNKNOWN:
                one["annotator_id"] = row["annotator_id"]
            yield one | shape | _rest(row)


def _shape(row: Row) -> Row | None:
    """What COCO writes of a region, caption or category; None where it has no place for it."""
    if row["question"] in QUESTIONS.values() and row["kind"] in QUESTIONS:
        return {"caption": row["value_text"]} if row["kind"] == "text" else {}
    if row["kind"] not in _SHAPES:
        return {} if row["kind"] in ("choice", "multichoice") and "parent_label_id" not in row else None
    shape: Row = {"segmentation": row.get("polygon", [])}
    if "rle" in row:
        counts = row["rle"].decode("ascii")  # type: ignore[attr-defined] # a binary column
        shape["segmentation"] = {"counts": counts, "size": [row["rle_h"], row["rle_w"]]}
    elif row["kind"] == "mask":
        return None
    if box := _box(row):
        shape["bbox"] = box
    if row["kind"] == "keypoints":
        shape |= _keypoints(row)
    return shape


def _box(row: Row) -> list[object]:
    """The stated box, else the one around the corners; COCO's tools expect one."""
    if all(side in row for side in "xywh"):
        return [row[side] for side in "xywh"]
    corners = [number for part in row.get("polygon", []) for number in part]  # type: ignore[attr-defined] # a list
    if not corners:
        return []
    x, y = np.array(corners).reshape(-1, 2).T
    return [float(x.min()), float(y.min()), float(np.ptp(x)), float(np.ptp(y))]


def _keypoints(row: Row) -> Row:
    points = np.array(row.get("points", [])).reshape(-1, 2)
    seen = decoded(row, "attributes").get("visibility")
    seen = seen if isinstance(seen, list) and len(seen) == len(points) else [2.0] * len(points)
    triples = np.column_stack([points, np.array(seen, dtype=float)])
    return {"keypoints": triples.ravel().tolist(), "num_keypoints": int((triples[:, 2] > 0).sum())}


def _rest(row: Row) -> Row:
    known = decoded(row, "attributes")
    rest = {name: value for name, value in known.items() if name != "visibility"}
    if "iscrowd" not in rest and row["kind"] in _SHAPES:
        rest["iscrowd"] = 0
    return rest | ({"score": row["confidence"]} if "confidence" in row else {})


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
