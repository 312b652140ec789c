"""Kill -9 at random moments of real runs, then say whether anything was lost or doubled.

python killing.py KILLS SEED FOLDER
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jobs import command, make_labels, write_job

from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

MORE = "ledger: {heads: elsewhere}\n"
ONLY = "    detectors: [consensus_disagreement]\n"


@dataclass
class Tally:
    """What became of the runs that were killed."""

    n_killed: int = 0
    n_ended: int = 0
    n_nights_cut_off: int = 0


def change(labels: pd.DataFrame, night: int) -> pd.DataFrame:
    """Labels of another night: one label differs from those of the night before."""
    changed = labels.copy()
    row = night % len(labels)
    changed.loc[row, "label"] = "bike" if labels.loc[row, "label"] != "bike" else "fare"
    return changed


def start(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("run"), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def kill_runs(home: Path, n: int, seed: int) -> Tally:
    """Kill n runs, each on labels of its own, checking after each one, and completing every fifth.

    A run that ends before its kill is counted beside them.
    """
    pauses, tally, labels = random.Random(seed), Tally(), make_labels()
    path = write_job(home, more=MORE, labels=labels, project=ONLY)
    began = time.perf_counter()
    assert start(home).wait() == 0
    whole_s = time.perf_counter() - began
    n_finished = 1
    while tally.n_killed < n:
        number = tally.n_killed + tally.n_ended
        labels = change(labels, number)
        write_job(home, more=MORE, labels=labels, project=ONLY)
        process = start(home)
        try:
            process.wait(timeout=pauses.uniform(0.35, 1.05) * whole_s)
            tally.n_ended += 1
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            tally.n_killed += 1
        n_finished = check(home, path, n_finished)
        if number % 5 == 4:
            complete(path)
            n_finished = check(home, path, n_finished, at_least=n_finished + 1)
    complete(path)
    check(home, path, n_finished, at_least=n_finished + 1, whole=True)
    raw = sqlite3.connect(home / "nightly" / "bikes" / "annoaudit.db")
    tally.n_nights_cut_off = raw.execute("select count(*) from nights where finished_at is null").fetchone()[0]
    raw.close()
    return tally


def complete(path: Path) -> None:
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors, result.errors
    assert result.exit_code == 0
    night = result.nights[0].night
    assert night.counts.new + night.counts.known + night.counts.reopened == len(result.nights[0].record.findings)


def check(home: Path, path: Path, n_finished: int, at_least: int = 0, *, whole: bool = False) -> int:
    """Nothing lost: finished nights stay. Nothing doubled: one head a night, no night twice. What is sealed holds."""
    store = home / "nightly" / "bikes" / "annoaudit.db"
    raw = sqlite3.connect(store)
    assert raw.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert raw.execute("pragma foreign_key_check").fetchall() == []
    n_runs, n_distinct = raw.execute("select count(*), count(distinct run_id) from runs").fetchone()
    n_nights, n_done = raw.execute("select count(*), count(finished_at) from nights").fetchone()
    n_heads = raw.execute("select count(*) from heads").fetchone()[0]
    raw.close()
    assert n_runs == n_distinct == n_nights == n_heads
    assert n_done >= max(n_finished, at_least)
    with opened_past(read_job(path), "bikes") as past:
        found = past.verify()
        assert found.intact, found.problems
        assert len(past.trend()) == n_done
        lines = (home / "elsewhere" / "bikes.heads.jsonl").read_text().splitlines()
        if whole:
            assert lines == past.seals.nights.heads(), "every head arrived elsewhere, once"
    return n_done


if __name__ == "__main__":
    place = Path(sys.argv[3])
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    print(kill_runs(place, int(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 - a program that reports
