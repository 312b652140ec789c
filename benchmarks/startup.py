"""How long the command takes to say what it can do, and to audit the sample project.

    python benchmarks/startup.py [--repeats 7]

Whole processes; the bare interpreter stands beside them in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as out:
        audit = ["audit", "sample_data/labels.csv", "--gold", "sample_data/gold.csv", "--out", out]
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], repeats),
            "annoaudit --help": ([sys.executable, "-m", "annoaudit", "--help"], repeats),
            "annoaudit audit (sample project)": ([sys.executable, "-m", "annoaudit", *audit], 3),
        }
        times = {name: [seconds(command) for _ in range(n)] for name, (command, n) in commands.items()}
    bare = statistics.median(times["python -c pass"])
    print("| command | median s | min s | max s | times the bare interpreter |")
    print("|---|---|---|---|---|")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"| `{name}` | {middle:.2f} | {min(values):.2f} | {max(values):.2f} | {middle / bare:.1f} |")


if __name__ == "__main__":
    main()
