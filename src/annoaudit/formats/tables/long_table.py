"""Long tables: one row is one label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.cells import as_seconds, as_text, as_times
from annoaudit.formats.source import Source
from annoaudit.formats.tables.columns import refuse_roles
from annoaudit.formats.tables.item_columns import gather_items, per_item
from annoaudit.formats.tables.long_writing import write_long_table
from annoaudit.formats.tables.votes_table import Coded, Given, canonical_tables, code
from annoaudit.labels import LabelSet

__all__ = ["LongTable"]

_ITEM_ROLES = ("text", "uri", "group", "split", "batch")


@dataclass(frozen=True)
class LongTable:
    """A table with one label a row: item, annotator, label, and what else is known (CSV, TSV, JSONL, Parquet).

    Columns are guessed by name or mapped; see ``docs/formats/long_table.md``.
    """

    general: ClassVar[bool] = True
    carries: ClassVar[Carries] = Carries("column", "column", "empty cell")
    name: str = "long_table"

    def sniff(self, source: Source) -> bool:
        """Say whether item and label have a column."""
        if source.kind in ("xml", "members"):
            return False
        if source.kind in ("json", "jsonl") and not _are_records(source.documents):
            return False
        return "annotators" not in source.mapping and "item" in source.roles and _answer_column(source) is not None

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A required column is missing, or a cell cannot be what its column says.
        """
        roles, where = source.roles, source.name
        answer = _answer_column(source)
        if "item" not in roles or answer is None:
            raise refuse_roles(source.columns, roles, where)
        source.notes.extend(roles.notes)
        table = _without_blank_rows(source)
        given = _take(table, source)
        if given.label.null_count == len(given.label):
            raise RefusedInput(
                f"{where}: column {answer!r} has no usable label; every cell is empty.",
                hint="Map the column that holds the labels: --map label=...",
            )
        yield from canonical_tables(given, source.notes)

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write a CSV file, one row a label; return what could not be carried."""
        return write_long_table(labels, target)


def _are_records(documents: list[object]) -> bool:
    return all(isinstance(document, dict) for document in documents)


def _answer_column(source: Source) -> str | None:
    """The column with the answers: labels, or texts written by annotators."""
    return source.roles.get("label") or source.roles.get("transcript")


def _without_blank_rows(source: Source) -> pa.Table:
    """Leave out rows in which every cell is empty; spreadsheets write them."""
    table = source.table
    if not table[source.roles.columns["item"]].null_count:
        return table
    blank = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        blank &= np.asarray(pc.is_null(column))
    if blank.any():
        source.notes.append(f"{int(blank.sum()):,} rows without any value were left out.")
    return table.filter(pa.array(~blank)) if blank.any() else table


def _take(table: pa.Table, source: Source) -> Given:
    roles, where, notes = source.roles, source.name, source.notes
    item_name, label_name = roles.columns["item"], _answer_column(source)
    assert label_name is not None
    item = code(_required(table, item_name, "item", where))
    annotator = _annotator(table, source)
    if "annotator" not in roles:
        notes.append('There is no annotator column: all labels are counted as those of one, called "unknown".')
    seconds, created_at = _take_times(table, source)
    label = _labels(as_text(table[label_name], label_name, where), notes)
    gold = _gold(table, item, roles.columns["gold"], where) if "gold" in roles else None
    others = [name for name in table.column_names if name not in roles.columns.values()]
    known = {role: roles.columns[role] for role in _ITEM_ROLES if role in roles}
    items = gather_items(table, item.words, item.codes, known, others, where, notes)
    question = _question(table, source)
    kinds = ("text",) * len(question.words) if "transcript" in roles else None
    return Given(item, annotator, question, label, items, seconds, created_at, gold, kinds)


def _take_times(table: pa.Table, source: Source) -> tuple[pa.Array | None, pa.Array | None]:
    """How long each label took, and when it was made."""
    seconds = created_at = None
    if name := source.roles.get("seconds"):
        seconds = as_seconds(table[name], name, source.name, nan_is_empty=source.kind in ("frame", "parquet"))
    if name := source.roles.get("created_at"):
        created_at, naive = as_times(table[name], name, source.name)
        if naive:
            source.notes.append(f"Times in column {name!r} have no zone; they were taken as UTC.")
    return seconds, created_at


def _required(table: pa.Table, name: str, role: str, where: str) -> pa.Array:
    text = as_text(table[name], name, where)
    empty = pc.equal(text, "")
    if text.null_count or pc.any(empty).as_py():
        empty = pc.or_kleene(pc.is_null(text), empty)
        row = pc.index(empty, True).as_py() + 1
        raise RefusedInput(
            f"{where}: row {row:,} has no {role} (column {name!r}).", hint=f"Every label needs its {role}."
        )
    return text


def _annotator(table: pa.Table, source: Source) -> Coded:
    name = source.roles.get("annotator")
    if name is not None:
        return code(_required(table, name, "annotator", source.name))
    if "annotator" in source.roles.doubtful:
        names = " or ".join(map(repr, source.roles.doubtful["annotator"]))
        raise RefusedInput(f"{source.name}: the annotator could be {names}.", hint="Say which: --map annotator=...")
    return Coded.of(np.zeros(table.num_rows, dtype=np.int32), pa.array(["unknown"]))


def _question(table: pa.Table, source: Source) -> Coded:
    name = source.roles.get("question")
    if name is None:
        return Coded.of(np.zeros(table.num_rows, dtype=np.int32), pa.array(["label"]))
    return code(_required(table, name, "question", source.name))


def _labels(label: pa.Array, notes: list[str]) -> pa.Array:
    """Empty cells are null: the row says that the item was seen and no label given."""
    empty = pc.equal(label, "")
    label = pc.if_else(empty, None, label) if pc.any(empty).as_py() else label
    if label.null_count:
        notes.append(
            f"{label.null_count:,} rows have an empty label; each is kept as an answer that explicitly gives none."
        )
    return label


def _gold(table: pa.Table, item: Coded, name: str, where: str) -> pa.Array:
    text = as_text(table[name], name, where)
    text = pc.if_else(pc.equal(text, ""), None, text)
    found, constant = per_item(text, item.codes, len(item.words))
    if not constant:
        wrong = pc.fill_null(pc.not_equal(text, found.take(pa.array(item.codes))), False)
        row = pc.index(wrong, True).as_py()
        raise RefusedInput(
            f"{where}: row {row + 1:,} has another gold label (column {name!r}) than an earlier row of item "
            f"{item.column[row].as_py()[:60]!r}.",
            hint="An item has one gold label; leave it empty where it is not known.",
        )
    return found
