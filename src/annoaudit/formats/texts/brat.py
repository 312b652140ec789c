"""brat standoff: a text and beside it its annotations, a line each; a folder an annotator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.json_values import dump
from annoaudit.formats.members import people_by_folder
from annoaudit.formats.source import Source

__all__ = ["Brat"]

_LINE = re.compile(r"^(T\d+\t\S+ \d+ \d+|[ERAMN]\d+\t|#\d*\t|\*\t)")
_MAX_FRAGMENTS = 1_000


@dataclass(frozen=True)
class Brat:
    """brat standoff: .ann beside .txt, a folder or archive of them, or one .ann file.

    See ``docs/formats/brat.md``.
    """

    carries: ClassVar[Carries] = Carries("one folder each", "no", "no", "documentation")
    name: str = "brat"

    def sniff(self, source: Source) -> bool:
        """Say whether there are .ann files whose lines are brat's."""
        return source.holds(_is_brat, ".ann")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a text.

        Raises
        ------
        RefusedInput
            A text is missing, a line is not brat's, or a span lies outside its text.
        """
        whole, names = _documents(source)
        assert whole.members is not None
        rows = Gathering(source.name, source.notes)
        people = people_by_folder(names)
        empty = 0
        for name in names:
            path = PurePosixPath(name)
            beside = str(path.with_suffix(".txt"))
            person = people.get(name)
            shown = whole.inner(beside).text.decode() if whole.members.sizes.get(beside) else ""
            if beside not in whole.members:
                raise RefusedInput(f"{whole.name}/{name} has no {path.stem}.txt beside it.", hint="Put the text there.")
            parts = [part for part in path.with_suffix("").parts if part != person]
            item_id = rows.item("/".join(parts), media="text", text=shown, uri=beside)
            if not whole.members.sizes[name]:
                empty += 1
                continue
            document = _Document(rows, rows.annotation(item_id, person), shown, f"{whole.name}/{name}")
            document.take(whole.inner(name).text.decode())
        if empty:
            source.notes.append(
                f"{empty:,} .ann files are empty. brat needs one beside each text before anybody looks; they count as "
                "not seen."
            )
        yield from rows.finish(nobody_named="brat names annotators by folder")


def _is_brat(source: Source) -> bool:
    if source.path is None or source.path.suffix != ".ann":
        return False
    if source.data == b"":
        return True
    lines = [line for line in source.head[:20] if line.strip()]
    return bool(lines) and all(map(_LINE.match, lines))


def _documents(source: Source) -> tuple[Source, list[str]]:
    """The folder that holds texts and annotations, and the names of the latter."""
    if source.members is not None:
        return source, source.members.ending(".ann")
    assert source.path is not None
    whole = Source(str(source.path.parent), source.path.parent, notes=source.notes)
    return whole, [source.path.name]


@dataclass
class _Document:
    rows: Gathering
    owner: Row
    shown: str
    where: str
    ids: dict[str, str] = field(default_factory=dict)
    mismatched: int = 0

    def take(self, text: str) -> None:
        """Take spans first, then events (which others point to), then the rest."""
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        rank = {"T": 0, "E": 1}
        for number, line in sorted(lines, key=lambda one: rank.get(one[1][0], 2)):
            where = f"{self.where}: line {number:,}"
            head, tab, rest = line.rstrip("\r").partition("\t")
            if not tab:
                raise RefusedInput(f"{where} is not brat's: {line[:40]!r}.", hint="Fields are separated by tabs.")
            take = {"T": self._span, "E": self._event, "R": self._relation, "*": self._same, "A": self._attribute,
                    "M": self._attribute, "N": self._reference, "#": self._note}.get(head[0])  # fmt: skip
            if take is None:
                raise RefusedInput(f"{where} is not brat's: {line[:40]!r}.", hint="See docs/formats/brat.md.")
            take(head, rest, where)
        if self.mismatched:
            self.rows.notes.append(f"{self.where}: {self.mismatched:,} spans do not hold the text that is quoted.")

    def _span(self, head: str, rest: str, where: str) -> None:
        told, _, quote = rest.partition("\t")
        name, _, places = told.partition(" ")
        try:
            fragments = [tuple(int(word) for word in one.split()) for one in places.split(";")[:_MAX_FRAGMENTS]]
        except ValueError as error:
            raise RefusedInput(
                f"{where}: {places[:40]!r} are no offsets.", hint="They are written as 0 5;10 15."
            ) from error
        if any(len(one) != 2 or not 0 <= one[0] <= one[1] <= len(self.shown) for one in fragments):
            raise RefusedInput(
                f"{where}: {places[:40]!r} lies outside a text of {len(self.shown):,} characters.",
                hint="Offsets count the characters of the .txt file as it is.",
            )
        found = " ".join(self.shown[one[0] : one[1]] for one in fragments)
        self.mismatched += bool(quote) and found.split() != quote.split()
        shape: Row = {
            "kind": "span", "start": float(fragments[0][0]), "end": float(fragments[-1][1]), "unit": "char",
            "quote": found,
        }  # fmt: skip
        if len(fragments) > 1:
            shape["attributes"] = dump({"fragments": [list(one) for one in fragments]})
        self.ids[head] = self.rows.region(self.owner, "spans", shape, name, head)

    def _event(self, head: str, rest: str, where: str) -> None:
        """One relation for each role, from the trigger; an event without roles is one that leads nowhere."""
        first, *roles = [one.partition(":") for one in rest.split()] or [("", "", "")]
        self.ids[head] = self.ids.get(first[2], "")
        for role, _, target in roles or [(first[0], "", "")]:
            self._relate(
                "events", role, (first[2], target), f"{head} {role} {target}", {"event": head, "type": first[0]}
            )

    def _relation(self, head: str, rest: str, where: str) -> None:
        name, *ends = rest.split()
        targets = [one.partition(":")[2] for one in ends]
        if len(targets) < 2:
            raise RefusedInput(f"{where}: a relation has two arguments.", hint="For example R1\tName Arg1:T1 Arg2:T2.")
        self._relate("relations", name, (targets[0], targets[1]), head, {"arguments": ends})

    def _same(self, head: str, rest: str, where: str) -> None:
        name, *ends = rest.split() or [""]
        for other in ends[1:]:
            self._relate("relations", name, (ends[0], other), f"* {name} {ends[0]} {other}", {"symmetric": True})

    def _relate(self, question: str, name: str, ends: tuple[str, str], native: str, told: Row) -> None:
        self.rows.question(question, "relation", [name])
        self.rows.label(
            self.owner, question, "relation", native, value=name, attributes=dump(told),
            from_label_id=self.ids.get(ends[0]) or None, to_label_id=self.ids.get(ends[1]) or None,
        )  # fmt: skip

    def _attribute(self, head: str, rest: str, where: str) -> None:
        name, target, value = (*rest.split(" ", 2), "", "")[:3]
        self.rows.question(name, "choice", [value or "yes"])
        self.rows.label(
            self.owner, name, "choice", head, value=value or "yes", parent_label_id=self.ids.get(target),
            attributes=dump({"of": target}),
        )  # fmt: skip

    def _reference(self, head: str, rest: str, where: str) -> None:
        told, _, shown = rest.partition("\t")
        kind, target, reference = (*told.split(" ", 2), "", "")[:3]
        self.rows.question(kind, "text")
        self.rows.label(
            self.owner, kind, "text", head, value_text=reference, quote=shown or None,
            parent_label_id=self.ids.get(target),
        )  # fmt: skip

    def _note(self, head: str, rest: str, where: str) -> None:
        told, _, shown = rest.partition("\t")
        kind, _, target = told.partition(" ")
        self.rows.question("notes", "text")
        self.rows.label(
            self.owner, "notes", "text", head, value_text=shown, parent_label_id=self.ids.get(target),
            attributes=dump({"type": kind, "of": target}),
        )  # fmt: skip
