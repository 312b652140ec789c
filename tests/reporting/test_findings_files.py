from __future__ import annotations

import csv
import io
import json

import audit_records
import pandas as pd
import pytest

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.reporting import findings_csv, write_findings, write_whole

ADDED = ("verdict", "threats", "frameworks")


def test_parquet_and_lines_say_the_same(record, tmp_path):
    said = {record.findings["fingerprint"][1]: "confirmed"}
    parquet, lines = write_findings(record.findings, tmp_path / "new" / "out", said)
    table = pd.read_parquet(parquet)
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert tuple(table.columns) == (*FINDING_COLUMNS, *ADDED)
    assert [tuple(row) for row in rows] == [(*FINDING_COLUMNS, *ADDED)] * len(record.findings)
    assert [row["verdict"] for row in rows[:3]] == list(table["verdict"][:3]) == ["", "confirmed", ""]
    assert [row["reason"] for row in rows] == list(table["reason"]) == list(record.findings["reason"])
    assert rows[0]["effect_low"] is None
    assert table["rank"].dtype == "int64"


def test_findings_carry_their_ids_with_the_version_of_the_framework(record, tmp_path):
    frame = record.findings.assign(detector=["ring", *["somebody_elses"] * (len(record.findings) - 1)])
    parquet, lines = write_findings(frame, tmp_path)
    first, second = (json.loads(line) for line in lines.read_text().splitlines()[:2])
    assert first["threats"] == ["malicious_injection"]
    assert "MITRE ATLAS 2026.09: AML.T0020" in first["frameworks"]
    assert second["threats"] == second["frameworks"] == []
    table = pd.read_parquet(parquet)
    assert list(table["frameworks"][0]) == first["frameworks"]


def test_no_findings_still_make_files_with_the_schema(tmp_path):
    parquet, lines = write_findings(audit_records.empty().findings, tmp_path)
    assert tuple(pd.read_parquet(parquet).columns) == (*FINDING_COLUMNS, *ADDED)
    assert lines.read_text() == ""


def test_a_missing_column_is_refused_and_leaves_nothing(record, tmp_path):
    with pytest.raises(UsageError, match="reason"):
        write_findings(record.findings.drop(columns="reason"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_breaks_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.html"
    write_whole(path, "old")

    def break_off(draft):
        draft.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, break_off)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\u00a0=1", "\uff1d1", "\u3000@x"]
)
def test_formulas_are_disarmed_in_cells_and_headers(cell):
    text = findings_csv(pd.DataFrame({cell: [cell], "plain": ["a=b"]}))
    header, body = list(csv.reader(io.StringIO(text)))
    assert header[0].startswith("'")
    assert body[0].startswith("'")
    assert '"a=b"' in text


def test_numbers_stay_numbers_and_gaps_stay_empty():
    frame = pd.DataFrame({"effect": [-0.25, None], "flag": [True, False], "text": [None, "x"]})
    assert findings_csv(frame) == '"effect","flag","text"\n-0.25,True,""\n"",False,"x"\n'
