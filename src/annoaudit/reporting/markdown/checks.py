"""What was found right: verdicts, the error rate, and what became of each detector."""

from __future__ import annotations

from collections.abc import Iterable

from annoaudit.findings import Outcome
from annoaudit.reporting.markdown.marks import code_span, escape_markdown, tabulate
from annoaudit.reporting.record import AuditRecord
from annoaudit.reporting.tables import sorted_outcomes
from annoaudit.reporting.text import NOT_KNOWN, count, interval, percent, spell_seconds
from annoaudit.reporting.verdict_table import (
    OPEN_REVIEW,
    VerdictLine,
    sampled_table,
    suppressed_sentences,
    verdict_table,
    was_open,
)

__all__ = ["tell_detectors", "tell_error_rates", "tell_verdicts"]


def tell_verdicts(record: AuditRecord) -> Iterable[str]:
    """Return what reviewers said of the flags."""
    review = record.review
    if review is None:
        return
    yield "## Verdicts of reviewers"
    yield from map(escape_markdown, suppressed_sentences(review))
    heads = ["Detector", "Severity", "Review", "What was reviewed", "Fixed>", "Confirmed>", "Beside", "Precision>",
             "95 % interval>", "If all beside went either way>"]  # fmt: skip
    rows = verdict_table(review.figures)
    yield tabulate(heads, map(_verdict_row, rows)) if rows else "No verdict is about a flag."
    if was_open(review.figures):
        yield escape_markdown(OPEN_REVIEW)
    sampled = [[escape_markdown(r.what), r.value, r.value_interval or NOT_KNOWN, escape_markdown(r.basis)]
               for r in sampled_table(review.sampled)]  # fmt: skip
    if sampled:
        yield tabulate(["From the random sample", "Value>", "95 % interval>", "Basis"], sampled)


def _verdict_row(row: VerdictLine) -> list[str]:
    return [
        code_span(row.detector),
        escape_markdown(row.severity, 40),
        escape_markdown(row.review, 40),
        escape_markdown(row.basis),
        row.fixed,
        row.confirmed,
        row.beside or NOT_KNOWN,
        row.precision,
        row.precision_interval or NOT_KNOWN,
        row.either_way or NOT_KNOWN,
    ]


def tell_error_rates(record: AuditRecord) -> Iterable[str]:
    """Return the error rate of each question."""
    yield "## Error rate"
    for question in record.questions:
        rate = question.error_rate
        name = f"{code_span(question.question)}: " if len(record.questions) > 1 else ""
        known = f"**{percent(rate.value)}** ({interval(rate.low, rate.high)} %, 95 % interval). "
        yield f"{name}{known if rate.known else ''}{escape_markdown(rate.sentence, 600)}"
    if not record.questions:
        yield "No question was audited."


def tell_detectors(record: AuditRecord) -> Iterable[str]:
    """Return what became of each detector."""
    yield "## Detectors"
    if not record.outcomes:
        yield "No detector ran."
        return
    heads = ["Detector", "Question", "Outcome", "Judged>", "Flagged>", "In queue>", "Time>"]
    yield tabulate(heads, (_outcome_row(outcome) for outcome in sorted_outcomes(record.outcomes)))


def _outcome_row(outcome: Outcome) -> list[str]:
    status = "**FAILED**" if outcome.status == "failed" else escape_markdown(outcome.status, 40)
    why = f": {escape_markdown(outcome.why, 300)}" if outcome.why else ""
    judged = f"{count(outcome.n_judged)} of {count(outcome.n_targets)}"
    numbers = [judged, count(outcome.n_flagged), count(outcome.n_queued), spell_seconds(outcome.seconds)]
    shown = numbers if outcome.status == "scored" else [NOT_KNOWN] * 4
    return [code_span(outcome.detector), code_span(outcome.question), status + why, *shown]
