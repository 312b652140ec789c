"""The whole page, its head and its queue."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from annoaudit.reporting.markdown.checks import tell_detectors, tell_error_rates, tell_verdicts
from annoaudit.reporting.markdown.marks import MAX_LISTED, code_span, escape_markdown, list_points, tabulate
from annoaudit.reporting.markdown.patterns import tell_data, tell_people, tell_threats
from annoaudit.reporting.markdown.questions import tell_question
from annoaudit.reporting.record import AuditRecord, QueueEntry
from annoaudit.reporting.review_queue import Card, queue_cards, queue_note
from annoaudit.reporting.text import NOT_KNOWN, count, number, spell_time

__all__ = ["render_markdown"]


def render_markdown(record: AuditRecord) -> str:
    """Return the audit as GitHub-flavoured Markdown; at most 50 queue entries are listed."""
    blocks = chain(
        _head(record),
        _night(record),
        _queue(record),
        tell_people(record.people),
        tell_data(record.data),
        tell_threats(record),
        tell_verdicts(record),
        tell_error_rates(record),
        tell_detectors(record),
        *(tell_question(question) for question in record.questions),
        list_points("Not checked", record.limits, 1000),
        _methods(record),
        ["---", _foot(record)],
    )
    return "\n\n".join(blocks) + "\n"


def _head(record: AuditRecord) -> Iterable[str]:
    yield f"# {escape_markdown(record.headline)}"
    yield f"{escape_markdown(record.title, 120)}, from {code_span(record.source, 200)}"
    for outcome in record.outcomes:
        if outcome.status == "failed":
            yield f"> **FAILED** {code_span(outcome.detector)}: {escape_markdown(outcome.why)}"
    numbers = [record.n_items, record.n_labels, record.n_annotators, record.n_flagged, record.n_queued]
    heads = ("Items", "Labels", "Annotators", "Flagged", "To review")
    yield tabulate([f"{head}>" for head in heads], [[count(n) for n in numbers]])
    yield f"**Next step:** {escape_markdown(record.next_step, 600)}"


def _night(record: AuditRecord) -> Iterable[str]:
    night = record.night
    if night is None:
        return
    yield f"## Tonight: gate {'passed' if night.passed else '**FAILED**'}"
    counts = [count(n) for n in (night.counts.new, night.counts.known, night.counts.reopened, night.counts.gone)]
    yield tabulate(["New>", "Known>", "Reopened>", "Gone>"], [counts])
    rows = [[escape_markdown(one.name), one.status, escape_markdown(one.sentence)] for one in night.checks]
    if rows:
        yield tabulate(["Limit", "Result", "Why"], rows)
    yield "\n".join(f"- {escape_markdown(one)}" for one in night.integrity[:MAX_LISTED])


def _queue(record: AuditRecord) -> Iterable[str]:
    yield "## Review queue"
    cards = queue_cards(record, MAX_LISTED)
    if not cards:
        yield "The queue is empty. That does not say the labels are right."
        return
    yield (
        "Flagged means above a detector's own threshold; the queue is the best of the flagged. Everything "
        "here is a pattern in labels, not guilt."
    )
    heads = ["#>", "Item", "Given", "Suggested", "Why", "Votes", "Severity", "Annotator", "Suspicion>"]
    yield tabulate(heads, (_queue_row(card) for card in cards))
    if note := queue_note(record, len(cards)):
        yield escape_markdown(note)


def _queue_row(card: Card) -> list[str]:
    entry = card.entry
    why = " ".join(
        f"{escape_markdown(reason.sentence, 240)} ({code_span(reason.detector)})" for reason in entry.reasons
    )
    link = f" [open](<{card.native_url.replace('|', '%7C').replace('<', '%3C').replace('>', '%3E')}>)"
    votes = ", ".join(f"{code_span(vote.label, 40)} \u00d7 {len(vote.who) + vote.n_more}" for vote in card.votes)
    return [
        str(entry.rank),
        f"{escape_markdown(_shown(entry), 160)} {code_span(entry.item_id)}" + (link if card.native_url else ""),
        code_span(entry.given),
        code_span(entry.suggested),
        why,
        votes or NOT_KNOWN,
        escape_markdown(card.severity, 80),
        code_span(entry.annotator),
        number(entry.suspicion),
    ]


def _shown(entry: QueueEntry) -> str:
    """Return how the label is shown where that can be said in words, else the item's content."""
    return str(getattr(entry.view, "in_words", "")) or entry.content


def _methods(record: AuditRecord) -> Iterable[str]:
    lines = [
        f"{method.name}: {method.what}" + (f" ({method.reference})" if method.reference else "")
        for method in record.methods
    ]
    return list_points("Methods", lines, 1600)


def _foot(record: AuditRecord) -> str:
    version = escape_markdown(record.version, 40)
    return f"annoaudit {version}, {spell_time(record.started_at)}. Patterns in labels, not guilt."
