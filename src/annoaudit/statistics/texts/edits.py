"""Edit distances of many texts, and where they depart from another text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

__all__ = ["Departures", "align", "count_edits", "find_departures", "relative_edits"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

_TAGS = {"replace": 0, "delete": 1, "insert": 2}


@dataclass(frozen=True, eq=False)
class Departures:
    """Where texts depart from others of theirs, one entry an edit.

    Parameters
    ----------
    text
        (E,) position of the text.
    at
        (E,) position in the other text: of the unit replaced or dropped, or before which a unit is put in.
    run
        (E,) 0 for a unit replaced or dropped; for one put in, its place (from 1) among those put in there.
    unit
        (E,) code of the unit that stands there instead; -1 for none.
    """

    text: Ints
    at: Ints
    run: Ints
    unit: Ints

    def __len__(self) -> int:
        return len(self.text)


def count_edits(first: Texts, second: Texts) -> Ints:
    """Return (P,) the least number of units put in, dropped or replaced between texts, pair by pair."""
    if not len(first):
        return np.zeros(0, dtype=np.int64)
    found = process.cpdist(first.tolist(), second.tolist(), scorer=Levenshtein.distance, dtype=np.int64)
    return np.asarray(found, dtype=np.int64)


def relative_edits(first: Texts, second: Texts) -> Floats:
    """Return (P,) edits as a share of the longer text's units, in [0, 1]; two empty texts are equal."""
    longer = np.maximum(_lengths(first), _lengths(second))
    return np.asarray(count_edits(first, second) / np.maximum(longer, 1), dtype=np.float64)


def find_departures(texts: Texts, others: Texts) -> Departures:
    """Return where each text departs from its other text, by an alignment with the fewest edits.

    References
    ----------
    Levenshtein (1966). Binary codes capable of correcting deletions, insertions and reversals. Soviet Physics Doklady
    10.
    """
    rows = [
        (k, _TAGS[one.tag], one.src_pos, -1 if one.tag == "delete" else ord(text[one.dest_pos]))
        for k, (text, other) in enumerate(zip(texts, others, strict=True))
        if text != other
        for one in Levenshtein.editops(other, text)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    text, tag, at, unit = table.T
    return Departures(text, at, _number_runs(text, at, tag == _TAGS["insert"]), unit)


def align(text: str, other: str) -> tuple[set[int], dict[int, str]]:
    """Return which units of a text are put in or replaced, and what of the other is missing before which unit."""
    changed: set[int] = set()
    gaps: dict[int, str] = {}
    for one in Levenshtein.opcodes(other, text):
        changed |= set(range(one.dest_start, one.dest_end)) if one.tag in ("replace", "insert") else set()
        if one.tag == "delete":
            gaps[one.dest_start] = gaps.get(one.dest_start, "") + other[one.src_start : one.src_end]
    return changed, gaps


def _number_runs(text: Ints, at: Ints, put_in: npt.NDArray[np.bool_]) -> Ints:
    """Place of each unit put in among those put in at the same place by the same text, from 1; 0 for the others."""
    run = np.zeros(len(text), dtype=np.int64)
    rows = np.flatnonzero(put_in)
    if len(rows):
        starts = np.r_[True, (text[rows][1:] != text[rows][:-1]) | (at[rows][1:] != at[rows][:-1])]
        first = np.flatnonzero(starts)
        run[rows] = np.arange(len(rows)) - np.repeat(first, np.diff(np.r_[first, len(rows)])) + 1
    return run


def _lengths(texts: Texts) -> Ints:
    return np.array([len(one) for one in texts], dtype=np.int64)
