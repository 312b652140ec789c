"""How figures went over the nights: as a table in a terminal, and laid out as small charts for the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.reporting.text import count, interval, number, percent, spell_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TrendChart", "TrendRow", "lay_out_trends", "render_trends", "trend_rows"]

WIDTH, HEIGHT, MARGIN = 420.0, 72.0, 6.0


@dataclass(frozen=True)
class TrendRow:
    """One night, as it is written."""

    at: str
    n_labels: str
    n_flagged: str
    n_new: str
    n_gone: str
    error_rate: str
    error_interval: str
    agreement: str
    agreement_interval: str
    gate: str


@dataclass(frozen=True)
class TrendChart:
    """One figure over the nights: a line, and a band where it has intervals; coordinates in pixels."""

    title: str
    low: str
    high: str
    first: str
    last: str
    line: str
    band: str
    dots: tuple[tuple[float, float, str], ...]


def trend_rows(table: pd.DataFrame) -> list[TrendRow]:
    """Return the nights as text, latest first."""
    rows = [
        TrendRow(
            at=spell_time(night["at"]),
            n_labels=count(night["n_labels"]),
            n_flagged=count(night["n_flagged"]),
            n_new=count(night["n_new"]),
            n_gone=count(night["n_gone"]),
            error_rate=percent(night["error_rate"]),
            error_interval=interval(night["error_rate_low"], night["error_rate_high"]),
            agreement=number(night["agreement"]),
            agreement_interval=interval(night["agreement_low"], night["agreement_high"], as_percent=False),
            gate={1.0: "passed", 0.0: "FAILED"}.get(night["gate"], ""),
        )
        for night in table.to_dict("records")
    ]
    return rows[::-1]


def render_trends(table: pd.DataFrame) -> str:
    """Return the nights as a plain table, oldest first, with their numbers where the table has them (``night``)."""
    rows = [
        ("at", "labels", "flagged", "new", "gone", "error rate, %", "agreement", "gate"),
        *(_cells(row) for row in reversed(trend_rows(table))),
    ]
    if "night" in table.columns:
        rows = [(one, *row) for one, row in zip(["night", *map(str, table["night"])], rows, strict=True)]
    head = rows[0]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) if len(rows) > 1 else "No nights yet."


def _cells(row: TrendRow) -> tuple[str, ...]:
    error = f"{row.error_rate} ({row.error_interval})" if row.error_interval else row.error_rate
    agreement = f"{row.agreement} ({row.agreement_interval})" if row.agreement_interval else row.agreement
    return row.at, row.n_labels, row.n_flagged, row.n_new, row.n_gone, error, agreement, row.gate


def lay_out_trends(table: pd.DataFrame, coefficient: str) -> list[TrendChart]:
    """Lay out the charts of the figures that at least two nights know.

    Of new findings the earliest night is left out: where it is the first of all, everything was new.
    """
    charts = (
        ("Flagged labels", "n_flagged", "", True, table),
        ("New findings", "n_new", "", True, table.iloc[1:]),
        ("Error rate", "error_rate", "percent", False, table),
        (f"Agreement ({coefficient.replace('_', ' ')})", "agreement", "number", False, table),
    )
    return [
        _lay_out(title, nights, name, kind, from_zero=zero)
        for title, name, kind, zero, nights in charts
        if int(nights[name].notna().sum()) >= 2
    ]


def _lay_out(title: str, table: pd.DataFrame, name: str, kind: str, *, from_zero: bool) -> TrendChart:
    known = table[table[name].notna()]
    times = [spell_time(at)[:10] for at in known["at"]]
    values = [float(value) for value in known[name]]
    has_band = f"{name}_low" in table.columns
    lows = [_or(low, value) for low, value in zip(known[f"{name}_low"], values, strict=True)] if has_band else values
    highs = (
        [_or(high, value) for high, value in zip(known[f"{name}_high"], values, strict=True)] if has_band else values
    )
    bottom, top = (0.0 if from_zero else min(lows)), max(highs)
    xs = [MARGIN + (WIDTH - 2 * MARGIN) * place / (len(values) - 1) for place in range(len(values))]

    def y(value: float) -> float:
        share = (value - bottom) / (top - bottom) if top > bottom else 0.5
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share, 1)

    shown = [_write(value, kind) for value in values]
    upper, lower = (
        [(x, y(v)) for x, v in zip(xs, highs, strict=True)],
        [(x, y(v)) for x, v in zip(xs, lows, strict=True)],
    )
    return TrendChart(
        title=title,
        low=_write(bottom, kind),
        high=_write(top, kind),
        first=times[0],
        last=f"{times[-1]}: {shown[-1]}",
        line=_points([(x, y(v)) for x, v in zip(xs, values, strict=True)]),
        band=_points([*upper, *reversed(lower)]) if has_band else "",
        dots=tuple((round(x, 1), y(v), f"{at}: {s}") for x, v, at, s in zip(xs, values, times, shown, strict=True)),
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _or(value: float, other: float) -> float:
    return float(value) if math.isfinite(value) else other


def _write(value: float, kind: str) -> str:
    return percent(value) if kind == "percent" else number(value) if kind == "number" else count(value)
