"""Text tables: separator, header and rows of CSV and TSV, as columns of strings."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from annoaudit.errors import RefusedInput
from annoaudit.formats.limits import HEAD_BYTES, MAX_CELL

__all__ = ["parse_delimited", "read_header"]

_SEPARATORS = (",", ";", "\t", "|")
_BLOCK = 2 << 20
_LARGE_BLOCK = 256 << 20
_LOOKED_AT = 50
_FIELD_LIMIT = threading.Lock()


def read_header(data: bytes, where: str) -> tuple[tuple[str, ...], str]:
    """Return the column names and the separator of a text table (UTF-8).

    Raises
    ------
    RefusedInput
        Two columns share a name.
    """
    head = data[:HEAD_BYTES]
    if len(data) > HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head
    text = head.decode(errors="ignore")
    separator = max(_SEPARATORS, key=lambda one: _fitness(text, one))
    names = tuple(name.strip() for name in next((row for row in _rows(text, separator) if row), []))
    names = tuple(name or f"column {place}" for place, name in enumerate(names, start=1))
    for place, name in enumerate(names):
        if name in names[:place]:
            raise RefusedInput(
                f"{where}: columns {names.index(name) + 1} and {place + 1} are both named {name[:60]!r}.",
                hint="Give each column its own name.",
            )
    return names, separator


def _fitness(text: str, separator: str) -> tuple[bool, int]:
    widths = [len(row) for row, _ in zip(_rows(text, separator), range(_LOOKED_AT), strict=False) if row]
    return (len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error:
        return


def parse_delimited(
    data: bytes, where: str, names: Sequence[str], separator: str, types: Mapping[str, pa.DataType]
) -> pa.Table:
    """Parse a text table (UTF-8) into columns of strings; an empty cell, quoted or not, is null.

    Parameters
    ----------
    types
        Columns that are tried as another Arrow type first; if any cell does not fit, all stay strings.

    Raises
    ------
    RefusedInput
        A row with more or fewer cells than the header, an unclosed quote, a cell above the limit, or no
        rows; the message names the line.
    """
    breaks, odd = _count_quotes(data)
    if odd:
        _find_fault(data, where, names, separator)
    try:
        try:
            table = _parse(data, names, separator, types, breaks, _BLOCK)
        except pa.ArrowInvalid:  # a cell that is not of its type, or a row longer than a block
            table = _parse(data, names, separator, {}, breaks, _LARGE_BLOCK)
    except pa.ArrowException as error:
        _find_fault(data, where, names, separator)
        reason = str(error).splitlines()[0][:200]
        raise RefusedInput(
            f"{where} cannot be read as a table separated by {separator!r}: {reason}.",
            hint="Check that each line has as many cells as the header, and that quotes are closed.",
        ) from error
    if not table.num_rows:
        raise RefusedInput(f"{where} has a header and no rows.", hint="Export it again; it needs at least one label.")
    return table


def _parse(
    data: bytes, names: Sequence[str], separator: str, types: Mapping[str, pa.DataType], breaks: bool, block_size: int
) -> pa.Table:
    header = next(row for row in _rows(data[:HEAD_BYTES].decode(errors="ignore"), separator) if row)
    table = pacsv.read_csv(
        pa.BufferReader(data),
        # Of one block, other threads only hold a piece of Python's memory; one that lets go of it after the interpreter
        # has gone aborts the process (apache/arrow#34314).
        read_options=pacsv.ReadOptions(block_size=block_size, use_threads=len(data) > block_size),
        parse_options=pacsv.ParseOptions(delimiter=separator, newlines_in_values=breaks),
        convert_options=pacsv.ConvertOptions(
            column_types={raw: types.get(name, pa.string()) for raw, name in zip(header, names, strict=True)},
            strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,
        ),
    )
    return table.rename_columns(list(names))


def _count_quotes(data: bytes) -> tuple[bool, bool]:
    """Say whether a line may end inside a quoted cell, quotes before it being odd, and whether a quote stays open."""
    first_line = data[: data.find(b"\n") + 1]
    if data.find(b'"', len(first_line)) < 0:
        odd = first_line.count(b'"') % 2 == 1
        return odd, odd
    view = np.frombuffer(data, dtype=np.uint8)
    before, breaks = 0, False
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        quotes = np.flatnonzero(block == ord('"'))
        if not breaks:
            ends = np.flatnonzero((block == ord("\n")) | (block == ord("\r")))
            breaks = bool(((np.searchsorted(quotes, ends) + before) % 2).any())
        before += len(quotes)
    return breaks, before % 2 == 1


def _find_fault(data: bytes, where: str, names: Sequence[str], separator: str) -> None:
    """Read the table again, slowly, and refuse it with the line of its first fault, if there is one."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True)
    with _FIELD_LIMIT:  # the limit is one for the whole process
        before = csv.field_size_limit(1 << 30)
        try:
            for row in reader:
                fault = _fault(row, names)
                if fault:
                    raise RefusedInput(f"{where}, line {reader.line_num:,}: {fault[0]}", hint=fault[1])
        except csv.Error as error:
            raise RefusedInput(
                f"{where}, line {reader.line_num:,}: {error}.",
                hint="Close each quote, and double the quotes inside a quoted cell.",
            ) from error
        finally:
            csv.field_size_limit(before)


def _fault(row: Sequence[str], names: Sequence[str]) -> tuple[str, str] | None:
    if row and len(row) != len(names):
        return (
            f"{len(row)} cells where the header has {len(names)}.",
            "Give each line as many cells as the header, and quote cells that hold the separator.",
        )
    for name, cell in zip(names, row, strict=False):
        if len(cell) > MAX_CELL:
            return (
                f"column {name!r} has a cell of {len(cell):,} characters; the limit is {MAX_CELL:,}.",
                "Shorten it, or leave the column out.",
            )
    return None
