import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from store_writer import make_findings, make_run

from annoaudit.store import open_store

WRITER = Path(__file__).with_name("store_writer.py")


def write(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WRITER), *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> None:
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def check(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_two_processes_that_create_and_write_at_once_both_succeed(tmp_path):
    path = tmp_path / "annoaudit.db"
    for process in [write("add", path, 5, 500), write("add", path, 5, 500)]:
        finish(process)
    with open_store(path) as store:
        assert len(store.runs()) == 10
        assert all(len(store.findings(run_id)) == 500 for run_id in store.runs()["run_id"])
    check(path)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")
def test_a_run_that_is_killed_is_stored_whole_or_not_at_all(tmp_path):
    path, times, n = tmp_path / "annoaudit.db", 10, 1_500
    finish(write("kill", path, times, n, 11))
    with open_store(path) as store:
        stored = store.runs()["run_id"].tolist()
        assert stored[0] == "whole"
        for run_id in stored:
            first = times if run_id == "whole" else int(run_id.removeprefix("killed-"))
            read = set(store.findings(run_id)["fingerprint"])
            assert read == set(make_findings(n, first=first * n)["fingerprint"])
        store.add_run(make_run(run_id="next"), make_findings(n), "{}")
        assert store.runs()["run_id"].tolist() == [*stored, "next"]
    check(path)
    rows = sqlite3.connect(path)
    n_known = rows.execute("select count(*) from findings").fetchone()[0]
    n_seen = rows.execute("select count(distinct fingerprint) from sightings").fetchone()[0]
    rows.close()
    assert n_known == n_seen


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")
def test_a_store_whose_creation_was_killed_can_be_opened(tmp_path):
    finish(write("create", tmp_path, 10, 12))
    for place in range(10):
        path = tmp_path / f"{place}.db"
        with open_store(path) as store:
            key = store.pseudonym_key()
            store.add_run(make_run(), make_findings(3), "{}")
        with open_store(path) as store:
            assert store.pseudonym_key() == key
            assert len(store.findings()) == 3
