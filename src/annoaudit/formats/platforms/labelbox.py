"""Labelbox: exports as NDJSON, the older JSON export, and payloads for import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.json_values import Record, dump_some, number, record, records, text
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.platforms.labelbox_answers import Answers
from annoaudit.formats.source import Source
from annoaudit.formats.tables.item_columns import guess_medium

__all__ = ["Labelbox"]

_MAX_TEXT = 1_000_000


@dataclass(frozen=True)
class Labelbox:
    """Labelbox exports (NDJSON, and the JSON of the older export), and NDJSON import payloads.

    See ``docs/formats/labelbox.md``.
    """

    carries: ClassVar[Carries] = Carries(
        "yes",
        "yes, with measured seconds",
        "yes",
        "documentation (export NDJSON); real files of the SDK's tests (others)",
    )
    name: str = "labelbox"

    def sniff(self, source: Source) -> bool:
        """Say whether records are Labelbox's rows, labels or payloads."""
        first = source.sample if source.kind in ("json", "jsonl") else []
        return bool(first) and all(_take_for(one) is not None for one in first)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A record is not shaped as Labelbox writes it.
        """
        rows = Gathering(source.name, source.notes)
        answers = Answers(rows)
        for place, one in enumerate(source.documents, start=1):
            where = f"{source.name}, record {place:,}"
            take = _take_for(one) if isinstance(one, dict) else None
            if take is None or not isinstance(one, dict):
                raise RefusedInput(f"{where} is none of Labelbox's.", hint="Export it again as NDJSON.")
            take(one, answers, where)
        answers.settle()
        yield from rows.finish(nobody_named="Payloads for import do not say who made the labels")


def _take_for(one: Mapping[str, object]) -> Callable[[Record, Answers, str], None] | None:
    if isinstance(one.get("data_row"), dict) and isinstance(one.get("projects"), dict):
        return _take_row
    if "DataRow ID" in one and "Label" in one:
        return _take_old
    return _take_payload if isinstance(one.get("dataRow"), dict) and "uuid" in one else None


def _take_row(one: Record, answers: Answers, where: str) -> None:
    """A row of the export: of every project, every label of it."""
    data, media = record(one, "data_row", where), record(one, "media_attributes", where)
    native = text(data, "id", where) or text(data, "global_key", where)
    if native is None:
        raise RefusedInput(f"{where}: data_row has no id.", hint="Export it again as NDJSON.")
    shown, uri = _content(text(data, "row_data", where))
    item_id = answers.rows.item(
        native, text=shown, uri=uri or text(data, "external_id", where),
        media=guess_medium(uri) or ("text" if shown else None),
        width=number(media, "width", where), height=number(media, "height", where),
        duration_s=number(media, "duration", where),
        meta_json=dump_some({key: data[key] for key in ("global_key", "external_id", "details") if data.get(key)}),
    )  # fmt: skip
    for project, found in record(one, "projects", where).items():
        listed = found if isinstance(found, dict) else {}
        for place, label in enumerate(records(listed, "labels", where), start=1):
            _take_label(label, item_id, project, answers, f"{where}, project {project[:40]}, label {place}")


def _take_label(label: Record, item_id: str, project: str, answers: Answers, where: str) -> None:
    details, performance = record(label, "label_details", where), record(label, "performance_details", where)
    reviews = records(details, "reviews", where)
    seconds = number(performance, "seconds_to_create", where)
    naive: list[str] = []
    meta = {key: performance[key] for key in performance if key not in ("seconds_to_create", "skipped")}
    owner = answers.rows.annotation(
        item_id, text(details, "created_by", where), text(label, "id", where),
        created_at=time_of(details, "created_at", where, naive),
        updated_at=time_of(details, "updated_at", where, naive),
        lead_time_s=seconds, time_kind="none" if seconds is None else "measured",
        status="skipped" if performance.get("skipped") is True else "submitted",
        is_gold=performance.get("benchmark_reference_label") is True,
        reviewer_id=text(reviews[-1], "reviewed_by", where) if reviews else None,
        meta_json=dump_some({"project": project, "reviews": reviews} | meta),
    )  # fmt: skip
    answers.rows.count_naive(bool(naive))
    found = record(label, "annotations", where)
    answers.take_all(found, owner, where)
    for number_, frame in record(found, "frames", where).items():
        answers.take_frame(number_, frame, owner, f"{where}, frame {number_[:20]}")


def _take_old(one: Record, answers: Answers, where: str) -> None:
    """A label of the older export."""
    shown, uri = _content(text(one, "Labeled Data", where))
    item_id = answers.rows.item(
        text(one, "DataRow ID", where) or "", text=shown, uri=uri, project=text(one, "Project Name", where),
        media=guess_medium(uri) or ("text" if shown else None), split=text(one, "Data Split", where),
        meta_json=dump_some({key: one[key] for key in ("External ID", "Dataset Name", "Global Key") if one.get(key)}),
    )  # fmt: skip
    naive: list[str] = []
    seconds = number(one, "Seconds to Label", where)
    owner = answers.rows.annotation(
        item_id, text(one, "Created By", where), text(one, "ID", where),
        created_at=time_of(one, "Created At", where, naive), updated_at=time_of(one, "Updated At", where, naive),
        lead_time_s=seconds, time_kind="none" if seconds is None else "measured",
        status="skipped" if one.get("Skipped") is True else "submitted",
        meta_json=dump_some({key: one[key] for key in ("Agreement", "Benchmark ID", "Reviews") if one.get(key)}),
    )  # fmt: skip
    answers.rows.count_naive(bool(naive))
    label = one["Label"]
    if isinstance(label, dict):
        answers.take_all(label, owner, where)


def _take_payload(one: Record, answers: Answers, where: str) -> None:
    """One object or answer to be imported; those of one data row are one submission."""
    data = record(one, "dataRow", where)
    item_id = answers.rows.item(text(data, "id", where) or text(data, "globalKey", where) or "")
    known = [row for row in answers.rows.annotations.values() if row["item_id"] == item_id]
    owner: Row = known[0] if known else answers.rows.annotation(item_id, None)
    answers.take_one(one, owner, where)


def _content(data: str | None) -> tuple[str | None, str | None]:
    """The text of a row, or its address; what is signed into an address is left out."""
    if data is None:
        return None, None
    if data.startswith(("http://", "https://", "gs://", "s3://")):
        return None, data.split("?", 1)[0]
    return (data if len(data) <= _MAX_TEXT else None), None
