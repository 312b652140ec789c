"""LabelSets as a Label Studio export, which Label Studio imports."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from annoaudit.formats.gathering import UNKNOWN
from annoaudit.formats.label_studio.geometry import REGIONS
from annoaudit.formats.writing import Row, decoded, fresh_path, native_number, rows_by, tell_left_out
from annoaudit.labels import LabelSet

__all__ = ["write_label_studio"]

_TYPES = {
    "choice": "choices", "multichoice": "choices", "rating": "rating", "number": "number", "text": "textarea",
    "pair": "pairwise", "ranking": "ranker", "relation": "relation", "span": "labels", "segment": "labels",
    "bbox": "rectanglelabels", "rbox": "rectanglelabels", "polygon": "polygonlabels", "polyline": "polygonlabels",
    "keypoints": "keypointlabels",
}  # fmt: skip
_SIDES = {"a": "left", "b": "right", "left": "left", "right": "right"}
_FORMAT_KEYS = ("_result", "_meta")


def write_label_studio(labels: LabelSet, target: Path) -> list[str]:
    """Write tasks with annotations, skipped ones and drafts; return what was left out.

    Values that came from Label Studio are written back as they were; others in the usual shape of their kind.
    """
    questions = {row["question"]: decoded(row, "native_json") for row in labels.questions.to_pylist()}
    rows = rows_by(labels.labels, lambda row: str(row.get("annotation_id")))
    annotations = rows_by(labels.annotations, lambda row: str(row["item_id"]))
    written = 0
    with fresh_path(target) as scratch, scratch.open("w", encoding="utf-8") as file:
        file.write("[")
        for place, item in enumerate(labels.items.to_pylist()):
            task: Row = {"id": native_number(str(item["item_id"])), "data": _data(item)}
            task |= {"project": native_number(item["project"])} if item["project"] else {}
            groups: dict[str, list[Row]] = {"annotations": [], "drafts": []}
            for annotation in annotations.get(str(item["item_id"]), []):
                results, count = _results(rows.get(str(annotation["annotation_id"]), []), item, questions)
                groups["drafts" if annotation.get("status") == "draft" else "annotations"].append(
                    _annotation(annotation) | {"result": results}
                )
                written += count
            file.write((",\n" if place else "\n") + json.dumps(task | groups, ensure_ascii=False, allow_nan=False))
        file.write("\n]\n")
    why = "a mask, track or shape without a picture's size has no place in Label Studio; predictions are left out"
    return tell_left_out(labels, written, why=why)


def _data(item: Row) -> Row:
    meta = decoded(item, "meta_json")
    native = {key: value for key, value in meta.items() if key not in _FORMAT_KEYS}
    if item["text"] is not None and item["text"] not in native.values():
        native["text"] = item["text"]
    if item["uri"] is not None and item["uri"] not in native.values():
        native["image" if item["media"] in (None, "image", "text") else str(item["media"])] = item["uri"]
    return native or {"text": ""}


def _annotation(row: Row) -> Row:
    annotator = str(row["annotator_id"])
    told: Row = {
        "id": None if "native_id" not in row else native_number(str(row["native_id"])),
        "completed_by": None if annotator == UNKNOWN else native_number(annotator),
        "was_cancelled": row.get("status") == "skipped",
        "ground_truth": row.get("is_gold", False),
        "lead_time": row.get("lead_time_s"),
    }
    for key in ("created_at", "updated_at"):
        if isinstance(at := row.get(key), datetime):
            told[key] = at.isoformat().replace("+00:00", "Z")
    return {key: value for key, value in told.items() if value is not None}


def _results(rows: list[Row], item: Row, questions: dict[str, Row]) -> tuple[list[Row], int]:
    """Rows of one region or one question are one result."""
    ids = {str(row["label_id"]): str(row.get("native_id", row["label_id"])) for row in rows}
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        parent = str(row.get("parent_label_id", ""))
        region = row["kind"] in set(REGIONS.values()) or row["kind"] in ("rbox", "relation")
        own = ids[str(row["label_id"])] if region or "native_id" in row else ids.get(parent, "")
        groups.setdefault((own or str(row["question"]), str(row["question"])), []).append(row)
    results: list[Row] = []
    count = 0
    for (native, question), found in groups.items():
        result = _result(found, item, questions.get(question, {}), ids)
        if result is not None:
            results.append({"id": native, "from_name": question} | result)
            count += len(found)
    return results, count


def _result(rows: list[Row], item: Row, question: Row, ids: dict[str, str]) -> Row | None:
    first = rows[0]
    kind = question.get("type") or _TYPES.get(str(first["kind"]))
    if not isinstance(kind, str):
        return None
    names = [str(row["value"]) for row in rows if "value" in row]
    native = {key: value for key, value in decoded(first, "attributes").items() if key != "_result"}
    base: Row = {"type": kind, "to_name": question.get("to_name") or ("text" if item["media"] == "text" else "image")}
    base |= {"origin": first["origin"]} if "origin" in first else {}
    base |= {"score": first["confidence"]} if "confidence" in first else {}
    rest = decoded(first, "attributes").get("_result")
    base |= rest if isinstance(rest, dict) else {}
    if kind == "relation":
        ends = {key: ids.get(str(first.get(f"{key[:-3]}_label_id"))) for key in ("from_id", "to_id")}
        told = {"direction": native.get("direction", "right"), "labels": sorted(set(names))}
        return {"type": "relation"} | ends | told if all(ends.values()) else None
    shape: Row | None = _answer(kind, rows, names, native) if kind not in REGIONS else _region(kind, rows, item, native)
    if shape is None:
        return None
    if kind in REGIONS:
        shape |= {kind if kind.endswith("labels") else "labels": list(dict.fromkeys(names))} if names else {}
        if item["width"] and item["height"]:
            base |= {
                "original_width": int(float(str(item["width"]))),
                "original_height": int(float(str(item["height"]))),
            }
    return base | {"value": shape}


def _answer(kind: str, rows: list[Row], names: list[str], native: Row) -> Row | None:
    first = rows[0]
    if kind == "choices":
        return {"choices": names}
    if kind == "taxonomy":
        return {"taxonomy": [decoded(row, "attributes").get("path", [row.get("value")]) for row in rows]}
    if kind in ("rating", "number"):
        number = first.get("value_num")
        return {kind: int(number) if isinstance(number, float) and number.is_integer() else number}
    if kind == "datetime":
        return {"datetime": first.get("value_text")}
    if kind == "textarea":
        return {"text": [row.get("value_text", "") for row in rows]}
    if kind == "chatmessage":
        return {"chatmessage": native}
    if kind == "pairwise":
        return {"selected": _SIDES[names[0]]} if names and names[0] in _SIDES else None
    if kind == "ranker":
        ranks = first.get("ranks")
        listed = ranks if isinstance(ranks, list) else []
        return native or {"ranker": {f"rank_{k}": one for k, one in enumerate(listed, start=1)}}
    return None


def _region(kind: str, rows: list[Row], item: Row, native: Row) -> Row | None:
    first = rows[0]
    if kind.startswith("video"):
        frames = {json.dumps(decoded(row, "attributes"), sort_keys=True): decoded(row, "attributes") for row in rows}
        return {"sequence": list(frames.values())} if all("frame" in frame for frame in frames.values()) else None
    if kind == "timelinelabels":
        ends = [
            tuple(int(float(str(row[end]))) for end in ("start", "end")) for row in rows if {"start", "end"} <= set(row)
        ]
        return {"ranges": [{"start": start, "end": end} for start, end in dict.fromkeys(ends)]}
    if first["kind"] in ("span", "segment"):
        known = {key: native[key] for key in native if key not in ("tokens", "fragments")}
        if "start" in known:
            return known
        told = {"start": first.get("start"), "end": first.get("end")}
        if first["kind"] == "span":
            told = {key: int(value) if isinstance(value, float) else value for key, value in told.items()}
        return known | told | ({"text": first["quote"]} if "quote" in first else {})
    if first["kind"] == "mask" or kind.startswith(("ellipse", "vector", "ocr")):
        return native if {"rle", "imageDataURL", "radiusX", "vertices", "ocrtext"} & set(native) else None
    if not item["width"] or not item["height"]:
        return native if {"x", "points"} & set(native) else None
    return _shape(first, (float(str(item["width"])) / 100, float(str(item["height"])) / 100))


def _shape(row: Row, scale: tuple[float, float]) -> Row | None:
    """Pixels as shares of a hundred."""
    if row["kind"] in ("bbox", "rbox") and all(side in row for side in "xywh"):
        x, y, w, h = (float(str(row[side])) for side in "xywh")
        box: Row = {"x": x / scale[0], "y": y / scale[1], "width": w / scale[0], "height": h / scale[1]}
        return box | {"rotation": row.get("rotation", 0)}
    points = row.get("points")
    if row["kind"] == "keypoints" and isinstance(points, list) and len(points) == 2:
        return {"x": points[0] / scale[0], "y": points[1] / scale[1], "width": 0.5}
    rings = row.get("polygon")
    if isinstance(rings, list) and len(rings) == 1:
        ring = rings[0]
        pairs = [[ring[k] / scale[0], ring[k + 1] / scale[1]] for k in range(0, len(ring), 2)]
        return {"points": pairs, "closed": row["kind"] == "polygon"}
    return None
