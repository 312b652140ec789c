"""People and patterns, data and sources, and threats."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from annoaudit.reporting.markdown.marks import MAX_LISTED, code_span, escape_markdown, tabulate
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
from annoaudit.reporting.record import AuditRecord, DataRecord, Exhibit, PeopleRecord
from annoaudit.reporting.text import NOT_KNOWN, count, plural
from annoaudit.reporting.threats import IdRow, ItemFinding, id_heads, id_rows, item_findings, risk_rows

__all__ = ["tell_data", "tell_people", "tell_threats"]

_HEADS_PEOPLE = ["These labels", "Peers expect", "Ordinary labels of others", "Peers expect"]
_HEADS_DATA = ["These items", "Rest leads to expect", "Ordinary items", "Rest leads to expect"]


def tell_people(people: PeopleRecord) -> Iterable[str]:
    """Return the patterns in people's labels."""
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


def tell_data(data: DataRecord) -> Iterable[str]:
    """Return the patterns in items and their sources."""
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
        yield tabulate(_HEADS_DATA if one.level == "dataset" else _HEADS_PEOPLE, rows)


def _exhibit(one: Exhibit | None) -> list[str]:
    if one is None:
        return [NOT_KNOWN, NOT_KNOWN]
    text = f" {escape_markdown(one.text, 100)}" if one.text else ""
    return [f"{code_span(one.given, 40)}{text} {code_span(one.item_id, 40)}", code_span(one.expected, 40)]


def tell_threats(record: AuditRecord) -> Iterable[str]:
    """Return the threats: what was looked for, found, and could not be checked."""
    threats, rows = record.threats, risk_rows(record.threats)
    if not rows:
        return
    yield "## Threats"
    yield tabulate(
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
        yield tabulate(["Finding type", *heads], ([code_span(row.name), *_ids(row)] for row in ids))


def _item_finding(one: ItemFinding) -> str:
    where = f", item {code_span(one.item_id)}" if one.item_id else ""
    return f"- {escape_markdown(one.reason)} ({code_span(one.detector)} {escape_markdown(one.severity, 10)}{where})"


def _ids(row: IdRow) -> list[str]:
    return [", ".join(escape_markdown(one, 40) for one, _ in group) or NOT_KNOWN for group in row.ids]
