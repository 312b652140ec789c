"""The two sides of a comparison: which texts and which things stood on the left and on the right."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["LEFT", "RIGHT", "TIES", "Sides", "lean_of", "read_sides"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Row = Mapping[str, object]

LEFT = frozenset({"a", "left", "1", "first", "model_a", "answer_a", "response_a", "output_1"})
RIGHT = frozenset({"b", "right", "2", "second", "model_b", "answer_b", "response_b", "output_2"})
TIES = frozenset({"tie", "0", "equal", "draw", "both", "neither", "same", "both good", "both bad"})
"""Words for a choice of the left, of the right, and of neither."""
_TOKENS = (("a", "b"), ("left", "right"), ("1", "2"), ("0", "1"), ("first", "second"))
_NAMES = frozenset({"model", "system", "policy", "engine", "method", "generator", "author"})
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Za-z])(?=[0-9])")
_ROWS_LOOKED_AT = 200
_FEWEST_IN_ORDER = 20
_LONGEST_NAME = 80


@dataclass(frozen=True, eq=False)
class Sides:
    """What stood on each side of each item.

    Parameters
    ----------
    left_text, right_text
        N texts; "" where there is none.
    left, right
        (N,) codes into ``things``; -1 where unknown.
    things
        What was compared: models where the items name them, else answers whose text comes back.
    as_shown
        Whether the sides are those that annotators saw; False where they were put into an order of their own.
    has_names
        Whether the things are named, and not the texts themselves.
    """

    left_text: tuple[str, ...]
    right_text: tuple[str, ...]
    left: Ints
    right: Ints
    things: tuple[str, ...]
    as_shown: bool
    has_names: bool = False

    @property
    def has_texts(self) -> npt.NDArray[np.bool_]:
        """(N,) whether both texts are known."""
        pairs = zip(self.left_text, self.right_text, strict=True)
        return np.fromiter((bool(a) and bool(b) for a, b in pairs), bool, len(self.left_text))

    @property
    def has_things(self) -> npt.NDArray[np.bool_]:
        """(N,) whether two different things are known."""
        return np.asarray((self.left >= 0) & (self.right >= 0) & (self.left != self.right))

    def longer(self, least: float = 1.1) -> Floats:
        """(N,) 1 where the left text is the longer one, -1 where the right; 0 where neither is, by ``least`` times."""
        n_left = np.array([len(one) for one in self.left_text], dtype=np.float64)
        n_right = np.array([len(one) for one in self.right_text], dtype=np.float64)
        known = self.has_texts
        return np.where(known, (n_left > least * n_right) * 1.0 - (n_right > least * n_left), 0.0)


def lean_of(classes: Sequence[str]) -> Floats:
    """Return (K,) 1 for the class that says left, -1 for right, 0 for a tie, NaN for any other."""
    words = [name.strip().casefold() for name in classes]
    meant = [
        1.0 if word in LEFT else -1.0 if word in RIGHT else 0.0 if word in TIES or "tie" in word else np.nan
        for word in words
    ]
    return np.array(meant, dtype=np.float64)


def read_sides(labels: LabelSet) -> Sides:
    """Find both sides in what the items say of themselves: two columns that differ in a word such as a and b.

    Columns named for a model or system tell the things; of the others, the pair with the longest values the texts.
    """
    rows = [_parse(text) for text in labels.items["meta_json"].to_pylist()]
    found = _pairs_of_keys(rows)
    named = [pair for stem, pair in found if _NAMES & set(stem)]
    texts = [pair for stem, pair in found if not _NAMES & set(stem)]
    text_pair = max(texts, key=lambda pair: _length(rows, pair), default=None)
    left_text, right_text = _column(rows, text_pair, 0), _column(rows, text_pair, 1)
    names = named[0] if named else None
    left, right, things = _code_things(_column(rows, names, 0), _column(rows, names, 1))
    has_names = bool(things)
    if not has_names:
        left, right, things = _recurring(left_text, right_text)
    ordered = [a <= b for a, b in zip(left_text, right_text, strict=True) if a and b]
    as_shown = not (len(ordered) >= _FEWEST_IN_ORDER and all(ordered))
    return Sides(tuple(left_text), tuple(right_text), left, right, things, as_shown, has_names)


def _parse(text: str | None) -> Row:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _pairs_of_keys(rows: Sequence[Row]) -> list[tuple[tuple[str, ...], tuple[str, str]]]:
    """Pairs of keys that differ in one word for a side, with the words that they share."""
    keys = Counter(key for row in rows[:_ROWS_LOOKED_AT] for key in row)
    words = {key: tuple(one.casefold() for one in _SPLIT.split(key) if one) for key in keys}
    by_words = {said: key for key, said in words.items()}
    found = []
    for key, said in words.items():
        for place, word in enumerate(said):
            for one, other in _TOKENS:
                partner = (*said[:place], other, *said[place + 1 :])
                if word == one and partner in by_words:
                    found.append(((*said[:place], *said[place + 1 :]), (key, by_words[partner])))
    return found


def _length(rows: Sequence[Row], pair: tuple[str, str]) -> float:
    return float(np.mean([len(_write(row.get(key))) for row in rows[:_ROWS_LOOKED_AT] for key in pair]))


def _column(rows: Sequence[Row], pair: tuple[str, str] | None, side: int) -> list[str]:
    return [""] * len(rows) if pair is None else [_write(row.get(pair[side])) for row in rows]


def _write(value: object) -> str:
    """A text as it is; of messages what they say, line by line."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        said = [one.get("content", one.get("text", "")) if isinstance(one, dict) else one for one in value]
        return "\n".join(str(one) for one in said if one)
    return "" if value is None else str(value)


def _code_things(left: Sequence[str], right: Sequence[str]) -> tuple[Ints, Ints, tuple[str, ...]]:
    things = tuple(sorted({*left, *right} - {""}))
    place = {name: code for code, name in enumerate(things)}
    codes = [np.array([place.get(one, -1) for one in side], dtype=np.int64) for side in (left, right)]
    return codes[0], codes[1], tuple(one if len(one) <= _LONGEST_NAME else one[:_LONGEST_NAME] + "…" for one in things)


def _recurring(left: Sequence[str], right: Sequence[str]) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Texts as things, where they come back often enough for a strength: in three items each on average."""
    n_texts = len({*left, *right} - {""})
    n_sides = sum(1 for one in (*left, *right) if one)
    if not n_texts or n_sides < 3 * n_texts:
        nothing = np.full(len(left), -1, dtype=np.int64)
        return nothing, nothing, ()
    return _code_things(left, right)
