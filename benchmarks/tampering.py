"""Tampering planted in snapshots, store and log, kind by kind: how many were found, and how many named the record.

python benchmarks/tampering.py [CASES OF EACH KIND]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ledger"))

from planting import KINDS, is_named, plant, run_nights


def main(n_each: int) -> None:
    total = [0, 0, 0]
    print("| planted | cases | found | record named |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "nights"
        made.mkdir()
        run_nights(made)
        for kind in KINDS:
            results = [plant(made, Path(scratch) / "copy", kind, seed) for seed in range(n_each)]
            counts = (n_each, sum(not found.intact for found, _ in results), sum(is_named(*one) for one in results))
            total = [a + b for a, b in zip(total, counts, strict=True)]
            print(f"| {kind} | {counts[0]:,} | {counts[1]:,} | {counts[2]:,} |", flush=True)
    print(f"| all | {total[0]:,} | {total[1]:,} | {total[2]:,} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
