"""What became of labels in another format: told by reading back what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from annoaudit.errors import AnnoauditError
from annoaudit.formats.reading import read
from annoaudit.formats.source import Format
from annoaudit.labels import TABLES, LabelSet

__all__ = ["tell_changed"]

_COMPARED = ("items", "annotators", "annotations", "labels")
_DERIVED = frozenset({
    "annotation_id", "annotator_id", "item_id", "label_id", "native_id", "native_url", "origin_hash", "unique_id",
    "pseudonym", "prediction_id", "parent_id", "parent_label_id", "from_label_id", "to_label_id", "time_kind",
    "is_latest", "round", "status", "unit", "quote", "meta_json", "media", "kind", "role", "display",
})  # fmt: skip
"""Columns that a reader makes by itself, or that tell nothing more than others."""


def tell_changed(labels: LabelSet, target: Path, format: Format) -> list[str]:
    """Return what labels that were just written do not have any more, or have otherwise, when read back."""
    try:
        back = read(target, format=format)
    except AnnoauditError as error:
        return [f"It does not read back: {error.message.splitlines()[0]}"]
    return [*_questions(labels, back), *_counts(labels, back), *_columns(labels, back)]


def _questions(before: LabelSet, after: LabelSet) -> Iterator[str]:
    was, now = _kinds(before), _kinds(after)
    for name in [name for name in was if name in now and now[name] != was[name]]:
        yield f"Question {name!r} reads back as {now[name]}, not {was[name]}."
    gone = [f"{name} ({was[name]})" for name in was if name not in now]
    instead = [f"{name} ({now[name]})" for name in now if name not in was]
    if gone:
        there = f"; there are {', '.join(instead[:10])} instead" if instead else ""
        yield f"Questions that do not read back: {', '.join(gone[:10])}{' …' if len(gone) > 10 else ''}{there}."


def _kinds(labels: LabelSet) -> dict[str, str]:
    rows = labels.questions.select(["question", "kind"]).to_pylist()
    used = set(labels.labels["question"].unique().to_pylist())
    return {str(row["question"]): str(row["kind"]) for row in rows if row["question"] in used}


def _counts(before: LabelSet, after: LabelSet) -> Iterator[str]:
    counts = [(name, before.tables[name].num_rows, after.tables[name].num_rows) for name in TABLES]
    told = [f"{now:,} of {was:,} {name}" for name, was, now in counts if now < was and name != "questions"]
    if told:
        yield f"Read back: {', '.join(told)}."


def _columns(before: LabelSet, after: LabelSet) -> Iterator[str]:
    lost = []
    for name in _COMPARED:
        was, now = before.tables[name], after.tables[name]
        lost += [f"{name}.{one}" for one in was.column_names if _is_lost(was[one], now[one]) and one not in _DERIVED]
    if lost:
        yield f"Columns that do not read back: {', '.join(lost)}."


def _is_lost(was: pa.ChunkedArray, now: pa.ChunkedArray) -> bool:
    return bool(was.null_count < len(was) and now.null_count == len(now))
