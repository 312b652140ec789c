"""Regions of Label Studio results in canonical units: absolute pixels, code points, seconds."""

from __future__ import annotations

from annoaudit.errors import RefusedInput
from annoaudit.formats.geometry import ellipse_corners
from annoaudit.formats.json_values import Record, dump, number, records, shorten, whole
from annoaudit.formats.label_studio.brush import decode_mask_value

__all__ = ["REGIONS", "decode_region"]

Row = dict[str, object]


REGIONS: dict[str, str] = {
    "labels": "span", "hypertextlabels": "span", "paragraphlabels": "span",
    "timeserieslabels": "segment", "timelinelabels": "segment",
    "rectangle": "bbox", "rectanglelabels": "bbox", "ocrlabels": "bbox",
    "polygon": "polygon", "polygonlabels": "polygon",
    "ellipse": "polygon", "ellipselabels": "polygon",
    "keypoint": "keypoints", "keypointlabels": "keypoints",
    "brush": "mask", "brushlabels": "mask", "bitmask": "mask", "bitmasklabels": "mask",
    "magicwand": "mask",
    "vector": "polyline", "vectorlabels": "polyline",
    "videorectangle": "track", "videovector": "track", "videovectorlabels": "track",
}  # fmt: skip
"""Result type that marks a region, and its usual canonical kind."""


def decode_region(result: Record, value: Record, texts: list[str], where: str) -> list[Row]:
    """Turn the region of one result into rows: one, or one for each keyframe or range.

    Parameters
    ----------
    result, value
        The result and its ``value``.
    texts
        Texts of the task, to verify offsets against.

    Returns
    -------
    list of dict
        Canonical columns; what they cannot hold is in ``attributes`` as native JSON.
    """
    kind = str(result.get("type"))
    if kind in ("labels", "hypertextlabels", "paragraphlabels"):
        return [_decode_text_or_time(kind, result, value, texts, where)]
    if kind == "timeserieslabels":
        return [_segment(value, "timeseries", where)]
    if kind == "timelinelabels":
        return [_segment(one, "frame", where) for one in records(value, "ranges", where)] or [_native("segment", value)]
    if kind.startswith("video"):
        return _decode_track(result, value, where)
    if kind in ("brush", "brushlabels", "bitmask", "bitmasklabels", "magicwand"):
        height, width = whole(result, "original_height", where), whole(result, "original_width", where)
        rle = decode_mask_value(value, width, height)
        return [_native("mask", value) | {"rle": rle, "rle_h": height, "rle_w": width}]
    return [_decode_shape(kind, result, value, where)]


def _decode_shape(kind: str, result: Record, value: Record, where: str) -> Row:
    width, height = number(result, "original_width", where), number(result, "original_height", where)
    native = REGIONS[kind]
    if not width or not height or width < 0 or height < 0:
        return _native(native, value)
    scale = (width / 100, height / 100)
    if native == "bbox":
        row = _decode_box(value, scale, where)
    elif native == "keypoints":
        row = _decode_point(value, scale, where)
    elif kind.startswith("ellipse"):
        row = _decode_ellipse(value, scale, where)
    elif kind.startswith("vector"):
        row = _decode_vector(value, scale, where)
    else:
        corners = _points(value, scale, where)
        row = {"kind": "polyline" if value.get("closed") is False else "polygon", "polygon": [corners]}
    return row if row is not None else _native(native, value)


def _decode_box(value: Record, scale: tuple[float, float], where: str) -> Row | None:
    x, y, w, h = (number(value, key, where) for key in ("x", "y", "width", "height"))
    if x is None or y is None or w is None or h is None or w < 0 or h < 0:
        return None
    rotation = number(value, "rotation", where) or 0.0
    row: Row = {"kind": "rbox" if rotation else "bbox", "rotation": rotation or None}
    row |= {"x": x * scale[0], "y": y * scale[1], "w": w * scale[0], "h": h * scale[1]}
    if value.get("ocrtext") is not None:
        row |= {"value_text": str(value["ocrtext"]), "attributes": dump(value)}
    return row


def _decode_point(value: Record, scale: tuple[float, float], where: str) -> Row | None:
    x, y = number(value, "x", where), number(value, "y", where)
    return None if x is None or y is None else {"kind": "keypoints", "points": [x * scale[0], y * scale[1]]}


def _decode_ellipse(value: Record, scale: tuple[float, float], where: str) -> Row | None:
    """A polygon of 64 corners; the exact ellipse stays in ``attributes``."""
    x, y, a, b = (number(value, key, where) for key in ("x", "y", "radiusX", "radiusY"))
    if x is None or y is None or a is None or b is None:
        return None
    rotation = number(value, "rotation", where) or 0.0
    corners = ellipse_corners(x * scale[0], y * scale[1], a * scale[0], b * scale[1], rotation)
    return {"kind": "polygon", "polygon": [corners], "attributes": dump(value)}


def _decode_vector(value: Record, scale: tuple[float, float], where: str) -> Row | None:
    """The corners of a path; curves and branches stay in ``attributes``."""
    corners: list[float] = []
    for vertex in records(value, "vertices", where):
        x, y = number(vertex, "x", where), number(vertex, "y", where)
        if x is None or y is None:
            return None
        corners += [x * scale[0], y * scale[1]]
    kind = "polygon" if value.get("closed") is True else "polyline"
    return {"kind": kind, "polygon": [corners], "attributes": dump(value)}


def _points(value: Record, scale: tuple[float, float], where: str) -> list[float]:
    corners: list[float] = []
    points = value.get("points")
    for point in points if isinstance(points, list) else [points]:
        if not isinstance(point, list) or len(point) != 2:
            raise RefusedInput(
                f"{where}: a corner is {shorten(point)}, not [x, y].", hint="Mend it, or export it again."
            )
        for place in (0, 1):
            corner = number({"points": point[place]}, "points", where)
            corners.append((corner or 0.0) * scale[place])
    return corners


def _decode_track(result: Record, value: Record, where: str) -> list[Row]:
    """One row a keyframe; the video's size is not in the export, so coordinates stay native."""
    rows: list[Row] = []
    for one in records(value, "sequence", where):
        row = _native("track", one)
        rows.append(row | {"frame": whole(one, "frame", where), "keyframe": True, "track_id": str(result.get("id"))})
    return rows or [_native("track", value)]


def _decode_text_or_time(kind: str, result: Record, value: Record, texts: list[str], where: str) -> Row:
    if kind == "labels" and _is_audio(result, value, texts):
        return _segment(value, "s", where)
    quote = value.get("text")
    row: Row = {"kind": "span", "unit": "char", "quote": quote if isinstance(quote, str) else None}
    start, end = value.get("start"), value.get("end")
    if kind == "paragraphlabels":
        same = str(start) == str(end)
        row |= {"unit": f"char of paragraph {start}" if same else None, "attributes": dump(value)}
        return row | (_offsets(value, "startOffset", "endOffset", where) if same else {})
    if isinstance(value.get("globalOffsets"), dict):
        offsets = _offsets(value["globalOffsets"], "start", "end", where)  # type: ignore[arg-type] # narrowed above
        return row | offsets | {"attributes": dump(value)}
    if isinstance(start, str) and not start.strip().isdigit():
        return row | {"unit": None, "attributes": dump(value)}
    row |= _offsets(value, "start", "end", where)
    return row | _in_code_points(row, texts) if kind == "labels" else row


def _is_audio(result: Record, value: Record, texts: list[str]) -> bool:
    if "text" in value or "startOffset" in value or "globalOffsets" in value:
        return False
    if "channel" in value or "original_length" in result:
        return True
    return isinstance(value.get("start"), float) or not texts


def _segment(value: Record, unit: str, where: str) -> Row:
    row = {"kind": "segment", "unit": unit} | _offsets(value, "start", "end", where)
    return row | {"attributes": dump(value)} if set(value) - {"start", "end"} else row


def _offsets(value: Record, first: str, last: str, where: str) -> Row:
    start, end = number(value, first, where), number(value, last, where)
    if start is not None and end is not None and end < start:
        raise RefusedInput(f"{where}: it ends ({end:g}) before it starts ({start:g}).", hint="Mend it.")
    return {"start": start, "end": end}


def _in_code_points(row: Row, texts: list[str]) -> Row:
    """Offsets that count UTF-16 units become code points; ``unit`` is "?" where the quote is not found there."""
    start, end, quote = row["start"], row["end"], row["quote"]
    if not isinstance(start, float) or not isinstance(end, float) or not isinstance(quote, str) or not texts:
        return {}
    a, b = int(start), int(end)
    if any(text[a:b] == quote for text in texts):
        return {}
    for text in texts:
        units = text.encode("utf-16-le")
        if units[2 * a : 2 * b].decode("utf-16-le", errors="replace") == quote:
            before = len(units[: 2 * a].decode("utf-16-le", errors="replace"))
            return {"start": float(before), "end": float(before + len(quote))}
    return {"unit": "?"}


def _native(kind: str, value: Record) -> Row:
    return {"kind": kind, "attributes": dump(value)}
