"""Read hostile files: mutated samples of every format. Each must end in labels or in one refusal.

    python benchmarks/hostile_inputs.py --inputs 50000 --seed 1

Counts what was read and refused, the slowest file, and the most memory that the process took. It fails if anything but
a refusal escapes, if a file takes 10 s of CPU or the process 1 GB, or if a file outside of the input is opened. The
same seeds make the same files (tests/formats/mutations.py), so that a failure can be made again. What was counted is
kept in benchmarks/cache/ every 250 files: a run that was stopped goes on where it was. --fresh forgets it.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "formats"))

from mutations import make_hostile

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import read

CACHE = Path(__file__).resolve().parent / "cache"
KEPT_EVERY = 250
MOST_CPU_S = 10.0
MOST_MB = 1000.0


@dataclass
class Tally:
    """What became of the files so far."""

    n: int = 0
    found: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_cpu_s: float = 0.0
    slowest_s: float = 0.0
    slowest_seed: int = 0
    peak_mb: float = 0.0
    cpu_s: float = 0.0

    @classmethod
    def load(cls, path: Path) -> Tally:
        told = json.loads(path.read_text()) if path.exists() else {}
        return cls(**{**told, "found": Counter(told.get("found", {}))})

    def keep(self, path: Path) -> None:
        self.peak_mb = max(self.peak_mb, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(vars(self)))
        partial.replace(path)

    def add(self, seed: int, cpu_s: float, taken_s: float, outcome: str) -> None:
        self.n += 1
        self.cpu_s += cpu_s
        self.found[outcome.split(":")[0]] += 1
        self.slowest_s = max(self.slowest_s, taken_s)
        if cpu_s > self.slowest_cpu_s:
            self.slowest_cpu_s, self.slowest_seed = cpu_s, seed
        if outcome not in ("read", "refused") or cpu_s > MOST_CPU_S:
            self.failures.append(f"seed {seed}: {outcome[:200]} in {cpu_s:.1f} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # names that come twice are written into archives on purpose
    kept = CACHE / f"hostile_inputs_{arguments.seed}.json"
    if arguments.fresh:
        kept.unlink(missing_ok=True)
    tally = Tally.load(kept)
    read_all(tally, arguments.seed * 1_000_000, arguments.inputs, kept)
    tell(tally, arguments.seed)


def read_all(tally: Tally, first: int, n: int, kept: Path) -> None:
    opened: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder) / "outside.txt"
        outside.write_text("canary")
        inside = Path(folder) / "in"
        inside.mkdir()
        sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
        for seed in range(first + tally.n, first + n):
            ending, data = make_hostile(seed)
            path = inside / f"h{ending}"
            path.write_bytes(data)
            opened.clear()
            tally.add(seed, *attempt(path))
            if any(one in (str(outside), "/etc/hostname") for one in opened):
                tally.failures.append(f"seed {seed}: opened a file outside of the input")
            path.unlink()
            if tally.n % KEPT_EVERY == 0:
                tally.keep(kept)
    tally.keep(kept)


def tell(tally: Tally, seed: int) -> None:
    found = tally.found
    print(f"{tally.n:,} hostile files, seed {seed}, {tally.cpu_s / 60:.0f} minutes of CPU for reading them\n")
    print("| read | refused | other | slowest file, CPU s | slowest by the clock, s | peak RSS MB |")
    print("|---|---|---|---|---|---|")
    other = sum(found.values()) - found["read"] - found["refused"]
    print(
        f"| {found['read']:,} | {found['refused']:,} | {other:,} | {tally.slowest_cpu_s:.2f} (seed "
        f"{tally.slowest_seed}) | {tally.slowest_s:.2f} | {tally.peak_mb:.0f} |"
    )
    if tally.failures or tally.peak_mb > MOST_MB:
        print("\n".join(["", *tally.failures[:50]]))
        raise SystemExit(f"{len(tally.failures)} failures, peak {tally.peak_mb:.0f} MB")


def attempt(path: Path) -> tuple[float, float, str]:
    """Return the CPU seconds, the seconds by the clock, and what came of it."""
    started, cpu = time.perf_counter(), time.process_time()
    try:
        read(path)
        outcome = "read"
    except (RefusedInput, UsageError):
        outcome = "refused"
    except Exception as error:  # noqa: BLE001 - what escapes is what is looked for
        outcome = f"{type(error).__name__}: {error}"
    return time.process_time() - cpu, time.perf_counter() - started, outcome


if __name__ == "__main__":
    main()
