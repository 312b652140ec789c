"""annoaudit simulate, run as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def run(*arguments):
    tokens = {name for name in os.environ if name.startswith("LABEL_STUDIO")}
    known = {name: value for name, value in os.environ.items() if name not in tokens}
    return subprocess.run(
        [sys.executable, "-m", "annoaudit", "simulate", *map(str, arguments)],
        capture_output=True, text=True, env={**known, "COLUMNS": "80", "NO_COLOR": "1"}, timeout=300,
        encoding="utf-8",
    )  # fmt: skip


def test_the_sample_project(tmp_path):
    out = tmp_path / "out"
    done = run("--like", SAMPLE / "labels.csv", "--out", out, "--attacks", "random, copy_ring", "--runs", 6)
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if str(tmp_path) not in line)
    assert "copy_ring" in done.stdout
    assert "annoaudit: simulate: random (6 of 18 audits done" in done.stderr
    document = json.loads((out / "blind_spots.json").read_text("ascii"))
    assert {one["attack"]: one["verdict"] for one in document["attacks"]}["random"] == "detectable"
    page = (out / "blind_spots.html").read_text("utf-8")
    assert "ann09" not in page + done.stdout


def test_into_and_json(tmp_path):
    done = run(
        "--like", SAMPLE / "labels.csv", "--into", "--out", tmp_path, "--attacks", "class_pair", "--runs", 1,
        "--share", "0.1,0.3", "--strength", "0.8", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [one["share"] for one in document["attacks"]] == [0.1, 0.3]
    assert document["settings"]["into"] is True


def refused(done, *words):
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_what_cannot_be_run_is_refused(tmp_path):
    like = ("--like", SAMPLE / "labels.csv", "--out", tmp_path)
    refused(run(*like, "--attacks", "poison"), "poison", "copy_ring")
    refused(run(*like, "--share", "a few"), "a few", "0.05,0.2")
    refused(run(*like, "--share", "2"), "2.0")
    refused(run("--like", tmp_path / "none.csv", "--out", tmp_path), "none.csv")
    refused(run("--out", tmp_path), "--like")


def test_two_people_are_too_few(tmp_path):
    frame = pd.DataFrame(
        {"item_id": np.repeat(range(20), 2), "annotator": ["a", "b"] * 20, "label": ["x", "y", "x", "x"] * 10}
    )
    frame.to_csv(tmp_path / "labels.csv", index=False)
    refused(run("--like", tmp_path / "labels.csv", "--out", tmp_path), "2 annotators", "3 annotators")


def test_an_address_is_pulled_and_needs_its_token(tmp_path):
    refused(run("--like", "https://labels.example/projects/3/data", "--out", tmp_path), "token")
