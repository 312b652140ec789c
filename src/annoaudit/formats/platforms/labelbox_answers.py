"""Objects, answers and relationships of Labelbox as canonical rows, in all three of its spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from annoaudit.errors import RefusedInput
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.geometry import box_of, corners_of, polygon_of
from annoaudit.formats.json_values import Record, as_id, dump, number, record, records, shorten, text, whole

__all__ = ["Answers"]

_SHAPES = ("bounding_box", "bbox", "polygon", "line", "point", "mask", "location", "segments", "geometry", "data")
_ANSWERS = ("radio_answer", "checklist_answers", "text_answer", "answer", "answers")
_MAX_NESTED = 20


@dataclass
class Answers:
    """Takes what was answered; remembers what relationships point to, and what took several options."""

    rows: Gathering
    ids: dict[tuple[object, str], str] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    native: Counter[str] = field(default_factory=Counter)

    def take_all(self, found: Record, owner: Row, where: str) -> None:
        """Take the objects, classifications and relationships of one label."""
        for key in ("objects", "classifications", "relationships"):
            for place, one in enumerate(records(found, key, where), start=1):
                self.take_one(one, owner, f"{where}, {key} {place}")

    def take_frame(self, name: str, frame: object, owner: Row, where: str) -> None:
        """Take the objects of one frame of a video: a row of a track each."""
        objects = frame.get("objects") if isinstance(frame, dict) else None
        listed = list(objects.values()) if isinstance(objects, dict) else objects
        number_ = whole({"frame": name}, "frame", where)
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                self._track(one, one, number_, owner, where)

    def take_one(self, one: Record, owner: Row, where: str, parent: str | None = None, depth: int = 0) -> None:
        """Take one object, answer or relationship."""
        if depth > _MAX_NESTED:
            raise RefusedInput(f"{where} nests more than {_MAX_NESTED} classifications.", hint="Export it flatter.")
        if isinstance(one.get("relationship"), dict):
            self._relate(one, owner, where)
        elif "segments" in one:
            self._segments(one, owner, where)
        elif any(key in one for key in _SHAPES):
            made = self._object(one, owner, where)
            for place, inner in enumerate(_nested(one, where), start=1):
                self.take_one(inner, owner, f"{where}, classification {place}", made, depth + 1)
        elif "messageEvaluationTask" in one or "metricValue" in one:
            self._keep(one, owner)
        else:
            self._answer(one, owner, where, parent, depth)

    def _object(self, one: Record, owner: Row, where: str) -> str:
        shape = _shape(one, self.rows.items[str(owner["item_id"])].get("text"), where)
        if "native" in shape:
            self.native[str(shape["kind"])] += 1
            shape["attributes"] = dump(shape.pop("native"))
        native = _native_id(one)
        name = _name(one)
        made = self.rows.region(owner, "objects", shape, name, native, confidence=number(one, "confidence", where))
        if native is not None:
            self.ids[(owner["item_id"], native)] = made
        return made

    def _answer(self, one: Record, owner: Row, where: str, parent: str | None, depth: int) -> None:
        """A radio, checklist or text answer: radio_answer … in exports, answer and answers elsewhere."""
        question = _name(one) or "classification"
        found = [
            one[key] for key in ("radio_answer", "checklist_answers", "text_answer", "answer", "answers") if key in one
        ]
        listed = found[0] if found else []
        options = listed if isinstance(listed, list) else [listed]
        if len(options) > 1:
            self.several.add(question)
        for option in options:
            if isinstance(option, str) or (isinstance(option, dict) and "content" in option):
                content = option if isinstance(option, str) else text(option, "content", where)
                self.rows.question(question, "text")
                self.rows.label(owner, question, "text", value_text=content, parent_label_id=parent)
            elif isinstance(option, dict):
                value = _name(option)
                self.rows.question(question, "choice", [value] if value else [])
                made = self.rows.label(
                    owner, question, "choice", value=value, parent_label_id=parent,
                    confidence=number(option, "confidence", where), attributes=_frames(one),
                )  # fmt: skip
                for inner in _nested(option, where):
                    self.take_one(inner, owner, where, made, depth + 1)
            else:
                raise RefusedInput(f"{where}: an answer is {shorten(option)}.", hint="Export it again.")

    def _relate(self, one: Record, owner: Row, where: str) -> None:
        relation = record(one, "relationship", where)
        ends = [self.ids.get((owner["item_id"], str(relation.get(side)))) for side in ("source", "target")]
        name = _name(one)
        self.rows.question("relationships", "relation", [name] if name else [])
        self.rows.label(
            owner, "relationships", "relation", _native_id(one), value=name, from_label_id=ends[0], to_label_id=ends[1],
            attributes=dump(relation),
        )  # fmt: skip

    def _segments(self, one: Record, owner: Row, where: str) -> None:
        for place, segment in enumerate(records(one, "segments", where), start=1):
            for keyframe in records(segment, "keyframes", f"{where}, segment {place}"):
                self._track(one, keyframe, whole(keyframe, "frame", where), owner, where)

    def _track(self, one: Record, shown: Record, frame: int | None, owner: Row, where: str) -> None:
        shape = _shape(shown, None, where)
        native = shape.pop("native", None)
        told = {"shape": shape["kind"]} | (native if isinstance(native, dict) else {})
        self.rows.region(
            owner, "tracks", shape | {"kind": "track"}, _name(one), frame=frame, keyframe=True,
            track_id=_native_id(one), attributes=dump(told),
        )  # fmt: skip

    def _keep(self, one: Record, owner: Row) -> None:
        """Evaluations of messages and metrics: as they are."""
        self.native["evaluation"] += 1
        question = _name(one) or "metric"
        self.rows.question(question, "text")
        self.rows.label(owner, question, "text", _native_id(one), attributes=dump(one))

    def settle(self) -> None:
        """Settle which questions took several options, and say what is kept as it was written."""
        for question in self.several:
            if question in self.rows.questions and self.rows.questions[question]["kind"] == "choice":
                self.rows.questions[question]["kind"] = "multichoice"
        for row in self.rows.labels:
            if row["question"] in self.several and row["kind"] == "choice":
                row["kind"] = "multichoice"
        if self.native:
            kinds = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(self.native.items()))
            self.rows.notes.append(f"Kept as Labelbox wrote them, not decoded (masks are addresses): {kinds}.")


def _nested(one: Record, where: str) -> list[Record]:
    """What was asked about an object or answer; the older export puts each into a list of its own."""
    found = one.get("classifications")
    if isinstance(found, list):
        found = [inner for outer in found for inner in (outer if isinstance(outer, list) else [outer])]
    return records({"classifications": found}, "classifications", where)


def _unsigned(value: object) -> object:
    """What is signed into addresses is left out: it opens the customer's files."""
    if isinstance(value, dict):
        return {key: _unsigned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unsigned(one) for one in value]
    return value.split("?", 1)[0] if isinstance(value, str) and value.startswith("http") else value


def _shape(one: Record, shown: object, where: str) -> Row:
    """The columns of a shape; ``native`` where it has none in pixels."""
    box = record(one, "bounding_box" if "bounding_box" in one else "bbox", where)
    if box:
        x, y, w, h = (number(box, side, where) for side in ("left", "top", "width", "height"))
        if x is None or y is None or w is None or h is None:
            raise RefusedInput(f"{where}: a box has no left, top, width and height.", hint="Export it again.")
        page = {key: one[key] for key in ("page", "unit") if key in one}
        return box_of(x, y, w, h, where) | ({"attributes": dump(page)} if page else {})
    if isinstance(one.get("polygon"), list):
        return polygon_of(corners_of(records(one, "polygon", where), where))
    if isinstance(one.get("line"), list):
        return polygon_of(corners_of(records(one, "line", where), where)) | {"kind": "polyline"}
    if isinstance(one.get("point"), dict):
        return {"kind": "keypoints", "points": corners_of([record(one, "point", where)], where)}
    location = record(one if "location" in one else record(one, "data", where), "location", where)
    if location:
        return _span(location, shown, where) | _message(one)
    kind = "mask" if "mask" in one else "polygon" if "geometry" in one else "bbox"
    kept = {key: _unsigned(value) for key, value in one.items() if key not in ("classifications", "instanceURI")}
    return {"kind": kind, "native": kept}


def _span(location: Record, shown: object, where: str) -> Row:
    start, end = whole(location, "start", where), whole(location, "end", where)
    if start is None or end is None or not 0 <= start <= end:
        raise RefusedInput(f"{where}: a span runs from {start} to {end}.", hint="Export it again.")
    quote = shown[start:end] if isinstance(shown, str) else None
    return {"kind": "span", "start": float(start), "end": float(end), "unit": "char", "quote": quote}


def _message(one: Record) -> Row:
    """Spans of conversations count within a message."""
    return {"attributes": dump({"message": one["messageId"]})} if one.get("messageId") else {}


def _name(one: Mapping[str, object]) -> str | None:
    """What a thing is called: by its name, else by the id of its schema."""
    for key in ("name", "title", "value", "schemaId"):
        if isinstance(one.get(key), (str, int, float)) and one[key] != "":
            return as_id(one[key])
    return None


def _native_id(one: Record) -> str | None:
    found = next((one[key] for key in ("feature_id", "featureId", "uuid") if one.get(key)), None)
    return None if found is None else as_id(found)


def _frames(one: Record) -> str | None:
    return dump({"frames": one["frames"]}) if one.get("frames") else None
