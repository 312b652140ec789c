"""The canonical tables: names, columns, Arrow types, required columns and allowed words."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["ALLOWED", "KEYS", "KINDS", "REFERENCES", "REQUIRED", "SCHEMAS", "SCHEMA_VERSION", "TABLES"]

SCHEMA_VERSION = 1

_text = pa.string()
_whole = pa.int64()
_real = pa.float64()
_time = pa.timestamp("us", tz="UTC")
_flag = pa.bool_()
_reals = pa.list_(_real)


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


# fmt: off
SCHEMAS: dict[str, pa.Schema] = {
    "items": _schema(
        item_id=_text, project=_text, media=_text, text=_text, uri=_text, width=_real, height=_real,
        duration_s=_real, group=_text, split=_text, batch=_text, created_at=_time, content_sha256=_text,
        meta_json=_text,
    ),
    "annotators": _schema(annotator_id=_text, kind=_text, role=_text, display=_text, pseudonym=_text),
    "questions": _schema(
        question=_text, kind=_text, options=pa.list_(_text), ordered=_flag, required=_flag,
        native_json=_text
    ),
    "annotations": _schema(
        annotation_id=_text, item_id=_text, annotator_id=_text, status=_text, round=_whole, is_latest=_flag,
        is_gold=_flag, created_at=_time, updated_at=_time, lead_time_s=_real, time_kind=_text,
        parent_id=_text,
        prediction_id=_text, reviewer_id=_text, review_outcome=_text, updated_by=_text, native_id=_text,
        unique_id=_text, origin_hash=_text, native_url=_text, meta_json=_text,
    ),
    "labels": _schema(
        label_id=_text, annotation_id=_text, item_id=_text, annotator_id=_text, question=_text, kind=_text,
        value=_text, value_num=_real, value_text=_text, ranks=pa.list_(pa.list_(_text)),
        start=_real, end=_real,
        unit=_text, quote=_text, x=_real, y=_real, w=_real, h=_real, rotation=_real,
        polygon=pa.list_(_reals),
        points=_reals, rle=pa.binary(), rle_h=_whole, rle_w=_whole, frame=_whole, keyframe=_flag,
        track_id=_text,
        from_label_id=_text, to_label_id=_text, origin=_text, confidence=_real, parent_label_id=_text,
        prediction_id=_text, native_id=_text, attributes=_text,
    ),
    "events": _schema(
        event_id=_text, annotation_id=_text, item_id=_text, annotator_id=_text, at=_time, action=_text,
        old_json=_text, new_json=_text,
    ),
    "predictions": _schema(
        prediction_id=_text, item_id=_text, question=_text, model_version=_text, score=_real,
        created_at=_time,
        probabilities=pa.map_(_text, _real),
    ),
}
# fmt: on
"""Arrow schema of each canonical table.

Coordinates are absolute pixels, float64, top-left origin, half-open; text offsets are Unicode code
points, half-open; times are UTC; ``*_s`` are seconds; ``attributes`` and ``*_json`` hold JSON text.
"""

TABLES = tuple(SCHEMAS)

KINDS = (
    "choice", "multichoice", "number", "rating", "ranking", "pair", "text", "span", "bbox", "rbox", "polygon",
    "polyline", "mask", "keypoints", "segment", "track", "relation",
)  # fmt: skip

REQUIRED: dict[str, tuple[str, ...]] = {
    "items": ("item_id",),
    "annotators": ("annotator_id",),
    "questions": ("question", "kind"),
    "annotations": ("annotation_id", "item_id", "annotator_id"),
    "labels": ("label_id", "item_id", "question", "kind"),
    "events": (),
    "predictions": ("prediction_id", "item_id"),
}

KEYS: dict[str, str] = {
    "items": "item_id",
    "annotators": "annotator_id",
    "questions": "question",
    "annotations": "annotation_id",
    "labels": "label_id",
    "events": "event_id",
    "predictions": "prediction_id",
}

ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("items", "media"): ("text", "image", "audio", "video", "html", "pair", "table"),
    ("annotators", "kind"): ("person", "model", "gold", "consensus"),
    ("questions", "kind"): KINDS,
    ("labels", "kind"): KINDS,
    ("annotations", "status"): (
        "submitted", "draft", "skipped", "rejected", "accepted", "deleted", "superseded",
    ),
    ("annotations", "time_kind"): ("measured", "wall", "derived", "none"),
    ("labels", "origin"): ("manual", "prediction", "prediction-changed"),
}  # fmt: skip

REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("annotations", "item_id", "items"),
    ("annotations", "annotator_id", "annotators"),
    ("labels", "annotation_id", "annotations"),
    ("labels", "item_id", "items"),
    ("labels", "annotator_id", "annotators"),
    ("labels", "question", "questions"),
    ("labels", "prediction_id", "predictions"),
    ("predictions", "item_id", "items"),
    ("predictions", "question", "questions"),
)
