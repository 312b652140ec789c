"""LabelSets as a YOLO data set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from annoaudit.errors import UsageError
from annoaudit.formats.writing import Row, counted, decoded, fresh_path, rows_by, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_yolo"]

_TASKS = {"bbox": "detect", "polygon": "segment", "rbox": "obb", "keypoints": "pose"}


def write_yolo(labels: LabelSet, target: Path) -> list[str]:
    """Write data.yaml, a list of the pictures, and one text file a picture that was looked at.

    Raises
    ------
    UsageError
        Several people labelled: YOLO cannot keep them apart.
    """
    people = labels.annotations["annotator_id"].unique().to_pylist()
    if len(people) > 1:
        raise UsageError(
            f"These are the labels of {len(people):,} annotators; YOLO holds those of one.",
            hint="COCO keeps them apart.",
        )
    table = counted(labels)
    kinds = Counter(kind for kind in table["kind"].to_pylist() if kind in _TASKS)
    kind = kinds.most_common(1)[0][0] if kinds else "bbox"
    rows = rows_by(table, lambda row: str(row["item_id"]))
    names = _names(labels, rows, kind)
    points = max((len(row.get("points", [])) // 2 for some in rows.values() for row in some), default=0)  # type: ignore[arg-type] # a list
    seen = set(labels.annotations["item_id"].to_pylist())
    written = 0
    with fresh_path(target, folder=True) as folder:
        pictures = []
        for item in labels.items.to_pylist():
            path = _path_of(item)
            pictures.append(f"./images/{path}{Path(str(item['uri'] or '.jpg')).suffix or '.jpg'}")
            if item["item_id"] in seen:
                lines = [_line(row, item, kind, names, points) for row in rows.get(item["item_id"], [])]
                file = folder / "labels" / f"{path}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                kept = [line for line in lines if line is not None]
                file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8", newline="\n")
                written += len(kept)
        (folder / "pictures.txt").write_text("".join(f"{one}\n" for one in pictures), encoding="utf-8", newline="\n")
        (folder / "data.yaml").write_text(_describe(names, kind, points), encoding="utf-8", newline="\n")
    why = f"the task is {_TASKS[kind]}, and objects need a picture of known size"
    return [*tell_left_out(labels, written, why=why), "Ids and times are not carried: YOLO holds classes and shapes."]


def _names(labels: LabelSet, rows: dict[str, list[Row]], kind: str) -> dict[str, int]:
    stated = [name for question in labels.questions.to_pylist() for name in question["options"] or ()]
    used = [str(row["value"]) for some in rows.values() for row in some if row["kind"] == kind and "value" in row]
    return {name: number for number, name in enumerate(dict.fromkeys([*stated, *used]))}


def _path_of(item: Row) -> str:
    """A path below images/ and labels/ that cannot lead out of them."""
    parts = [part for part in str(item["item_id"]).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(part.replace(":", "_")[:200] for part in parts) or "item"


def _describe(names: dict[str, int], kind: str, points: int) -> str:
    lines = ["path: .", "train: pictures.txt", "val: pictures.txt"]
    lines += [f"kpt_shape: [{points}, 3]"] if kind == "keypoints" else []
    listed = [f"  {number}: {json.dumps(name)}" for name, number in names.items()]
    return "\n".join([*lines, "names:", *listed]) + "\n"


def _line(row: Row, item: Row, kind: str, names: dict[str, int], points: int) -> str | None:
    if row["kind"] != kind or str(row.get("value")) not in names:
        return None
    shares = decoded(row, "attributes").get("shares")
    if not isinstance(shares, list):
        width, height = item["width"], item["height"]
        sized = isinstance(width, float) and isinstance(height, float) and width > 0 and height > 0
        shares = _shares(row, (width, height), kind, points) if sized else None  # type: ignore[arg-type] # checked
    if shares is None:
        return None
    return " ".join([str(names[str(row["value"])]), *(format(number, ".10g") for number in shares)])


def _shares(row: Row, size: tuple[float, float], kind: str, points: int) -> list[float] | None:
    if kind in ("polygon", "rbox"):
        rings = row.get("polygon", [])
        fits = isinstance(rings, list) and len(rings) == 1 and len(rings[0]) >= 6
        return _divided(rings[0], size) if fits else None  # type: ignore[index] # checked
    if not all(side in row for side in "xywh"):
        return None
    x, y, w, h = (float(row[side]) for side in "xywh")  # type: ignore[arg-type] # numbers
    box = [(x + w / 2) / size[0], (y + h / 2) / size[1], w / size[0], h / size[1]]
    return box if kind == "bbox" else box + _keypoints(row, size, points)


def _keypoints(row: Row, size: tuple[float, float], points: int) -> list[float]:
    flat = _divided(row.get("points", []), size)  # type: ignore[arg-type] # a list
    seen = decoded(row, "attributes").get("visibility")
    seen = seen if isinstance(seen, list) and len(seen) == len(flat) // 2 else [2.0] * (len(flat) // 2)
    triples = [[flat[2 * k], flat[2 * k + 1], float(seen[k])] for k in range(len(flat) // 2)]
    return [number for triple in triples + [[0.0] * 3] * (points - len(triples)) for number in triple]


def _divided(values: Sequence[float], size: tuple[float, float]) -> list[float]:
    return [value / size[place % 2] for place, value in enumerate(values)]
