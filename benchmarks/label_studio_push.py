"""Cost of the review loop on a real server: push of 1,000 and 10,000 flags, verdicts of 10,000 review tasks.

Each push is set against the bare HTTP request that imports the same rows into an empty project, in the same run.
Run: python benchmarks/label_studio_push.py [n_tasks]
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from review_scene import CLASSES, CONFIG, answer, choice
from server import LabelStudioServer, start_server

from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.findings import FINDING_COLUMNS, fingerprint
from annoaudit.reviewing import push, unpush, verdicts
from annoaudit.store import RunRow, open_store

N_ANSWERS = 300


def make_project(server: LabelStudioServer, n_tasks: int) -> int:
    people = [user.id for email, user in sorted(server.users.items()) if email.startswith("ann")]
    rng = np.random.default_rng(1)
    tasks = []
    for number in range(n_tasks):
        chosen = rng.choice(len(people), 2 + number % 2, replace=False)
        tasks.append(
            {
                "data": {"text": f"Text {number} " + "lorem ipsum dolor sit amet " * 6, "number": number},
                "annotations": [
                    {"completed_by": people[one], "lead_time": 4.0, "result": [choice(CLASSES[rng.integers(3)])]}
                    for one in chosen
                ],
            }
        )
    return server.create_project(CONFIG, tasks, title="Benchmark of pushing")


def make_findings(labels, n_flags: int) -> pd.DataFrame:
    """One finding on one annotation of each of the first tasks: as many review targets as flags."""
    rows = (
        labels.labels.select(["label_id", "annotation_id", "item_id", "value"]).to_pandas().drop_duplicates("item_id")
    )
    rows = rows.head(n_flags).reset_index(drop=True)
    n = len(rows)
    frame = pd.DataFrame({name: [""] * n for name in FINDING_COLUMNS})
    for name in ("suspicion", "effect", "effect_low", "effect_high", "p", "e"):
        frame[name] = np.nan
    frame["fingerprint"] = [fingerprint("benchmark", "label", [one]) for one in rows["label_id"]]
    frame["detector"], frame["version"], frame["level"], frame["severity"] = "benchmark", "1", "label", "L0"
    frame["question"], frame["given"], frame["suggested"] = "sentiment", rows["value"], "Neutral"
    for name in ("label_id", "annotation_id", "item_id"):
        frame[name] = rows[name]
    frame["annotator"], frame["n"] = "a-abcdefgh", 1
    frame["suspicion"] = np.linspace(1, 0.5, n)
    frame["reason"] = [f"A sentence of usual length says why label {one} is worth a second look." for one in range(n)]
    frame["evidence_json"], frame["rank"] = "{}", np.arange(1, n + 1)
    return frame


def make_folder(folder: Path, address: str, labels, n_flags: int) -> Path:
    folder.mkdir(parents=True)
    found = make_findings(labels, n_flags)
    row = RunRow(
        started_at=datetime.now(UTC), seconds=0.0, version="bench", source=address, n_items=labels.items.num_rows,
        n_labels=labels.labels.num_rows, n_annotators=4, n_flagged=len(found), n_queued=len(found),
    )  # fmt: skip
    with open_store(folder / "annoaudit.db") as store:
        store.add_run(row, found, json.dumps({"questions": [{"question": "sentiment"}]}))
    labels.to_parquet(folder / "labels")
    return folder


def timed(what: str, act):
    begin = time.perf_counter()
    result = act()
    seconds = time.perf_counter() - begin
    print(f"| {what} | {seconds:.2f} |", flush=True)
    return result, seconds


def bare_import(server: LabelStudioServer, review: int) -> float:
    """The same rows in one bare request into an empty project of the same form; only the import is timed."""
    config = server.call("GET", f"/api/projects/{review}/")["label_config"]
    rows, page = [], 1
    while True:
        with server.client() as client:
            found = client.get(
                "/api/tasks",
                params={
                    "project": review,
                    "fields": "all",
                    "page": page,
                    "page_size": 1000,
                    "include": "id,data,meta,predictions,result,model_version",
                },
            )
        if found.status_code == 404:
            break
        rows += [
            {
                "data": one["data"],
                "meta": one["meta"],
                "predictions": [{"model_version": "current label", "result": p["result"]} for p in one["predictions"]],
            }
            for one in found.json()["tasks"]
        ]
        page += 1
    empty = server.call("POST", "/api/projects/", {"title": "bare", "label_config": config})["id"]
    begin = time.perf_counter()
    with server.client() as client:
        said = client.post(f"/api/projects/{empty}/import", json=rows)
    seconds = time.perf_counter() - begin
    assert said.json()["task_count"] == len(rows), said.text[:300]
    server.call("DELETE", f"/api/projects/{empty}/")
    return seconds


def main() -> None:
    n_tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    scratch = Path(tempfile.mkdtemp(prefix="annoaudit-bench-"))
    server = start_server(scratch / "server")
    os.environ["LABEL_STUDIO_API_KEY"] = server.token
    print(
        f"Label Studio {server.version}, {n_tasks:,} tasks; "
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| what | seconds |\n|---|---|")
    try:
        project, _ = timed(f"make a project of {n_tasks:,} tasks", lambda: make_project(server, n_tasks))
        address = f"{server.url}/projects/{project}"
        pulled, _ = timed("pull it", lambda: LabelStudio.of(address).pull())
        for n_flags in (n_tasks // 10, n_tasks):
            out = make_folder(scratch / f"out-{n_flags}", address, pulled.labels, n_flags)
            receipt, ours = timed(f"push {n_flags:,} flags", lambda out=out: push(out, yes=True))
            assert receipt.n_made == n_flags
            bare = bare_import(server, receipt.review_project)
            print(
                f"| the same rows in one bare import request | {bare:.2f} |\n"
                f"| push, in bare requests | {ours / bare:.2f} times |"
            )
            timed(f"push {n_flags:,} again: nothing to do", lambda out=out: push(out, yes=True))
            found = server.call(
                "GET", "/api/tasks", project=receipt.review_project, page_size=N_ANSWERS, include="id,data"
            )
            who = server.users["reviewer@example.com"].id
            for one in found["tasks"]:
                answer(server, one["id"], "confirmed", one["data"]["annoaudit_current"], by=who)
            timed(f"verdicts of {n_flags:,} review tasks, {N_ANSWERS} answered", lambda out=out: verdicts(out))
            timed("verdicts again: nothing new", lambda out=out: verdicts(out))
            timed("unpush", lambda out=out: unpush(out, yes=True))
        print(
            f"\nClient: at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB "
            "(findings and the comparison included); seconds are wall time."
        )
    finally:
        server.stop()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
