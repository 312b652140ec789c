"""Runs of the nightly job, killed with SIGKILL at random moments: whether anything was lost or doubled.

python benchmarks/killing.py [KILLS] [SEED] [--anew]

After each kill, the store, the log of heads, every seal and the heads kept elsewhere are checked; after every fifth, a
run is completed. The first thing that is lost, doubled or damaged ends the benchmark with an error. Project and tally
lie in benchmarks/cache/killing/ and are written after each run: a benchmark that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "job"))

from killing import kill_runs

CACHE = HERE / "cache" / "killing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--anew", action="store_true", help="Forget the runs of an earlier benchmark.")
    arguments = parser.parse_args()
    home = CACHE / f"{arguments.kills}-{arguments.seed}"
    if arguments.anew:
        shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    tally = kill_runs(home, arguments.kills, arguments.seed)
    print(
        "| runs | killed | ended before the kill | completed | nights cut off after they were stored | lost | doubled |"
    )
    print("|---|---|---|---|---|---|---|")
    counts = (tally.n_runs, tally.n_killed, tally.n_ended, tally.n_completed, tally.n_nights_cut_off)
    print(f"| {' | '.join(map(str, counts))} | 0 | 0 |")


if __name__ == "__main__":
    main()
