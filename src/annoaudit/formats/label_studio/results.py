"""Label Studio results as rows of the labels table: one row an option, value or region."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from annoaudit.errors import RefusedInput
from annoaudit.formats.json_values import Record, dump, number, record, shorten, text
from annoaudit.formats.label_studio.buckets import bucket_lists, rank_things
from annoaudit.formats.label_studio.geometry import REGIONS, Row, decode_region

__all__ = ["Answers", "Owner", "decode_results", "survey"]

_ORIGINS = ("manual", "prediction", "prediction-changed")
_GEOMETRY = ({"x", "y"}, {"points"}, {"start", "end"}, {"vertices"}, {"sequence"})
_KINDS = {
    "choices": "choice", "taxonomy": "multichoice", "rating": "rating", "number": "number", "datetime": "text",
    "textarea": "text", "pairwise": "pair", "ranker": "ranking", "chatmessage": "text", "relation": "relation",
}  # fmt: skip
_RELATION = "relation"


@dataclass(frozen=True)
class Owner:
    """Whose results these are: of an annotation, or of a prediction."""

    item_id: str
    where: str
    annotation_id: str | None = None
    annotator_id: str | None = None
    prediction_id: str | None = None
    texts: tuple[str, ...] = ()

    def key(self, *parts: object) -> str:
        """Return an id that is the same whenever the same export is read."""
        words = "\x1f".join([self.annotation_id or "", self.prediction_id or "", *map(str, parts)])
        return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()


@dataclass
class Answers:
    """What the whole export shows about each control: its result type, object, and whether it took several options."""

    kinds: dict[str, str] = field(default_factory=dict)
    natives: dict[str, Row] = field(default_factory=dict)
    undecoded: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    buckets: dict[str, dict[str, None]] = field(default_factory=dict)

    def see(self, result: Record, where: str) -> None:
        """Take one result into account."""
        kind = _type_of(result, where)
        name = _name_of(result, kind, where)
        found = REGIONS.get(kind) or _KINDS.get(kind, "text")
        value = record(result, "value", where)
        if kind == "choices" and len(_strings(value, "choices", where)) > 1:
            found = "multichoice"
        if kind == "rectanglelabels" and value.get("rotation"):
            found = "rbox"
        if kind == "labels" and ("channel" in value or "original_length" in result):
            found = "segment"
        if kind == "ranker":
            self.buckets.setdefault(name, {}).update(dict.fromkeys(bucket_lists(value.get("ranker"))))
        known = self.kinds.setdefault(name, found)
        if (known, found) in {("choice", "multichoice"), ("bbox", "rbox")}:
            self.kinds[name] = found
        if name not in self.natives:
            self.natives[name] = {"type": kind, "to_name": result.get("to_name")}

    @property
    def questions(self) -> list[Row]:
        """Rows of the questions table."""
        return [
            {"question": name, "kind": kind, "native_json": dump(self.natives[name])}
            for name, kind in self.kinds.items()
        ]


def survey(batches: Iterable[tuple[list[Record], str]]) -> Answers:
    """Look at all results once, to know what kind of question each control is."""
    answers = Answers()
    for results, where in batches:
        for place, result in enumerate(results, start=1):
            answers.see(result, f"{where}, result {place}")
    return answers


def decode_results(results: list[Record], owner: Owner, answers: Answers) -> Iterator[Row]:
    """Yield rows of the labels table, regions before what was said about them."""
    ids = _Ids(owner, results)
    for place, result in enumerate(results, start=1):
        where = f"{owner.where}, result {place}"
        kind = _type_of(result, where)
        rows = _decode(kind, result, owner, answers, where)
        common = _common(result, kind, owner, where) | ids.parent(result, kind)
        if "parent_label_id" not in common and kind not in REGIONS and _lies_somewhere(result, where):
            common["parent_label_id"] = owner.key("region", result.get("id"))
        if kind == _RELATION:
            common |= ids.ends(result)
        for count, row in enumerate(rows):
            yield {**common, **row, "label_id": ids.of(place - 1, count), "attributes": _merge(common, row)}


def _merge(common: Row, row: Row) -> str | None:
    """Native JSON of the value, and beside it, as ``_result``, what else the result says."""
    rest, native = common.get("attributes"), row.get("attributes")
    if rest is None or native is None:
        return str(native or rest) if native or rest else None
    return dump({**json.loads(str(native)), "_result": json.loads(str(rest))})


class _Ids:
    """Ids of the rows of one annotation, and which row is the region that others speak of."""

    def __init__(self, owner: Owner, results: list[Record]) -> None:
        self.owner = owner
        self.keys: list[tuple[str, str, int]] = []
        self.regions: dict[str, int] = {}
        seen: Counter[tuple[str, str]] = Counter()
        for place, result in enumerate(results):
            name = (str(result.get("id") or ""), str(result.get("from_name") or result.get("type")))
            self.keys.append((*name, seen[name]))
            seen[name] += 1
            if str(result.get("type")) in REGIONS and name[0]:
                self.regions.setdefault(name[0], place)

    def of(self, place: int, number: int) -> str:
        return self.owner.key(*self.keys[place], number)

    def region(self, native: object) -> str | None:
        place = self.regions.get(str(native))
        return None if place is None else self.of(place, 0)

    def parent(self, result: Record, kind: str) -> Row:
        target = result.get("parentID") if kind in REGIONS else result.get("id")
        found = self.region(target) if target else None
        return {} if found is None else {"parent_label_id": found}

    def ends(self, result: Record) -> Row:
        return {"from_label_id": self.region(result.get("from_id")), "to_label_id": self.region(result.get("to_id"))}


def _common(result: Record, kind: str, owner: Owner, where: str) -> Row:
    origin = result.get("origin")
    rest = {key: result[key] for key in ("meta", "hidden", "readonly", "locked") if result.get(key)}
    return {
        "annotation_id": owner.annotation_id,
        "item_id": owner.item_id,
        "annotator_id": owner.annotator_id,
        "prediction_id": owner.prediction_id,
        "question": _name_of(result, kind, where),
        "origin": origin if origin in _ORIGINS else None,
        "confidence": number(result, "score", where),
        "native_id": None if result.get("id") is None else str(result["id"]),
        "attributes": dump(rest) if rest else None,
    }


def _decode(kind: str, result: Record, owner: Owner, answers: Answers, where: str) -> list[Row]:
    value = record(result, "value", where)
    if kind in REGIONS:
        return _decode_labelled_region(kind, result, value, owner, answers, where)
    if kind == "choices":
        asked = answers.kinds[_name_of(result, kind, where)]
        asked = asked if asked in ("choice", "multichoice") else "choice"
        return [{"kind": asked, "value": option} for option in dict.fromkeys(_strings(value, "choices", where))]
    if kind == "taxonomy":
        return _decode_taxonomy(value, where)
    if kind in ("rating", "number"):
        return [{"kind": kind, "value_num": number(value, kind, where)}]
    if kind == "datetime":
        return [{"kind": "text", "value_text": text(value, "datetime", where)}]
    if kind == "textarea":
        return [{"kind": "text", "value_text": line} for line in _strings(value, "text", where)]
    if kind == "pairwise":
        return [{"kind": "pair", "value": side} for side in _strings(value, "selected", where)]
    if kind == "ranker":
        return [_decode_ranking(value, _name_of(result, kind, where), answers)]
    if kind == "chatmessage":
        message = record(value, "chatmessage", where)
        return [{"kind": "text", "value_text": text(message, "content", where), "attributes": dump(message)}]
    if kind == _RELATION:
        names: list[str | None] = list(_strings(result, "labels", where)) or [None]
        native = dump({key: result.get(key) for key in ("from_id", "to_id", "direction")})
        return [{"kind": "relation", "value": name, "attributes": native} for name in names]
    answers.undecoded[kind] += 1
    return [{"kind": "text", "attributes": dump(result)}]


def _decode_labelled_region(
    kind: str, result: Record, value: Record, owner: Owner, answers: Answers, where: str
) -> list[Row]:
    names: list[str | None] = list(_strings(value, kind, where) or _strings(value, "labels", where)) or [None]
    rows = decode_region(result, value, list(owner.texts), where)
    for row in rows:
        if row.get("unit") == "?":
            row["unit"] = "char"
            answers.unplaced["span"] += 1
        if row["kind"] in ("bbox", "polygon", "keypoints", "polyline") and set(row) == {"kind", "attributes"}:
            answers.unplaced["shape"] += 1
        if row["kind"] == "track" or (row["kind"] == "mask" and row.get("rle") is None):
            answers.undecoded[kind] += 1
    width, height = number(result, "original_width", where), number(result, "original_height", where)
    if width and height and width > 0 and height > 0:
        answers.sizes.setdefault(owner.item_id, (width, height))
    return [row | {"value": name} for name in names for row in rows]


def _decode_taxonomy(value: Record, where: str) -> list[Row]:
    paths = value.get("taxonomy")
    rows: dict[str, Row] = {}
    for path in paths if isinstance(paths, list) else [paths]:
        steps = path if isinstance(path, list) else [path]
        parts = [step for step in steps if isinstance(step, str)]
        if not parts or len(parts) < len(steps):
            raise RefusedInput(f"{where}: a taxonomy path is {shorten(path)}, not a list of texts.", hint="Mend it.")
        rows["/".join(parts)] = {"kind": "multichoice", "value": "/".join(parts), "attributes": dump({"path": parts})}
    return list(rows.values())


def _decode_ranking(value: Record, name: str, answers: Answers) -> Row:
    """Take the order that the buckets state, and none where they state none; the whole is kept beside it."""
    ranks = rank_things(bucket_lists(value.get("ranker")), answers.buckets[name])
    if ranks is None:
        answers.unplaced["bucket"] += 1
    return {"kind": "ranking", "ranks": ranks, "attributes": dump(value)}


def _lies_somewhere(result: Record, where: str) -> bool:
    """Say whether an answer is about a part of the item, although no region of its id is in the export."""
    value = record(result, "value", where)
    return any(keys <= set(value) for keys in _GEOMETRY)


def _type_of(result: Record, where: str) -> str:
    kind = result.get("type")
    if isinstance(kind, str) and kind:
        return kind
    raise RefusedInput(f"{where} has no type.", hint="Export it again from Label Studio.")


def _name_of(result: Record, kind: str, where: str) -> str:
    return text(result, "from_name", where) or kind


def _strings(value: Mapping[str, object], key: str, where: str) -> list[str]:
    """Return a list of texts, also where there is a single one; [] where the key is missing."""
    found = value.get(key)
    if found is None:
        return []
    listed = found if isinstance(found, list) else [found]
    for one in listed:
        if not isinstance(one, (str, int, float)) or isinstance(one, bool):
            raise RefusedInput(f"{where}: {key} holds {shorten(one)}, not a text.", hint="Mend it.")
    return [str(one) for one in listed]
