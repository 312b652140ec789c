"""Columns of a table as what they mean: ids and labels as text, seconds, UTC times."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.limits import MAX_CELL
from annoaudit.labels.distinct import one_chunk

__all__ = ["as_seconds", "as_text", "as_times", "parse_time"]

_UTC = pa.timestamp("us", tz="UTC")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def as_text(column: pa.ChunkedArray, name: str, where: str) -> pa.Array:
    """Return a column as strings (L,): 7 and 7.0 become "7", leading zeros stay, null stays null.

    Raises
    ------
    RefusedInput
        Lists or objects, a cell above the limit, a NUL character, a number that is not finite.
    """
    array = one_chunk(column)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    kind = array.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise RefusedInput(
            f"{where}: column {name!r} holds {kind}, not single values.",
            hint="Give one label a row. Several options of one answer are read from a Label Studio JSON export.",
        )
    if pa.types.is_floating(kind):
        array = _without_point(array, name, where)
    text = array if array.type == pa.string() else array.cast(pa.string())
    _check_cells(text, name, where)
    return text


def _without_point(array: pa.Array, name: str, where: str) -> pa.Array:
    """Whole numbers that became floats because a cell was missing are written as whole numbers again."""
    array = pc.if_else(pc.is_nan(array), None, array)
    _refuse_rows(pc.invert(pc.is_finite(array)), name, where, "is not a finite number", "Mend or empty this cell.")
    fits = pc.all(pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), 2.0**53))).as_py()
    return array.cast(pa.int64()) if fits in (True, None) else array


def _check_cells(text: pa.Array, name: str, where: str) -> None:
    if not len(text) or text.buffers()[2] is None:
        return
    offsets = np.frombuffer(text.buffers()[1], dtype=np.int32)[text.offset :][: len(text) + 1]
    if int(np.diff(offsets).max()) > MAX_CELL:
        hint = "Shorten it, or leave the column out."
        _refuse_rows(
            pc.greater(pc.utf8_length(text), MAX_CELL), name, where, f"is longer than {MAX_CELL:,} characters", hint
        )
    characters = np.frombuffer(text.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    if len(characters) and not characters.min():
        zeros = pc.match_substring(text, "\0")
        _refuse_rows(zeros, name, where, "has a NUL character", "Remove it; text never holds one.")


def as_seconds(column: pa.ChunkedArray, name: str, where: str, *, nan_is_empty: bool = False) -> pa.Array:
    """Return durations in seconds as float64 (L,), at least 0; null where the cell is empty.

    Data frames and Parquet files write NaN for an empty cell (``nan_is_empty``); text files do not.

    Raises
    ------
    RefusedInput
        A cell is no number, not finite or below zero; the message names its row.
    """
    array = one_chunk(column)
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        array = _parse_numbers(as_text(column, name, where), name, where)
    array = array.cast(pa.float64())
    hint = "Seconds are numbers such as 12.5, at least 0; leave the cell empty where none was measured."
    if nan_is_empty and array.null_count < len(array):
        array = pc.if_else(pc.is_nan(array), None, array)
    if array.null_count < len(array):
        _refuse_rows(pc.invert(pc.is_finite(array)), name, where, "is not a finite number", hint)
        _refuse_rows(pc.less(array, 0), name, where, "is below zero", hint)
    return array


def _parse_numbers(text: pa.Array, name: str, where: str) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(text)
    trimmed = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        pattern = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
        wrong = pc.invert(pc.match_substring_regex(trimmed, pattern))
        hint = "Numbers are written like 12.5; map another column as seconds, or leave the cell empty."
        _refuse_rows(wrong, name, where, "is no number", hint)
        raise RefusedInput(f"{where}: column {name!r} has a cell that is no number.", hint=hint) from None


def as_times(column: pa.ChunkedArray, name: str, where: str) -> tuple[pa.Array, bool]:
    """Return times in UTC, to the microsecond (L,), and whether any of them had no time zone.

    Text is ISO 8601 (2026-01-05T10:00:00Z, 2026-01-05 10:00, 2026-01-05) or Unix seconds; a time without
    a zone is taken as UTC.

    Raises
    ------
    RefusedInput
        A cell is no such time; the message names its row.
    """
    array = one_chunk(column)
    if pa.types.is_timestamp(array.type):
        naive = array.type.tz is None
        array = array.cast(pa.timestamp("us", tz=array.type.tz), safe=False)
        array = pc.assume_timezone(array, "UTC") if naive else array
        return array.cast(_UTC), naive
    if pa.types.is_date(array.type):
        return pc.assume_timezone(array.cast(pa.timestamp("us")), "UTC"), True
    text = as_text(column, name, where)
    for kind, naive in ((_UTC, False), (pa.timestamp("us"), True)):
        try:
            parsed = text.cast(kind)
        except pa.ArrowInvalid:
            continue
        return (pc.assume_timezone(parsed, "UTC") if naive else parsed), naive
    return _parse_times(text, name, where)


def _parse_times(text: pa.Array, name: str, where: str) -> tuple[pa.Array, bool]:
    """Parse each different text once."""
    coded = text.dictionary_encode()
    parsed: list[datetime | None] = []
    any_naive = False
    for word in coded.dictionary.to_pylist():
        found = parse_time(word)
        any_naive |= bool(found and found[1])
        parsed.append(found[0] if found else None)
        if found is None and word.strip():
            row = pc.index(coded.indices, len(parsed) - 1).as_py() + 1
            raise RefusedInput(
                f"{where}: row {row:,} of column {name!r} is no time: {word[:60]!r}.",
                hint="Times are written like 2026-01-05T10:00:00Z; leave the cell empty where none is known.",
            )
    return pa.array(parsed, _UTC).take(coded.indices), any_naive


def parse_time(text: object) -> tuple[datetime, bool] | None:
    """Parse one time, ISO 8601 or Unix seconds, into UTC; the flag says that it had no zone. None: no time."""
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        return None
    try:
        return _parse_number(float(text)), False
    except (ValueError, OverflowError, OSError):
        pass
    try:
        time = datetime.fromisoformat(str(text).strip())
        naive = time.tzinfo is None
        time = time.replace(tzinfo=UTC) if naive else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time, naive


def _parse_number(seconds: float) -> datetime:
    time = datetime.fromtimestamp(seconds, UTC)
    if not _FIRST_YEAR < time.year < _LAST_YEAR:
        raise ValueError(seconds)
    return time


def _refuse_rows(wrong: pa.Array, name: str, where: str, what: str, hint: str) -> None:
    """Refuse if any row is wrong, naming the first (rows are counted from 1, without the header)."""
    rows = np.flatnonzero(np.asarray(pc.fill_null(wrong, False)))
    if len(rows):
        more = f" ({len(rows):,} such rows)" if len(rows) > 1 else ""
        raise RefusedInput(f"{where}: row {rows[0] + 1:,} of column {name!r} {what}{more}.", hint=hint)
