"""The audit as ``run.json``: counts, outcomes, agreement, annotators, error rates, limits and settings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np

from annoaudit.reporting.night import night_document
from annoaudit.reporting.record import AuditRecord, QuestionRecord, ReviewRecord
from annoaudit.reporting.tables import frame_rows
from annoaudit.reporting.text import well_formed
from annoaudit.reporting.threats import frameworks_document, threats_document

__all__ = ["SCHEMA", "SCHEMA_VERSION", "plain_value", "render_json"]

SCHEMA = "annoaudit/run"
SCHEMA_VERSION = 1


def render_json(record: AuditRecord) -> str:
    """Return the audit as the text of ``run.json``; findings have their own files.

    The text is ASCII and valid JSON: what could not be judged is null, never NaN. Data is kept as it
    is, so a program that prints it must neutralise it itself.
    """
    return json.dumps(run_document(record), ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def run_document(record: AuditRecord) -> dict[str, object]:
    """Return ``run.json`` as plain values."""
    document: dict[str, object] = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "annoaudit_version": record.version,
        "title": record.title,
        "source": record.source,
        "started_at": record.started_at,
        "duration_s": record.seconds,
        "headline": record.headline,
        "next_step": record.next_step,
        "counts": _counts(record),
        "outcomes": [asdict(outcome) for outcome in record.outcomes],
        "questions": [_question(question) for question in record.questions],
        "people": asdict(record.people),
        "data": asdict(record.data),
        "threats": threats_document(record.threats),
        "frameworks": frameworks_document(record.threats),
        "limits": record.limits,
        "methods": [asdict(method) for method in record.methods],
        "settings": record.settings,
        "review": None if record.review is None else _review(record.review),
    }
    if record.night is not None:
        document["night"] = night_document(record.night)
    return {key: plain_value(value) for key, value in document.items()}


def plain_value(value: object) -> object:
    """Return a value as JSON knows it: text, number, bool, null, list or dict.

    Numbers that are not finite become null; times become ISO 8601 in UTC; sets are sorted; anything
    else becomes its text.
    """
    if isinstance(value, bool | int):
        return value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, Mapping):
        return {well_formed(str(key)): plain_value(entry) for key, entry in value.items()}
    return _plain_container(value)


def _plain_container(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return plain_value(value.tolist())
    if isinstance(value, set | frozenset):
        return [plain_value(entry) for entry in sorted(value, key=str)]
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain_value(entry) for entry in value]
    return well_formed(str(value))


def _counts(record: AuditRecord) -> dict[str, int]:
    return {
        "n_items": record.n_items,
        "n_labels": record.n_labels,
        "n_annotators": record.n_annotators,
        "n_questions": len(record.questions),
        "n_flagged": record.n_flagged,
        "n_queued": record.n_queued,
        "n_suppressed": sum(record.review.suppressed.values()) if record.review else 0,
        "n_findings": len(record.findings),
        "budget": record.budget,
    }


def _review(review: ReviewRecord) -> dict[str, object]:
    return {
        "suppressed": review.suppressed,
        "n_changed": review.n_changed,
        "by_detector": frame_rows(review.figures),
        "sampled": frame_rows(review.sampled),
    }


def _question(question: QuestionRecord) -> dict[str, object]:
    return {
        "question": question.question,
        "kind": question.kind,
        "classes": question.classes,
        "n_items": question.n_items,
        "n_labels": question.n_labels,
        "n_annotators": question.n_annotators,
        "redundancy": question.redundancy,
        "model": question.model,
        "error_rate": asdict(question.error_rate),
        "agreement": frame_rows(question.agreement),
        "annotators": frame_rows(question.annotators),
        "by_class": frame_rows(question.by_class),
        "tables": [{"title": one.title, "note": one.note, "rows": frame_rows(one.frame)} for one in question.tables],
    }
