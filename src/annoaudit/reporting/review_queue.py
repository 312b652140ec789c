"""The review queue as cards: an entry, the votes grouped by label, the neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from annoaudit.findings import SEVERITIES
from annoaudit.reporting.record import AuditRecord, QueueEntry, Support
from annoaudit.reporting.text import plural, safe_url

__all__ = ["MAX_ENTRIES", "Card", "VoteGroup", "queue_cards", "queue_note", "severity_words"]

MAX_ENTRIES = 200

_MAX_NEIGHBOURS = 5
_MAX_VOTERS = 8


@dataclass(frozen=True)
class VoteGroup:
    """Everyone who gave one label; ``role`` is "given", "suggested" or ""."""

    label: str
    who: tuple[str, ...]
    n_more: int
    role: str


@dataclass(frozen=True)
class Card:
    """One entry of the queue with its support sorted for reading."""

    entry: QueueEntry
    severity: str
    votes: tuple[VoteGroup, ...]
    neighbours: tuple[Support, ...]
    neighbour_labels: tuple[tuple[str, int], ...]
    n_neighbours: int
    native_url: str
    media_url: str

    @property
    def is_about_person(self) -> bool:
        """Whether the entry is about an annotator rather than about a label or an item."""
        return self.entry.level == "annotator"


def queue_cards(record: AuditRecord, limit: int = MAX_ENTRIES) -> list[Card]:
    """Return the first entries of the queue, by rank."""
    return [_card(entry) for entry in sorted(record.queue, key=lambda entry: entry.rank)[:limit]]


def queue_note(record: AuditRecord, n_shown: int) -> str:
    """Return where the rest of the queue is; empty where all of it is shown."""
    if n_shown >= record.n_queued:
        return ""
    return (
        f"The first {n_shown:,} of {plural(record.n_queued, 'queued entry', 'queued entries')} are shown; "
        "all of them are in findings.parquet and findings.jsonl (rank above 0)."
    )


def severity_words(severity: str) -> str:
    """Return a severity with its meaning: "L0 · a label worth a second look"."""
    words = {str(name): meaning for name, meaning in SEVERITIES.items()}.get(severity)
    return f"{severity} · {words}" if words else severity


def _card(entry: QueueEntry) -> Card:
    votes = [support for support in entry.support if support.kind == "vote"]
    neighbours = [support for support in entry.support if support.kind != "vote"]
    shown = sorted(neighbours, key=lambda support: -_known(support.similarity))[:_MAX_NEIGHBOURS]
    return Card(
        entry=entry,
        severity=severity_words(entry.severity),
        votes=tuple(_vote_groups(entry, votes)),
        neighbours=tuple(shown),
        neighbour_labels=tuple(Counter(support.label for support in neighbours).most_common(3)),
        n_neighbours=len(neighbours),
        native_url=safe_url(entry.native_url),
        media_url=safe_url(entry.uri),
    )


def _vote_groups(entry: QueueEntry, votes: Iterable[Support]) -> list[VoteGroup]:
    by_label: dict[str, list[str]] = {}
    for vote in votes:
        by_label.setdefault(vote.label, []).append(vote.who)
    groups = []
    for label, who in sorted(by_label.items(), key=lambda pair: -len(pair[1])):
        role = "given" if label == entry.given else "suggested" if label == entry.suggested else ""
        groups.append(VoteGroup(label, tuple(who[:_MAX_VOTERS]), max(len(who) - _MAX_VOTERS, 0), role))
    return groups


def _known(similarity: float) -> float:
    return similarity if similarity == similarity else -1.0
