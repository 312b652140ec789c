"""The audit in a terminal: verdict, one line a detector, what was not checked, one next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from annoaudit.findings import Outcome
from annoaudit.reporting.people import describe_data, describe_search, pattern_cards
from annoaudit.reporting.record import AuditRecord, DataRecord, PeopleRecord
from annoaudit.reporting.tables import sorted_outcomes
from annoaudit.reporting.text import count, fold, interval, percent, plural, shorten
from annoaudit.reporting.threats import tell_unchecked
from annoaudit.reporting.verdict_table import (
    OPEN_REVIEW,
    figure_lines,
    sampled_lines,
    suppressed_sentences,
    was_open,
)

__all__ = ["fit_text", "pad_text", "render_summary", "wrap_text"]

_MIN_WIDTH = 40
_NAME_WIDTH = 26
_MOST_PATTERNS = 5
_MOST_NAMED = 4


def render_summary(record: AuditRecord, width: int = 80) -> str:
    """Return the summary as plain text of at most ``width`` columns, without any control sequence.

    Print it as it is: square brackets in it come from data and are no markup.

    Parameters
    ----------
    width
        Columns of the terminal, at least 40; wide characters count as two.
    """
    width = max(width, _MIN_WIDTH)
    lines: list[str] = [*wrap_text(shorten(record.headline, 400), width), *_scope(record, width), ""]
    many = len(record.questions) > 1
    for outcome in sorted_outcomes(record.outcomes):
        lines += _detector_lines(outcome, many, width)
    lines += [] if record.outcomes else ["  No detector ran."]
    lines += ["", *_people(record.people, width), *_data(record.data, width)]
    for sentence in _verdicts(record):
        lines += wrap_text(sentence, width, indent="  ")
    for sentence in _sentences(record, many):
        lines += wrap_text(sentence, width, indent="  ")
    lines += ["", *wrap_text(f"Next: {shorten(record.next_step, 600)}", width, indent="  ")]
    return "\n".join(lines) + "\n"


def _scope(record: AuditRecord, width: int) -> list[str]:
    counts = ", ".join(
        (
            plural(record.n_items, "item"),
            plural(record.n_labels, "label"),
            plural(record.n_annotators, "annotator"),
            f"{count(record.n_flagged)} flagged",
            f"{count(record.n_queued)} to review",
        )
    )
    return wrap_text(f"{shorten(record.source, 200)}: {counts}.", width)


def _detector_lines(outcome: Outcome, many: bool, width: int) -> list[str]:
    name = shorten(outcome.detector, 60) + (f" on {shorten(outcome.question, 40)}" if many else "")
    if outcome.status == "scored":
        said = f"judged {count(outcome.n_judged)}, flagged {count(outcome.n_flagged)}, "
        said += f"queued {count(outcome.n_queued)}"
    else:
        status = "FAILED" if outcome.status == "failed" else shorten(outcome.status, 20)
        said = f"{status}: {shorten(outcome.why, 300) or 'no reason given'}"
    column = max(_NAME_WIDTH, width // 3)
    first = f"  {pad_text(fit_text(name, column), column)}  "
    if outcome.status == "scored" or width < 2 * len(first):
        return [fit_text(first + said, width)]
    first_line, *rest = wrap_text(said, width - len(first))
    return [first + first_line, *(" " * len(first) + line for line in rest)]


def _people(people: PeopleRecord, width: int) -> list[str]:
    if not people.patterns:
        return [*wrap_text(f"People: {describe_search(people)}", width, indent="  "), ""]
    lines = wrap_text("People and patterns (in labels, not guilt):", width, indent="  ")
    return [*lines, *_list_cards(people, width), ""]


def _data(data: DataRecord, width: int) -> list[str]:
    if data.patterns:
        return [*wrap_text("Data and sources:", width, indent="  "), *_list_cards(data, width), ""]
    search = describe_data(data)
    return [*wrap_text(f"Data: {search}", width, indent="  "), ""] if search else []


def _list_cards(found: PeopleRecord | DataRecord, width: int) -> list[str]:
    lines: list[str] = []
    cards = pattern_cards(found, _MOST_PATTERNS)
    for card in cards:
        n_more = len(card.pattern.who) - _MOST_NAMED
        who = " + ".join(shorten(name, 40) for name in card.who[:_MOST_NAMED])
        who += f" and {n_more} more" if n_more > 0 else ""
        said = f"{shorten(card.severity, 80)}: {who}. {shorten(card.pattern.sentence, 400)} "
        said += f"({shorten(card.pattern.detector, 60)}; {shorten(card.test, 160)})"
        lines += ["  " + line for line in wrap_text(said, width - 2, indent="  ")]
    if found.n_patterns > len(cards):
        rest = f"and {found.n_patterns - len(cards)} more in the report and the findings."
        lines += ["  " + line for line in wrap_text(rest, width - 2)]
    return lines


def _sentences(record: AuditRecord, many: bool) -> Iterator[str]:
    for question in record.questions:
        rate = question.error_rate
        name = f"{shorten(question.question, 40)}: " if many else ""
        known = f"error rate {percent(rate.value)} ({interval(rate.low, rate.high)} %). " if rate.known else ""
        yield f"{name}{known}{shorten(rate.sentence, 400)}".strip()
    told = {f"{one.detector} was not run: {one.why}." for one in record.outcomes}  # stands in the table above
    if unchecked := tell_unchecked(record.threats):
        yield f"Risks: {unchecked}"
    for limit in record.limits:
        if limit in told:
            continue
        yield f"Limit: {shorten(limit, 600)}"


def _verdicts(record: AuditRecord) -> Iterator[str]:
    review = record.review
    if review is None:
        return
    for sentence in suppressed_sentences(review):
        yield f"Reviewed: {sentence}"
    for line in [*figure_lines(review.figures), *sampled_lines(review.sampled)]:
        yield f"Verdicts: {shorten(line, 400)}"
    if was_open(review.figures):
        yield OPEN_REVIEW


def wrap_text(text: str, width: int, indent: str = "") -> list[str]:
    """Return the text in lines of at most ``width`` columns, the later ones indented."""
    lines: list[str] = []
    line = ""
    for word in _pieces(fold(text).split(" "), width - len(indent)):
        joined = f"{line} {word}" if line else word
        if _cells(joined) <= width - (len(indent) if lines else 0):
            line = joined
        else:
            lines.append(line)
            line = word
    lines.append(line)
    return [lines[0], *(indent + rest for rest in lines[1:])]


def _pieces(words: Iterable[str], width: int) -> Iterator[str]:
    from rich.cells import chop_cells

    for word in words:
        yield from chop_cells(word, width) if _cells(word) > width else [word]


def fit_text(text: str, width: int) -> str:
    """Return the text cut to ``width`` columns, ending in an ellipsis where cut."""
    from rich.cells import chop_cells

    return text if _cells(text) <= width else chop_cells(text, width - 1)[0].rstrip() + "…"


def pad_text(text: str, width: int) -> str:
    """Return the text filled with blanks to ``width`` columns."""
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
