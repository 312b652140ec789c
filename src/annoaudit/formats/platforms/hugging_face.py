"""Hugging Face datasets as Parquet: class labels by their names, and tagged tokens as spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.json_values import Record, as_id, dump, dump_some
from annoaudit.formats.platforms.argilla import class_names
from annoaudit.formats.source import Source
from annoaudit.formats.texts.tags import decode_tags, split_words

__all__ = ["HuggingFace"]

_IDS = ("id", "idx", "guid", "_id")
_TOKENS = ("tokens", "words")
_RESPONSES = ".responses"


@dataclass(frozen=True)
class HuggingFace:
    """A data set of Hugging Face as Parquet whose features state class labels.

    See ``docs/formats/hugging_face.md``.
    """

    carries: ClassVar[Carries] = Carries("no", "no", "yes: -1 or null is not seen", "documentation")
    name: str = "hugging_face"

    def sniff(self, source: Source) -> bool:
        """Say whether the Parquet file states class labels, and is not Argilla's."""
        if source.kind != "parquet" or source.mapping:
            return False
        return bool(class_names(source.schema)) and not any(name.endswith(_RESPONSES) for name in source.columns)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a row, a label a class or a tagged span.

        Raises
        ------
        RefusedInput
            No class labels are stated, or a class has no name.
        """
        classes = class_names(source.schema) if source.kind == "parquet" else {}
        if not classes:
            raise RefusedInput(f"{source.name} states no class labels.", hint="It needs features of Hugging Face.")
        rows = Gathering(source.name, source.notes)
        repeats: Counter[str] = Counter()
        for batch in source.table.to_batches(max_chunksize=8192):
            for one in batch.to_pylist():
                _take(one, classes, rows, repeats)
        yield from rows.finish(nobody_named="Data sets of Hugging Face do not say who made the labels")


def _take(one: Record, classes: dict[str, tuple[str, ...]], rows: Gathering, repeats: Counter[str]) -> None:
    rest = {
        key: value for key, value in one.items() if key not in classes and isinstance(value, (str, int, float, bool))
    }
    tokens = next((one[key] for key in _TOKENS if isinstance(one.get(key), list)), None)
    words = [str(word) for word in tokens] if isinstance(tokens, list) else []
    shown = next((value for value in rest.values() if isinstance(value, str)), None) if not words else " ".join(words)
    native = next((as_id(one[key]) for key in _IDS if isinstance(one.get(key), (str, int))), None)
    if native is None:
        key = stable_key(dump(rest), *words)
        repeats[key] += 1
        native = stable_key(key, repeats[key])
    item_id = rows.item(native, text=shown, media="text" if shown else None, meta_json=dump_some(rest))
    given = {name: one[name] for name in classes if one.get(name) not in (None, -1)}
    if not given:
        return
    owner = rows.annotation(item_id, None)
    for name, value in given.items():
        if isinstance(value, list) and words and len(value) == len(words):
            _take_tags(rows, owner, name, words, [_name(one, classes[name], name, rows) for one in value])
        else:
            kind = "multichoice" if isinstance(value, list) else "choice"
            rows.question(name, kind, classes[name])
            for one_value in value if isinstance(value, list) else [value]:
                rows.label(owner, name, kind, value=_name(one_value, classes[name], name, rows))


def _take_tags(rows: Gathering, owner: Row, question: str, words: list[str], tags: list[str]) -> None:
    places = list(split_words(words))
    shown = " ".join(words)
    rows.question(question, "span")
    for first, after, name in decode_tags(tags)[0]:
        start, end = places[first][0], places[after - 1][1]
        shape: Row = {
            "kind": "span",
            "start": float(start),
            "end": float(end),
            "unit": "char",
            "quote": shown[start:end],
        }
        rows.region(owner, question, shape | {"attributes": dump({"tokens": [first, after]})}, name)


def _name(value: object, names: Sequence[str], column: str, rows: Gathering) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    raise RefusedInput(
        f"{rows.where}: column {column!r} holds class {value!r}, but states {len(names)} names.", hint="Mend it."
    )
