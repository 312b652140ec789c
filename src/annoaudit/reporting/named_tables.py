"""Tables that only some kinds of question have, every cell written out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from annoaudit.reporting.record import NamedTable
from annoaudit.reporting.tables import frame_rows
from annoaudit.reporting.text import NOT_KNOWN, count, interval, number, percent

__all__ = ["Cell", "Head", "ShownTable", "show_table"]

MOST_ROWS = 60
_SHARES = ("share", "rate")


@dataclass(frozen=True)
class Head:
    """The head of a column."""

    words: str
    is_number: bool
    has_interval: bool


@dataclass(frozen=True)
class Cell:
    """One cell, as it is written."""

    text: str
    interval: str
    is_number: bool
    has_interval: bool


@dataclass(frozen=True)
class ShownTable:
    """A table as a page shows it; ``n_left_out`` rows are not shown."""

    title: str
    note: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    n_left_out: int


def show_table(table: NamedTable, limit: int = MOST_ROWS) -> ShownTable:
    """Return the first rows of a table, written out."""
    names = [str(name) for name in table.frame.columns]
    columns = [name for name in names if not _is_end(name)]
    with_interval = {name for name in columns if _has_interval(name, names)}
    rows = frame_rows(table.frame.head(limit))
    numeric = {name for name in columns if any(_is_number(row.get(name)) for row in rows)}
    heads = tuple(Head(name.replace("_", " "), name in numeric, name in with_interval) for name in columns)
    ends = {name: _ends_of(name, names) for name in with_interval}
    shown = tuple(tuple(_cell(row, name, name in numeric, ends.get(name)) for name in columns) for row in rows)
    return ShownTable(table.title, table.note, heads, shown, max(len(table.frame) - limit, 0))


def _is_end(name: str) -> bool:
    return name in ("low", "high") or name.endswith(("_low", "_high"))


def _has_interval(name: str, names: list[str]) -> bool:
    """Whether the two columns behind this one are the ends of its interval."""
    behind = names[names.index(name) + 1 :][:2]
    return len(behind) == 2 and all(_is_end(one) for one in behind)


def _ends_of(name: str, names: list[str]) -> tuple[str, str]:
    at = names.index(name)
    return names[at + 1], names[at + 2]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(row: Mapping[str, object], name: str, is_number: bool, ends: tuple[str, str] | None) -> Cell:
    as_share = name.endswith(_SHARES)
    text = _write(row.get(name), as_share=as_share)
    if ends is None:
        return Cell(text, "", is_number, False)
    low, high = (_float(row.get(one)) for one in ends)
    return Cell(text, interval(low, high, as_percent=as_share), is_number, True)


def _write(value: object, *, as_share: bool) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return percent(value) if as_share else number(value)
    return str(value)


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
