"""Canonical records: what a snapshot says, one text a record, the same whatever order or file it came from.

A record is compact JSON in UTF-8 with the columns in a fixed order, empty ones left out, times in microseconds since
1970, numbers in their shortest form. Three kinds:

- ``annotation/ID``: who answered what on which item, with times, status and review, and all its labels by id;
- ``item/ID``: what was labelled;
- ``question/NAME``: how the form asked.

People stand in records under their pseudonyms, so that removing a name leaves the record as it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.snapshots import Tables

__all__ = ["ANNOTATION_COLUMNS", "PEOPLE", "canonical_records", "pseudonyms_of", "record_rows"]

PEOPLE = ("annotator_id", "reviewer_id", "updated_by")
ANNOTATION_COLUMNS = (
    "item_id", "annotator_id", "status", "is_gold", "created_at", "updated_at", "lead_time_s", "parent_id",
    "prediction_id", "reviewer_id", "review_outcome", "updated_by", "native_id", "origin_hash",
)  # fmt: skip
_LABEL_LEFT_OUT = ("label_id", "annotation_id", "item_id", "annotator_id")
_QUESTION_COLUMNS = ("kind", "options", "ordered", "required", "native_json")
_SPECIAL = re.compile(r'["\\\x00-\x1f]')
_BATCH = 25_000


def canonical_records(labels: LabelSet | Tables, names: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the key and the text of every record: annotations by id, then items, then questions.

    Parameters
    ----------
    labels
        The snapshot.
    names
        What to write for each person; by default ``annotators.pseudonym``, where the snapshot has it.
    """
    people = pseudonyms_of(labels) if names is None else names
    yield from _annotations(labels, people)
    columns = [name for name in labels.items.column_names if name != "item_id"]
    yield from _rows("item", labels.items, "item_id", columns)
    yield from _rows("question", labels.questions, "question", _QUESTION_COLUMNS)


def record_rows(labels: LabelSet | Tables) -> list[int]:
    """Return the row of every record in its table, in the order of :func:`canonical_records`."""
    tables = (labels.annotations["annotation_id"], labels.items["item_id"], labels.questions["question"])
    return [row for column in tables for row in pc.sort_indices(column).to_pylist()]


def pseudonyms_of(labels: LabelSet | Tables) -> dict[str, str]:
    """Return what records call each person, where the snapshot has a pseudonym."""
    columns = labels.annotators.select(["annotator_id", "pseudonym"]).to_pydict()
    return {who: shown for who, shown in zip(*columns.values(), strict=True) if shown}


def _rows(kind: str, table: pa.Table, key: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    ordered = table.take(pc.sort_indices(table[key]))
    for start in range(0, ordered.num_rows, _BATCH):
        part = ordered.slice(start, _BATCH)
        texts = _objects(part, columns)
        for name, text in zip(part[key].to_pylist(), texts.to_pylist(), strict=True):
            yield f"{kind}/{name}", text


def _annotations(labels: LabelSet | Tables, people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    ids = labels.annotations["annotation_id"].combine_chunks()
    order = pc.sort_indices(ids)
    keys = ids.take(order)
    owner = np.asarray(pc.fill_null(pc.index_in(labels.labels["annotation_id"], value_set=keys), -1))
    label_order = _by_owner(labels.labels["label_id"], owner)
    columns = ["label_id", *(name for name in _filled(labels.labels) if name not in _LABEL_LEFT_OUT)]
    answers_table = labels.labels.select(columns).combine_chunks()
    own = [name for name in ANNOTATION_COLUMNS if name in _filled(labels.annotations)]
    table = labels.annotations.select(["annotation_id", *own]).combine_chunks()
    owned = owner[label_order]
    for start in range(0, len(keys), _BATCH):
        part = table.take(order[start : start + _BATCH])
        part = _with_pseudonyms(part, people)
        low, high = np.searchsorted(owned, [start, start + len(part)])
        answers = _objects(answers_table.take(pa.array(label_order[low:high])), columns)
        offsets = np.searchsorted(owned[low:high], np.arange(start, start + len(part) + 1))
        told = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), answers), ",")
        texts = pc.binary_join_element_wise('{"annotation":', _objects(part, own), ',"labels":[', told, "]}", "")
        for name, text in zip(part["annotation_id"].to_pylist(), texts.to_pylist(), strict=True):
            yield f"annotation/{name}", text


def _filled(table: pa.Table) -> list[str]:
    """The columns that hold anything."""
    return [name for name in table.column_names if table[name].null_count < table.num_rows]


def _by_owner(label_ids: pa.ChunkedArray, owner: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions of labels by the annotation they belong to, then by id."""
    keys = pa.table({"owner": owner, "id": label_ids})
    return np.asarray(pc.sort_indices(keys, sort_keys=[("owner", "ascending"), ("id", "ascending")]))


def _with_pseudonyms(table: pa.Table, people: Mapping[str, str]) -> pa.Table:
    for name in PEOPLE:
        if name not in table.column_names:
            continue
        encoded = table[name].combine_chunks().dictionary_encode()
        shown = [people.get(who, who) for who in encoded.dictionary.to_pylist()]
        column = pa.array(shown, pa.string()).take(encoded.indices)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _objects(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """(n,) one JSON object a row, made column by column."""
    parts = [_members(name, table[name].combine_chunks()) for name in columns if table[name].null_count < len(table)]
    blank = pa.array([""]).take(pa.array(np.zeros(len(table), np.int64)))
    inside = pc.binary_join_element_wise(*parts, ",", null_handling="skip") if parts else blank
    return pc.binary_join_element_wise("{", inside, "}", "")


def _members(name: str, column: pa.Array) -> pa.Array:
    """(n,) ``"name":value`` as JSON; null where the value is."""
    values, quote = _values(column)
    return pc.binary_join_element_wise(f'"{name}":{quote}', values, quote, "")


def _values(column: pa.Array) -> tuple[pa.Array, str]:
    kind = column.type
    if pa.types.is_string(kind):
        return _escaped(column), '"'
    if pa.types.is_timestamp(kind) or pa.types.is_integer(kind):
        return column.cast(pa.int64()).cast(pa.string()), ""
    if pa.types.is_boolean(kind):
        return column.cast(pa.string()), ""
    write = repr if pa.types.is_floating(kind) else _text
    return pa.array([None if one is None else write(one) for one in column.to_pylist()], pa.string()), ""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode("ascii"))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _escaped(column: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(column, _SPECIAL.pattern)).as_py():
        return column
    special = _SPECIAL.search
    texts = [
        json.dumps(one, ensure_ascii=False)[1:-1] if one is not None and special(one) else one
        for one in column.to_pylist()
    ]
    return pa.array(texts, pa.string())
