"""Cost of pulling from a real server: all, then some changed tasks (16), then nothing, each against the bare request.

The bare request of a first pull is the same snapshot with the same expansions: made, downloaded, parsed by json.loads
and deleted. That of an incremental pull is the one page of changed tasks. Both run in the same process, by turns.
Beside the wall time stands the CPU time of server and client together, which a busy machine changes less.
Run: python benchmarks/label_studio_pull.py [n_tasks] [n_changed] [repeats]
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from server import LabelStudioServer, start_server

from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.connectors.label_studio.bookmarks import Bookmark, filter_time
from annoaudit.connectors.label_studio.reading import _FIELDS, _OPTIONS, PAGE_SIZE, _query

T = TypeVar("T")

CLASSES = ("account", "billing", "bike", "praise", "safety", "station")
N_CHANGED = int(sys.argv[2]) if len(sys.argv) > 2 else 16
REPEATS = int(sys.argv[3]) if len(sys.argv) > 3 else 5


def answer(value: str) -> list[dict[str, object]]:
    return [{"id": "r", "from_name": "topic", "to_name": "message", "type": "choices", "value": {"choices": [value]}}]


def make_project(server: LabelStudioServer, n_tasks: int) -> int:
    people = [user.id for email, user in sorted(server.users.items()) if email.startswith("ann")]
    config = (ROOT / "sample_data" / "label_config.xml").read_text(encoding="utf-8")
    tasks = [
        {
            "data": {"text": f"Message {k} " + "lorem ipsum dolor sit amet " * 6},
            "annotations": [
                {"completed_by": people[(k + j) % 4], "lead_time": 4.0, "result": answer(CLASSES[(k * 7 + j) % 6])}
                for j in range(2 + k % 2)
            ],
        }
        for k in range(n_tasks)
    ]
    return server.create_project(config, tasks, title="Benchmark of pulling")


@dataclass(frozen=True)
class Spent:
    """What something cost: seconds on the clock, and CPU seconds of server and client."""

    wall: float
    cpu: float


def measure(work: Callable[[], T], server: LabelStudioServer) -> tuple[Spent, T]:
    clock, cpu = time.perf_counter(), cpu_of(server)
    result = work()
    return Spent(time.perf_counter() - clock, cpu_of(server) - cpu), result


def cpu_of(server: LabelStudioServer) -> float:
    """CPU seconds of this process and of the server; without /proc, of this process alone."""
    assert server.process is not None
    stat = Path(f"/proc/{server.process.pid}/stat")
    fields = stat.read_text().rsplit(") ", 1)[1].split() if stat.exists() else ["0"] * 13
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_snapshot(client: httpx.Client, project: int) -> None:
    base = f"/api/projects/{project}/exports/"
    made = client.post(base, json={"title": "bare", "serialization_options": _OPTIONS}).json()
    json.loads(client.get(f"{base}{made['id']}/download", params={"exportType": "JSON"}).content)
    client.delete(f"{base}{made['id']}")


def bare_changes(client: httpx.Client, project: int, bookmark: Bookmark) -> None:
    query = _query("updated_at", "greater_or_equal", "Datetime", filter_time(bookmark.since))
    params = {
        "project": project, "fields": "all", "resolve_uri": "false", "include": _FIELDS, "page": 1,
        "page_size": PAGE_SIZE, "query": json.dumps(query),
    }  # fmt: skip
    client.get("/api/tasks", params=params).json()


def change(client: httpx.Client, annotations: list[str], value: str) -> None:
    for native in annotations:
        client.patch(f"/api/annotations/{native}/", json={"result": answer(value)}).raise_for_status()


def spread(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def main(n_tasks: int) -> None:
    data = Path(tempfile.mkdtemp(prefix="annoaudit-pull-"))
    server = start_server(data)
    try:
        os.environ["LABEL_STUDIO_API_KEY"] = server.token
        project = make_project(server, n_tasks)
        connector = LabelStudio.of(f"{server.url}/projects/{project}")
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with server.client() as client:
            report(client, server, connector, project, before_mb)
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


def report(
    client: httpx.Client, server: LabelStudioServer, connector: LabelStudio, project: int, before_mb: float
) -> None:
    ours, bare = [], []
    bare_snapshot(client, project)  # warms the server up for both
    for turn in range(REPEATS):
        if turn % 2:  # neither always comes first
            bare.append(measure(lambda: bare_snapshot(client, project), server)[0])
        spent, pulled = measure(connector.pull, server)
        ours.append(spent)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if not turn % 2:
            bare.append(measure(lambda: bare_snapshot(client, project), server)[0])
    labels = pulled.labels
    print(f"{labels.items.num_rows:,} tasks, {labels.annotations.num_rows:,} annotations\n")
    print("| what | pull, s: median (range) | bare request, s | ratio | pull, CPU s | bare, CPU s | ratio |")
    print("|---|---|---|---|---|---|---|")
    show("first pull (snapshot)", ours, bare)
    natives = labels.annotations["native_id"].to_pylist()[:: len(labels.annotations) // N_CHANGED][:N_CHANGED]
    ours, bare, quiet = [], [], []
    for turn in range(REPEATS):
        change(client, natives, CLASSES[turn % len(CLASSES)])
        since = Bookmark.of(pulled.bookmark)
        assert since is not None
        spent, again = measure(partial(connector.pull, pulled.bookmark, pulled.labels), server)
        ours.append(spent)
        assert (again.how, len(again.changed)) == ("changes", N_CHANGED)
        bare.append(measure(partial(bare_changes, client, project, since), server)[0])
        pulled = again
        time.sleep(6)  # longer than the overlap
        spent, pulled = measure(partial(connector.pull, pulled.bookmark, pulled.labels), server)
        quiet.append(spent)
    show(f"pull of {N_CHANGED} changed tasks", ours, bare)
    print(f"| the same once more, nothing new | {spread([one.wall for one in quiet])} | | | | | |")
    print(f"\nMemory of the client: {before_mb:.0f} MB before the first pull, {peak_mb:.0f} MB at its peak.")


def show(what: str, ours: list[Spent], bare: list[Spent]) -> None:
    told = []
    for name in ("wall", "cpu"):
        mine, theirs = ([getattr(one, name) for one in part] for part in (ours, bare))
        told += [spread(mine), spread(theirs), f"{median(mine) / median(theirs):.2f}"]
    print(f"| {what} | {' | '.join(told)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
