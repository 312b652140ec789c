"""Prodigy: the JSON Lines that ``db-out`` writes, one line an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.geometry import box_of, corner_box, flat_pairs, polygon_of
from annoaudit.formats.json_values import Record, as_id, dump, dump_some, number, record, records, shorten, text, whole
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.source import Source

__all__ = ["Prodigy"]

_ANSWERS = {"accept": "submitted", "reject": "rejected", "ignore": "skipped"}
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")
_KNOWN = (
    "text", "image", "html", "spans", "tokens", "options", "accept", "answer", "label", "relations", "config",
    "_timestamp", "_annotator_id", "_session_id",
)  # fmt: skip


@dataclass(frozen=True)
class Prodigy:
    """Answers of Prodigy's recipes: spans, relations, choices, yes or no, boxes and polygons, free text.

    See ``docs/formats/prodigy.md``.
    """

    carries: ClassVar[Carries] = Carries("session, where named", "seconds; durations derived", "yes")
    name: str = "prodigy"

    def sniff(self, source: Source) -> bool:
        """Say whether records have Prodigy's hashes and an answer."""
        first = source.sample if source.kind in ("json", "jsonl") else []
        return bool(first) and all("_input_hash" in one and "answer" in one for one in first)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A record is not shaped as Prodigy writes it.
        """
        reader = _Reader(Gathering(source.name, source.notes))
        for place, one in enumerate(source.documents, start=1):
            where = f"{source.name}, line {place:,}"
            if not isinstance(one, dict) or str(one.get("answer")) not in _ANSWERS:
                raise RefusedInput(f"{where} has no answer accept, reject or ignore.", hint="Export it with db-out.")
            reader.take(one, where)
        yield from reader.finish()


@dataclass
class _Reader:
    rows: Gathering
    picked: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[tuple[datetime, Row]]] = field(default_factory=dict)
    timestamps: int = 0

    def take(self, one: Record, where: str) -> None:
        """Take one answer."""
        shown = text(one, "text", where) or text(one, "html", where)
        uri = text(one, "image", where)
        rest = {key: value for key, value in one.items() if key not in _KNOWN and value not in (None, [], {}, "")}
        native = one.get("_input_hash")
        item_id = self.rows.item(
            as_id(native) if isinstance(native, (int, str)) else stable_key(shown, uri),
            text=shown, uri=None if (uri or "").startswith("data:") else uri, media="image" if uri else "text",
            width=number(one, "width", where), height=number(one, "height", where),
            meta_json=dump_some({key: value for key, value in rest.items() if key in ("meta", "_input_hash")}),
        )  # fmt: skip
        owner = self._owner(one, item_id, where, rest)
        if "options" in one:
            self._choose(one, owner, where)
        elif isinstance(one.get("label"), str) and "tokens" not in one:
            self._judge(str(one["label"]), str(one["answer"]), owner)
        self._regions(one, owner, shown, where)
        if isinstance(key := one.get("field_id"), str) and one.get(key):
            self.rows.question(key, "text")
            self.rows.label(owner, key, "text", value_text=text(one, key, where))

    def _owner(self, one: Record, item_id: str, where: str, rest: Row) -> Row:
        who = next((one[key] for key in ("_annotator_id", "_session_id") if one.get(key)), None)
        name = None if who is None else as_id(who)
        if name is not None and _TIMESTAMP.match(name):
            self.timestamps += 1
            name = None
        at = time_of(one, "_timestamp", where, [])
        more = {key: value for key, value in rest.items() if key not in ("meta", "_input_hash")}
        binary = isinstance(one.get("label"), str) and "options" not in one and not one.get("tokens")
        status = "submitted" if binary and one["answer"] == "reject" else _ANSWERS[str(one["answer"])]
        owner = self.rows.annotation(
            item_id, name, status=status, created_at=at, time_kind="none", meta_json=dump(more)
        )
        if at is not None:
            self.times.setdefault(str(owner["annotator_id"]), []).append((at, owner))
        return owner

    def _choose(self, one: Record, owner: Row, where: str) -> None:
        options = [text(option, "id", where) or "" for option in records(one, "options", where)]
        self.rows.question("accept", "choice", options)
        accept = one.get("accept") or []
        for value in accept if isinstance(accept, list) else [accept]:
            if not isinstance(value, (str, int, float)):
                raise RefusedInput(f"{where}: accept holds {shorten(value)}.", hint="Export it again with db-out.")
            self.rows.label(owner, "accept", "choice", value=as_id(value))
            key = str(owner["annotation_id"])
            self.picked[key] = self.picked.get(key, 0) + 1

    def _judge(self, label: str, answer: str, owner: Row) -> None:
        """Yes or no to one label: reject says "not this label"."""
        self.rows.question(label, "choice", ["accept", "reject"])
        if answer != "ignore":
            self.rows.label(owner, label, "choice", value=answer)

    def _regions(self, one: Record, owner: Row, shown: str | None, where: str) -> None:
        heads: dict[tuple[object, object], str] = {}
        for place, span in enumerate(records(one, "spans", where), start=1):
            inside = f"{where}, span {place}"
            shape = _text_span(span, shown, inside) if "start" in span else _image_span(span, inside)
            native = as_id(span["id"]) if span.get("id") is not None else None
            label_id = self.rows.region(
                owner, "spans" if shape["kind"] == "span" else "regions", shape, text(span, "label", inside), native,
                confidence=number(span, "score", inside),
            )  # fmt: skip
            heads[(span.get("token_start"), span.get("token_end"))] = label_id
        for place, relation in enumerate(records(one, "relations", where), start=1):
            self._relate(relation, owner, heads, f"{where}, relation {place}")

    def _relate(self, relation: Record, owner: Row, heads: dict[tuple[object, object], str], where: str) -> None:
        ends = []
        for side in ("head_span", "child_span"):
            span = record(relation, side, where)
            ends.append(heads.get((span.get("token_start"), span.get("token_end"))))
        value = text(relation, "label", where)
        self.rows.question("relations", "relation", [value] if value else [])
        self.rows.label(
            owner, "relations", "relation", value=value, from_label_id=ends[0], to_label_id=ends[1],
            attributes=dump(relation),
        )  # fmt: skip

    def finish(self) -> Iterator[tuple[str, pa.Table]]:
        """Settle single or several choices, derive durations, and yield the tables."""
        if any(count > 1 for count in self.picked.values()):
            self.rows.questions["accept"]["kind"] = "multichoice"
            for row in self.rows.labels:
                if row["question"] == "accept":
                    row["kind"] = "multichoice"
        for answers in self.times.values():
            answers.sort(key=lambda one: one[0])
            for (before, _), (after, row) in pairwise(answers):
                row |= {"lead_time_s": (after - before).total_seconds(), "time_kind": "derived"}
        if self.times:
            self.rows.notes.append("Durations are the gaps between answers of a session, breaks included.")
        if self.timestamps:
            self.rows.notes.append(f"{self.timestamps:,} answers have a session that is only a time, no name.")
        yield from self.rows.finish(nobody_named="Sessions without ?session=NAME do not say who answered")


def _text_span(span: Record, shown: str | None, where: str) -> Row:
    start, end = whole(span, "start", where), whole(span, "end", where)
    if start is None or end is None or not 0 <= start <= end <= len(shown or ""):
        raise RefusedInput(
            f"{where} runs from {start} to {end} in a text of {len(shown or ''):,} characters.", hint="Mend it."
        )
    kept = {key: span[key] for key in ("token_start", "token_end", "source", "answer") if key in span}
    return {
        "kind": "span", "start": float(start), "end": float(end), "unit": "char", "quote": (shown or "")[start:end],
        "attributes": dump_some(kept),
    }  # fmt: skip


def _image_span(span: Record, where: str) -> Row:
    x, y, w, h = (number(span, key, where) for key in ("x", "y", "width", "height"))
    if x is not None and y is not None and w is not None and h is not None:
        return box_of(x, y, w, h, where)
    corners = flat_pairs(span.get("points"), where)
    if span.get("type") == "rect" and len(corners) >= 4:
        return corner_box(min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2]), where)
    return polygon_of(corners)
