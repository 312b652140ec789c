"""Kill -9 at random moments of real runs, then say whether anything was lost or doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from dataclasses import asdict, dataclass
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
    n_completed: int = 0
    n_finished: int = 0

    @property
    def n_runs(self) -> int:
        """Runs that were started to be killed."""
        return self.n_killed + self.n_ended


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

    A run that ends before its kill is counted beside them. What was tallied lies in ``tally.json`` after each run, so
    that killing goes on where it stopped.
    """
    kept = home / "tally.json"
    tally = Tally(**json.loads(kept.read_text())) if kept.exists() else Tally()
    labels = labels_after(tally.n_runs)
    path = write_job(home, more=MORE, labels=labels, project=ONLY)
    whole_s = seconds_of_a_run(home)
    tally.n_finished = check(home, path, tally.n_finished, at_least=tally.n_finished + 1)
    while tally.n_killed < n:
        number = tally.n_runs
        labels = change(labels, number)
        write_job(home, more=MORE, labels=labels, project=ONLY)
        pause_s = random.Random(f"{seed}-{number}").uniform(0.35, 1.05) * whole_s
        if killed_after(home, pause_s):
            tally.n_killed += 1
        else:
            tally.n_ended += 1
        tally.n_finished = check(home, path, tally.n_finished)
        if number % 5 == 4:
            complete(path)
            tally.n_completed += 1
            tally.n_finished = check(home, path, tally.n_finished, at_least=tally.n_finished + 1)
        keep(kept, tally)
    complete(path)
    check(home, path, tally.n_finished, at_least=tally.n_finished + 1, whole=True)
    raw = sqlite3.connect(home / "nightly" / "bikes" / "annoaudit.db")
    tally.n_nights_cut_off = raw.execute("select count(*) from nights where finished_at is null").fetchone()[0]
    raw.close()
    return tally


def labels_after(n_runs: int) -> pd.DataFrame:
    labels = make_labels()
    for number in range(n_runs):
        labels = change(labels, number)
    return labels


def seconds_of_a_run(home: Path) -> float:
    began = time.perf_counter()
    assert start(home).wait() == 0
    return time.perf_counter() - began


def killed_after(home: Path, pause_s: float) -> bool:
    """Start a run and kill it after so many seconds; say whether it still ran."""
    process = start(home)
    try:
        process.wait(timeout=pause_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def keep(path: Path, tally: Tally) -> None:
    scratch = path.with_suffix(".part")
    scratch.write_text(json.dumps(asdict(tally)))
    scratch.replace(path)


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
