"""Rows of the canonical tables, gathered while a reader walks through its file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.json_values import dump
from annoaudit.labels import SCHEMAS

__all__ = ["UNKNOWN", "Gathering", "Row", "stable_key"]

Row = dict[str, object]

UNKNOWN = "unknown"
"""The annotator of labels whose file does not say who made them."""


def stable_key(*parts: object) -> str:
    """Hash parts into an id that is the same in every run and on every machine."""
    words = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(words.encode(errors="surrogatepass"), digest_size=16).hexdigest()


@dataclass
class Gathering:
    """Items, people, questions, annotations and labels of one source, each id once.

    Ids of labels come from the native id where there is one, else from what the label says; rows that say the
    same are counted, so that none is lost.
    """

    where: str
    notes: list[str]
    items: dict[str, Row] = field(default_factory=dict)
    people: dict[str, Row] = field(default_factory=dict)
    questions: dict[str, Row] = field(default_factory=dict)
    annotations: dict[str, Row] = field(default_factory=dict)
    labels: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    predictions: dict[str, Row] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _naive: int = 0

    def item(self, item_id: str, **columns: object) -> str:
        """Add an item, or fill what is still unknown about it."""
        row = self.items.setdefault(item_id, {"item_id": item_id})
        row.update({name: value for name, value in columns.items() if value is not None and row.get(name) is None})
        return item_id

    def person(self, annotator_id: str | None, **columns: object) -> str:
        """Add an annotator; None is the one called unknown."""
        name = annotator_id or UNKNOWN
        self.people.setdefault(name, {"annotator_id": name, "kind": "person"} | columns)
        return name

    def question(self, question: str, kind: str, options: Iterable[str] = (), **columns: object) -> str:
        """Add a question; options stated or seen later are added to it."""
        row = self.questions.setdefault(question, {"question": question, "kind": kind, "options": {}} | columns)
        row["options"].update(dict.fromkeys(options))  # type: ignore[attr-defined] # made above
        return question

    def annotation(
        self, item_id: str, annotator_id: str | None, native_id: str | None = None, **columns: object
    ) -> Row:
        """Add one submission; a person's further ones on the same item are its next rounds."""
        person = self.person(annotator_id)
        place = self._count(f"{item_id}\x1f{person}")
        identity = (native_id,) if native_id else (item_id, person, place)
        row: Row = {
            "annotation_id": stable_key("annotation", *identity),
            "item_id": item_id,
            "annotator_id": person,
            "native_id": native_id,
            "round": place,
            "status": "submitted",
        } | columns
        if row["annotation_id"] in self.annotations:
            row["annotation_id"] = stable_key("annotation", *identity, item_id, person, place)
        self.annotations[str(row["annotation_id"])] = row
        return row

    def label(self, owner: Row, question: str, kind: str, native_id: str | None = None, **columns: object) -> str:
        """Add one value or region of a submission, or of a prediction, and return its id."""
        stated = {name: value for name, value in columns.items() if value is not None}
        identity = native_id if native_id is not None else dump(_plain(stated))
        of = owner.get("annotation_id") or owner.get("prediction_id")
        label_id = stable_key("label", of, question, identity)
        if repeat := self._count(label_id):
            label_id = stable_key(label_id, repeat)
        self.labels.append(
            {
                "label_id": label_id,
                "annotation_id": owner.get("annotation_id"),
                "prediction_id": None if owner.get("annotation_id") else owner.get("prediction_id"),
                "item_id": owner["item_id"],
                "annotator_id": owner.get("annotator_id"),
                "question": question,
                "kind": kind,
                "native_id": native_id,
            }
            | stated
        )
        return label_id

    def region(
        self, owner: Row, question: str, shape: Row, value: str | None, native_id: str | None = None, **columns: object
    ) -> str:
        """Add a region whose columns, kind included, a reader has worked out; its name becomes an option."""
        rest = {name: one for name, one in shape.items() if name != "kind"}
        kind = str(shape["kind"])
        self.question(question, kind, [] if value is None else [value])
        return self.label(owner, question, kind, native_id, value=value, **rest, **columns)

    def prediction(self, item_id: str, native_id: str, **columns: object) -> Row:
        """Add what a model said about an item."""
        row: Row = {"prediction_id": native_id, "item_id": item_id} | columns
        return self.predictions.setdefault(native_id, row)

    def count_naive(self, naive: bool) -> None:
        """Count a time without a zone."""
        self._naive += naive

    def _count(self, key: str) -> int:
        """Count a key, and return how often it came before."""
        self._seen[key] += 1
        return self._seen[key] - 1

    def finish(self, *, nobody_named: str = "") -> Iterator[tuple[str, pa.Table]]:
        """Yield the tables, and write the notes.

        Parameters
        ----------
        nobody_named
            Why the annotator is unknown, where it is.

        Raises
        ------
        RefusedInput
            Nothing was labelled or even seen.
        """
        if not self.items:
            raise RefusedInput(f"{self.where} has no items.", hint="Export it again; it needs at least one label.")
        if UNKNOWN in self.people:
            why = nobody_named or "The file does not say who made the labels"
            self.notes.append(f'{why}: they are counted as those of one annotator, called "{UNKNOWN}".')
        if self._naive:
            self.notes.append(f"{self._naive:,} times have no zone; they were taken as UTC.")
        for row in self.questions.values():
            row["options"] = list(row["options"]) or None  # type: ignore[call-overload] # a dictionary until now
        tables = {
            "items": list(self.items.values()),
            "annotators": list(self.people.values()),
            "questions": list(self.questions.values()),
            "annotations": list(self.annotations.values()),
            "labels": self.labels,
            "events": self.events,
            "predictions": list(self.predictions.values()),
        }
        yield from ((name, as_columns(name, rows)) for name, rows in tables.items() if rows)


def as_columns(name: str, rows: list[Row]) -> pa.Table:
    """Turn rows into a table of the columns that any of them has."""
    used = dict.fromkeys(column for row in rows for column in row)
    schema = SCHEMAS[name]
    return pa.table({column: pa.array([row.get(column) for row in rows], schema.field(column).type) for column in used})


def _plain(row: Row) -> Row:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
