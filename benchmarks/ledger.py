"""The ledger over many records: sealing, writing the snapshot, and verifying it, each in a process of its own.

python benchmarks/ledger.py [RECORDS]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from annoaudit.labels import LabelSet
from annoaudit.ledger.sealing import Difference, Seal, seal_labels
from annoaudit.ledger.shelves import hash_files
from annoaudit.ledger.snapshots import Snapshots

KEY = b"k" * 32


def make(folder: Path, n: int) -> None:
    """n records: three annotations an item with one label each, from 40 people, with times."""
    n_annotations = n * 3 // 4
    n_items = n - n_annotations - 1
    rng = np.random.default_rng(0)
    number = np.arange(n_annotations)
    item = pa.array([f"{one:07d}" for one in number % n_items])
    who = pa.array([f"ann{one:02d}" for one in rng.integers(0, 40, n_annotations)])
    ids = pa.array([f"7-{one}-20260301T100000.{one % 1000000:06d}Z" for one in number])
    at = pa.array(1_700_000_000_000_000 + number * 1000).cast(pa.timestamp("us", tz="UTC"))
    names = [f"ann{one:02d}" for one in range(40)]
    texts = pa.array([f'Message "{one}": the dock does not release any bike, please help' for one in range(n_items)])
    LabelSet(
        items=pa.table({"item_id": [f"{one:07d}" for one in range(n_items)], "text": texts}),
        annotators=pa.table({"annotator_id": names, "pseudonym": [f"a-{one}" for one in names]}),
        questions=pa.table({"question": ["q"], "kind": ["choice"]}),
        annotations=pa.table({"annotation_id": ids, "item_id": item, "annotator_id": who, "created_at": at,
                              "updated_at": at, "lead_time_s": rng.random(n_annotations) * 30}),
        labels=pa.table({"label_id": pa.array([f"l{one}" for one in number]), "annotation_id": ids, "item_id": item,
                         "annotator_id": who, "question": ["q"] * n_annotations, "kind": ["choice"] * n_annotations,
                         "value": np.array(["yes", "no", "other"])[rng.integers(0, 3, n_annotations)]}),
    ).to_parquet(folder)  # fmt: skip


def seal_all(folder: Path) -> None:
    labels = LabelSet.from_parquet(folder)
    base = peak_mb()
    start = clock()
    hashed = seal_labels(labels, KEY)
    root = hashed.root
    hashed.save(folder.parent / "leaves.parquet")
    told = since(start)
    print(f"seal: canonical records, leaves, root, list of leaves|{len(hashed)}|{told}|{base:.0f}|{peak_mb():.0f}")
    (folder.parent / "root").write_text(root)


def keep_snapshot(folder: Path) -> None:
    labels = LabelSet.from_parquet(folder)
    base, start = peak_mb(), clock()
    Snapshots.at(folder.parent / "snapshots").keep(labels)
    told = since(start)
    print(f"write the snapshot|{labels.annotations.num_rows}|{told}|{base:.0f}|{peak_mb():.0f}")


def verify_same(folder: Path) -> None:
    base, start = peak_mb(), clock()
    hash_files(folder)
    listed = Seal.load(folder.parent / "leaves.parquet")
    assert listed.root == (folder.parent / "root").read_text()
    told = since(start)
    print(f"verify, nothing altered: files and list of leaves|{len(listed)}|{told}|{base:.0f}|{peak_mb():.0f}")


def alter(folder: Path) -> None:
    """Alter one label."""
    path = folder / "labels.parquet"
    table = pq.read_table(path)
    values = table["value"].to_pylist()
    values[12_345] = "altered"
    pq.write_table(table.set_column(table.schema.get_field_index("value"), "value", pa.array(values)), path)
    (folder.parent / "named").write_text(f"annotation/{table['annotation_id'][12_345].as_py()}")


def verify_altered(folder: Path) -> None:
    """One label altered: everything is hashed anew to name the record."""
    base, start = peak_mb(), clock()
    now = seal_labels(Snapshots.at(folder.parent).load_tables(folder.name), KEY)
    found = Difference.of(Seal.load(folder.parent / "leaves.parquet"), now)
    assert found.changed == [(folder.parent / "named").read_text()]
    told = since(start)
    print(f"verify, one label altered: name the record|{len(now)}|{told}|{base:.0f}|{peak_mb():.0f}")


def clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> str:
    return f"{time.perf_counter() - start[0]:.1f}|{time.process_time() - start[1]:.1f}"


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


STEPS = {one.__name__: one for one in (make, seal_all, keep_snapshot, verify_same, alter, verify_altered)}


def step(name: str, *arguments: object) -> str:
    command = [sys.executable, __file__, name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(n: int) -> None:
    print("| what | records | seconds | CPU seconds | peak before, MB | peak after, MB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "labels"
        step("make", folder, n)  # in a process of its own: a child's peak begins with its parent's
        for name in ("seal_all", "keep_snapshot", "verify_same", "verify_altered"):
            if name == "verify_altered":
                step("alter", folder)
            what, records, *numbers = step(name, folder).split("|")
            print(f"| {what} | {int(records):,} | {' | '.join(numbers)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        STEPS[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
