"""What must hold in the canonical tables; every problem is named, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.distinct import all_different, distinct_values, one_chunk, run_heads
from annoaudit.labels.schema import ALLOWED, KEYS, REFERENCES, REQUIRED, TABLES

__all__ = ["find_owners", "find_problems"]

_SHOWN = 3


def find_problems(tables: Mapping[str, pa.Table]) -> list[str]:
    """List everything that is wrong with a set of canonical tables.

    Parameters
    ----------
    tables
        One table for each name in ``schema.TABLES``, already in its Arrow schema.

    Returns
    -------
    list of str
        One sentence a problem, naming table, column and the first rows (counted from 1) or ids.
    """
    return [problem for check in _CHECKS for problem in check(tables)]


def _missing(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    for name in TABLES:
        for column in REQUIRED[name]:
            if not tables[name][column].null_count:
                continue
            rows = pc.indices_nonzero(pc.is_null(tables[name][column]))
            yield f"{name}.{column}: {len(rows)} empty, first in row {rows[0].as_py() + 1}"


def _repeated(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    unique: list[pa.ChunkedArray] = []
    for name, key in KEYS.items():
        column = tables[name][key].drop_null()
        if any(column.equals(other) for other in unique) or all_different(one_chunk(column)):
            unique.append(column)
            continue
        counts = pc.value_counts(one_chunk(column))
        again = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        yield f"{name}.{key}: {len(again)} used more than once: {_quote(again)}"


def _dangling(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    seen: list[tuple[pa.ChunkedArray, pa.Array]] = []
    for name, column, other in REFERENCES:
        used, known = tables[name][column], tables[other][KEYS[other]]
        if used.null_count == len(used) or used.equals(known):
            continue
        distinct = next((values for before, values in seen if used.equals(before)), None)
        if distinct is None:
            runs = run_heads(one_chunk(used))
            distinct = distinct_values(used) if runs is None else runs[0]
            seen.append((used, distinct))
        if distinct.equals(one_chunk(known)):  # tables built in order of first appearance
            continue
        unknown = distinct.filter(pc.invert(pc.is_in(distinct, value_set=one_chunk(known)))).unique()
        if len(unknown):
            yield f"{name}.{column}: {len(unknown)} not in {other}.{KEYS[other]}: {_quote(unknown)}"


def _words(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    for (name, column), allowed in ALLOWED.items():
        used = distinct_values(tables[name][column])
        unknown = used.filter(pc.invert(pc.is_in(used, value_set=pa.array(allowed))))
        if len(unknown):
            yield f"{name}.{column}: {_quote(unknown)} is none of {', '.join(allowed)}"


def _numbers(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    for name in TABLES:
        for field in tables[name].schema:
            column = tables[name][field.name]
            if pa.types.is_floating(field.type) and column.null_count < len(column):
                yield from _where(name, field.name, pc.invert(pc.is_finite(column)), "is not a finite number")
    labels, annotations = tables["labels"], tables["annotations"]
    for name, table, column in (
        ("annotations", annotations, "lead_time_s"), ("labels", labels, "w"), ("labels", labels, "h"),
        ("items", tables["items"], "width"), ("items", tables["items"], "height"),
        ("items", tables["items"], "duration_s"),
    ):  # fmt: skip
        yield from _where(name, column, pc.less(table[column], 0), "is below zero")
    yield from _where("labels", "end", pc.less(labels["end"], labels["start"]), "lies before its start")


def _owners(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    labels, annotations = tables["labels"], tables["annotations"]
    aligned = labels["annotation_id"].equals(annotations["annotation_id"])
    position = None if aligned else find_owners(labels, annotations)
    for column in ("item_id", "annotator_id"):
        owner = annotations[column] if position is None else pc.take(annotations[column], position)
        if labels[column].equals(owner):
            continue
        yield from _where("labels", column, pc.not_equal(labels[column], owner), "differs from its annotation's")
    if not labels["annotation_id"].null_count:
        return
    ownerless = pc.and_(pc.is_null(labels["annotation_id"]), pc.is_null(labels["prediction_id"]))
    yield from _where("labels", "annotation_id", ownerless, "is empty, and so is prediction_id")


def find_owners(labels: pa.Table, annotations: pa.Table) -> pa.ChunkedArray:
    """Return, for each label row, the row of its annotation; null where it has none."""
    return pc.index_in(labels["annotation_id"], value_set=one_chunk(annotations["annotation_id"]))


def _where(name: str, column: str, wrong: pa.ChunkedArray, what: str) -> Iterator[str]:
    if wrong.null_count < len(wrong) and pc.any(wrong).as_py():
        rows = pc.indices_nonzero(pc.fill_null(wrong, False))
        yield f"{name}.{column}: {len(rows)} where it {what}, first in row {rows[0].as_py() + 1}"


def _quote(values: pa.Array) -> str:
    shown = [repr(str(value)[:60]) for value in values.slice(0, _SHOWN).to_pylist()]
    return ", ".join(shown) + (" …" if len(values) > _SHOWN else "")


_CHECKS = (_missing, _repeated, _dangling, _words, _numbers, _owners)
