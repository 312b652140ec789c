"""doccano: JSON Lines, one file an annotator, as its export writes them into a zip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import UNKNOWN, Gathering, Row, stable_key
from annoaudit.formats.geometry import box_of, flat_pairs, polygon_of
from annoaudit.formats.json_values import Record, as_id, dump_some, number, records, shorten, text
from annoaudit.formats.kinds import choice_or_text
from annoaudit.formats.platforms.doccano_writing import write_doccano
from annoaudit.formats.source import Source
from annoaudit.labels import LabelSet

__all__ = ["Doccano"]

_LISTS = ("label", "entities", "bbox", "segmentation", "cats", "annotations")
_KNOWN = ("id", "text", "data", "filename", "relations", "annotation_approver", *_LISTS)
_NOBODY = ("all", "unknown")


@dataclass(frozen=True)
class Doccano:
    """A doccano export: JSON Lines with label, entities, bbox, segmentation or annotations; a file, or the zip.

    See ``docs/formats/doccano.md``.
    """

    carries: ClassVar[Carries] = Carries("one file each in the zip, or `user`", "no", "no")
    name: str = "doccano"

    def sniff(self, source: Source) -> bool:
        """Say whether records have a text or file name and a list of labels as doccano writes them."""
        return source.holds(_is_doccano, ".jsonl", ".json")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A record is not shaped as doccano writes it.
        """
        rows = Gathering(source.name, source.notes)
        reader = _Reader(rows)
        for part in source.parts(".jsonl", ".json"):
            if source.members is None or _is_doccano(part):
                reader.take_file(part, UNKNOWN if source.members is None or part.stem in _NOBODY else part.stem)
        reader.finish()
        yield from rows.finish(nobody_named="doccano names annotators by file, in the zip that it exports")

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write a zip with one file of each annotator; return what could not be carried."""
        return write_doccano(labels, target)


def _is_doccano(source: Source) -> bool:
    return source.kind in ("json", "jsonl") and bool(source.sample) and all(_is_record(one) for one in source.sample)


def _is_record(one: Record) -> bool:
    """A text or file with a list under a name that doccano uses, and nothing that other tools always write."""
    if {"text", "data", "filename"}.isdisjoint(one) or "_input_hash" in one or isinstance(one.get("data"), dict):
        return False
    lists = [one[key] for key in _LISTS if key in one]
    if not lists or not all(isinstance(found, list) for found in lists):
        return False
    old = one.get("annotations", [])
    return isinstance(old, list) and all(isinstance(two, dict) and "user" in two for two in old)


@dataclass
class _Reader:
    rows: Gathering
    choices: dict[str, int] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)
    bare: int = 0

    def take_file(self, source: Source, person: str) -> None:
        for place, one in enumerate(source.documents, start=1):
            where = f"{source.name}, record {place:,}"
            if not isinstance(one, dict) or not _is_record(one):
                raise RefusedInput(
                    f"{where} has no list that doccano writes.", hint="Export it again from doccano as JSONL."
                )
            self._take(one, person, where)

    def _take(self, one: Record, person: str, where: str) -> None:
        shown = text(one, "text", where) or (text(one, "data", where) if "filename" not in one else None)
        file = text(one, "filename", where)
        rest = {key: value for key, value in one.items() if key not in _KNOWN and value not in (None, [], {}, "")}
        native = as_id(one["id"]) if isinstance(one.get("id"), (int, str)) else None
        item_id = self.rows.item(
            native or stable_key(shown, file), text=shown, uri=file, media="text" if file is None else "image",
            meta_json=dump_some(rest),
        )  # fmt: skip
        if "annotations" in one:
            self._take_old(one, item_id, shown, where)
        elif not any(one.get(key) for key in _LISTS):
            self.bare += 1
        else:
            self._take_lists(one, self.rows.annotation(item_id, person), shown, where)

    def _take_old(self, one: Record, item_id: str, shown: str | None, where: str) -> None:
        """The export of doccano before 1.5: all users' annotations in one list."""
        owners: dict[str, Row] = {}
        found = records(one, "annotations", where)
        self.bare += not found
        for annotation in found:
            user = as_id(annotation["user"])
            owners[user] = owners.get(user) or self.rows.annotation(item_id, user)
            if "start_offset" in annotation:
                self._span(annotation, owners[user], shown, where)
            elif "text" in annotation:
                self._choice(owners[user], "label", annotation["text"], where)
            else:
                self._choice(owners[user], "label", annotation.get("label"), where)

    def _take_lists(self, one: Record, owner: Row, shown: str | None, where: str) -> None:
        ids: dict[str, str] = {}
        for key in ("label", "entities"):
            for label in _plain(one, key):
                if isinstance(label, dict) and "start_offset" in label:
                    ids[as_id(label.get("id"))] = self._span(label, owner, shown, where)
                elif isinstance(label, list):
                    self._span(_triple(label, where), owner, shown, where)
                else:
                    self._choice(owner, key, label, where)
        for label in _plain(one, "cats"):
            self._choice(owner, "cats", label, where)
        for box in records(one, "bbox", where):
            self._region(owner, "bbox", box, _box(box, where))
        for shape in records(one, "segmentation", where):
            self._region(owner, "segmentation", shape, polygon_of(flat_pairs(shape.get("points"), where)))
        for relation in records(one, "relations", where):
            self._relate(owner, relation, ids, where)

    def _span(self, label: Record, owner: Row, shown: str | None, where: str) -> str:
        start, end = number(label, "start_offset", where), number(label, "end_offset", where)
        if start is None or end is None or not 0 <= start <= end <= len(shown or ""):
            raise RefusedInput(
                f"{where}: a span runs from {start} to {end} in a text of {len(shown or ''):,} characters.",
                hint="Mend it, or export it again.",
            )
        value = text(label, "label", where)
        self.rows.question("entities", "span", [value] if value is not None else [])
        native = as_id(label["id"]) if label.get("id") is not None else None
        quote = (shown or "")[int(start) : int(end)]
        return self.rows.label(
            owner, "entities", "span", native, value=value, start=start, end=end, unit="char", quote=quote
        )

    def _choice(self, owner: Row, question: str, value: object, where: str) -> None:
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise RefusedInput(f"{where}: a label is {shorten(value)}, not a text.", hint="Export it again.")
        word = as_id(value)
        self.rows.question(question, "choice", [word])
        self.rows.label(owner, question, "choice", value=word)
        key = f"{owner['annotation_id']} {question}"
        self.choices[key] = self.choices.get(key, 0) + 1
        self.texts[word] = None

    def _region(self, owner: Row, question: str, native: Record, shape: Row) -> None:
        value = native.get("label")
        native_id = native.get("uuid", native.get("id"))
        name = None if value is None else as_id(value)
        self.rows.region(owner, question, shape, name, None if native_id is None else as_id(native_id))

    def _relate(self, owner: Row, relation: Record, ids: dict[str, str], where: str) -> None:
        value = text(relation, "type", where)
        self.rows.question("relations", "relation", [] if value is None else [value])
        self.rows.label(
            owner, "relations", "relation", as_id(relation.get("id")), value=value,
            from_label_id=ids.get(as_id(relation.get("from_id"))), to_label_id=ids.get(as_id(relation.get("to_id"))),
        )  # fmt: skip

    def finish(self) -> None:
        """Settle what the whole export shows: single or several choices, or free text; and say what is not known."""
        question = self.rows.questions.get("label")
        free = choice_or_text(self.texts, len(self.choices)) == "text"
        several = any(count > 1 for count in self.choices.values())
        kind = "text" if free else "multichoice" if several else "choice"
        for row in self.rows.labels if question is not None or "cats" in self.rows.questions else []:
            if row["kind"] == "choice":
                row["kind"] = kind
                if free:
                    row["value_text"] = row.pop("value")
        for one in self.rows.questions.values():
            if one["kind"] == "choice":
                one |= {"kind": kind} | ({"options": {}} if free else {})
        if self.choices:
            self.rows.notes.append(f"Labels of whole texts are taken as {kind}; doccano's export does not say which.")
        if self.bare:
            self.rows.notes.append(
                f"{self.bare:,} records have no label. doccano writes them alike whether nobody looked or nothing was "
                "found; they count as not seen."
            )


def _triple(label: list[object], where: str) -> Record:
    if len(label) != 3:
        raise RefusedInput(f"{where}: a span is {shorten(label)}, not [start, end, label].", hint="Export it again.")
    return dict(zip(("start_offset", "end_offset", "label"), label, strict=True))


def _plain(one: Record, key: str) -> list[object]:
    found = one.get(key) or []
    return found if isinstance(found, list) else []


def _box(box: Record, where: str) -> Row:
    x, y, w, h = (number(box, key, where) for key in ("x", "y", "width", "height"))
    if x is None or y is None or w is None or h is None:
        raise RefusedInput(f"{where}: a box has no x, y, width and height.", hint="Export it again.")
    return box_of(x, y, w, h, where)
