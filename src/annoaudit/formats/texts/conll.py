"""CoNLL-2003 and its relatives: one token a line, its tag in the last column, an empty line between sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import UNKNOWN, Gathering, stable_key
from annoaudit.formats.json_values import dump
from annoaudit.formats.source import Source
from annoaudit.formats.texts.conll_writing import write_conll
from annoaudit.formats.texts.tags import count_strays, decode_tags, is_tag, scheme_of, split_words
from annoaudit.labels import LabelSet

__all__ = ["Conll"]

_ENDINGS = (
    ".conll", ".conll03", ".conll2003", ".iob", ".iob1", ".iob2", ".bio", ".bioes", ".txt", ".tsv", ".annotated",
)  # fmt: skip
_DOCUMENT = "-DOCSTART-"
QUESTION = "entities"


@dataclass(frozen=True)
class _Sentence:
    """One sentence: its line in the file, its columns token by token, and the document it belongs to."""

    line: int
    tokens: list[list[str]]
    document: str

    @property
    def words(self) -> list[str]:
        return [one[0] for one in self.tokens]

    @property
    def tags(self) -> list[str]:
        return [one[-1] for one in self.tokens]


@dataclass(frozen=True)
class Conll:
    """Tokens and tags in columns: CoNLL-2003, IOB1, IOB2, BIOES; one file, or one of each annotator.

    See ``docs/formats/conll.md``.
    """

    carries: ClassVar[Carries] = Carries("one file each", "no", "yes: a sentence without entities")
    name: str = "conll"

    def sniff(self, source: Source) -> bool:
        """Say whether most lines are a token and a tag, or the file starts with -DOCSTART-."""
        return source.holds(_is_conll, *_ENDINGS)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a sentence, a label a span.

        Raises
        ------
        RefusedInput
            A line has another number of columns than the line before it, or a last column that is no tag.
        """
        parts = [part for part in source.parts(*_ENDINGS) if source.members is None or _is_conll(part)]
        files = [(part, list(_sentences(part))) for part in parts]
        if not any(found for _, found in files):
            raise RefusedInput(f"{source.name} has no sentences.", hint="It needs a token and a tag on each line.")
        rows = Gathering(source.name, source.notes)
        rows.question(QUESTION, "span")
        for (_, sentences), (prefix, person) in zip(files, _owners(files, source.notes), strict=True):
            _take(sentences, rows, prefix, person, source.notes)
        yield from rows.finish(nobody_named="CoNLL files do not say who made the labels")

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write IOB2: one file, or a folder with one of each annotator; return what could not be carried."""
        return write_conll(labels, target)


def _is_conll(source: Source) -> bool:
    """A .txt or .tsv needs tags on nearly all of its lines: other tables have an O in a column, too."""
    lines = [line for line in source.head if line.strip() and not line.startswith("#")]
    if not lines or source.path is None or source.path.suffix.lower() not in (*_ENDINGS, ".gz", ""):
        return False
    if lines[0].startswith(_DOCUMENT):
        return True
    columns = [_split(line) for line in lines[:-1] or lines]
    if len({len(one) for one in columns}) > 1 or len(columns[0]) < 2 or _is_conllu(columns):
        return False
    return all(is_tag(one[-1]) for one in columns)


def _is_conllu(columns: list[list[str]]) -> bool:
    return all(len(one) == 10 and re.fullmatch(r"\d+([-.]\d+)?", one[0]) for one in columns)


def _split(line: str) -> list[str]:
    """Columns at tabs where there are any, so that a token may hold a space; else at spaces."""
    return line.rstrip("\t").split("\t") if "\t" in line.strip("\t") else line.split()


def _sentences(source: Source) -> Iterator[_Sentence]:
    tokens: list[list[str]] = []
    start, width, document, count = 0, 0, "", 0
    lines = source.text.decode().split("\n")
    for number, line in enumerate([*lines, ""], start=1):
        stripped = line.strip("\r")
        columns = _split(stripped)
        if stripped.strip() and columns[0] != _DOCUMENT and not (stripped.startswith("# ") and len(columns) != width):
            _check(columns, width, source.name, number)
            width, start = len(columns), start or number
            tokens.append(columns)
            continue
        if tokens:
            yield _Sentence(start, tokens, document)
        tokens, start = [], 0
        if columns and columns[0] == _DOCUMENT:
            count += 1
            document = f"document {count}"


def _check(columns: list[str], width: int, where: str, number: int) -> None:
    if (width and len(columns) != width) or len(columns) < 2:
        raise RefusedInput(
            f"{where}: line {number:,} has {len(columns)} columns, the lines before it {width or 'more'}.",
            hint="Each line is a token and its tag; sentences are separated by an empty line.",
        )
    if not is_tag(columns[-1]):
        raise RefusedInput(
            f"{where}: line {number:,} ends in {columns[-1][:40]!r}, which is no tag.",
            hint="The last column holds tags such as O, B-PER, I-PER.",
        )


def _owners(files: list[tuple[Source, list[_Sentence]]], notes: list[str]) -> list[tuple[str, str]]:
    """What is put before the ids of each file, and whose work it is: files of the same words are several people's."""
    if len(files) == 1:
        return [("", UNKNOWN)]
    names = [str(PurePosixPath(str(source.path)).with_suffix("")) for source, _ in files]
    words = {stable_key(*(word for one in found for word in one.words)) for _, found in files}
    if len(words) == 1:
        notes.append("The files hold the same words: each is taken as the work of one annotator, named by its file.")
        return [("", name) for name in names]
    return [(f"{name}:", UNKNOWN) for name in names]


def _take(sentences: list[_Sentence], rows: Gathering, prefix: str, person: str, notes: list[str]) -> None:
    scheme = scheme_of(one.tags for one in sentences)
    broken = strays = 0
    repeats: Counter[str] = Counter()
    for sentence in sentences:
        words = sentence.words
        text = " ".join(words)
        repeats[text] += 1
        further = [one[1:-1] for one in sentence.tokens] if len(sentence.tokens[0]) > 2 else None
        item_id = rows.item(
            prefix + stable_key(text, repeats[text])[:16], media="text", text=text, group=sentence.document or None,
            meta_json=dump({"tokens": words} | ({"columns": further} if further else {})),
        )  # fmt: skip
        owner = rows.annotation(item_id, person)
        spans, wrong = decode_tags(sentence.tags)
        broken += wrong
        strays += count_strays(sentence.tags, scheme)
        places = list(split_words(words))
        for first, after, name in spans:
            start, end = places[first][0], places[after - 1][1]
            rows.question(QUESTION, "span", [name])
            rows.label(
                owner, QUESTION, "span", value=name, start=float(start), end=float(end), unit="char",
                quote=text[start:end], attributes=dump({"tokens": [first, after]}),
            )  # fmt: skip
    notes.append(f"Tags are read as {scheme}. Texts are the tokens joined by spaces: the original spacing is not kept.")
    if strays:
        notes.append(
            f"{strays:,} tags I- continue no entity of their type, against {scheme}; each was read as a beginning."
        )
    if broken:
        notes.append(f"{broken:,} tags end or continue an entity that did not begin; each was read as its beginning.")
