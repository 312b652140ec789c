"""LabelSets as doccano's export: a zip with the JSON Lines of each annotator."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from annoaudit.formats.gathering import UNKNOWN
from annoaudit.formats.writing import Row, counted, decoded, fresh_path, native_number, rows_by, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_doccano"]

_UNSAFE = re.compile(r"[^\w.@-]+")


def write_doccano(labels: LabelSet, target: Path) -> list[str]:
    """Write one file of each annotator into a zip; return what was left out."""
    items = {str(row["item_id"]): row for row in labels.items.to_pylist()}
    owned = rows_by(counted(labels), lambda row: (str(row.get("annotator_id")), str(row["item_id"])))
    written = 0
    with fresh_path(target) as scratch, zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
        for person, annotations in rows_by(labels.annotations, lambda row: str(row["annotator_id"])).items():
            lines = []
            for item in dict.fromkeys(str(row["item_id"]) for row in annotations):
                record, count = _record(items[item], owned.get((person, item), []))
                written += count
                lines.append(json.dumps(record, ensure_ascii=False))
            name = "all" if person == UNKNOWN else _UNSAFE.sub("_", person).strip(".") or "all"
            archive.writestr(f"{name}.jsonl", "\n".join(lines) + "\n")
    notes = tell_left_out(labels, written, why="doccano holds choices, texts, spans, relations, boxes and polygons")
    return [*notes, "Times are not carried, and submissions without labels read back as not seen: doccano has neither."]


def _record(item: Row, rows: list[Row]) -> tuple[Row, int]:
    record: Row = {"id": native_number(str(item["item_id"]))}
    if item["uri"] is not None and item["text"] is None:
        record["filename"] = item["uri"]
    else:
        record["text"] = item["text"] or ""
    record |= {key: value for key, value in decoded(item, "meta_json").items() if key not in record}
    lists: dict[str, list[object]] = {}
    numbers: dict[str, int | str] = {}
    for row in rows:
        if found := _label(row, numbers):
            lists.setdefault(found[0], []).append(found[1])
    count = sum(map(len, lists.values()))
    return record | (lists or {"label": []}), count


def _label(row: Row, numbers: dict[str, int | str]) -> tuple[str, object] | None:
    """The list that a label goes to, and what is written there."""
    kind, value = row["kind"], row.get("value")
    native = native_number(str(row.get("native_id", row["label_id"])))
    if kind in ("choice", "multichoice", "text") and "parent_label_id" not in row:
        key = "cats" if row["question"] == "cats" else "label"
        return (key, value if kind != "text" else row.get("value_text", ""))
    if kind == "span" and row.get("unit", "char") == "char" and "start" in row and "end" in row:
        numbers[str(row["label_id"])] = native
        span = {"start_offset": int(row["start"]), "end_offset": int(row["end"])}  # type: ignore[call-overload] # reals
        return "entities", {"id": native, "label": value} | span
    if kind == "relation":
        ends = {key: numbers.get(str(row.get(f"{key[:-3]}_label_id"))) for key in ("from_id", "to_id")}
        return "relations", {"id": native, "type": value} | ends
    if kind == "bbox" and all(side in row for side in "xywh"):
        sides = dict(zip(("x", "y", "width", "height"), (row[side] for side in "xywh"), strict=True))
        return "bbox", {"uuid": native, "label": value} | sides
    if kind == "polygon" and len(row.get("polygon", [])) == 1:  # type: ignore[arg-type] # a list of rings
        return "segmentation", {"uuid": native, "label": value, "points": row["polygon"][0]}  # type: ignore[index]
    return None
