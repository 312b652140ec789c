"""Texts as tokens: words and single marks, with where they lie; or the tokens that the file itself states."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import Unavailable
from annoaudit.formats.texts.tags import split_words

__all__ = ["Tokens", "tokenise"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_OWN = '"tokens"'
MOST_TOKENS = 20_000_000


@dataclass(frozen=True, eq=False)
class Tokens:
    """T tokens in order of item and place: item, half-open extent in code points, and a code into ``words``."""

    item: Ints
    start: Floats
    end: Floats
    word: Ints
    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.item)


def tokenise(items: pa.Table) -> Tokens:
    """Cut the items' texts into tokens.

    A token is a run of letters, digits and underscores, or any other single character that is no space; where the
    item's meta data state ``tokens`` that make up the text, joined by single spaces, these.

    Parameters
    ----------
    items
        The table of items.

    Raises
    ------
    Unavailable
        No item has a text, or there are over 20 million tokens.
    """
    known: dict[str, int] = {}
    codes: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    counts = np.zeros(items.num_rows, dtype=np.int64)
    for at, (text, meta) in enumerate(zip(items["text"].to_pylist(), items["meta_json"].to_pylist(), strict=True)):
        before = len(codes)
        for start, end in _places(text, meta):
            codes.append(known.setdefault(text[start:end], len(known)))
            starts.append(start)
            ends.append(end)
        counts[at] = len(codes) - before
        if len(codes) > MOST_TOKENS:
            raise Unavailable(f"the texts have over {MOST_TOKENS:,} tokens")
    if not codes:
        raise Unavailable("the items have no texts", hint="Token by token, only texts can be compared.")
    return Tokens(
        np.repeat(np.arange(items.num_rows), counts), np.array(starts, dtype=np.float64),
        np.array(ends, dtype=np.float64), np.array(codes, dtype=np.int64), tuple(known),
    )  # fmt: skip


def _places(text: str | None, meta: str | None) -> Iterator[tuple[int, int]]:
    if not text:
        return
    own = _own_tokens(text, meta) if meta and _OWN in meta else None
    if own is not None:
        yield from split_words(own)
        return
    for found in _TOKEN.finditer(text):
        yield found.span()


def _own_tokens(text: str, meta: str) -> list[str] | None:
    """Return the tokens that the file states, if they make up the text."""
    try:
        stated = json.loads(meta)
    except (ValueError, RecursionError):
        return None
    tokens = stated.get("tokens") if isinstance(stated, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(one, str) and one for one in tokens):
        return None
    return tokens if " ".join(tokens) == text else None
