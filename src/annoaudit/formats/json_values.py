"""Typed looks into JSON from strangers: what has the wrong type is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from annoaudit.errors import RefusedInput
from annoaudit.formats.cells import parse_time

__all__ = ["Record", "as_id", "dump", "dump_some", "number", "record", "records", "shorten", "text", "time", "whole"]

Record = Mapping[str, object]

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True)


def records(parent: Record, key: str, where: str) -> list[Record]:
    """Return a list of objects; [] where the key is missing or null."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(where, key, value, "a list")
    for place, one in enumerate(value, start=1):
        if not isinstance(one, dict):
            raise _wrong(where, f"{key}[{place}]", one, "an object")
    return value


def record(parent: Record, key: str, where: str) -> Record:
    """Return an object; {} where the key is missing or null."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(where, key, value, "an object")
    return value


def text(parent: Record, key: str, where: str) -> str | None:
    """Return a text; numbers are written out."""
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(where, key, value, "a text")
    return as_id(value)


def number(parent: Record, key: str, where: str) -> float | None:
    """Return a finite number, also where it is written as text."""
    value = parent.get(key)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(value)
        found = float(value)
    except (ValueError, OverflowError) as error:
        raise _wrong(where, key, value, "a number") from error
    if found - found != 0:
        raise _wrong(where, key, value, "a finite number")
    return found


def whole(parent: Record, key: str, where: str) -> int | None:
    """Return a whole number that fits into 64 bits."""
    found = number(parent, key, where)
    if found is not None and (found != int(found) or abs(found) >= 1 << 62):
        raise _wrong(where, key, parent.get(key), "a whole number")
    return None if found is None else int(found)


def time(parent: Record, key: str, where: str, naive: list[str]) -> datetime | None:
    """Return a time in UTC; where it has no zone, the key is added to ``naive``."""
    value = parent.get(key)
    if value is None or value == "":
        return None
    found = parse_time(value)
    if found is None:
        raise _wrong(where, key, value, "a time such as 2026-01-05T10:00:00Z")
    if found[1]:
        naive.append(key)
    return found[0]


def as_id(value: object) -> str:
    """Write an id as text; 7 and 7.0 are "7"."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def dump(value: object) -> str:
    """Write JSON the same way each time."""
    return _ENCODER.encode(value)


def dump_some(value: object) -> str | None:
    """Write JSON as :func:`dump` does; None where there is nothing to say."""
    return dump(value) if value else None


def shorten(value: object) -> str:
    """Quote a value for a message."""
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if len(quoted) <= 60 else quoted[:59] + "…"


def _wrong(where: str, key: str, value: object, expected: str) -> RefusedInput:
    return RefusedInput(f"{where}: {key} is {shorten(value)}, not {expected}.", hint="Mend it, or export it again.")
