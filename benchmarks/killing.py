"""Runs of the nightly job, killed with SIGKILL at random moments: whether anything was lost or doubled.

python benchmarks/killing.py [KILLS] [SEED]

After each kill, the store, the log of heads, every seal and the heads kept elsewhere are checked; after every fifth, a
run is completed. The first thing that is lost, doubled or damaged ends the benchmark with an error.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "job"))

from killing import kill_runs


def main(n: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        tally = kill_runs(Path(scratch), n, seed)
    print("| runs | killed | ended before the kill | nights cut off after they were stored | lost | doubled |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {tally.n_killed + tally.n_ended} | {tally.n_killed} | {tally.n_ended} | {tally.n_nights_cut_off} | 0 | 0 |"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
