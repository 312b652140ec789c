"""Records of JSON as a table: one column a key, values as they are or, where they nest, as JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from annoaudit.errors import RefusedInput

__all__ = ["as_table"]

_SIMPLE = (str, int, float, bool)
_MAX_COLUMNS = 10_000


def as_table(records: Sequence[object], where: str) -> pa.Table:
    """Gather records, given as dictionaries, into columns; a missing key is null.

    A column of one simple type keeps it; numbers and texts mixed become text, and so do lists and
    objects, as JSON.

    Raises
    ------
    RefusedInput
        A record is no object, or there are more than 10,000 different keys.
    """
    names: dict[str, None] = {}
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise RefusedInput(
                f"{where}: record {number:,} is {_kind(record)}, not an object.",
                hint='Write one object a label, such as {"item": "7", "annotator": "a", "label": "yes"}.',
            )
        names.update(dict.fromkeys(record))
        if len(names) > _MAX_COLUMNS:
            raise RefusedInput(
                f"{where}: more than {_MAX_COLUMNS:,} different keys by record {number:,}.",
                hint="Write one object a label, with the same keys in each.",
            )
    rows = [record for record in records if isinstance(record, dict)]
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[object]) -> pa.Array:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {str}:
        return pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds and kinds <= {int, float} and all(_fits(value) for value in values):
        return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
    return pa.array([_as_text(value) for value in values], pa.string())


def _fits(value: object) -> bool:
    return not isinstance(value, int) or abs(value) < 1 << 53


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, float) else _plain(value)


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else str(value)


def _kind(value: object) -> str:
    names = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "null")
