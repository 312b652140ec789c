"""Rows made column by column are what json.dumps makes of each row, whatever stands in them."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annoaudit.formats.json_rows import json_rows

TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))
ROWS = st.lists(st.fixed_dictionaries({
    'text "quoted"': TEXTS, "count": st.one_of(st.none(), st.integers(-(2**62), 2**62)),
    "share": st.one_of(st.none(), st.floats(allow_nan=False)), "is_new": st.one_of(st.none(), st.booleans()),
    "threats": st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
}))  # fmt: skip
SCHEMA = pa.schema({
    'text "quoted"': pa.string(), "count": pa.int64(), "share": pa.float64(), "is_new": pa.bool_(),
    "threats": pa.list_(pa.string()),
})  # fmt: skip


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("compact", [True, False])
@given(rows=ROWS)
def test_each_row_is_what_json_dumps_makes_of_it(ascii_only, compact, rows):
    separators = (",", ":") if compact else None
    rows = [{name: row[name] for name in SCHEMA.names} for row in rows]
    expected = [json.dumps(row, ensure_ascii=ascii_only, separators=separators) for row in rows]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    assert json_rows(table, ascii_only=ascii_only, compact=compact).to_pylist() == expected


def test_a_table_without_columns_or_rows():
    assert json_rows(pa.table({})).to_pylist() == []
    assert json_rows(pa.table({"a": pa.array([], pa.string())})).to_pylist() == []
