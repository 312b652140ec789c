"""Stretches of text or of time as people marked them: who marked what where, as codes and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.submissions import Submissions, codes_of, owners_of, select_submissions

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["EXTENDED", "PredictedSpans", "Spans", "select_spans"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EXTENDED = ("span", "segment")
"""Kinds of question whose answer is stretches: of text, or of time."""


@dataclass(frozen=True, eq=False)
class PredictedSpans:
    """What models marked: P spans, with the rows of the labels table; ``confidence`` is NaN where not stated.

    ``prediction`` (P,) is the same for spans of one prediction.
    """

    item: Ints
    prediction: Ints
    start: Floats
    end: Floats
    label: Ints
    row: Ints
    confidence: Floats

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, eq=False)
class Spans:
    """One question's spans, with the submissions that hold them, empty ones included.

    M spans of S submissions. ``place`` (M,) is the submission of each span; ``start`` and ``end`` (M,) are half-open,
    in code points or seconds; ``label`` (M,) are codes into ``classes``; ``row`` (M,) are positions in the labels
    table. ``predicted`` are the spans of predictions. ``n_odd`` counts spans without a place or a class, or that end
    before they start: they are left out.
    """

    question: str
    kind: str
    classes: tuple[str, ...]
    given: Submissions
    place: Ints
    start: Floats
    end: Floats
    label: Ints
    row: Ints
    predicted: PredictedSpans
    n_odd: int = 0

    def __len__(self) -> int:
        return len(self.place)

    @property
    def item(self) -> Ints:
        """(M,) item of each span."""
        return self.given.item[self.place]

    @property
    def annotator(self) -> Ints:
        """(M,) annotator of each span."""
        return self.given.annotator[self.place]


def select_spans(labels: LabelSet, question: str, kind: str) -> Spans:
    """Take the spans of a question out of the canonical tables.

    Parameters
    ----------
    labels
        The canonical tables.
    question
        Name of a question of this kind.
    kind
        "span" or "segment".
    """
    table = labels.labels
    asked = pc.and_(pc.equal(table["question"], question), pc.equal(table["kind"], kind))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(asked, False)), dtype=np.int64)
    options = labels.options(question)
    values = table["value"].take(pa.array(rows))
    classes = (*options, *sorted(set(pc.unique(values).drop_null().to_pylist()) - set(options)))
    label = codes_of(values, pa.chunked_array([pa.array(classes, pa.string())]))
    start, end = (_numbers(table[name], rows) for name in ("start", "end"))
    sound = (label >= 0) & (end > start) & (start >= 0) & np.isfinite(end)
    given = select_submissions(labels)
    owners = owners_of(labels)[rows]
    place = given.of_rows(owners)
    mine = sound & (place >= 0)
    shown = sound & (owners < 0) & np.asarray(pc.is_valid(table["prediction_id"].take(pa.array(rows))))
    predicted = PredictedSpans(
        codes_of(table["item_id"].take(pa.array(rows[shown])), labels.items["item_id"]),
        _codes(table["prediction_id"].take(pa.array(rows[shown]))),
        start[shown], end[shown], label[shown], rows[shown], _numbers(table["confidence"], rows[shown]),
    )  # fmt: skip
    return Spans(
        question, kind, classes, given, place[mine], start[mine], end[mine], label[mine], rows[mine], predicted,
        int(np.count_nonzero(~sound)),
    )  # fmt: skip


def _codes(values: pa.ChunkedArray) -> Ints:
    known = pc.unique(values)
    return codes_of(values, pa.chunked_array([known], values.type))


def _numbers(column: pa.ChunkedArray, rows: Ints) -> Floats:
    return np.asarray(pc.fill_null(column.take(pa.array(rows)), np.nan), dtype=np.float64)
