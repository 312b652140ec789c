"""Reading a large COCO file (100,000 images, 500,000 polygons) into a validated LabelSet, against public readers.

    python benchmarks/coco.py --images 100000 --repeats 3

Each reading is a process of its own: wall time of the call alone, and peak resident memory of the whole process,
imports included. pycocotools is the public COCO reader that is measured; json is how most scripts open the file.
Neither keeps columns, checks ids or builds tables; annoaudit does. Runs are interleaved.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READERS = {
    "pycocotools.COCO": "from pycocotools.coco import COCO\ndef read(path): return COCO(path)",
    "json.load": "import json\ndef read(path): return json.load(open(path))",
    "annoaudit.read": "from annoaudit.formats import read as open_labels\ndef read(path): return open_labels(path)",
}
SCRIPT = """
import sys, time
{reader}
start = time.perf_counter()
result = read({path!r})
taken = time.perf_counter() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
print(f"\\nmeasured {{taken}} {{int(peak) / 1024}}", flush=True)
"""


def make(path: Path, images: int, seed: int = 0) -> None:
    """Five polygons of 5 to 17 corners an image, 80 categories with sparse ids, one decimal a coordinate."""
    rng = np.random.default_rng(seed)
    categories = [{"id": 2 * k + 1, "name": f"class {k}", "supercategory": ""} for k in range(80)]
    with path.open("w", encoding="utf-8") as file:
        file.write('{"info": {}, "licenses": [], "images": [')
        for k in range(images):
            row = {"id": k + 1, "width": 640, "height": 480, "file_name": f"{k:012d}.jpg", "license": 1}
            file.write((", " if k else "") + json.dumps(row))
        file.write('], "annotations": [')
        for k in range(5 * images):
            file.write((", " if k else "") + json.dumps(draw_annotation(rng, k, categories)))
        file.write(f'], "categories": {json.dumps(categories)}}}')


def draw_annotation(rng: np.random.Generator, k: int, categories: list[dict[str, object]]) -> dict[str, object]:
    corners = int(rng.integers(5, 18))
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = rng.uniform(20, 90, corners)
    x, y = rng.uniform(100, 540) + radius * np.cos(angle), rng.uniform(100, 380) + radius * np.sin(angle)
    box = [x.min(), y.min(), np.ptp(x), np.ptp(y)]
    return {
        "id": k + 1,
        "image_id": k // 5 + 1,
        "category_id": categories[int(rng.integers(80))]["id"],
        "segmentation": [np.round(np.stack([x, y], axis=1), 1).ravel().tolist()],
        "area": round(float(box[2] * box[3] * 0.6), 2),
        "bbox": [round(float(one), 1) for one in box],
        "iscrowd": 0,
    }


def measure(reader: str, path: Path) -> tuple[float, float] | None:
    """Seconds and MB of one reading; None where the reader is not installed."""
    script = SCRIPT.format(reader=reader, path=str(path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    _, taken, peak = done.stdout.strip().splitlines()[-1].split()
    return float(taken), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instances.json"
        make(path, arguments.images)
        size = path.stat().st_size / 1e6
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in READERS}
        for _ in range(arguments.repeats):
            for name, reader in READERS.items():
                found = measure(reader, path)
                runs[name] += [] if found is None else [found]
    print(f"{arguments.images:,} images, {5 * arguments.images:,} polygons, {size:.0f} MB, {arguments.repeats} runs\n")
    print("| | median s | best s | peak RSS MB | annoaudit / it, median |\n|---|---|---|---|---|")
    ours = statistics.median(one[0] for one in runs["annoaudit.read"])
    for name, taken in runs.items():
        if not taken:
            print(f"| {name} | not installed | | | |")
            continue
        median = statistics.median(one[0] for one in taken)
        peak = max(one[1] for one in taken)
        print(f"| {name} | {median:.2f} | {min(one[0] for one in taken):.2f} | {peak:.0f} | {ours / median:.2f} |")


if __name__ == "__main__":
    main()
