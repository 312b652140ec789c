"""What cannot be trusted is refused: one error that names the place and the mend."""

import gzip
import pickle
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import file_bytes as file_bytes_module
from annoaudit.formats import read

HEAD = b"item,annotator,label\n"


def refuse(tmp_path, content, name="labels.csv", **options):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedInput) as caught:
        read(path, **options)
    assert name in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n \n", "is empty"),
        (HEAD, "a header and no rows"),
        (b"item,label,label\n1,a,b\n", "columns 2 and 3 are both named 'label'"),
        (HEAD + b"1,a,x\n2,b\n", "line 3: 2 cells where the header has 3"),
        (HEAD + b"1,a,x\n2,b,x,y\n", "line 3: 4 cells where the header has 3"),
        (HEAD + b'1,a,"x\n2,b,y\n', "line 3: unexpected end of data"),
        (HEAD + b"1,a,x\n2,b,\xe9\n", "is not utf-8 text: byte 31, line 3"),
        (HEAD + b"1,a,x\n2,b,y\0\n", "NUL character|binary"),
        (HEAD + b"1,a,x\n,b,y\n", "row 2 has no item"),
        (HEAD + b"1,,x\n", "row 1 has no annotator"),
        (HEAD + b"1,a,\n2,a,\n", "no usable label"),
        (HEAD + b"1,a," + b"x" * 1_000_001 + b"\n", "label.* longer than 1,000,000|cell of 1,000,001"),
        (b"item,annotator,label,seconds\n1,a,x,3\n2,a,x,soon\n", "row 2 of column 'seconds' is no number"),
        (b"item,annotator,label,seconds\n1,a,x,3\n2,a,x,-1\n", "row 2 of column 'seconds' is below zero"),
        (b"item,annotator,label,seconds\n1,a,x,nan\n2,a,x,1\n", "seconds"),
        (b"item,annotator,label,seconds\n1,a,x,inf\n2,a,x,1\n", "row 1 of column 'seconds' is not a finite"),
        (
            b"item,annotator,label,created_at\n1,a,x,2026-01-05\n2,a,x,yesterday\n",
            "row 2 of column 'created_at' is no time",
        ),
    ],
)
def test_tables(tmp_path, content, said):
    import re

    assert re.search(said, refuse(tmp_path, content))


def test_a_very_long_cell_far_down(tmp_path):
    said = refuse(tmp_path, HEAD + b"1,a,x\n" * 5 + b"1,b," + b"y" * 20_000_000 + b"\n")
    assert "cell of 20,000,000 characters" in said or "longer than" in said


def test_missing_files_folders_and_strange_paths(tmp_path):
    for path, said in [(tmp_path / "no.csv", "There is no file"), (tmp_path, "holds no labels of a known format")]:
        with pytest.raises(RefusedInput, match=said):
            read(path)
    with pytest.raises(RefusedInput):
        read("bad\0path.csv")
    with pytest.raises(UsageError, match="cannot be read from int"):
        read(3)


def test_foreign_kinds_of_file(tmp_path):
    assert "pickle" in refuse(tmp_path, pickle.dumps([1, 2]), "labels.pkl")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as archive:
        archive.writestr("a", "b")
    assert "Excel" in refuse(tmp_path, (tmp_path / "book.xlsx").read_bytes(), "labels.xlsx")
    assert "binary" in refuse(tmp_path, bytes(range(1, 200)) + b"\0\1", "labels.bin")


def test_encodings(tmp_path):
    content = HEAD + "1,a,café\n".encode("cp1252")
    assert "cannot be decoded" in refuse(tmp_path, content)
    assert read(tmp_path / "labels.csv", encoding="cp1252").labels["value"].to_pylist() == ["café"]
    for encoding in ("no-such", "base64", "rot13"):
        with pytest.raises(UsageError):
            read(tmp_path / "labels.csv", encoding=encoding)
    assert "cannot be decoded" in refuse(tmp_path, b"\xff\xfe" + HEAD.decode().encode("utf-16-le") + b"\x00\xd8")


def test_compressed_files_are_bounded(tmp_path, monkeypatch):
    assert "damaged gzip" in refuse(tmp_path, gzip.compress(HEAD + b"1,a,x\n")[:-9], "labels.csv.gz")
    monkeypatch.setattr(file_bytes_module, "_FLOOR", 1000)
    assert "unpacks to more than" in refuse(tmp_path, gzip.compress(b"0" * 10_000_000), "bomb.csv.gz")


def test_large_files_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "large.csv"
    path.write_bytes(HEAD + b"1,a,x\n" * 100)
    with pytest.raises(RefusedInput, match="the limit is 100"):
        file_bytes_module.load_bytes(path, limit=100)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"item": 1, "label": "a"}', "truncated"),
        (b'[{"item": 1, "label": "a', "truncated"),
        (b'[{"item": 1,, "label": "a"}]', r"is not JSON: .*line 1, column 13, byte 12"),
        (b'[{"item": NaN, "label": "a"}]', "the number NaN"),
        (b'[{"item": 1e999, "label": "a"}]', "the number 1e999"),
        (b"[" * 5000 + b"]" * 5000, "deeper than 200"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "deeper than 200"),
        (b'[{"item": "\\ud800", "label": "a"}]', "half of a surrogate pair"),
        (b'[{"item": "a\\u0000b", "label": "a"}]', "NUL character"),
        (b'[{"item": ' + b"9" * 5000 + b"}]", "digits"),
        (b"[1, 2, 3]", "of no known format"),
        (b"[]", "."),
        (b'"text"', "."),
    ],
)
def test_json(tmp_path, content, said):
    import re

    assert re.search(said, refuse(tmp_path, content, "labels.json"))


def test_json_lines_name_the_line_and_byte(tmp_path):
    said = refuse(tmp_path, b'{"item": 1, "label": "a"}\n{"item": 2, "label": \n', "labels.jsonl")
    assert "line 2" in said
    assert "truncated" in said


def test_brackets_inside_text_are_no_nesting(tmp_path):
    path = tmp_path / "deep.jsonl"
    path.write_text('{"item": "1", "label": "' + "[" * 500 + '"}\n')
    assert read(path).labels.num_rows == 1


def test_parquet(tmp_path):
    table = pa.table({"item": ["1"], "label": ["a"]})
    pq.write_table(table, tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    assert "damaged Parquet" in refuse(tmp_path, data[:-20], "cut.parquet")
    pq.write_table(pa.table({"item": ["1"], "label": [["a", "b"]]}), tmp_path / "lists.parquet")
    with pytest.raises(RefusedInput, match="column 'label' holds list"):
        read(tmp_path / "lists.parquet")
    pq.write_table(pa.table({"item": ["1"], "label": ["a\0b"]}), tmp_path / "zero.parquet")
    with pytest.raises(RefusedInput, match="row 1 of column 'label' has a NUL"):
        read(tmp_path / "zero.parquet")


def test_data_frames():
    with pytest.raises(RefusedInput, match="no rows"):
        read(pd.DataFrame({"item": [], "label": []}))
    with pytest.raises(RefusedInput, match="'seconds' is not a finite number"):
        read(pd.DataFrame({"item": [1], "label": ["a"], "seconds": [np.inf]}))
    with pytest.raises(RefusedInput, match="two columns are named"):
        read(pd.DataFrame([[1, "a", "b"]], columns=["item", "label", "label"]))
    with pytest.raises(RefusedInput):
        read(pd.DataFrame({"item": [1], "label": pd.Series(["\ud800"], dtype=object)}))


def test_unknown_format_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEAD + b"1,a,x\n")
    with pytest.raises(UsageError, match="no format 'cocoa'"):
        read(path, format="cocoa")
    assert read(path, format="long_table").labels.num_rows == 1
