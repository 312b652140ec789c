"""The forensics benchmark still runs: its own smoke part."""

import importlib
from pathlib import Path

import pytest

pytestmark = pytest.mark.statistical


def test_the_smoke_part_of_the_benchmark_passes(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    importlib.import_module("forensics").smoke()
