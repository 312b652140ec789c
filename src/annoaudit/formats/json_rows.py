"""Tables as JSON, one object a row, made column by column: the text of json.dumps for each row, many times faster."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["json_rows"]

_SPECIAL = {True: r'[^ -~]|["\\]', False: r'["\\\x00-\x1f]'}


def json_rows(table: pa.Table, *, ascii_only: bool = True, compact: bool = False) -> pa.Array:
    """Return (n,) texts: what ``json.dumps`` makes of each row as a dict of its columns, nulls included.

    Parameters
    ----------
    table
        Columns of text, numbers, truth values or lists of these.
    ascii_only
        Write other characters as escapes.
    compact
        No blanks between values.
    """
    separators = (",", ":") if compact else (", ", ": ")
    encoder = json.JSONEncoder(ensure_ascii=ascii_only, separators=separators)
    members = []
    for place, name in enumerate(table.column_names):
        before = "{" if place == 0 else separators[0]
        members += [f"{before}{encoder.encode(name)}{separators[1]}", _encode(table[name].combine_chunks(), encoder)]
    if not members:
        return pa.array(["{}"] * table.num_rows, pa.string())
    return pc.binary_join_element_wise(*members, "}", "")


def _encode(column: pa.Array, encoder: json.JSONEncoder) -> pa.Array:
    if pa.types.is_string(column.type):
        texts = _quoted(column, encoder)
    elif pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        texts = column.cast(pa.string())
    elif pa.types.is_nested(column.type):
        known: dict[str, str] = {}
        told = (repr(one) for one in column.to_pylist())
        texts = pa.array([known.get(key) or known.setdefault(key, encoder.encode(one))
                          for key, one in zip(told, column.to_pylist(), strict=True)], pa.string())  # fmt: skip
    else:
        distinct = column.dictionary_encode()
        spelled = [encoder.encode(one) for one in distinct.dictionary.to_pylist()]
        texts = pa.array(spelled, pa.string()).take(distinct.indices)
    return pc.fill_null(texts, "null")


def _quoted(column: pa.Array, encoder: json.JSONEncoder) -> pa.Array:
    plain = pc.binary_join_element_wise('"', column, '"', "")
    special = pc.fill_null(pc.match_substring_regex(column, _SPECIAL[encoder.ensure_ascii]), False)
    if not pc.any(special).as_py():
        return plain
    encoded = [encoder.encode(one) for one in column.filter(special).to_pylist()]
    return pc.replace_with_mask(plain, special, pa.array(encoded, pa.string()))
