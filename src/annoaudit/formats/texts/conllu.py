"""CoNLL-U: words with part of speech and dependencies; the text is rebuilt from its spacing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import UNKNOWN, Gathering, Row, stable_key
from annoaudit.formats.json_values import dump, dump_some
from annoaudit.formats.source import Source
from annoaudit.formats.texts.tags import split_words

__all__ = ["ConllU"]

_COLUMNS = 10
_NUMBER = re.compile(r"^\d{1,6}([-.]\d{1,6})?$")
_KEPT = {2: "lemma", 4: "xpos", 5: "feats", 8: "deps", 9: "misc"}


@dataclass(frozen=True)
class ConllU:
    """Universal Dependencies' CoNLL-U: part-of-speech tags and dependency relations.

    See ``docs/formats/conllu.md``.
    """

    carries: ClassVar[Carries] = Carries("no", "no", "no", "documentation")
    name: str = "conllu"

    def sniff(self, source: Source) -> bool:
        """Say whether lines have ten columns that start with a word's number."""
        lines = [line for line in source.head if line.strip() and not line.startswith("#")][:20]
        columns = [line.split("\t") for line in lines]
        return bool(columns) and all(len(one) == _COLUMNS and _NUMBER.match(one[0]) for one in columns)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a sentence, a label a word's tag or its relation to its head.

        Raises
        ------
        RefusedInput
            A line that has not ten columns; the message names it.
        """
        rows = Gathering(source.name, source.notes)
        repeats: Counter[str] = Counter()
        for sentence in _sentences(source):
            _take(sentence, rows, repeats)
        yield from rows.finish(nobody_named="CoNLL-U does not say who made the labels")


@dataclass
class _Sentence:
    """The lines of one sentence; ``joined`` are surface words: multi-word tokens instead of the words in them."""

    told: dict[str, str] = field(default_factory=dict)
    words: list[list[str]] = field(default_factory=list)
    empty: list[list[str]] = field(default_factory=list)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    surface: list[tuple[str, bool]] = field(default_factory=list)


def _sentences(source: Source) -> Iterator[_Sentence]:
    sentence = _Sentence()
    inside = 0
    for number, line in enumerate([*source.text.decode().split("\n"), ""], start=1):
        line = line.rstrip("\r")
        if not line.strip():
            if sentence.words or sentence.surface:
                yield sentence
            sentence, inside = _Sentence(), 0
        elif line.startswith("#"):
            key, _, value = line[1:].partition("=")
            sentence.told[key.strip()] = value.strip()
        else:
            columns = line.split("\t")
            if len(columns) != _COLUMNS or not _NUMBER.match(columns[0]):
                raise RefusedInput(
                    f"{source.name}: line {number:,} has {len(columns)} columns, not ten that start with a number.",
                    hint="CoNLL-U separates ten columns by tabs.",
                )
            inside = _take_line(sentence, columns, inside)


def _take_line(sentence: _Sentence, columns: list[str], inside: int) -> int:
    """Take one line; ``inside`` is the last word of the multi-word token that it lies in."""
    spaced = "SpaceAfter=No" not in columns[9].split("|")
    if "." in columns[0]:
        sentence.empty.append(columns)
        return inside
    if "-" in columns[0]:
        first, _, last = columns[0].partition("-")
        place = len(sentence.surface)
        sentence.surface.append((columns[1], spaced))
        for number in range(int(first), min(int(last), int(first) + 100) + 1):
            sentence.spans[str(number)] = (place, place)
        return int(last)
    if int(columns[0]) > inside:
        sentence.spans[columns[0]] = (len(sentence.surface), len(sentence.surface))
        sentence.surface.append((columns[1], spaced))
    sentence.words.append(columns)
    return inside


def _take(sentence: _Sentence, rows: Gathering, repeats: Counter[str]) -> None:
    shown = "".join(word + " " * spaced for word, spaced in sentence.surface).strip()
    places = list(split_words([word for word, _ in sentence.surface], [not spaced for _, spaced in sentence.surface]))
    repeats[shown] += 1
    native = sentence.told.get("sent_id") or stable_key(shown, repeats[shown])[:16]
    if native in rows.items:
        native = f"{native} {stable_key(shown, repeats[shown])[:8]}"
    told = {key: value for key, value in sentence.told.items() if key not in ("sent_id", "text")}
    more = told | ({"empty": sentence.empty} if sentence.empty else {})
    item_id = rows.item(native, media="text", text=shown, meta_json=dump_some(more))
    owner = rows.annotation(item_id, UNKNOWN)
    if sentence.told.get("text") not in (None, shown):
        rows.notes.append(f"Sentence {native[:40]}: the stated text is not that of its words; the words' is kept.")
    ids: dict[str, str] = {}
    for columns in sentence.words:
        start, end = (places[place][side] for side, place in enumerate(sentence.spans.get(columns[0], (0, 0))))
        kept = {name: columns[place] for place, name in _KEPT.items() if columns[place] != "_"}
        shape: Row = {
            "kind": "span",
            "start": float(start),
            "end": float(end),
            "unit": "char",
            "quote": shown[start:end],
        }
        value = columns[3] if columns[3] != "_" else None
        ids[columns[0]] = rows.region(
            owner, "upos", shape, value, columns[0], attributes=dump({"form": columns[1]} | kept)
        )  # fmt: skip
    for columns in sentence.words:
        if columns[7] != "_":
            rows.question("deprel", "relation", [columns[7]])
            rows.label(
                owner, "deprel", "relation", columns[0], value=columns[7], from_label_id=ids.get(columns[6]),
                to_label_id=ids[columns[0]],
            )  # fmt: skip
