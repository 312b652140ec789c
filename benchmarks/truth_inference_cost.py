"""Cost of truth inference beside crowd-kit's DawidSkene: same labels, same process, interleaved.

    PYTHONPATH=src PEER/bin/python benchmarks/truth_inference_cost.py [--labels 1000000] [--repeats 3]

PEER is a virtual environment with numpy, scipy, pandas and crowd-kit (never a dependency of the project; the script
says so and stops where it is missing). Both run 20 rounds of EM on integer codes; crowd-kit gets them in a DataFrame
that is built beforehand. Ours includes building its sparse matrix, the label posteriors and the annotators' accuracies
with intervals. Peak memory is the growth of the resident high-water mark (VmHWM, reset before the call), each side in
a process of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from annoaudit.statistics.truth_inference import infer_truth

N_ANNOTATORS, N_CLASSES, PER_ITEM, N_ROUNDS = 1000, 5, 5, 20
SIDES = ("ours, 20 rounds", "crowd-kit, 20 rounds", "ours, model chosen from labels")

Labels = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw_labels(n_labels: int, seed: int = 0) -> Labels:
    rng = np.random.default_rng(seed)
    n_items = n_labels // PER_ITEM
    truth = rng.integers(0, N_CLASSES, n_items)
    item = np.repeat(np.arange(n_items), PER_ITEM)
    first = rng.integers(0, N_ANNOTATORS, n_items)
    step = rng.integers(1, N_ANNOTATORS // PER_ITEM, n_items)
    annotator = ((first[:, None] + step[:, None] * np.arange(PER_ITEM)) % N_ANNOTATORS).ravel()
    ability = rng.beta(8, 3, N_ANNOTATORS)
    right = rng.random(len(item)) < ability[annotator]
    wrong = (truth[item] + rng.integers(1, N_CLASSES, len(item))) % N_CLASSES
    order = rng.permutation(len(item))
    return item[order], annotator[order], np.where(right, truth[item], wrong)[order]


def ours(labels: Labels, model: str) -> Callable[[], np.ndarray]:
    item, annotator, label = labels
    sizes = {"n_items": int(item.max()) + 1, "n_annotators": N_ANNOTATORS, "n_classes": N_CLASSES}

    def run() -> np.ndarray:
        limits = {"n_iterations": N_ROUNDS, "tolerance": -1.0} if model == "dawid_skene" else {}
        return infer_truth(item, annotator, label, **sizes, model=model, **limits).posterior

    return run


def peer(labels: Labels) -> Callable[[], np.ndarray]:
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    frame = pd.DataFrame(dict(zip(("task", "worker", "label"), labels, strict=True)))

    def run() -> np.ndarray:
        model = DawidSkene(n_iter=N_ROUNDS, tol=-np.inf).fit(frame)
        return model.probas_.sort_index()[list(range(N_CLASSES))].to_numpy()

    return run


def runner(side: str, labels: Labels) -> Callable[[], np.ndarray]:
    if side == SIDES[1]:
        return peer(labels)
    return ours(labels, "dawid_skene" if side == SIDES[0] else "auto")


def resident(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


def print_peak(side: str, n_labels: int) -> None:
    run = runner(side, draw_labels(n_labels))
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    run()
    print(resident("VmHWM") - before)


def measure_peak(side: str, n_labels: int) -> float:
    command = [sys.executable, __file__, "--labels", str(n_labels), "--peak", side]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def compare(n_labels: int, repeats: int) -> None:
    labels = draw_labels(n_labels)
    runs = {side: runner(side, labels) for side in SIDES}
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    answers = {}
    for _ in range(repeats):
        for side, run in runs.items():
            start = time.perf_counter()
            answers[side] = run()
            times[side].append(time.perf_counter() - start)
    peaks = {side: measure_peak(side, n_labels) for side in SIDES}
    theirs = np.median(times[SIDES[1]])
    print(f"{n_labels:,} labels, {N_ANNOTATORS:,} annotators, {N_CLASSES} classes, {repeats} interleaved repeats\n")
    print("| run | median s | times faster than crowd-kit | peak MB | same class as crowd-kit |\n|---|---|---|---|---|")
    for side in SIDES:
        same = np.mean(answers[side].argmax(axis=1) == answers[SIDES[1]].argmax(axis=1))
        median = np.median(times[side])
        print(f"| {side} | {median:.2f} | {theirs / median:.1f} | {peaks[side]:.0f} | {same:.4f} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peak", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("crowdkit") is None:
        print("skipped: crowd-kit is not installed in this environment", file=sys.stderr)
        return 0
    if options.peak:
        print_peak(options.peak, options.labels)
    else:
        compare(options.labels, options.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
