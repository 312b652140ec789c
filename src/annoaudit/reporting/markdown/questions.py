"""What is known about one question."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from annoaudit.reporting.heat import confusion_rows, pair_rows
from annoaudit.reporting.markdown.marks import code_span, escape_markdown, tabulate
from annoaudit.reporting.named_tables import ShownTable, show_table
from annoaudit.reporting.record import QuestionRecord
from annoaudit.reporting.tables import agreement_table, annotator_table, class_table
from annoaudit.reporting.text import kind_words, number, plural

__all__ = ["tell_question"]


def tell_question(question: QuestionRecord) -> Iterable[str]:
    """Return the tables of one question."""
    yield f"## Question {code_span(question.question)}"
    yield (
        f"{kind_words(question.kind)}: {plural(question.n_labels, 'label')} on {plural(question.n_items, 'item')} by "
        f"{plural(question.n_annotators, 'annotator')}, {number(question.redundancy, 1)} labels an item."
    )
    yield from _classes(question)
    yield from _annotators(question)
    yield from _agreement(question)
    yield from chain.from_iterable(_named_table(show_table(one)) for one in question.tables)
    if confusions := confusion_rows(question):
        yield "### Largest confusions"
        rows = ([code_span(row.given), code_span(row.consensus), row.n, row.share] for row in confusions)
        yield tabulate(["Given", "Consensus", "Labels (expected)>", "Share>"], rows)
    if pairs := pair_rows(question):
        yield "### Pairs that agree least"
        rows = ([code_span(p.a), code_span(p.b), p.n_items, p.agreement, p.agreement_interval] for p in pairs)
        yield tabulate(["Annotator", "Annotator", "Items>", "Agree on>", "95 % interval>"], rows)


def _classes(question: QuestionRecord) -> Iterable[str]:
    yield "### Disagreement by class"
    table = class_table(question)
    heads = ["Class", "Labels>", "Differ from consensus>", "Share>", "95 % interval>"]
    rows = ([code_span(r.label), r.n_labels, r.n_disagree, r.disagreement, r.disagreement_interval] for r in table.rows)
    yield tabulate(heads, rows) if table.rows else "No class could be compared with a consensus."
    if table.n_left_out:
        yield f"{table.n_left_out} more classes are in run.json."


def _annotators(question: QuestionRecord) -> Iterable[str]:
    yield "### Disagreement by annotator"
    table = annotator_table(question)
    if not table.rows:
        yield "No annotator is named in this source."
        return
    yield (
        "Patterns in labels, not guilt. Look for the innocent reasons first: hard items, another version of "
        "the guideline, a new annotator, specialist tasks."
    )
    heads = ["Annotator", "Labels>", "Differs>", "95 % interval>", "Estimated accuracy>", "95 % interval>", ""]
    rows = (
        [
            code_span(row.name),
            row.n_labels,
            row.disagreement,
            row.disagreement_interval,
            row.accuracy,
            row.accuracy_interval,
            "flagged" if row.is_flagged else "",
        ]
        for row in table.rows
    )
    yield tabulate(heads, rows)
    if table.n_left_out:
        yield f"{table.n_left_out} more annotators are in run.json."


def _agreement(question: QuestionRecord) -> Iterable[str]:
    yield "### Agreement"
    table = agreement_table(question)
    heads = ["Coefficient", "Value>", "95 % interval>", "In plain words"]
    rows = (
        [escape_markdown(r.coefficient, 60), r.value, r.value_interval, escape_markdown(r.reading, 300)]
        for r in table.rows
    )
    yield tabulate(heads, rows) if table.rows else "Not known: no item has labels from two annotators."


def _named_table(table: ShownTable) -> Iterable[str]:
    yield f"### {escape_markdown(table.title, 80)}"
    yield escape_markdown(table.note, 400)
    heads = [head.words + ">" * head.is_number for head in table.heads]
    rows = (
        [
            (f"{cell.text} ({cell.interval})" if cell.interval else cell.text)
            if cell.is_number
            else code_span(cell.text)
            for cell in row
        ]
        for row in table.rows
    )
    yield tabulate(heads, rows) if table.rows else "Nothing to show."
    if table.n_left_out:
        yield f"{table.n_left_out} more rows are in run.json."
