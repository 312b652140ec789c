"""Cost of label issues given probabilities, against cleanlab in the same process on the same arrays.

python benchmarks/label_errors_cost.py [--repeats 5]     prints a Markdown table.
Ours: score_labels. The peer: cleanlab.filter.find_label_issues and cleanlab.rank.get_label_quality_scores, n_jobs=1.
Runs alternate; each figure is the fastest of its runs, in processor time as well as on the clock. Memory is the
peak of what Python and numpy allocate beyond the arrays handed in.
"""

from __future__ import annotations

import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import argparse
import time
import tracemalloc

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from annoaudit.statistics.label_errors import score_labels


def arrays(n, n_classes, seed=0):
    """Softmax of noisy logits as float32; 10 % of the given labels are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(n_classes, size=n)
    p = 2 * rng.standard_normal((n, n_classes), dtype=np.float32)
    p[np.arange(n), true] += 8
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    wrong = rng.random(n) < 0.1
    return np.where(wrong, rng.integers(n_classes, size=n), true), p


def peer(given, p):
    find_label_issues(given, p, n_jobs=1)
    get_label_quality_scores(given, p)


def timed(run, given, p):
    clock, processor = time.perf_counter(), time.process_time()
    run(given, p)
    return time.perf_counter() - clock, time.process_time() - processor


def peak_mb(run, given, p):
    tracemalloc.start()
    run(given, p)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def row(n, n_classes, repeats):
    given, p = arrays(n, n_classes)
    runs = [(timed(score_labels, given, p), timed(peer, given, p)) for _ in range(repeats)]
    (ours_s, ours_cpu), (peer_s, peer_cpu) = np.array(runs).min(axis=0)
    ours_mb, peer_mb = peak_mb(score_labels, given, p), peak_mb(peer, given, p)
    return (
        f"| {n:,} x {n_classes} | {ours_s:.2f} | {peer_s:.2f} | {ours_s / peer_s:.2f} | {ours_cpu:.2f} "
        f"| {peer_cpu:.2f} | {ours_cpu / peer_cpu:.2f} | {p.nbytes / 1e6:.0f} | {ours_mb:.0f} | {peer_mb:.0f} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print("| items x classes | ours s | peer s | ratio | ours cpu s | peer cpu s | cpu ratio ", end="")
    print("| input MB | ours peak MB | peer peak MB |\n" + "|---" * 10 + "|")
    for n, n_classes in ((1_000_000, 10), (50_000, 1000)):
        print(row(n, n_classes, repeats), flush=True)
