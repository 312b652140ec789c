"""The rows of the report's tables: sorted, cut to what a page can hold, every cell written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Outcome
from annoaudit.reporting.marks import Axis, IntervalMark, axis_over
from annoaudit.reporting.record import QuestionRecord
from annoaudit.reporting.text import NOT_KNOWN, count, interval, number, percent, spell_seconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MAX_ANNOTATORS",
    "MAX_CLASSES",
    "AgreementRow",
    "AnnotatorRow",
    "ClassRow",
    "Table",
    "agreement_table",
    "annotator_table",
    "class_table",
    "frame_rows",
    "sorted_outcomes",
]

MAX_ANNOTATORS = 40
MAX_CLASSES = 30

_ANNOTATOR_PX = 150
_AGREEMENT_PX = 240

_LANDIS_KOCH = (
    (0.0, "poor"),
    (0.2, "slight"),
    (0.4, "fair"),
    (0.6, "moderate"),
    (0.8, "substantial"),
    (math.inf, "almost perfect"),
)
_STATUS_ORDER = {"failed": 0, "scored": 1, "skipped": 2}

Row = Mapping[str, object]
RowType = TypeVar("RowType")


@dataclass(frozen=True)
class AnnotatorRow:
    """One annotator, with innocent explanations left to the page around it."""

    name: str
    n_labels: str
    disagreement: str
    disagreement_interval: str
    mark: IntervalMark
    accuracy: str
    accuracy_interval: str
    gold: str
    gold_interval: str
    gold_n: str
    median: str
    n_queued: str
    is_flagged: bool


@dataclass(frozen=True)
class ClassRow:
    """One class and how often labels of it disagree with the consensus of the others."""

    label: str
    n_labels: str
    n_disagree: str
    disagreement: str
    disagreement_interval: str
    mark: IntervalMark


@dataclass(frozen=True)
class AgreementRow:
    """One coefficient, what it means in plain words, and the word of a cited scale."""

    coefficient: str
    value: str
    value_interval: str
    mark: IntervalMark
    basis: str
    reading: str
    scale_word: str
    interval_kind: str


@dataclass(frozen=True)
class Table(Generic[RowType]):
    """Rows with the axis that their marks share; ``n_left_out`` rows are not shown.

    ``common_basis`` says how many items, annotators and labels all rows rest on, where that is the same.
    """

    rows: tuple[RowType, ...]
    axis: Axis
    n_left_out: int = 0
    has_gold: bool = False
    has_times: bool = False
    common_basis: str = ""


def annotator_table(question: QuestionRecord, limit: int = MAX_ANNOTATORS) -> Table[AnnotatorRow]:
    """Return annotators, flagged first, then by disagreement with the consensus of the others."""
    frame = question.annotators
    rows = frame_rows(frame.iloc[annotator_order(frame)[:limit]])
    axis = _axis(rows, "disagreement", "disagreement_low", "disagreement_high", width=_ANNOTATOR_PX)
    return Table(
        tuple(_annotator_row(row, axis) for row in rows),
        axis,
        n_left_out=max(len(frame) - limit, 0),
        has_gold=any(_value(row, "gold_n") > 0 for row in rows),
        has_times=any(math.isfinite(_value(row, "median_s")) for row in rows),
    )


def class_table(question: QuestionRecord, limit: int = MAX_CLASSES) -> Table[ClassRow]:
    """Return classes, those whose labels disagree most often first."""
    frame = question.by_class
    rows = frame_rows(frame.iloc[_descending(frame, "disagreement")[:limit]])
    axis = _axis(rows, "disagreement", "low", "high")
    return Table(tuple(_class_row(row, axis) for row in rows), axis, n_left_out=max(len(frame) - limit, 0))


def agreement_table(question: QuestionRecord) -> Table[AgreementRow]:
    """Return agreement coefficients in the order of the record."""
    rows = frame_rows(question.agreement)
    values = [_value(row, name) for row in rows for name in ("value", "low", "high")]
    axis = axis_over([*values, 1.0], as_percent=False, width=_AGREEMENT_PX)
    shown = tuple(_agreement_row(row, axis) for row in rows)
    bases = {row.basis for row in shown}
    return Table(shown, axis, common_basis=bases.pop() if len(bases) == 1 else "")


def annotator_order(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return positions of annotators: flagged first, then most disagreement, then most labels."""
    if not len(frame):
        return np.arange(0)
    disagreement = np.nan_to_num(frame["disagreement"].to_numpy(float), nan=-1.0)
    flagged = frame["flagged"].to_numpy(bool)
    return np.asarray(np.lexsort((-frame["n_labels"].to_numpy(float), -disagreement, ~flagged)), dtype=np.intp)


def sorted_outcomes(outcomes: tuple[Outcome, ...]) -> list[Outcome]:
    """Return outcomes with failures first and skipped detectors last."""
    return sorted(outcomes, key=lambda outcome: _STATUS_ORDER.get(outcome.status, 0))


def frame_rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as mappings from column name to value, as Python values."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].tolist() for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _descending(frame: pd.DataFrame, column: str) -> npt.NDArray[np.intp]:
    if not len(frame):
        return np.arange(0)
    return np.argsort(-np.nan_to_num(frame[column].to_numpy(float), nan=-1.0), kind="stable")


def _annotator_row(row: Row, axis: Axis) -> AnnotatorRow:
    low, high = _value(row, "disagreement_low"), _value(row, "disagreement_high")
    gold_n = _value(row, "gold_n")
    return AnnotatorRow(
        name=str(row["annotator"]),
        n_labels=count(_value(row, "n_labels")),
        disagreement=percent(_value(row, "disagreement")),
        disagreement_interval=interval(low, high),
        mark=axis.mark(_value(row, "disagreement"), low, high),
        accuracy=percent(_value(row, "accuracy")),
        accuracy_interval=interval(_value(row, "low"), _value(row, "high")),
        gold=percent(_value(row, "gold_accuracy")) if gold_n > 0 else NOT_KNOWN,
        gold_interval=interval(_value(row, "gold_low"), _value(row, "gold_high")),
        gold_n=count(gold_n),
        median=spell_seconds(_value(row, "median_s")),
        n_queued=count(_value(row, "n_queued")),
        is_flagged=bool(row["flagged"]),
    )


def _class_row(row: Row, axis: Axis) -> ClassRow:
    value, low, high = (_value(row, name) for name in ("disagreement", "low", "high"))
    return ClassRow(
        label=str(row["label"]),
        n_labels=count(_value(row, "n_labels")),
        n_disagree=count(_value(row, "n_disagree")),
        disagreement=percent(value),
        disagreement_interval=interval(low, high),
        mark=axis.mark(value, low, high),
    )


def _agreement_row(row: Row, axis: Axis) -> AgreementRow:
    name = str(row["coefficient"])
    value, low, high = (_value(row, key) for key in ("value", "low", "high"))
    parts = [f"{count(_value(row, key))} {noun}" for key, noun in _BASIS if math.isfinite(_value(row, key))]
    why = "" if row["why"] is None else str(row["why"])
    return AgreementRow(
        coefficient=name,
        value=number(value),
        value_interval=interval(low, high, as_percent=False),
        mark=axis.mark(value, low, high),
        basis=", ".join(parts),
        reading=_reading(name, value) if math.isfinite(value) else why or "could not be judged",
        scale_word=_scale_word(name, value, low, high),
        interval_kind=str(row["interval"] or ""),
    )


_BASIS = (("n_items", "items"), ("n_annotators", "annotators"), ("n_labels", "labels"))


def _reading(name: str, value: float) -> str:
    family = _family(name)
    if family == "percent":
        return f"the same answer on {percent(value)} of what two annotators share"
    if family == "matched":
        return f"{percent(value)} of what two annotators mark has its match at the other, at this overlap or more"
    if family == "overlap":
        return f"matched regions share {percent(value)} of the area they cover together"
    if family == "f1":
        return f"{percent(value)} of the spans of two annotators find their like"
    if family == "area":
        return f"agreement fills {percent(value, 0)} of the area that the label frequencies allow"
    if family == "corrected" and value < 0:
        return "less agreement than chance alone would give"
    if family == "corrected":
        return f"{percent(value, 0)} of the way from chance to full agreement"
    return ""


def _family(name: str) -> str:
    plain = name.casefold().replace("'", "").replace("_", " ")
    if "percent" in plain or "observed" in plain:
        return "percent"
    if plain.startswith("f1 at"):
        return "matched"
    if plain == "mean overlap":
        return "overlap"
    if "f1" in plain:
        return "f1"
    if "bangdiwala" in plain:
        return "area"
    words = ("cohen", "scott", "fleiss", "conger", "kappa", "krippendorff", "alpha", "gwet", "ac1", "ac2")
    return "corrected" if any(word in plain for word in (*words, "brennan", "prediger")) else ""


def _scale_word(name: str, value: float, low: float, high: float) -> str:
    if _family(name) != "corrected" or not math.isfinite(value):
        return ""
    ends = (low, high) if math.isfinite(low) and math.isfinite(high) else (value, value)
    first, last = (_landis_koch(end) for end in ends)
    return first if first == last else f"{first} to {last}"


def _landis_koch(value: float) -> str:
    if value < 0:
        return "poor"
    return next(word for top, word in _LANDIS_KOCH[1:] if value <= top)


def _axis(rows: Sequence[Row], *names: str, width: int = 190) -> Axis:
    return axis_over([_value(row, name) for row in rows for name in names], width=width)


def _value(row: Row, name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float | np.number) else math.nan
