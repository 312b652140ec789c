"""Heat maps of confusion and of pairwise agreement, laid out cell by cell; colour always means disagreement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.reporting.marks import HeatCell, HeatLabel, HeatMap, shade
from annoaudit.reporting.record import QuestionRecord
from annoaudit.reporting.tables import MAX_ANNOTATORS, MAX_CLASSES, annotator_order
from annoaudit.reporting.text import count, interval, percent, shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConfusionRow", "PairRow", "confusion_map", "confusion_rows", "pair_map", "pair_rows"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MAX_NUMBERED = 12
_N_LISTED = 8
_CHARACTER_PX = 6.9


@dataclass(frozen=True)
class ConfusionRow:
    """One frequent confusion in words."""

    given: str
    consensus: str
    n: str
    share: str


@dataclass(frozen=True)
class PairRow:
    """One pair of annotators that agrees little."""

    a: str
    b: str
    n_items: str
    agreement: str
    agreement_interval: str


def confusion_map(question: QuestionRecord) -> HeatMap | None:
    """Return labels given (rows) by consensus class (columns); None where there is nothing to compare."""
    confusion = question.confusion
    n_classes = len(question.classes)
    if n_classes < 2 or confusion.shape != (n_classes, n_classes) or not np.nansum(confusion) > 0:
        return None
    kept = most_confused(confusion, MAX_CLASSES)
    shares = column_shares(confusion)[np.ix_(kept, kept)]
    counts = confusion[np.ix_(kept, kept)]
    names = [question.classes[code] for code in kept]
    return _draw_confusion(names, shares, counts, n_classes)


def confusion_rows(question: QuestionRecord, limit: int = _N_LISTED) -> list[ConfusionRow]:
    """Return the most frequent confusions, largest expected count first."""
    confusion = question.confusion
    if confusion.shape != (len(question.classes),) * 2 or len(question.classes) < 2:
        return []
    off = np.nan_to_num(confusion.copy())
    np.fill_diagonal(off, 0.0)
    shares = column_shares(confusion)
    rows = []
    for place in np.argsort(-off, axis=None, kind="stable")[:limit]:
        given, truth = np.unravel_index(place, off.shape)
        if off.flat[place] >= 0.5:
            names = question.classes[given], question.classes[truth]
            rows.append(ConfusionRow(*names, count(off.flat[place]), percent(shares.flat[place])))
    return rows


def pair_map(question: QuestionRecord) -> HeatMap | None:
    """Return agreement of each pair of annotators as a triangle; None where no pair shares an item."""
    frame = question.pairwise
    if not len(frame) or len(question.annotators) < 2:
        return None
    order = annotator_order(question.annotators)
    names = [str(name) for name in question.annotators["annotator"].iloc[order[:MAX_ANNOTATORS]]]
    agreement, n_items = _square(frame, names)
    if not np.isfinite(agreement).any():
        return None
    return _draw_pairs(names, agreement, n_items, len(question.annotators))


def pair_rows(question: QuestionRecord, limit: int = _N_LISTED) -> list[PairRow]:
    """Return the pairs whose whole interval lies lowest, so that tiny overlaps do not come first."""
    frame = question.pairwise
    if not len(frame):
        return []
    high = np.nan_to_num(frame["high"].to_numpy(float), nan=math.inf)
    listed = frame.iloc[np.argsort(high, kind="stable")[:limit]]
    return [
        PairRow(str(a), str(b), count(n), percent(value), interval(low, top))
        for a, b, n, value, low, top in zip(
            *(listed[name] for name in ("annotator_a", "annotator_b", "n_items", "agreement", "low", "high")),
            strict=True,
        )
    ]


def most_confused(confusion: Floats, limit: int) -> Ints:
    off = np.nan_to_num(confusion.copy())
    np.fill_diagonal(off, 0.0)
    best = np.argsort(-(off.sum(axis=0) + off.sum(axis=1)), kind="stable")[:limit]
    return np.sort(best)


def column_shares(confusion: Floats) -> Floats:
    totals = np.nansum(confusion, axis=0, keepdims=True)
    shares = np.full_like(confusion, np.nan)
    np.divide(confusion, totals, out=shares, where=totals > 0)
    return shares


def _draw_confusion(names: list[str], shares: Floats, counts: Floats, n_classes: int) -> HeatMap:
    k = len(names)
    numbered = k <= _MAX_NUMBERED
    wide, high = (52, 34) if k <= 8 else (46, 32) if numbered else (19, 19)
    short = [shorten(name, 24 if numbered else 16) for name in names]
    longest = max(len(name) for name in short)
    left = int(_CHARACTER_PX * longest) + 10
    top = int(_CHARACTER_PX * longest * 0.64) + 22
    off = np.where(np.eye(k, dtype=bool), np.nan, shares)
    most = float(np.nanmax(off)) if np.isfinite(off).any() else math.nan
    cells = tuple(
        HeatCell(
            x=left + column * wide,
            y=top + row * high,
            shade=_confusion_shade(row == column, shares[row, column], most),
            title=f"Given {shorten(names[row], 80)}, consensus {shorten(names[column], 80)}: "
            f"{count(counts[row, column])} labels, {percent(shares[row, column])}",
            text=_whole_percent(shares[row, column]) if numbered else "",
        )
        for row in range(k)
        for column in range(k)
    )
    return HeatMap(
        title="Labels given, by consensus class",
        description=f"{k} by {k} classes. Each column adds up to 100 %: of the labels on items with that "
        "consensus, the share that was given as each row. The table beside it lists the largest confusions.",
        width=left + k * wide + int(0.77 * _CHARACTER_PX * longest) + 4,
        height=top + k * high + 4,
        cell_width=wide,
        cell_height=high,
        cells=cells,
        row_labels=_labels(names, short, [(left - 8, top + (i + 0.5) * high) for i in range(k)]),
        column_labels=_labels(names, short, [(left + (i + 0.5) * wide, top - 8) for i in range(k)]),
        scale_low="0 %",
        scale_high=percent(most),
        note=_left_out(k, n_classes, "classes", "with the most confusion"),
        axis_note="Rows: label given. Columns: consensus class. Numbers: per cent of the column.",
    )


def _draw_pairs(names: list[str], agreement: Floats, n_items: Floats, n_annotators: int) -> HeatMap:
    n = len(names)
    side = 22 if n <= 25 else 16
    short = [shorten(name, 18) for name in names]
    lowest = math.floor(10 * float(np.nanmin(agreement)) + 1e-9) / 10
    span = max(1.0 - lowest, 0.1)
    cells = tuple(
        HeatCell(
            x=column * side,
            y=row * side,
            shade=shade((1.0 - agreement[row, column]) / span),
            title=f"{shorten(names[row], 60)} and {shorten(names[column], 60)}: "
            + _pair_words(agreement[row, column], n_items[row, column]),
        )
        for row in range(n)
        for column in range(row)
    )
    diagonal = [(i * side + 4.0, (i + 0.5) * side) for i in range(n)]
    return HeatMap(
        title="Agreement of each pair of annotators",
        description=f"A triangle of {n} annotators. Each square is one pair: the stronger the colour, the less "
        "they agree on the items both labelled. The table beside it lists the pairs that agree least.",
        width=n * side + int(_CHARACTER_PX * max(len(name) for name in short)) + 8,
        height=n * side + 2,
        cell_width=side,
        cell_height=side,
        cells=cells,
        row_labels=(),
        column_labels=_labels(names, short, diagonal),
        scale_low="agree on all",
        scale_high=f"agree on {100 * lowest:.0f} %",
        note=_left_out(n, n_annotators, "annotators", "flagged or with the most disagreement"),
        axis_note="Read left from a name for its row, down from a name for its column. Empty: no item in common.",
    )


def _square(frame: pd.DataFrame, names: list[str]) -> tuple[Floats, Floats]:
    codes = {name: code for code, name in enumerate(names)}
    ends = [
        np.array([codes.get(name, -1) for name in frame[column].tolist()], dtype=np.int64)
        for column in ("annotator_a", "annotator_b")
    ]
    known = (ends[0] >= 0) & (ends[1] >= 0)
    kept, a, b = frame[known], ends[0][known], ends[1][known]
    agreement = np.full((len(names), len(names)), np.nan)
    n_items = np.zeros_like(agreement)
    for rows, columns in ((a, b), (b, a)):
        agreement[rows, columns] = kept["agreement"].to_numpy(float)
        n_items[rows, columns] = kept["n_items"].to_numpy(float)
    return agreement, n_items


def _pair_words(agreement: float, n: float) -> str:
    return f"agree on {percent(agreement)} of {count(n)}" if math.isfinite(agreement) else "no item in common"


def _confusion_shade(is_diagonal: bool, share: float, most: float) -> str:
    if is_diagonal:
        return "same"
    return shade(share / most if most > 0 else 0.0)


def _whole_percent(share: float) -> str:
    return f"{100 * share:.0f}" if math.isfinite(share) and share >= 0.005 else ""


def _labels(names: list[str], short: list[str], places: list[tuple[float, float]]) -> tuple[HeatLabel, ...]:
    return tuple(
        HeatLabel(round(x, 1), round(y, 1), label, shorten(name, 200))
        for name, label, (x, y) in zip(names, short, places, strict=True)
    )


def _left_out(n_shown: int, n: int, nouns: str, which: str) -> str:
    return "" if n_shown >= n else f"The {n_shown} {nouns} {which} are shown, of {count(n)}."
