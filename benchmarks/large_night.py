"""Nights of many labels: the first, the next with 1 % of the labels changed, and what their outputs take.

    python benchmarks/large_night.py LABELS [--texts] [--weekly]

Each night is a process of its own. Labels come from a Parquet file, four on an item, by 200 annotators; with --texts
each item has a text of twelve words, so that models are fitted; with --weekly they are reused (refit: weekly). The cost
of pulling is measured elsewhere (label_studio_pull).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CLASSES = np.array(["bike", "dock", "fare", "lost", "other"])
N_ANNOTATORS, EACH = 200, 4


def make_labels(n: int, *, texts: bool) -> tuple[pa.Table, np.ndarray]:
    rng = np.random.default_rng(1)
    n_items = n // EACH
    truth = rng.integers(0, len(CLASSES), n_items)
    item = np.repeat(np.arange(n_items), EACH)
    who = (rng.integers(0, N_ANNOTATORS, n_items)[:, None] + np.array([0, 7, 31, 77])).ravel() % N_ANNOTATORS
    label = np.where(rng.random(len(item)) < 0.9, truth[item], rng.integers(0, len(CLASSES), len(item)))
    columns = {"item": pa.array(item).cast(pa.string()), "annotator": pa.array([f"ann{k}" for k in who])}
    if texts:
        columns["text"] = pa.array([write_text(rng, one) for one in truth]).take(pa.array(item))
    return pa.table(columns), label


def write_text(rng: np.random.Generator, of_class: int) -> str:
    words = np.where(rng.random(12) < 0.4, 1000 * (of_class + 1) + rng.integers(0, 40, 12), rng.integers(0, 900, 12))
    return " ".join(f"w{word}" for word in words)


def run_night(home: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MB of one night."""
    code = "import sys; from annoaudit.cli import main; main(['run'])"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said = process.stderr.read() if process.stderr else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said[-2000:]
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=int)
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--weekly", action="store_true")
    arguments = parser.parse_args()
    table, label = make_labels(arguments.labels, texts=arguments.texts)
    changed = label.copy()
    rows = np.random.default_rng(2).choice(len(label), len(label) // 100, replace=False)
    changed[rows] = (label[rows] + 1) % len(CLASSES)
    how = "with texts" if arguments.texts else "without texts"
    print(f"{arguments.labels:,} labels {how}, refit: {'weekly' if arguments.weekly else 'nightly'}\n")
    print(
        "| night | seconds | CPU seconds | peak RSS MB | report.html MB | store MB so far |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        refit = ", refit: weekly" if arguments.weekly else ""
        (home / "annoaudit.yaml").write_text(f"projects: {{large: {{source: labels.parquet{refit}}}}}\n")
        for name, codes in (("first", label), ("1 % of the labels changed", changed)):
            pq.write_table(table.append_column("label", pa.array(CLASSES[codes])), home / "labels.parquet")
            seconds, cpu_s, peak = run_night(home)
            folder = home / "nightly" / "large"
            sizes = [(folder / one).stat().st_size / 1e6 for one in ("report.html", "annoaudit.db")]
            print(
                f"| {name} | {seconds:.0f} | {cpu_s:.0f} | {peak:,.0f} | {sizes[0]:.2f} | {sizes[1]:.0f} |", flush=True
            )


if __name__ == "__main__":
    main()
