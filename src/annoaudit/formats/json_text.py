"""JSON from strangers: bounded in size and depth, no NaN, and an error that says where."""

from __future__ import annotations

import json
import math
import re

import numpy as np

from annoaudit.errors import RefusedInput
from annoaudit.formats.file_bytes import line_of
from annoaudit.formats.limits import MAX_DEPTH, MAX_JSON_BYTES

__all__ = ["check_escapes", "parse_json", "parse_json_lines"]

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\u")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_OPEN = np.zeros(256, dtype=np.int8)
_OPEN[[ord("["), ord("{")]] = 1
_OPEN[[ord("]"), ord("}")]] = -1


class _NotFinite(ValueError):
    """A number JSON does not have."""


def parse_json(data: bytes, where: str) -> object:
    """Parse one JSON document (UTF-8).

    Raises
    ------
    RefusedInput
        Larger or deeper than the limits, truncated or otherwise not JSON, NaN or Infinity, half of a
        surrogate pair, a NUL character; the message names line, column and byte.
    """
    _check(data, where)
    return _parse(data, where, 0, 1)


def parse_json_lines(data: bytes, where: str) -> list[object]:
    """Parse JSON Lines (UTF-8): one document a line, empty lines left out.

    Raises
    ------
    RefusedInput
        As :func:`parse_json`, naming the line of the file.
    """
    _check(data, where)
    rows: list[object] = []
    start = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            rows.append(_parse(line, where, start, number))
        start += len(line) + 1
    return rows


def _parse(data: bytes, where: str, start: int, first_line: int) -> object:
    try:
        return json.loads(data, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        position = len(error.doc[: error.pos].encode())
        cut = not data[position:].strip() or error.msg.startswith("Unterminated string")
        what = "ends in the middle of a value: it is truncated" if cut else f"is not JSON: {error.msg}"
        raise RefusedInput(
            f"{where} {what} (line {first_line + error.lineno - 1:,}, column {error.colno:,}, "
            f"byte {start + position:,}).",
            hint="Export or download it again." if cut else "Mend this place, or export it again.",
        ) from error
    except RecursionError as error:
        raise _too_deep(where) from error
    except _NotFinite as error:
        place = f" (line {first_line:,})" if first_line > 1 else ""
        raise RefusedInput(
            f"{where} has the number {error}, which JSON does not have{place}.",
            hint="Write null where a number is not known.",
        ) from error
    except ValueError as error:  # an integer of thousands of digits
        raise RefusedInput(f"{where}: {str(error)[:120]}.", hint="Write long numbers as text.") from error


def _refuse_constant(text: str) -> float:
    raise _NotFinite(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotFinite(text[:40])
    return number


def _check(data: bytes, where: str) -> None:
    if len(data) > MAX_JSON_BYTES:
        raise RefusedInput(
            f"{where} has {len(data):,} bytes of JSON; the limit is {MAX_JSON_BYTES:,}.",
            hint="Export it in parts, or as Parquet.",
        )
    if _depth(data) > MAX_DEPTH and _depth(_STRING.sub(b"", data)) > MAX_DEPTH:
        raise _too_deep(where)
    check_escapes(data, where)


def check_escapes(data: bytes | memoryview, where: str) -> None:
    """Refuse a NUL character or half of a surrogate pair written as an escape.

    Raises
    ------
    RefusedInput
        The message names byte and line.
    """
    if _ESCAPE.search(data) is None:
        return
    if found := _NUL.search(data):
        line = line_of(bytes(data), found.start())
        raise RefusedInput(
            f"{where} has a NUL character (\\u0000) at byte {found.start():,}, line {line:,}.",
            hint="Remove it; text never holds one.",
        )
    if _SURROGATE.search(data):
        _check_surrogates(data, where)


def _depth(data: bytes) -> int:
    """Deepest nesting, brackets inside strings counted too."""
    depth, deepest = 0, 0
    view = np.frombuffer(data, dtype=np.uint8)
    for start in range(0, len(view), 1 << 22):
        steps = np.cumsum(_OPEN[view[start : start + (1 << 22)]], dtype=np.int64)
        deepest = max(deepest, depth + int(steps.max()))
        depth += int(steps[-1])
    return deepest


def _check_surrogates(data: bytes | memoryview, where: str) -> None:
    for found in _STRING.finditer(data):
        if not _SURROGATE.search(found.group()):
            continue
        try:
            str(json.loads(found.group())).encode()
        except json.JSONDecodeError:
            return  # not JSON at all; parsing says so better
        except UnicodeEncodeError as error:
            raise RefusedInput(
                f"{where} has half of a surrogate pair at byte {found.start():,}, "
                f"line {line_of(bytes(data), found.start()):,}: no character.",
                hint="Write the character itself, or both halves.",
            ) from error


def _too_deep(where: str) -> RefusedInput:
    return RefusedInput(f"{where} nests deeper than {MAX_DEPTH} levels.", hint="Export a flatter file.")
