"""The report as one HTML file, and its short form for notebooks. Nothing in it runs or loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import jinja2
from markupsafe import Markup

from annoaudit.findings import tell_share
from annoaudit.reporting.as_json import plain_value
from annoaudit.reporting.heat import ConfusionRow, PairRow, confusion_map, confusion_rows, pair_map, pair_rows
from annoaudit.reporting.marks import STEPS, HeatMap
from annoaudit.reporting.named_tables import ShownTable, show_table
from annoaudit.reporting.night import NightRecord
from annoaudit.reporting.people import (
    IN_DATA,
    IN_LABELS,
    MAX_PATTERNS,
    data_note,
    describe_data,
    describe_search,
    pattern_cards,
    patterns_note,
)
from annoaudit.reporting.record import AuditRecord, DataRecord, PeopleRecord, QuestionRecord, ReviewRecord
from annoaudit.reporting.review_queue import MAX_ENTRIES, queue_cards, queue_note
from annoaudit.reporting.tables import (
    AgreementRow,
    AnnotatorRow,
    ClassRow,
    Table,
    agreement_table,
    annotator_table,
    class_table,
    frame_rows,
    sorted_outcomes,
)
from annoaudit.reporting.text import (
    count,
    interval,
    kind_words,
    number,
    percent,
    plural,
    reveal_controls,
    shorten,
    spell_seconds,
    spell_time,
)
from annoaudit.reporting.threats import id_heads, id_rows, item_findings, risk_rows
from annoaudit.reporting.trends import TrendChart, TrendRow, lay_out_trends, trend_rows
from annoaudit.reporting.verdict_table import (
    OPEN_REVIEW,
    SampledRow,
    VerdictLine,
    sampled_table,
    suppressed_sentences,
    verdict_table,
    was_open,
)

__all__ = ["environment", "render_html", "render_notebook"]

_N_OPEN = 12
_NOTEBOOK_ENTRIES = 10
_NOTEBOOK_ANNOTATORS = 12
_NOTEBOOK_PATTERNS = 8
_N_CHANGES = 60
_N_NIGHTS = 31
_N_ITEM_FINDINGS = 20


@dataclass(frozen=True)
class QuestionPage:
    """One question with its tables sorted and its charts laid out."""

    question: QuestionRecord
    classes: Table[ClassRow]
    annotators: Table[AnnotatorRow]
    agreement: Table[AgreementRow]
    tables: list[ShownTable]
    confusion: HeatMap | None
    confusions: list[ConfusionRow]
    pairs: HeatMap | None
    least_agreeing: list[PairRow]


@dataclass(frozen=True)
class VerdictPage:
    """What reviewers said, in rows; ``open_note`` says where reviewers were led."""

    suppressed: list[str]
    rows: list[VerdictLine]
    sampled: list[SampledRow]
    open_note: str


@dataclass(frozen=True)
class NightPage:
    """A night's tables cut to what a page shows, and its charts laid out."""

    changes: list[dict[str, object]]
    rows: list[TrendRow]
    charts: list[TrendChart]


def render_html(record: AuditRecord) -> str:
    """Return the audit as one self-contained HTML page, without scripts and without anything to load.

    At most 200 queue entries, 40 annotators and 30 classes are shown; the page says where the rest is.
    """
    cards = queue_cards(record, MAX_ENTRIES)
    return (
        environment()
        .get_template("report.html.jinja")
        .render(
            record=record,
            open_cards=cards[:_N_OPEN],
            folded_cards=cards[_N_OPEN:],
            queue_note=queue_note(record, len(cards)),
            **_people(record.people, MAX_PATTERNS),
            **_data(record.data, MAX_PATTERNS),
            **_threats(record),
            outcomes=sorted_outcomes(record.outcomes),
            failed=[outcome for outcome in record.outcomes if outcome.status == "failed"],
            verdicts=_verdicts(record.review),
            pages=[_page(question) for question in record.questions],
            settings=plain_value(record.settings),
            steps=range(STEPS),
            night=None if record.night is None else _night_page(record.night),
        )
    )


def render_notebook(record: AuditRecord) -> str:
    """Return the audit as an HTML fragment for ``_repr_html_``, readable on light and dark notebooks."""
    cards = queue_cards(record, _NOTEBOOK_ENTRIES)
    return (
        environment()
        .get_template("notebook.html.jinja")
        .render(
            record=record,
            cards=cards,
            verdicts=_verdicts(record.review),
            severities=sorted({card.severity for card in cards}),
            **_people(record.people, _NOTEBOOK_PATTERNS),
            **_data(record.data, _NOTEBOOK_PATTERNS),
            outcomes=sorted_outcomes(record.outcomes),
            failed=[outcome for outcome in record.outcomes if outcome.status == "failed"],
            pages=[_page(question, _NOTEBOOK_ANNOTATORS) for question in record.questions],
            steps=range(STEPS),
        )
    )


def _people(people: PeopleRecord, limit: int) -> dict[str, object]:
    """Return what the templates say about people."""
    cards = pattern_cards(people, limit)
    return {
        "pattern_cards": cards,
        "patterns_note": patterns_note(people, len(cards)),
        "people_search": describe_search(people),
        "in_labels": IN_LABELS,
    }


def _data(data: DataRecord, limit: int) -> dict[str, object]:
    """Return what the templates say about the data."""
    cards = pattern_cards(data, limit)
    return {
        "data_cards": cards,
        "data_note": data_note(data, len(cards)),
        "data_search": describe_data(data),
        "in_data": IN_DATA,
    }


def _threats(record: AuditRecord) -> dict[str, object]:
    threats, found = record.threats, item_findings(record.findings)
    return {
        "risk_rows": risk_rows(threats),
        "ids": (id_heads(), id_rows(threats)),
        "unmapped": threats.unmapped,
        "item_findings": found[:_N_ITEM_FINDINGS],
        "n_item_findings": len(found),
    }


def _verdicts(review: ReviewRecord | None) -> VerdictPage | None:
    if review is None:
        return None
    return VerdictPage(
        suppressed=suppressed_sentences(review),
        rows=verdict_table(review.figures),
        sampled=sampled_table(review.sampled),
        open_note=OPEN_REVIEW if was_open(review.figures) else "",
    )


def _night_page(night: NightRecord) -> NightPage:
    return NightPage(
        changes=frame_rows(night.changes.head(_N_CHANGES)),
        rows=trend_rows(night.trends.tail(_N_NIGHTS)),
        charts=lay_out_trends(night.trends, night.coefficient),
    )


def _page(question: QuestionRecord, n_annotators: int | None = None) -> QuestionPage:
    return QuestionPage(
        question=question,
        classes=class_table(question),
        annotators=annotator_table(question, n_annotators) if n_annotators else annotator_table(question),
        agreement=agreement_table(question),
        tables=[show_table(one) for one in question.tables],
        confusion=confusion_map(question),
        confusions=confusion_rows(question),
        pairs=pair_map(question),
        least_agreeing=pair_rows(question),
    )


_SHARE = re.compile(r"(?<=\d) %")


@cache
def environment() -> jinja2.Environment:
    """Return the templates with autoescape, in which a missing name is an error and nothing invisible is shown."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("annoaudit.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_reveal,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "cut": shorten,
        "cut_text": _cut_text,
        "number": number,
        "percent": percent,
        "share": tell_share,
        "spell_seconds": spell_seconds,
        "spell_time": spell_time,
    }
    environment.globals |= {"interval": interval, "kind_words": kind_words, "plural": plural}
    return environment


def _reveal(value: object) -> object:
    """Spell out what cannot be seen, and keep a number and its percent sign on one line."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _SHARE.sub("\u00a0%", reveal_controls(value))


def _cut_text(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
