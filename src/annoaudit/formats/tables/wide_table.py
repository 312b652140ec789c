"""Wide tables: one row is one item, one column is one annotator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.cells import as_text
from annoaudit.formats.source import Source
from annoaudit.formats.tables.columns import list_names, refuse_roles
from annoaudit.formats.tables.item_columns import gather_items
from annoaudit.formats.tables.long_table import LongTable
from annoaudit.formats.tables.votes_table import Coded, Given, canonical_tables, code

__all__ = ["WideTable"]

_ITEM_ROLES = ("text", "uri", "group", "split", "batch")
_MAX_VOCABULARY = 50
_SHARED = 0.5


@dataclass(frozen=True)
class WideTable:
    """A table with one item a row and one column an annotator (CSV, TSV, JSONL, Parquet).

    The annotators' columns are mapped (``annotators=alice|bob``) or recognised as the two or more that
    share one small vocabulary; see ``docs/formats/wide_table.md``.
    """

    general: ClassVar[bool] = True
    carries: ClassVar[Carries] = Carries("one column each", "no", "Parquet and JSON only")
    name: str = "wide_table"

    def sniff(self, source: Source) -> bool:
        """Say whether annotators' columns are mapped, or there is an item column and they can be told."""
        if source.kind in ("xml", "members"):
            return False
        if source.kind in ("json", "jsonl") and not all(isinstance(one, dict) for one in source.documents):
            return False
        if "annotators" in source.mapping:
            return True
        if "label" in source.mapping or LongTable().sniff(source) or "item" not in source.roles:
            return False
        if "annotator" in source.roles or "annotator" in source.roles.doubtful:
            return False
        return len(_groups(source)) == 1

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            There is no item column, the annotators' columns cannot be told, or nobody labelled anything.
        """
        roles, where = source.roles, source.name
        if "item" not in roles:
            raise refuse_roles(source.columns, roles, where)
        people = _annotators(source)
        kept = {role: name for role, name in roles.columns.items() if role == "item" or role in _ITEM_ROLES}
        source.notes.append(f"Read as one column an annotator: {list_names(people)}.")
        source.notes.extend(_tell_passed_over(source, people))
        given = _melt(source, people, {role: name for role, name in kept.items() if name not in people})
        if given.label.null_count == len(given.label):
            raise RefusedInput(
                f"{where}: the annotators' columns have no usable label; every cell is empty.",
                hint="Map the columns that hold labels: --map item=...,annotators=first|second",
            )
        yield from canonical_tables(given, source.notes)


def _annotators(source: Source) -> list[str]:
    if "annotators" in source.mapping:
        return list(dict.fromkeys(source.mapping["annotators"].split("|")))
    groups = _groups(source)
    if len(groups) != 1:
        raise RefusedInput(
            f"{source.name}: which columns are annotators cannot be told ({len(groups)} groups of columns share a "
            f"vocabulary). Columns: {list_names(source.columns)}.",
            hint="Say so: --map item=...,annotators=first|second",
        )
    return groups[0]


def _tell_passed_over(source: Source, people: Sequence[str]) -> Iterator[str]:
    """Columns that an annotator with answers of their own, or none, could have: a name tells people more than us."""
    if "annotators" in source.mapping:
        return
    taken = {*people, *source.roles.columns.values()}
    others = [name for name in source.columns if name not in taken and _vocabulary(source.table[name]) is not None]
    if others:
        named = "|".join([*people[:1], "…", others[0]])
        yield (
            f"Not read as annotators, because their answers are not those of the others: {list_names(others)}. If some "
            f"are, name all annotators: --map item=...,annotators={named}"
        )


def _groups(source: Source) -> list[list[str]]:
    """Groups of two or more columns that share at least half of a small vocabulary."""
    taken = {name for role, name in source.roles.columns.items() if role in ("item", "text", "uri", "created_at")}
    groups: list[tuple[set[object], list[str]]] = []
    for name in source.columns:
        words = None if name in taken else _vocabulary(source.table[name])
        if not words:
            continue
        like = [one for one in groups if len(words & one[0]) >= _SHARED * min(len(words), len(one[0]))]
        merged = (words.union(*(known for known, _ in like)), [*(name for _, names in like for name in names), name])
        groups = [*(one for one in groups if one not in like), merged]
    return [sorted(names, key=source.columns.index) for _, names in groups if len(names) > 1]


def _vocabulary(column: pa.ChunkedArray) -> set[object] | None:
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)
            or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_dictionary(kind)):  # fmt: skip
        return None
    words = column.unique()
    if len(words) > _MAX_VOCABULARY + 1:
        return None
    return {word for word in words.to_pylist() if word is not None and word == word and word != ""}


def _melt(source: Source, people: Sequence[str], columns: dict[str, str]) -> Given:
    """Turn R rows and A columns into labels, item by item."""
    table, where = source.table, source.name
    texts = [as_text(table[name], name, where) for name in people]
    seen = np.stack([np.asarray(pc.is_valid(text)) for text in texts], axis=1)
    table, texts, seen = _drop_blank(table, texts, seen, columns["item"], source)
    ids = as_text(table[columns["item"]], columns["item"], where)
    item = code(_named(ids, columns["item"], where))
    row, column = np.nonzero(seen)
    person = column.astype(np.int32)
    stacked = pa.concat_arrays(texts)
    label = stacked.take(pa.array(column * table.num_rows + row))
    label = pc.if_else(pc.equal(label, ""), None, label)
    known = {role: name for role, name in columns.items() if role != "item"}
    others = [name for name in table.column_names if name not in people and name not in columns.values()]
    items = gather_items(table, item.words, item.codes, known, others, where, source.notes)
    _tell(source, int(seen.size - seen.sum()), label.null_count)
    return Given(
        Coded.of(item.codes[row], item.words),
        Coded.of(person, pa.array(people)),
        Coded.of(np.zeros(len(row), dtype=np.int32), pa.array(["label"])),
        label,
        items,
    )


def _drop_blank(
    table: pa.Table, texts: list[pa.Array], seen: npt.NDArray[np.bool_], item: str, source: Source
) -> tuple[pa.Table, list[pa.Array], npt.NDArray[np.bool_]]:
    blank = np.asarray(pc.is_null(table[item])) & ~seen.any(axis=1)
    if not blank.any():
        return table, texts, seen
    source.notes.append(f"{int(blank.sum()):,} rows without item and labels were left out.")
    keep = pa.array(~blank)
    return table.filter(keep), [text.filter(keep) for text in texts], seen[~blank]


def _named(ids: pa.Array, name: str, where: str) -> pa.Array:
    empty = pc.or_kleene(pc.is_null(ids), pc.equal(ids, ""))
    if pc.any(empty).as_py():
        row = pc.index(empty, True).as_py() + 1
        raise RefusedInput(f"{where}: row {row:,} has no item (column {name!r}).", hint="Every row needs its item.")
    return ids


def _tell(source: Source, n_unseen: int, n_empty: int) -> None:
    if n_unseen and source.kind == "delimited":
        source.notes.append(
            f"{n_unseen:,} empty cells were read as not seen; this format cannot say that somebody looked and "
            "chose nothing."
        )
    if n_empty:
        source.notes.append(f'{n_empty:,} cells hold ""; each is kept as an answer that explicitly gives no label.')
