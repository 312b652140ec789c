"""Argilla: records as Parquet of Hugging Face, as JSON of its SDK, and as JSON of its server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering
from annoaudit.formats.json_values import Record, as_id, dump_some, record, records, text
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.platforms.argilla_answers import Answer, Suggestion, take_answers
from annoaudit.formats.source import Source

__all__ = ["Argilla"]

_RESPONSES = ".responses"
_SUGGESTION = ".suggestion"
_STATUS = {"submitted": "submitted", "draft": "draft", "discarded": "skipped"}
_OWN = ("id", "status", "_server_id")


@dataclass(frozen=True)
class Argilla:
    """Argilla records: Parquet (``to_datasets``), or JSON of the SDK (``to_list``) or of the server.

    See ``docs/formats/argilla.md``.
    """

    carries: ClassVar[Carries] = Carries("yes", "in the server's JSON", "yes")
    name: str = "argilla"

    def sniff(self, source: Source) -> bool:
        """Say whether columns or fields are Argilla's responses."""
        if source.kind in ("frame", "parquet"):
            return any(f"{name}.users" in source.columns for name in source.columns if name.endswith(_RESPONSES))
        first = source.sample if source.kind in ("json", "jsonl") else []
        return bool(first) and all(isinstance(one.get("fields"), dict) and "responses" in one for one in first)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A record is not shaped as Argilla writes it.
        """
        rows = Gathering(source.name, source.notes)
        answers: list[Answer] = []
        suggestions: list[Suggestion] = []
        if source.kind in ("frame", "parquet"):
            _take_table(source, rows, answers, suggestions)
        else:
            for place, one in enumerate(source.documents, start=1):
                where = f"{source.name}, record {place:,}"
                if not isinstance(one, dict) or not isinstance(one.get("fields"), dict):
                    raise RefusedInput(f"{where} has no fields.", hint="Export it again from Argilla.")
                _take_record(one, rows, answers, suggestions, where)
        take_answers(rows, answers, suggestions)
        yield from rows.finish()


def _take_record(
    one: Record, rows: Gathering, answers: list[Answer], suggestions: list[Suggestion], where: str
) -> None:
    fields, metadata = record(one, "fields", where), record(one, "metadata", where)
    native = text(one, "external_id", where) or text(one, "id", where)
    if native is None:
        raise RefusedInput(f"{where} has no id.", hint="Export it again from Argilla.")
    item_id = _item(rows, native, fields, {"metadata": metadata} if metadata else {})
    given = one.get("responses")
    if isinstance(given, dict):  # the SDK: question by question
        for question in given:
            for response in records(given, question, where):
                user = text(response, "user_id", where)
                answers.append(Answer(item_id, user, question, response.get("value"), "submitted", None, None))
    else:
        naive: list[str] = []
        for response in records(one, "responses", where):
            user, status = text(response, "user_id", where), _STATUS.get(str(response.get("status")), "submitted")
            times = time_of(response, "inserted_at", where, naive), time_of(response, "updated_at", where, naive)
            values = record(response, "values", where)
            for question, value in values.items() if values else [("", None)]:
                inner = value.get("value") if isinstance(value, dict) else value
                answers.append(Answer(item_id, user, question, inner, status, *times))
        for _ in naive:
            rows.count_naive(True)
    given = one.get("suggestions")
    for question, found in given.items() if isinstance(given, dict) else []:
        if isinstance(found, dict):
            suggestions.append(
                Suggestion(item_id, question, found.get("value"), found.get("score"), found.get("agent"))
            )


def _take_table(source: Source, rows: Gathering, answers: list[Answer], suggestions: list[Suggestion]) -> None:
    """Columns question by question: values, users and status are lists side by side."""
    table = source.table
    questions = [name.removesuffix(_RESPONSES) for name in table.column_names if name.endswith(_RESPONSES)]
    classes = class_names(table.schema)
    taken = [name for name in table.column_names if name.startswith(tuple(f"{question}." for question in questions))]
    for batch in table.to_batches(max_chunksize=8192):
        for one in batch.to_pylist():
            fields = {name: one[name] for name in one if name not in (*_OWN, *taken)}
            native = one.get("id") if one.get("id") is not None else one.get("_server_id")
            item_id = _item(rows, as_id(native) if native is not None else f"{fields}", fields, {})
            for question in questions:
                _take_lists(one, question, item_id, answers, source.name)
                value = one.get(f"{question}{_SUGGESTION}")
                names = classes.get(f"{question}{_SUGGESTION}", ())
                if isinstance(value, int) and 0 <= value < len(names):
                    value = names[value]
                if value is not None:
                    told = (one.get(f"{question}{_SUGGESTION}.{key}") for key in ("score", "agent"))
                    suggestions.append(Suggestion(item_id, question, value, *told))


def _take_lists(one: Record, question: str, item_id: str, answers: list[Answer], where: str) -> None:
    values, users, states = (one.get(f"{question}{_RESPONSES}{end}") or [] for end in ("", ".users", ".status"))
    if not (isinstance(values, list) and isinstance(users, list) and isinstance(states, list)):
        raise RefusedInput(
            f"{where}: the responses to {question!r} are no lists.", hint="Export it again from Argilla."
        )
    if len(values) != len(users):
        raise RefusedInput(
            f"{where}: {question!r} of record {item_id[:40]!r} has {len(values)} answers of {len(users)} people.",
            hint="Export it again from Argilla.",
        )
    for place, (value, user) in enumerate(zip(values, users, strict=True)):
        status = _STATUS.get(str(states[place]), "submitted") if place < len(states) else "submitted"
        answers.append(Answer(item_id, None if user is None else as_id(user), question, value, status, None, None))


def _item(rows: Gathering, item_id: str, fields: Mapping[str, object], more: Mapping[str, object]) -> str:
    shown = next((value for value in fields.values() if isinstance(value, str)), None)
    kept = {name: value for name, value in fields.items() if isinstance(value, (str, int, float, bool))}
    return rows.item(item_id, text=shown, media="text" if shown else None, meta_json=dump_some({**kept, **more}))


def class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """Return the names of classes that a Parquet file of Hugging Face states, by column; lists of classes too."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, feature in features.items() if isinstance(features, dict) else []:
        inner = feature.get("feature", feature) if isinstance(feature, dict) else feature[0] if feature else None
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" and isinstance(inner.get("names"), list):
            found[name] = tuple(map(str, inner["names"]))
    return found


__all__ += ["class_names"]
