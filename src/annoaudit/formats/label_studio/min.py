"""Label Studio's JSON_MIN export: one flat object an annotation, turned back into tasks with results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annoaudit.formats.json_values import Record, as_id
from annoaudit.formats.label_studio.geometry import REGIONS

__all__ = ["is_min", "unfold_min"]

_TAIL = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_SINGLE = ("rating", "number", "datetime", "taxonomy", "ranker", "chatmessage")
_SHAPES = (
    ("sequence", "videorectangle"), ("ranges", "timelinelabels"), ("startOffset", "hypertextlabels"),
    ("radiusX", "ellipse"), ("vertices", "vector"), ("rle", "brush"), ("imageDataURL", "bitmask"),
    ("points", "polygon"), ("labels", "labels"), ("height", "rectangle"), ("x", "keypoint"),
)  # fmt: skip
_MAX_OPTIONS = 50
_MAX_OPTION = 200


def is_min(document: object) -> bool:
    """Say whether an object is a row of JSON_MIN."""
    if not isinstance(document, dict) or isinstance(document.get("data"), dict):
        return False
    return "id" in document and "annotation_id" in document and ("annotator" in document or "lead_time" in document)


def unfold_min(rows: Sequence[Record]) -> Iterator[Record]:
    """Yield one task a row, shaped like the full export, with one annotation.

    The export writes the task's data, then ``id``, then the answers, then who and when: the place of a key
    tells data from answers. Whether a single text is a choice or free text is told from all rows.
    """
    kinds = _single_kinds(rows)
    for row in rows:
        names = _answer_names(row)
        results = [result for name in names for result in _results(name, row[name], kinds.get(name, "choices"))]
        annotation = {
            "id": row.get("annotation_id"),
            "completed_by": row.get("annotator"),
            "created_at": row.get("created_at"),
            "updated_at": row.get("updated_at"),
            "lead_time": row.get("lead_time"),
            "result": results,
        }
        data = {key: value for key, value in row.items() if key not in names and key not in (*_TAIL, "id")}
        yield {"id": row.get("id"), "data": data, "annotations": [annotation]}


def _answer_names(row: Record) -> list[str]:
    keys = list(row)
    start = keys.index("id") + 1
    stop = min((keys.index(key) for key in _TAIL if key in row and keys.index(key) >= start), default=len(keys))
    return keys[start:stop]


def _single_kinds(rows: Sequence[Record]) -> dict[str, str]:
    """Tell, for answers that are a bare text, choices from free text."""
    kinds: dict[str, str] = {}
    words: dict[str, set[str]] = {}
    for row in rows:
        for name in _answer_names(row):
            value = row[name]
            if isinstance(value, dict) and ("choices" in value or "text" in value):
                kinds[name] = "choices" if "choices" in value else "textarea"
            elif isinstance(value, str):
                words.setdefault(name, set()).add(value)
    for name, found in words.items():
        few = len(found) <= _MAX_OPTIONS and all(len(word) <= _MAX_OPTION and "\n" not in word for word in found)
        kinds.setdefault(name, "choices" if few else "textarea")
    return kinds


def _results(name: str, value: object, single: str) -> Iterator[Record]:
    if value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        kind = _kind_of(one, single)
        inner: object = one
        if not isinstance(one, dict):
            inner = {"text" if kind == "textarea" else "choices": [as_id(one)]}
        result = {"from_name": name, "type": kind, "value": inner}
        if isinstance(one, dict):
            result |= {key: one[key] for key in ("original_width", "original_height", "original_length") if key in one}
        yield result


def _kind_of(value: object, single: str) -> str:
    if not isinstance(value, dict):
        return single
    for key in value:
        if key in REGIONS and key != "labels":
            return str(key)
    for key in _SINGLE:
        if key in value:
            return key
    if "selected" in value:
        return "pairwise"
    for key, kind in _SHAPES:
        if key in value:
            return kind
    return "choices" if "choices" in value else "textarea" if "text" in value else "unknown"
