"""The figures of a night, and what they were over the nights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from annoaudit.store import MeasureRow

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reporting.record import AuditRecord, QuestionRecord

__all__ = ["TREND_COLUMNS", "measure_night", "tabulate_trends"]

COUNTS = ("n_items", "n_labels", "n_annotators", "n_flagged", "n_queued")
TREND_COLUMNS = (
    "at", "n_labels", "n_flagged", "n_new", "n_gone", "error_rate", "error_rate_low", "error_rate_high", "agreement",
    "agreement_low", "agreement_high", "gate",
)  # fmt: skip


def measure_night(record: AuditRecord) -> list[MeasureRow]:
    """Return the figures of a night that are kept for trends."""
    night = record.night
    assert night is not None
    rows = [MeasureRow(name, "", float(getattr(record, name))) for name in COUNTS]
    rows += [MeasureRow(f"n_{name}", "", float(n)) for name, n in asdict(night.counts).items()]
    rows += [MeasureRow("seconds", "", record.seconds), MeasureRow("gate", "", float(night.passed))]
    rates = [one for one in night.checks if one.name == "error_rate" and math.isfinite(one.value)]
    for question in record.questions:
        rows += _measure_question(question)
    if rates and not any(one.error_rate.known for one in record.questions):
        rows.append(MeasureRow("error_rate", "", rates[0].value, rates[0].low, rates[0].high))
    return rows


def _measure_question(question: QuestionRecord) -> list[MeasureRow]:
    rate = question.error_rate
    rows = [MeasureRow("error_rate", question.question, rate.value, rate.low, rate.high)] if rate.known else []
    table = question.agreement
    for name, value, low, high in zip(*(table[c] for c in ("coefficient", "value", "low", "high")), strict=True):
        rows.append(MeasureRow(f"agreement:{name}", question.question, float(value), float(low), float(high)))
    return rows


def tabulate_trends(
    stored: pd.DataFrame, at: datetime | None, tonight: Sequence[MeasureRow], coefficient: str
) -> pd.DataFrame:
    """Return one row a night, oldest first, with the columns :data:`TREND_COLUMNS`.

    Error rate and agreement are those of the first question that has them; other questions stay in the store.

    Parameters
    ----------
    stored
        As ``Nights.measures`` gives them.
    at, tonight
        A night that is not stored yet.
    """
    import pandas as pd

    fresh = pd.DataFrame(
        [("", at, one.name, one.question, one.value, one.low, one.high) for one in tonight], columns=stored.columns
    )
    rows = [_row(group, coefficient) for _, group in stored.groupby("run_id", sort=False)]
    rows += [_row(fresh, coefficient)] if len(fresh) else []
    return pd.DataFrame(rows, columns=list(TREND_COLUMNS))


def _row(night: pd.DataFrame, coefficient: str) -> dict[str, object]:
    first = night.drop_duplicates("name").set_index("name")
    values: dict[str, object] = {"at": night["started_at"].iloc[0]}
    for name in ("n_labels", "n_flagged", "n_new", "n_gone", "gate"):
        values[name] = _at(first, name, "value")
    for name, stored in (("error_rate", "error_rate"), ("agreement", f"agreement:{coefficient}")):
        values[name] = _at(first, stored, "value")
        values[f"{name}_low"], values[f"{name}_high"] = _at(first, stored, "low"), _at(first, stored, "high")
    return values


def _at(table: pd.DataFrame, name: str, column: str) -> float:
    return float(table.loc[name, column]) if name in table.index else float("nan")  # type: ignore[arg-type]
