"""What can be seen of a text without another text on its item: that it is empty, used again, or of an odd length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds.texts import Transcripts

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["TextShapes", "read_shapes"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEWEST_ITEMS = 3
FULL_LENGTH = 5
"""Words from which a repeated text counts fully."""
LEAST_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class TextShapes:
    """Of each text, (L,).

    Parameters
    ----------
    empty
        Whether it has no words, although somebody else's text on the item has some or nobody else wrote.
    n_items_of
        Items on which the same text stands, whoever gave it.
    stock
        Suspicion that it is a stock text, in [0, 1].
    length, expected, deviation
        Its words, those to be expected, and how far the logarithms lie apart in robust deviations; NaN if not judged.
    basis
        What the expected length rests on, in words; "" where it is not judged.
    """

    empty: Bools
    n_items_of: Ints
    stock: Floats
    length: Ints
    expected: Floats
    deviation: Floats
    basis: str


def read_shapes(evidence: Evidence, *, fewest: int) -> TextShapes:
    """Look at each text by itself, and at whether it stands on other items too."""
    found = evidence.transcripts
    item, length = found.texts.item, found.units.length
    longest = np.zeros(len(found.consensus.coded))
    np.maximum.at(longest, item, length)
    empty = (length == 0) & ((longest[item] > 0) | (found.n_others == 0))
    times, stock = _find_stock(found)
    expected, deviation, basis = _judge_lengths(evidence, found, fewest)
    return TextShapes(empty, times, np.where(empty, 0.0, stock), length, expected, deviation, basis)


def _find_stock(found: Transcripts) -> tuple[Ints, Floats]:
    """Items on which the same text stands, and how suspicious that is; not where two gave it to one item."""
    import pandas as pd

    text, item = pd.factorize(found.units.coded)[0], found.texts.item
    keys = text * len(found.consensus.coded) + item
    pairs, place, times = np.unique(keys, return_inverse=True, return_counts=True)
    n = np.bincount(pairs // max(len(found.consensus.coded), 1))[text] if len(pairs) else times
    shared = times[place.reshape(-1)] > 1
    weight = np.minimum(found.units.length / FULL_LENGTH, 1.0)
    stock = np.where((n >= FEWEST_ITEMS) & ~shared, (1.0 - 1.0 / np.maximum(n, 1)) * weight, 0.0)
    return np.asarray(n, dtype=np.int64), stock


def _judge_lengths(evidence: Evidence, found: Transcripts, fewest: int) -> tuple[Floats, Floats, str]:
    length = found.units.length
    nothing = np.full(len(length), np.nan)
    written = length > 0
    if written.sum() < fewest:
        return nothing, nothing, ""
    size = np.log(np.maximum(length, 1))
    usual, basis = _expect(evidence, found, size)
    off = size - usual
    centre = float(np.nanmedian(off[written]))
    spread = 1.4826 * float(np.nanmedian(np.abs(off[written] - centre)))
    deviation = np.where(written, (off - centre) / max(spread, LEAST_SPREAD), np.nan)
    return np.exp(usual + centre), deviation, basis


def _expect(evidence: Evidence, found: Transcripts, size: Floats) -> tuple[Floats, str]:
    """(L,) log length to be expected: of the others, else by the item's own length, else of all texts."""
    item = found.texts.item
    if (found.n_others > 0).mean() > 0.5:
        n = np.bincount(item, minlength=len(found.consensus.coded))[item]
        others = (np.bincount(item, size, len(found.consensus.coded))[item] - size) / np.maximum(n - 1, 1)
        return np.where(n > 1, others, np.nan), "the other texts on the item"
    own, basis = _item_sizes(evidence)
    known = np.isfinite(own[item])
    if known.mean() > 0.5:
        slope = float(np.clip(np.polyfit(own[item][known], size[known], 1)[0], 0.0, 1.5))
        return slope * own[item], basis
    return np.zeros(len(size)), "all texts of the question"


def _item_sizes(evidence: Evidence) -> tuple[Floats, str]:
    """(N,) log of each item's duration, or of the number of words of its own text; NaN where unknown or all alike."""
    items = evidence.labels.items
    seconds = items["duration_s"].to_numpy().astype(np.float64)
    if np.isfinite(seconds).any() and np.nanstd(seconds) > 0:
        return np.log(np.where(seconds > 0, seconds, np.nan)), "its duration"
    words = np.array([len(one.split()) if one else 0 for one in items["text"].to_pylist()], dtype=np.float64)
    if words.std() > 0:
        return np.log(np.where(words > 0, words, np.nan)), "the length of the item's own text"
    return np.full(items.num_rows, np.nan), ""
