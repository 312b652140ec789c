"""Size of the store for each finding, evidence included: a first night, and nights that see the same findings again.

python benchmarks/store.py [FINDINGS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "store"))

from store_writer import make_findings, make_run

from annoaudit.store import open_store


def main(n: int) -> None:
    print("| night | bytes for each finding | seconds |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        path, before = Path(scratch) / "annoaudit.db", 0
        for what, night in (("first", 0), ("the same findings and words", 0), ("the same findings, other words", 1)):
            frame, start = make_findings(n, night=night), time.perf_counter()
            with open_store(path) as store:
                store.add_run(make_run(), frame, "{}")
            size = path.stat().st_size
            print(f"| {what} | {(size - before) / n:,.0f} | {time.perf_counter() - start:.1f} |")
            before = size
    words = (frame["reason"].str.len() + frame["evidence_json"].str.len()).mean()
    print(f"\n{n:,} findings with {words:.0f} bytes of reason and evidence each.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
