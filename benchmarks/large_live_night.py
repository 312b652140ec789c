"""Nights of a live project of many labels: the first, one with 1 % of the labels changed, and one that reads all anew.

    python benchmarks/large_live_night.py LABELS

Each night is a process of its own; so are the pulls, which are measured by themselves beside them. The labels lie on a
server of a few lines (large_server.py), four on a task: what the real server needs to answer is measured elsewhere
(label_studio_pull). Changed labels lie on as many tasks, and the server says when those were changed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
CLASSES, EACH = 5, 4
NIGHT = "from annoaudit.cli import main; main(['run'])"
PULL = "import sys; from annoaudit.connectors import pull; pull(sys.argv[1], into='pulled')"


def make_labels(n: int, folder: Path) -> np.ndarray:
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.integers(0, CLASSES, n // EACH), EACH)
    label = np.where(rng.random(len(truth)) < 0.9, truth, rng.integers(0, CLASSES, len(truth)))
    write(label, np.empty(0, dtype=np.int64), folder)
    return label


def write(label: np.ndarray, changed: np.ndarray, folder: Path) -> None:
    np.save(folder / "labels.npy", label)
    np.save(folder / "changed.npy", changed)


def change(label: np.ndarray, folder: Path) -> None:
    """One label of each of so many tasks that 1 % of all labels are others."""
    rng = np.random.default_rng(2)
    tasks = np.sort(rng.choice(len(label) // EACH, len(label) // 100, replace=False))
    changed = label.copy()
    rows = tasks * EACH + rng.integers(0, EACH, len(tasks))
    changed[rows] = (label[rows] + 1) % CLASSES
    write(changed, tasks, folder)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, str(HERE / "large_server.py"), str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def measure(name: str, home: Path, code: str, *arguments: str) -> None:
    """Run a process and tell its seconds, CPU seconds and peak memory: without those of the server."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said = process.stderr.read() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said[-2000:]
    cpu_s = used.ru_utime + used.ru_stime
    print(f"| {name} | {time.perf_counter() - began:.0f} | {cpu_s:.0f} | {used.ru_maxrss / 1024:,.0f} |", flush=True)


def configure(home: Path, address: str, more: str = "") -> None:
    (home / "annoaudit.yaml").write_text(f"projects: {{large: {{source: '{address}'{more}}}}}\n")


def main(n: int) -> None:
    os.environ["LABEL_STUDIO_API_KEY"] = "t" * 40
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        label = make_labels(n, home)
        print(f"{n:,} labels on {n // EACH:,} tasks\n")
        print("| what | seconds | CPU seconds | peak RSS MB |\n|---|---|---|---|", flush=True)
        with serving(home) as address:
            configure(home, address)
            measure("pull of everything", home, PULL, address)
            measure("first night", home, NIGHT)
            change(label, home)
            measure("pull of what changed, 1 % of the labels", home, PULL, address)
            measure("night with 1 % of the labels changed", home, NIGHT)
            configure(home, address, ", full_pull_days: 0")
            measure("night after it, reading everything anew", home, NIGHT)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
