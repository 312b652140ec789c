from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path

import audit_records
import numpy as np
import pandas as pd
import pytest

from annoaudit.findings import FINDING_COLUMNS
from annoaudit.reporting import render_json
from annoaudit.reporting.as_json import plain_value

DOCS = Path(__file__).parents[2] / "docs" / "outputs.md"


def keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for entry in value.values() for key in keys(entry)}
    return {key for entry in value for key in keys(entry)} if isinstance(value, list) else set()


def test_the_schema_is_named_and_numbered(record):
    document = json.loads(render_json(record))
    assert (document["schema"], document["schema_version"]) == ("annoaudit/run", 1)
    assert document["started_at"] == "2026-03-14T02:15:00+00:00"
    assert document["counts"]["n_findings"] == len(record.findings)
    assert "findings" not in document


def test_what_is_not_known_is_null(record):
    question = json.loads(render_json(record), parse_constant=pytest.fail)["questions"][0]
    assert question["error_rate"]["value"] is None
    assert question["agreement"][-1]["value"] is None
    assert question["agreement"][-1]["why"] == "needs exactly two annotators"


def test_all_variants_are_valid():
    for build in (audit_records.empty, audit_records.void, audit_records.realistic):
        json.loads(render_json(build()), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32("nan"), None),
        (math.inf, None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, np.nan]), [1.0, None]),
        (pd.NA, None),
        (pd.NaT, None),
        ({"b", "a"}, ["a", "b"]),
        ((1, "x"), [1, "x"]),
        ({1: Path("a")}, {"1": "a"}),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
        (True, True),
        (b"x", "b'x'"),
    ],
)
def test_values_become_json(value, plain):
    assert plain_value(value) == plain


def test_every_key_and_column_is_documented(record):
    docs = DOCS.read_text()
    settings = set(record.settings)
    documented = keys(json.loads(render_json(record))) | set(FINDING_COLUMNS)
    missing = {name for name in documented - settings if f"`{name}`" not in docs}
    assert not missing
