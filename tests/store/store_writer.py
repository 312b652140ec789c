"""Findings to store, and a program that stores them while other processes do, or while it is killed.

python store_writer.py add PATH RUNS FINDINGS
python store_writer.py kill PATH TIMES FINDINGS SEED
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from annoaudit.findings import FINDING_COLUMNS, fingerprint
from annoaudit.store import RunRow, open_store


def make_run(**changes) -> RunRow:
    values = {
        "started_at": datetime(2026, 3, 1, 2, 0, 0, 123456, tzinfo=UTC),
        "seconds": 1.5,
        "version": "0.1.0",
        "source": "labels.csv",
        "n_items": 100,
        "n_labels": 300,
        "n_annotators": 4,
        "n_flagged": 30,
        "n_queued": 15,
    }
    return RunRow(**(values | changes))


def make_findings(n: int, first: int = 0, night: int = 0) -> pd.DataFrame:
    """Findings of realistic size; ``night`` changes what may change from night to night."""
    rng = np.random.default_rng(night)
    ids = [hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(first, first + n)]
    detector = "neighbour_disagreement"
    suspicion = rng.random(n)
    frame = pd.DataFrame(
        {
            "fingerprint": [fingerprint(detector, "label", [i], "positive") for i in ids],
            "detector": detector,
            "version": "1",
            "level": "label",
            "severity": "L0",
            "question": "sentiment",
            "item_id": [f"item-{i:07d}" for i in range(first, first + n)],
            "label_id": [f"L{i}" for i in ids],
            "annotation_id": [f"A{i}" for i in ids],
            "annotator": "annotator-3f9a1c22",
            "given": "positive",
            "suggested": "negative",
            "suspicion": suspicion,
            "n": 10,
            "effect": rng.random(n),
            "effect_low": rng.random(n),
            "effect_high": rng.random(n),
            "effect_name": "share of neighbours that disagree",
            "null": "",
            "p": np.nan,
            "e": np.nan,
            "family": "",
            "reason": [f"{x} of 10 neighbours say negative; this annotator said positive." for x in range(n)],
            "evidence_json": [json.dumps({"neighbours": rng.integers(0, 10**6, 40).tolist()}) for _ in range(n)],
            "rank": np.where(np.arange(n) < 15, np.arange(n) + 1, 0),
        }
    )
    return frame[list(FINDING_COLUMNS)]


def add(path: str, n_runs: int, n_findings: int) -> None:
    with open_store(path) as store:
        for night in range(n_runs):
            store.add_run(make_run(), make_findings(n_findings, night=night), "{}")


def kill(path: str, times: int, n_findings: int, seed: int) -> None:
    """Add runs in children of this process, each killed after a random part of the time one run takes."""
    frames = [make_findings(n_findings, first=time_ * n_findings) for time_ in range(times + 1)]
    with open_store(path) as store:
        before = time.perf_counter()
        store.add_run(make_run(run_id="whole"), frames[times], "{}")
        whole_s = time.perf_counter() - before
    pauses = random.Random(seed)
    for place in range(times):
        child = os.fork()
        if child == 0:
            try:
                with open_store(path) as store:
                    store.add_run(make_run(run_id=f"killed-{place}"), frames[place], "{}")
            finally:
                os._exit(0)
        time.sleep(pauses.uniform(0, 1.2) * whole_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def create_and_kill(folder: str, times: int, seed: int) -> None:
    """Create stores in children of this process that are killed within the time that takes."""
    before = time.perf_counter()
    open_store(Path(folder) / "whole.db").close()
    whole_s = time.perf_counter() - before
    pauses = random.Random(seed)
    for place in range(times):
        child = os.fork()
        if child == 0:
            try:
                open_store(Path(folder) / f"{place}.db").close()
            finally:
                os._exit(0)
        time.sleep(pauses.uniform(0, 1.2) * whole_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    job, where, *numbers = sys.argv[1:]
    {"add": add, "kill": kill, "create": create_and_kill}[job](where, *map(int, numbers))
