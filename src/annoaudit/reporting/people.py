"""Findings about people as cards: who, how grave, how sure, and labels held beside ordinary ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

from annoaudit.reporting.record import DataRecord, Exhibit, Pattern, PeopleRecord
from annoaudit.reporting.review_queue import severity_words
from annoaudit.reporting.text import interval, number, plural

__all__ = [
    "IN_DATA",
    "IN_LABELS",
    "MAX_PATTERNS",
    "PatternCard",
    "data_note",
    "describe_data",
    "describe_search",
    "pattern_cards",
    "patterns_note",
    "tell_test",
]

MAX_PATTERNS = 20
"""Most cards in a report."""
IN_LABELS = (
    "These are patterns in labels, not guilt. Read the innocent explanations first; what would settle each finding "
    "stands beside it."
)

IN_DATA = (
    "What the items share and where they came from, against the labels they carry. Where labels came from is no proof "
    "of who meant what: an import, a template or a guideline looks the same."
)

_MOST_NAMED = 12
_OPEN_EXHIBITS = 5
_SMALLEST = 0.001
_KINDS = {"annotator": "Annotator", "pair": "Pair", "ring": "Ring", "slice": "Slice", "dataset": "Data"}


@dataclass(frozen=True)
class PatternCard:
    """One finding about people with its numbers in words.

    ``examples`` and ``matched`` are shown at once, ``more_examples`` and ``more_matched`` on demand.
    """

    pattern: Pattern
    kind: str
    severity: str
    who: tuple[str, ...]
    n_more: int
    statistic: str
    effect: str
    test: str
    examples: tuple[Exhibit, ...]
    matched: tuple[Exhibit, ...]
    more_examples: tuple[Exhibit, ...]
    more_matched: tuple[Exhibit, ...]


def pattern_cards(people: PeopleRecord | DataRecord, limit: int = MAX_PATTERNS) -> list[PatternCard]:
    """Return the gravest findings about people as cards, in the order of the record."""
    return [_card(pattern) for pattern in people.patterns[:limit]]


def patterns_note(people: PeopleRecord, n_shown: int) -> str:
    """Return where the rest of the findings is; empty where all are shown."""
    if n_shown >= people.n_patterns:
        return ""
    return (
        f"The {n_shown} gravest of {plural(people.n_patterns, 'finding')} about people are shown; all of them are in "
        "findings.parquet and findings.jsonl."
    )


def describe_search(people: PeopleRecord) -> str:
    """Return what was looked for in people's labels, where nothing was found."""
    looked = f"Looked for by {_join(people.looked_for)}." if people.looked_for else "No detector could judge anybody."
    found = "No pattern about people was flagged." if people.looked_for else ""
    return f"{found} {looked} That does not say there is none.".strip()


def describe_data(data: DataRecord) -> str:
    """Return what was looked for in the data, where nothing was found; empty where nothing was asked for."""
    if not data.looked_for:
        return "No detector could judge the data as a whole." if data.not_judged else ""
    return (
        f"No pattern in the data was flagged. Looked for by {_join(data.looked_for)}. That does not say there is none."
    )


def data_note(data: DataRecord, n_shown: int) -> str:
    """Return where the rest of the findings about the data is; empty where all are shown."""
    if n_shown >= data.n_patterns:
        return ""
    found = plural(data.n_patterns, "finding")
    where = "all of them are in findings.parquet and findings.jsonl"
    return f"The {n_shown} gravest of {found} about the data are shown; {where}."


def tell_test(pattern: Pattern) -> str:
    """Return how sure the finding is: p or e value after multiplicity, or that it is only a rank."""
    family = f", family: {pattern.family}" if pattern.family else ""
    if math.isfinite(pattern.e):
        found = f" (found at a false discovery rate of {_small(pattern.adjusted)})" * math.isfinite(pattern.adjusted)
        return f"e = {pattern.e:,.{0 if pattern.e >= 100 else 1}f}{found}{family}"
    if math.isfinite(pattern.p):
        return f"p {'' if pattern.p < _SMALLEST else '= '}{_small(pattern.p)} after multiplicity{family}"
    return f"rank only, not a test: suspicion {number(pattern.suspicion)}"


def _card(pattern: Pattern) -> PatternCard:
    return PatternCard(
        pattern=pattern,
        kind=_KINDS.get(pattern.level, pattern.level),
        severity=severity_words(pattern.severity),
        who=pattern.who[:_MOST_NAMED],
        n_more=max(len(pattern.who) - _MOST_NAMED, 0),
        statistic=f"{pattern.statistic}: {number(pattern.value)}" if pattern.statistic else "",
        effect=_tell_effect(pattern),
        test=tell_test(pattern),
        examples=pattern.examples[:_OPEN_EXHIBITS],
        matched=pattern.matched[:_OPEN_EXHIBITS],
        more_examples=pattern.examples[_OPEN_EXHIBITS:],
        more_matched=pattern.matched[_OPEN_EXHIBITS:],
    )


def _tell_effect(pattern: Pattern) -> str:
    if not math.isfinite(pattern.effect):
        return ""
    ends = interval(pattern.effect_low, pattern.effect_high, as_percent=False)
    return number(pattern.effect) + (f" (95 % interval {ends})" if ends else "")


def _small(value: float) -> str:
    return f"under {_SMALLEST}" if value < _SMALLEST else f"{value:.3f}"


def _join(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
