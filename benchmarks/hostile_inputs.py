"""Read hostile files: mutated samples of every format. Each must end in labels or in one refusal.

    python benchmarks/hostile_inputs.py --inputs 50000 --seed 1

Counts what was read and refused, the slowest file, and the most memory that the process took. It fails if anything but
a refusal escapes, if a file takes 10 s or the process 1 GB, or if a file outside of the input is opened. The same seeds
make the same files (tests/formats/mutations.py), so that a failure can be made again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "formats"))

from mutations import make_hostile

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # names that come twice are written into archives on purpose
    found: Counter[str] = Counter()
    failures: list[str] = []
    slowest = (0.0, 0)
    opened: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder) / "outside.txt"
        outside.write_text("canary")
        inside = Path(folder) / "in"
        inside.mkdir()
        sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
        for seed in range(arguments.seed * 1_000_000, arguments.seed * 1_000_000 + arguments.inputs):
            ending, data = make_hostile(seed)
            path = inside / f"h{ending}"
            path.write_bytes(data)
            opened.clear()
            taken, outcome = attempt(path)
            found[outcome.split(":")[0]] += 1
            slowest = max(slowest, (taken, seed))
            if outcome not in ("read", "refused") or taken > 10:
                failures.append(f"seed {seed}: {outcome[:200]} in {taken:.1f} s")
            if any(one in (str(outside), "/etc/hostname") for one in opened):
                failures.append(f"seed {seed}: opened a file outside of the input")
            path.unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{arguments.inputs:,} hostile files, seed {arguments.seed}\n")
    print("| read | refused | other | slowest file, s | peak RSS MB |\n|---|---|---|---|---|")
    other = sum(found.values()) - found["read"] - found["refused"]
    print(
        f"| {found['read']:,} | {found['refused']:,} | {other:,} | {slowest[0]:.2f} (seed {slowest[1]}) | {peak:.0f} |"
    )
    if failures or peak > 1000:
        print("\n".join(["", *failures[:50]]))
        raise SystemExit(f"{len(failures)} failures, peak {peak:.0f} MB")


def attempt(path: Path) -> tuple[float, str]:
    started = time.perf_counter()
    try:
        read(path)
        outcome = "read"
    except (RefusedInput, UsageError):
        outcome = "refused"
    except Exception as error:  # noqa: BLE001 - what escapes is what is looked for
        outcome = f"{type(error).__name__}: {error}"
    return time.perf_counter() - started, outcome


if __name__ == "__main__":
    main()
