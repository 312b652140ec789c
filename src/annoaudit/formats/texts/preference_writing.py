"""LabelSets of preferences as JSON Lines: A or B, who judged, and when."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from annoaudit.formats.gathering import UNKNOWN
from annoaudit.formats.writing import Row, counted, decoded, fresh_path, rows_by, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_preferences"]

_NATIVE = {
    "a": "model_a",
    "b": "model_b",
    "tie": "tie",
    "both bad": "tie (bothbad)",
    "left": "model_a",
    "right": "model_b",
}


def write_preferences(labels: LabelSet, target: Path) -> list[str]:
    """Write one record a preference; return what was left out."""
    items = {str(row["item_id"]): row for row in labels.items.to_pylist()}
    annotations = rows_by(labels.annotations, lambda row: str(row["annotation_id"]))
    pairs = [row for row in counted(labels).to_pylist() if row["kind"] == "pair" and row["value"] in _NATIVE]
    with fresh_path(target) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as file:
        for row in pairs:
            record = _record(items[row["item_id"]], row, annotations[row["annotation_id"]][0])
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return tell_left_out(labels, len(pairs), why="a preference file holds choices between two answers")


def _record(item: Row, label: Row, annotation: Row) -> Row:
    meta = decoded(item, "meta_json")
    record: Row = {"item_id": item["item_id"]} if item["group"] is None else {"question_id": item["group"]}
    if item["text"] is not None and not any("conversation" in key for key in meta):
        record["prompt"] = item["text"]
    record |= {{"a": "response_a", "b": "response_b"}.get(key, key): value for key, value in meta.items()}
    if not any(key.endswith(("_a", "_1")) for key in record):
        record |= {"response_a": "", "response_b": ""}
    record["winner"] = _NATIVE[str(label["value"])]
    if label["annotator_id"] != UNKNOWN:
        record["judge"] = label["annotator_id"]
    if isinstance(at := annotation.get("created_at"), datetime):
        record["tstamp"] = at.isoformat()
    return record
