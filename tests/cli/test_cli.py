"""The command line, run as a person runs it: another process, its output and its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def run(*arguments, cwd=None):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "annoaudit", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=300, encoding="utf-8",
    )  # fmt: skip


def table(tmp_path, name="labels.csv", n=40, **changes):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "unit_id": np.repeat([f"{i:04d}" for i in range(n)], 2),
            "worker": ["ann", "bob"] * n,
            "answer": rng.choice(["yes", "no"], 2 * n),
        }
    ).assign(**changes)
    frame.to_csv(tmp_path / name, index=False)
    return tmp_path / name


MAP = ("--map", "item=unit_id,annotator=worker,label=answer")


def test_the_sample_project_end_to_end(tmp_path):
    out = tmp_path / "out"
    done = run("audit", SAMPLE / "labels.csv", "--gold", SAMPLE / "gold.csv", "--out", out, "--budget", 60)
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if str(tmp_path) not in line)
    assert str(out / "report.html") in done.stdout
    findings = pq.read_table(out / "findings.parquet").to_pandas()
    lines = [json.loads(line) for line in (out / "findings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len(findings)
    assert findings["rank"].max() == 60
    document = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert document["schema"] == "annoaudit/run"
    report = (out / "report.html").read_text(encoding="utf-8")
    assert len(report) < 500_000
    assert "ann09" not in report


def test_opinions_hold_disagreement_against_nobody(tmp_path):
    done = run("audit", SAMPLE / "labels.csv", "--out", tmp_path, "--subjective")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert document["people"]["subjective"] is True
    assert not any(one["detector"] == "peer_score" for one in document["people"]["patterns"])
    assert "asks for opinions" in done.stdout
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "disagreement with others is held against nobody" in report


def test_running_again_adds_a_run_and_keeps_pseudonyms(tmp_path):
    from annoaudit.store import open_store

    source, out = table(tmp_path), tmp_path / "out"
    first = run("audit", source, *MAP, "--out", out, "--json")
    second = run("audit", source, *MAP, "--out", out, "--json")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    with open_store(out / "annoaudit.db") as store:
        runs = store.runs()
        assert len(runs) == 2
        a, b = (store.findings(one) for one in runs["run_id"])
    assert set(a["fingerprint"]) == set(b["fingerprint"])
    assert set(a["annotator"]) == set(b["annotator"])


def refuse(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_refused_a_missing_file(tmp_path):
    refuse(run("audit", tmp_path / "none.csv", cwd=tmp_path), "none.csv")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", ["empty.csv", "empty"]),
        ("noise.bin", bytes(range(256)) * 4, ["noise.bin"]),
        ("header.csv", b"item,annotator,label\n", ["header.csv"]),
        ("cut.json", b'[{"id": 1, "data": {"text": "a"}, "annotations": [{"id"', ["cut.json"]),
        ("bytes.csv", b"item,annotator,label\n1,a,caf\xe9\n", ["bytes.csv", "encoding"]),
        ("nothing.csv", b"item,annotator,label\n1,a,\n2,b,\n", ["nothing.csv"]),
        ("ragged.csv", b"item,annotator,label\n1,a,x\n2,b\n", ["ragged.csv", "3"]),
    ],
)
def test_refused_inputs_name_the_file_and_the_mend(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    done = run("audit", tmp_path / name, cwd=tmp_path)
    refuse(done, *words)
    assert len(done.stderr.strip().splitlines()) >= 2, "the mend stands on its own line"


def test_refused_a_missing_column_with_the_ones_there_are(tmp_path):
    done = run("audit", table(tmp_path), "--map", "item=unit,annotator=worker,label=answer", cwd=tmp_path)
    refuse(done, "unit", "unit_id")


def test_refused_a_cell_above_the_limit(tmp_path):
    done = run("audit", table(tmp_path, comment="x" * 1_000_001, n=1), *MAP, cwd=tmp_path)
    refuse(done, "comment", "1,000,000")


def test_refused_a_map_that_cannot_be_read(tmp_path):
    refuse(run("audit", table(tmp_path), "--map", "item", cwd=tmp_path), "role=column", "item=unit_id")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda p: p.rename(columns={"no": "nay"}), "no"),
        (lambda p: p.assign(no=0.9), "sum"),
        (lambda p: p.assign(no=np.nan), "NaN"),
        (lambda p: p.assign(no=np.inf), "inf"),
    ],
)
def test_refused_probabilities(tmp_path, change, word):
    source = table(tmp_path)
    p = pd.DataFrame({"item": [f"{i:04d}" for i in range(40)], "yes": 0.4, "no": 0.6})
    change(p).to_parquet(tmp_path / "p.parquet")
    refuse(run("audit", source, *MAP, "--probabilities", tmp_path / "p.parquet", cwd=tmp_path), "p.parquet", word)


def test_usage_errors_have_no_traceback(tmp_path):
    refuse(run("audit"), "source")
    refuse(run("frobnicate"), "frobnicate")
    refuse(run("list", "cats"), "cats")


@pytest.mark.parametrize(("what", "name"), [("formats", "label_studio"), ("detectors", "confident_learning")])
def test_list(what, name):
    done = run("list", what)
    assert done.returncode == 0
    assert name in done.stdout


def test_hostile_text_is_inert_on_the_terminal(tmp_path):
    source = table(tmp_path, answer=["\x1b[31mred\x1b[0m", "=cmd()"] * 40)
    done = run("audit", source, *MAP, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_place_that_cannot_be_written_is_one_error(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("audit", table(tmp_path), *MAP, "--out", tmp_path / "file")
    assert done.returncode == 3
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unexpected_error_is_not_mistaken_for_a_failed_gate(monkeypatch, capsys):
    from annoaudit.cli import app as module

    monkeypatch.setattr(module, "app", lambda **_: 1 / 0)
    monkeypatch.delenv("ANNOAUDIT_DEBUG", raising=False)
    with pytest.raises(SystemExit) as left:
        module.main([])
    assert left.value.code == 3
    assert "ZeroDivisionError" in capsys.readouterr().err
