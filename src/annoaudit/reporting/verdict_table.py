"""Verdicts of reviewers as rows and lines: every figure with what was reviewed, none without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.reporting.tables import frame_rows
from annoaudit.reporting.text import count, interval, percent, plural

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reporting.record import ReviewRecord

__all__ = [
    "DECISION_WORDS",
    "OPEN_REVIEW",
    "SampledRow",
    "VerdictLine",
    "figure_lines",
    "sampled_lines",
    "sampled_table",
    "suppressed_sentences",
    "verdict_table",
    "was_open",
]

OPEN_REVIEW = "Open review: the reviewers saw the reasons and the current labels, which leads them."
DECISION_WORDS = {
    "confirmed": "confirmed as right",
    "fixed": "found wrong, and still as they were",
    "ambiguous": "called ambiguous",
    "bad_data": "called bad data",
}
_BESIDE = ("ambiguous", "bad_data", "skipped")


@dataclass(frozen=True)
class VerdictLine:
    """Verdicts on one detector's flags of one severity; ``basis`` says which flags were reviewed."""

    detector: str
    severity: str
    review: str
    basis: str
    n_flagged: str
    n_reviewed: str
    fixed: str
    confirmed: str
    beside: str
    precision: str
    precision_interval: str
    either_way: str


@dataclass(frozen=True)
class SampledRow:
    """What a random sample says of the whole project."""

    what: str
    value: str
    value_interval: str
    basis: str


def verdict_table(figures: pd.DataFrame) -> list[VerdictLine]:
    """Return the verdicts by detector, severity and kind of review, every cell written out."""
    return [_line(row) for row in frame_rows(figures)]


def sampled_table(sampled: pd.DataFrame) -> list[SampledRow]:
    """Return what the random sample says, every cell written out."""
    return [
        SampledRow(
            str(row["what"]), percent(_number(row, "value")), interval(_number(row, "low"), _number(row, "high")),
            str(row["basis"]),
        )
        for row in frame_rows(sampled)
    ]  # fmt: skip


def figure_lines(figures: pd.DataFrame) -> list[str]:
    """Return one sentence a detector, severity and kind of review."""
    return [_sentence(row) for row in verdict_table(figures)]


def sampled_lines(sampled: pd.DataFrame) -> list[str]:
    """Return one sentence a rate that the random sample gives."""
    return [
        f"{row.what}: {row.value} ({f'95 % interval {row.value_interval} %' if row.value_interval else 'no interval'})"
        f"; {row.basis}."
        for row in sampled_table(sampled)
    ]


def suppressed_sentences(review: ReviewRecord) -> list[str]:
    """Return what became of flagged labels that reviewers had answered before; empty where there are none."""
    n, sentences = sum(review.suppressed.values()), []
    if n:
        words = {**dict.fromkeys(review.suppressed, "answered"), **DECISION_WORDS}
        parts = [f"{count(of_them)} {words[name]}" for name, of_them in review.suppressed.items()]
        sentences.append(
            f"{plural(n, 'flagged label')} {'was' if n == 1 else 'were'} answered by reviewers before and not changed "
            f"since: suppressed, so not in the queue ({', '.join(parts)})."
        )
    if review.n_changed:
        have = "has" if review.n_changed == 1 else "have"
        sentences.append(
            f"{plural(review.n_changed, 'flagged label')} with an earlier answer {have} changed since: no longer "
            "suppressed."
        )
    return sentences


def was_open(figures: pd.DataFrame) -> bool:
    """Say whether any of the verdicts come from open review."""
    return bool((figures["review"] == "open").any())


def _line(row: Mapping[str, object]) -> VerdictLine:
    beside = [f"{count(_number(row, name))} {name.replace('_', ' ')}" for name in _BESIDE if _number(row, name)]
    either = f"{percent(_number(row, 'range_low'))} to {percent(_number(row, 'range_high'))}" if beside else ""
    return VerdictLine(
        detector=str(row["detector"]),
        severity=str(row["severity"]),
        review=str(row["review"]),
        basis=str(row["basis"]),
        n_flagged=count(_number(row, "n_flagged")),
        n_reviewed=count(_number(row, "n_reviewed")),
        fixed=count(_number(row, "fixed")),
        confirmed=count(_number(row, "confirmed")),
        beside=", ".join(beside),
        precision=percent(_number(row, "precision")),
        precision_interval=interval(_number(row, "low"), _number(row, "high")),
        either_way=either,
    )


def _sentence(row: VerdictLine) -> str:
    bounds = f" (95 % interval {row.precision_interval} %)" if row.precision_interval else ""
    rest = f"; {row.beside}: {row.either_way} if all went either way" if row.beside else ""
    return (
        f"{row.detector} {row.severity}, {row.review} review, {row.basis}: {row.fixed} fixed, "
        f"{row.confirmed} confirmed, precision {row.precision}{bounds}{rest}."
    )


def _number(row: Mapping[str, object], name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float) else float("nan")
