"""WebAnno TSV 3: a file an annotator, a line a token, a column a feature; offsets count UTF-16 units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row
from annoaudit.formats.json_values import dump_some
from annoaudit.formats.source import Source
from annoaudit.formats.texts.utf16 import Utf16Text

__all__ = ["WebannoTsv"]

_FORMAT = "#FORMAT=WebAnno TSV 3"
_TOKEN = re.compile(r"^(\d{1,7}-\d{1,7}(?:\.\d{1,5})?)\t(\d{1,9})-(\d{1,9})\t")
_STACKED = re.compile(r"(?<!\\)\|")
_NUMBERED = re.compile(r"(?<!\\)\[(\d{1,9})\]$")
_ESCAPED = re.compile(r"\\(.)")
_PLAIN = {"t": "\t", "n": "\n", "r": "\r"}
_MAX_TEXT = 50_000_000


@dataclass(frozen=True)
class WebannoTsv:
    """WebAnno's and INCEpTION's TSV 3: span layers, relations and slots; a file, or an exported project.

    See ``docs/formats/webanno_tsv.md``.
    """

    carries: ClassVar[Carries] = Carries("one file each in the export", "no", "yes: a file without annotations")
    name: str = "webanno_tsv"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is, or holds, files that start with #FORMAT=WebAnno TSV 3."""
        return source.holds(_is_webanno, ".tsv")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a document.

        Raises
        ------
        RefusedInput
            A line that is no token, or a column too few; file and line are named.
        """
        rows = Gathering(source.name, source.notes)
        for part in source.parts(".tsv"):
            if source.members is not None and not _is_webanno(part):
                continue
            parents = part.path.parts[:-1] if part.path is not None and source.members is not None else ()
            item, person = (parents[-1], part.path.stem) if parents and part.path is not None else (part.stem, None)
            _take(_parse(part), rows, item, person, part.name)
        yield from rows.finish(nobody_named="A single file does not say whose it is; an exported project does")


def _is_webanno(source: Source) -> bool:
    return source.kind == "delimited" and bool(source.head) and source.head[0].startswith(_FORMAT)


@dataclass
class _Layer:
    """One layer: its kind (SP, RL or CH), name, features, and its first column."""

    kind: str
    name: str
    features: list[str]
    column: int
    width: int


@dataclass
class _Token:
    line: int
    name: str
    begin: int
    end: int
    cells: list[str]


@dataclass
class _Document:
    layers: list[_Layer] = field(default_factory=list)
    tokens: list[_Token] = field(default_factory=list)
    sentences: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> Utf16Text:
        """The sentences at their places; what lies between them is not in the file and becomes spaces."""
        built = ""
        length = 0
        for begin, sentence in self.sentences:
            gap = max(begin - length, 0)
            built += "\n" * (gap > 0 and length > 0) + " " * (gap - (gap > 0 and length > 0)) + sentence
            length += gap + len(sentence) + sum(ord(one) > 0xFFFF for one in sentence)
        return Utf16Text(built)


def _parse(source: Source) -> _Document:
    document = _Document()
    pending: list[str] = []
    for number, line in enumerate(source.text.decode().split("\n"), start=1):
        line = line.rstrip("\r")
        if line.startswith("#T_"):
            _take_header(document, line)
        elif line.startswith("#Text="):
            pending.append(_unescape(line[len("#Text=") :]))
        elif found := _TOKEN.match(line):
            begin, end = int(found[2]), int(found[3])
            if end < begin or end > _MAX_TEXT:
                raise RefusedInput(
                    f"{source.name}: line {number:,} runs from {begin} to {end}.", hint="Export it again."
                )
            cells = line[found.end() :].rstrip("\t").split("\t")
            if not cells[0]:
                raise RefusedInput(f"{source.name}: line {number:,} is a token without text.", hint="Export it again.")
            document.tokens.append(_Token(number, found[1], begin, end, cells))
            if pending:
                document.sentences.append((begin - _lead(pending, cells[0]), "\n".join(pending)))
                pending = []
        elif line.strip() and not line.startswith("#"):
            raise RefusedInput(f"{source.name}: line {number:,} is no token: {line[:40]!r}.", hint="Export it again.")
    return document


def _lead(pending: list[str], first: str) -> int:
    """UTF-16 units before the first token of a sentence."""
    before = "\n".join(pending).partition(_unescape(first))[0]
    return len(before) + sum(ord(one) > 0xFFFF for one in before)


def _take_header(document: _Document, line: str) -> None:
    kind, _, told = line[3:].partition("=")
    name, *features = told.split("|")
    column = sum(layer.width for layer in document.layers) + 1
    features = [feature for feature in features if feature]
    links = sum(feature.startswith("ROLE_") for feature in features)
    named = [feature for place, feature in enumerate(features) if not _is_target(features, place)]
    width = max(len(named) + links, 1)
    document.layers.append(_Layer(kind, name.rsplit(".", 1)[-1], named, column, width))


def _is_target(features: list[str], place: int) -> bool:
    """A slot states its role, and after it the type that it points to."""
    return place > 0 and features[place - 1].startswith("ROLE_")


def _take(document: _Document, rows: Gathering, item: str, person: str | None, where: str) -> None:
    text = document.text
    item_id = rows.item(item, media="text", text=text.text)
    owner = rows.annotation(item_id, person)
    ids: dict[tuple[str, str], str] = {}
    spans = [layer for layer in document.layers if layer.kind != "RL"]
    for layer in spans:
        for key, found in _gather(document, layer, where).items():
            shape = _span(found[0], text)
            value = next((one for one in found[1] if one), None)
            told = {name: one for name, one in zip(layer.features, found[1], strict=False) if one}
            made = rows.region(owner, layer.name, shape, value, attributes=dump_some(told))
            for token in found[0]:
                ids.setdefault((token.name, key if key.isdigit() else ""), made)
                ids.setdefault((token.name, ""), made)
    for layer in document.layers:
        if layer.kind == "RL":
            _relate(document, layer, rows, owner, ids, where)


def _gather(document: _Document, layer: _Layer, where: str) -> dict[str, tuple[list[_Token], list[str]]]:
    """Of each annotation of a layer: its tokens, and its features' values; cells of one number are one annotation."""
    found: dict[str, tuple[list[_Token], list[str]]] = {}
    for token in document.tokens:
        cells = token.cells[layer.column : layer.column + layer.width]
        if len(cells) < layer.width:
            raise RefusedInput(f"{where}: line {token.line:,} has too few columns.", hint="Export it again.")
        for place, stacked in enumerate(_STACKED.split(cell) for cell in cells):
            for level, one in enumerate(stacked):
                if one in ("_", ""):
                    continue
                numbered = _NUMBERED.search(one)
                key = numbered[1] if numbered else f"{token.name} {level}"
                tokens, values = found.setdefault(key, ([], [""] * layer.width))
                if token not in tokens[-1:]:
                    tokens.append(token)
                plain = one[: numbered.start()] if numbered else one
                values[place] = "" if plain == "*" else _unescape(plain)
    return found


def _span(tokens: list[_Token], text: Utf16Text) -> Row:
    start, end = text.code_point(tokens[0].begin), text.code_point(max(one.end for one in tokens))
    return {"kind": "span", "start": float(start), "end": float(end), "unit": "char", "quote": text.text[start:end]}


def _relate(
    document: _Document, layer: _Layer, rows: Gathering, owner: Row, ids: dict[tuple[str, str], str], where: str
) -> None:
    """Relations stand at the token they lead to; the last column names where they come from."""
    for token in document.tokens:
        cells = token.cells[layer.column : layer.column + layer.width]
        if len(cells) < layer.width:
            raise RefusedInput(f"{where}: line {token.line:,} has too few columns.", hint="Export it again.")
        sources = [one for one in _STACKED.split(cells[-1]) if one not in ("_", "")]
        columns = [_STACKED.split(cell) for cell in cells[:-1]]
        for level, source in enumerate(sources):
            name, _, numbers = source.partition("[")
            first, _, last = numbers.rstrip("]").partition("_")
            values = [_unescape(one[level]) if level < len(one) else "" for one in columns]
            values = ["" if one in ("_", "*") else one for one in values]
            value = next((one for one in values if one), None)
            rows.question(layer.name, "relation", [value] if value else [])
            ends = [
                ids.get((at, "" if number == "0" else number), ids.get((at, "")))
                for at, number in ((name, first), (token.name, last))
            ]
            told = {"from": source, "to": token.name} | dict(zip(layer.features, values, strict=False))
            rows.label(
                owner, layer.name, "relation", value=value, from_label_id=ends[0], to_label_id=ends[1],
                attributes=dump_some(told),
            )  # fmt: skip


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: _PLAIN.get(found[1], found[1]), text)
