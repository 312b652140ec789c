"""Reading a long CSV into a validated LabelSet, against pandas.read_csv in the same run.

    python benchmarks/reading.py --rows 1000000 --repeats 7

Runs are interleaved. Since 3.1 pandas parses large files in several threads; both ways are shown. CPU is that of all
threads of this process. Peak memory is that of a fresh process each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from annoaudit.formats import Source, read


def make(path: Path, rows: int, seed: int = 0) -> None:
    """Five labels an item, 1,000 annotators, five classes, measured seconds, times to the second."""
    rng = np.random.default_rng(seed)
    item = np.char.add("item-", np.char.zfill(np.repeat(np.arange(rows // 5 + 1), 5)[:rows].astype(str), 6))
    moment = np.datetime64("2026-01-05T10:00:00") + rng.integers(0, 60 * 86400, rows).astype("timedelta64[s]")
    table = pa.table(
        {
            "item": item,
            "annotator": np.char.add("a", rng.integers(0, 1000, rows).astype(str)),
            "label": np.array(["negative", "neutral", "positive", "mixed", "unclear"])[rng.integers(0, 5, rows)],
            "seconds": np.round(rng.gamma(2, 5, rows), 2),
            "created_at": pc.binary_join_element_wise(pa.array(moment.astype(str)), "Z", ""),
        }
    )
    pacsv.write_csv(table, path, pacsv.WriteOptions(quoting_style="none"))


def time_of(call) -> tuple[float, float]:
    """Wall and CPU seconds of one call; what it returns is freed before the next."""
    start, cpu = time.perf_counter(), time.process_time()
    result = call()
    taken = time.perf_counter() - start, time.process_time() - cpu
    del result
    return taken


def peak_of(code: str) -> float:
    """Peak resident memory, in MB, of a fresh process that runs ``code`` after its imports."""
    script = f"import pandas as pd\nfrom annoaudit.formats import read\n{code}\n"
    script += "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return float(done.stdout) / 1024 if done.returncode == 0 else float("nan")


def read_in_one_thread(path: Path) -> pd.DataFrame:
    try:
        with pd.option_context("mode.max_threads", 1):
            return pd.read_csv(path)
    except pd.errors.OptionError:  # before 3.1 there is one thread only
        return pd.read_csv(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        make(path, arguments.rows)
        calls = {
            "pandas.read_csv": lambda: pd.read_csv(path),
            "pandas.read_csv, one thread": lambda: read_in_one_thread(path),
            "annoaudit: the text parsed into columns": lambda: Source(str(path), path=path).table,
            "annoaudit.read": lambda: read(path),
        }
        times = {name: [] for name in calls}
        for _ in range(arguments.repeats):
            for name, call in calls.items():
                times[name].append(time_of(call))
        theirs, ours_peak = peak_of(f"x = pd.read_csv({str(path)!r})"), peak_of(f"x = read({str(path)!r})")
        peaks = [theirs, theirs, float("nan"), ours_peak]
        size = path.stat().st_size / 2**20
    print(f"{arguments.rows:,} rows, {size:.0f} MB, {arguments.repeats} interleaved runs, pandas {pd.__version__}")
    print(f"peak RSS after imports {peak_of(''):.0f} MB\n")
    print(
        "| | median s | best s | CPU s | peak RSS MB | read / it, median | best | CPU |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    figures = {name: (np.median(taken, axis=0), np.min(taken, axis=0)) for name, taken in times.items()}
    ours = figures["annoaudit.read"]
    for (name, (median, best)), peak in zip(figures.items(), peaks, strict=True):
        ratios = f"{ours[0][0] / median[0]:.2f} | {ours[1][0] / best[0]:.2f} | {ours[1][1] / best[1]:.2f}"
        print(f"| {name} | {median[0]:.3f} | {best[0]:.3f} | {best[1]:.3f} | {peak:.0f} | {ratios} |")


if __name__ == "__main__":
    main()
