"""The report as Markdown, for pull requests, wikis and mails; data in it can neither format nor link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from annoaudit.findings import Outcome
from annoaudit.reporting.heat import confusion_rows, pair_rows
from annoaudit.reporting.named_tables import ShownTable, show_table
from annoaudit.reporting.people import (
    IN_DATA,
    IN_LABELS,
    PatternCard,
    data_note,
    describe_data,
    describe_search,
    pattern_cards,
    patterns_note,
)
from annoaudit.reporting.record import AuditRecord, DataRecord, Exhibit, PeopleRecord, QuestionRecord, QueueEntry
from annoaudit.reporting.review_queue import Card, queue_cards, queue_note
from annoaudit.reporting.tables import agreement_table, annotator_table, class_table, sorted_outcomes
from annoaudit.reporting.text import (
    NOT_KNOWN,
    count,
    interval,
    kind_words,
    number,
    percent,
    plural,
    shorten,
    spell_seconds,
    spell_time,
)
from annoaudit.reporting.threats import IdRow, ItemFinding, id_heads, id_rows, item_findings, risk_rows
from annoaudit.reporting.verdict_table import (
    OPEN_REVIEW,
    VerdictLine,
    sampled_table,
    suppressed_sentences,
    verdict_table,
    was_open,
)

__all__ = ["code_span", "escape_markdown", "render_markdown"]

MAX_LISTED = 50

_HEADS_PEOPLE = ["These labels", "Peers expect", "Ordinary labels of others", "Peers expect"]
_HEADS_DATA = ["These items", "Rest leads to expect", "Ordinary items", "Rest leads to expect"]

_MARKS = re.compile(
    r"[\\`*_{}\[\]<>#|~&$@^]"  # marks of Markdown, HTML, formulas and mentions
    r"|(?<=\w):(?=\S)|(?<=www)\."  # bare addresses that GitHub would link
    r"|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]",  # lists and headings
    re.IGNORECASE,
)


def render_markdown(record: AuditRecord) -> str:
    """Return the audit as GitHub-flavoured Markdown; at most 50 queue entries are listed."""
    blocks = chain(
        _head(record),
        _night(record),
        _queue(record),
        _people(record.people),
        _data(record.data),
        _threats(record),
        _verdicts(record),
        _error_rates(record),
        _detectors(record),
        *(_question(question) for question in record.questions),
        _bullets("Not checked", record.limits, 1000),
        _methods(record),
        ["---", _foot(record)],
    )
    return "\n\n".join(blocks) + "\n"


def escape_markdown(text: str, limit: int = 400) -> str:
    """Return text on one line with every mark of Markdown and HTML taken literally."""
    return _MARKS.sub(r"\\\g<0>", shorten(text, limit))


def code_span(text: str, limit: int = 80) -> str:
    """Return text on one line as a code span that no backtick or pipe in it can end."""
    line = shorten(text, limit).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not line.strip() else ""
    return f"{fence}{pad}{line or NOT_KNOWN}{pad}{fence}"


def _head(record: AuditRecord) -> Iterable[str]:
    yield f"# {escape_markdown(record.headline)}"
    yield f"{escape_markdown(record.title, 120)}, from {code_span(record.source, 200)}"
    for outcome in record.outcomes:
        if outcome.status == "failed":
            yield f"> **FAILED** {code_span(outcome.detector)}: {escape_markdown(outcome.why)}"
    numbers = [record.n_items, record.n_labels, record.n_annotators, record.n_flagged, record.n_queued]
    heads = ("Items", "Labels", "Annotators", "Flagged", "To review")
    yield _table([f"{head}>" for head in heads], [[count(n) for n in numbers]])
    yield f"**Next step:** {escape_markdown(record.next_step, 600)}"


def _night(record: AuditRecord) -> Iterable[str]:
    night = record.night
    if night is None:
        return
    yield f"## Tonight: gate {'passed' if night.passed else '**FAILED**'}"
    counts = [count(n) for n in (night.counts.new, night.counts.known, night.counts.reopened, night.counts.gone)]
    yield _table(["New>", "Known>", "Reopened>", "Gone>"], [counts])
    rows = [[escape_markdown(one.name), one.status, escape_markdown(one.sentence)] for one in night.checks]
    if rows:
        yield _table(["Limit", "Result", "Why"], rows)
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
    yield _table(heads, (_queue_row(card) for card in cards))
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


def _people(people: PeopleRecord) -> Iterable[str]:
    yield "## People and patterns"
    cards = pattern_cards(people)
    yield IN_LABELS if cards else escape_markdown(describe_search(people), 600)
    for card in cards:
        yield from _pattern(card)
    if note := patterns_note(people, len(cards)):
        yield escape_markdown(note)
    if people.n_held_back:
        yield f"{plural(people.n_held_back, 'further flag')} on annotators held back by the cap of the policy."
    if people.blind_spots:
        yield "### What these labels cannot show"
        yield "\n".join(f"- {escape_markdown(sentence, 600)}" for sentence in people.blind_spots)


def _data(data: DataRecord) -> Iterable[str]:
    cards, search = pattern_cards(data), describe_data(data)
    if not cards and not search:
        return
    yield "## Data and sources"
    yield IN_DATA if cards else escape_markdown(search, 600)
    for card in cards:
        yield from _pattern(card)
    if note := data_note(data, len(cards)):
        yield escape_markdown(note)
    if data.leads:
        yield "Ranks only, neither tests nor findings:"
        yield "\n".join(f"- {escape_markdown(told, 300)} ({code_span(name)})" for name, told in data.leads)


def _pattern(card: PatternCard) -> Iterable[str]:
    one = card.pattern
    more = f" and {card.n_more} more" if card.n_more else ""
    yield f"### {escape_markdown(card.severity, 80)}: {', '.join(map(code_span, card.who))}{more}"
    yield f"{escape_markdown(one.sentence, 600)} ({code_span(one.detector)})"
    sure = [f"{plural(one.n, 'label')}", escape_markdown(card.test, 200)]
    if card.effect:
        sure.insert(1, f"{escape_markdown(one.effect_name or 'effect', 120)}: {card.effect}")
    sure += [f"against: {escape_markdown(one.null, 300)}"] if one.null else []
    yield "; ".join(sure) + "."
    for said in (one.caution, f"Innocent explanations: {'; '.join(one.innocent)}." if one.innocent else ""):
        if said:
            yield escape_markdown(said, 800)
    if one.origins:
        came = "; ".join(f"{code_span(name)} {escape_markdown(told, 120)}" for name, told in one.origins)
        yield f"Where these labels came from: {came}."
    if one.would_clear:
        yield f"What would clear it: {escape_markdown(one.would_clear, 300)}."
    if card.examples or card.matched:
        rows = ([*_exhibit(a), *_exhibit(b)] for a, b in zip_longest(card.examples, card.matched))
        yield _table(_HEADS_DATA if one.level == "dataset" else _HEADS_PEOPLE, rows)


def _exhibit(one: Exhibit | None) -> list[str]:
    if one is None:
        return [NOT_KNOWN, NOT_KNOWN]
    text = f" {escape_markdown(one.text, 100)}" if one.text else ""
    return [f"{code_span(one.given, 40)}{text} {code_span(one.item_id, 40)}", code_span(one.expected, 40)]


def _threats(record: AuditRecord) -> Iterable[str]:
    threats, rows = record.threats, risk_rows(record.threats)
    if not rows:
        return
    yield "## Threats"
    yield _table(
        ["Risk", "Looked for by, with findings", "Could not be checked"],
        (
            [
                f"{escape_markdown(row.risk.title, 60)} ({escape_markdown(row.risk.stage, 40)})",
                ", ".join(f"{code_span(name)} {said}" for name, said in row.found) or "**nothing**",
                "; ".join(f"{escape_markdown(names, 300)}: {escape_markdown(why, 300)}" for names, why in row.missing)
                or NOT_KNOWN,
            ]
            for row in rows
        ),
    )
    if found := item_findings(record.findings):
        yield "### About items and the data set"
        yield "\n".join(map(_item_finding, found[:MAX_LISTED]))
        if len(found) > MAX_LISTED:
            yield f"{count(len(found) - MAX_LISTED)} more are in findings.parquet and findings.jsonl."
    ids = id_rows(threats, found_only=True)
    if ids:
        yield "What was found, in security frameworks (an id names what a finding would be evidence about):"
        heads = [escape_markdown(head, 80) for head in id_heads()]
        yield _table(["Finding type", *heads], ([code_span(row.name), *_ids(row)] for row in ids))


def _item_finding(one: ItemFinding) -> str:
    where = f", item {code_span(one.item_id)}" if one.item_id else ""
    return f"- {escape_markdown(one.reason)} ({code_span(one.detector)} {escape_markdown(one.severity, 10)}{where})"


def _ids(row: IdRow) -> list[str]:
    return [", ".join(escape_markdown(one, 40) for one, _ in group) or NOT_KNOWN for group in row.ids]


def _verdicts(record: AuditRecord) -> Iterable[str]:
    review = record.review
    if review is None:
        return
    yield "## Verdicts of reviewers"
    yield from map(escape_markdown, suppressed_sentences(review))
    heads = ["Detector", "Severity", "Review", "What was reviewed", "Fixed>", "Confirmed>", "Beside", "Precision>",
             "95 % interval>", "If all beside went either way>"]  # fmt: skip
    rows = verdict_table(review.figures)
    yield _table(heads, map(_verdict_row, rows)) if rows else "No verdict is about a flag."
    if was_open(review.figures):
        yield escape_markdown(OPEN_REVIEW)
    sampled = [[escape_markdown(r.what), r.value, r.value_interval or NOT_KNOWN, escape_markdown(r.basis)]
               for r in sampled_table(review.sampled)]  # fmt: skip
    if sampled:
        yield _table(["From the random sample", "Value>", "95 % interval>", "Basis"], sampled)


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


def _error_rates(record: AuditRecord) -> Iterable[str]:
    yield "## Error rate"
    for question in record.questions:
        rate = question.error_rate
        name = f"{code_span(question.question)}: " if len(record.questions) > 1 else ""
        known = f"**{percent(rate.value)}** ({interval(rate.low, rate.high)} %, 95 % interval). "
        yield f"{name}{known if rate.known else ''}{escape_markdown(rate.sentence, 600)}"
    if not record.questions:
        yield "No question was audited."


def _detectors(record: AuditRecord) -> Iterable[str]:
    yield "## Detectors"
    if not record.outcomes:
        yield "No detector ran."
        return
    heads = ["Detector", "Question", "Outcome", "Judged>", "Flagged>", "In queue>", "Time>"]
    yield _table(heads, (_outcome_row(outcome) for outcome in sorted_outcomes(record.outcomes)))


def _outcome_row(outcome: Outcome) -> list[str]:
    status = "**FAILED**" if outcome.status == "failed" else escape_markdown(outcome.status, 40)
    why = f": {escape_markdown(outcome.why, 300)}" if outcome.why else ""
    judged = f"{count(outcome.n_judged)} of {count(outcome.n_targets)}"
    numbers = [judged, count(outcome.n_flagged), count(outcome.n_queued), spell_seconds(outcome.seconds)]
    shown = numbers if outcome.status == "scored" else [NOT_KNOWN] * 4
    return [code_span(outcome.detector), code_span(outcome.question), status + why, *shown]


def _question(question: QuestionRecord) -> Iterable[str]:
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
        yield _table(["Given", "Consensus", "Labels (expected)>", "Share>"], rows)
    if pairs := pair_rows(question):
        yield "### Pairs that agree least"
        rows = ([code_span(p.a), code_span(p.b), p.n_items, p.agreement, p.agreement_interval] for p in pairs)
        yield _table(["Annotator", "Annotator", "Items>", "Agree on>", "95 % interval>"], rows)


def _classes(question: QuestionRecord) -> Iterable[str]:
    yield "### Disagreement by class"
    table = class_table(question)
    heads = ["Class", "Labels>", "Differ from consensus>", "Share>", "95 % interval>"]
    rows = ([code_span(r.label), r.n_labels, r.n_disagree, r.disagreement, r.disagreement_interval] for r in table.rows)
    yield _table(heads, rows) if table.rows else "No class could be compared with a consensus."
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
    yield _table(heads, rows)
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
    yield _table(heads, rows) if table.rows else "Not known: no item has labels from two annotators."


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
    yield _table(heads, rows) if table.rows else "Nothing to show."
    if table.n_left_out:
        yield f"{table.n_left_out} more rows are in run.json."


def _methods(record: AuditRecord) -> Iterable[str]:
    lines = [
        f"{method.name}: {method.what}" + (f" ({method.reference})" if method.reference else "")
        for method in record.methods
    ]
    return _bullets("Methods", lines, 1600)


def _bullets(heading: str, sentences: Sequence[str], limit: int) -> Iterable[str]:
    if sentences:
        yield f"## {heading}"
        yield "\n".join(f"- {escape_markdown(sentence, limit)}" for sentence in sentences)


def _foot(record: AuditRecord) -> str:
    version = escape_markdown(record.version, 40)
    return f"annoaudit {version}, {spell_time(record.started_at)}. Patterns in labels, not guilt."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    names = [head.removesuffix(">") for head in heads]
    rules = ["--:" if head.endswith(">") else "---" for head in heads]
    lines = chain([names, rules], rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
