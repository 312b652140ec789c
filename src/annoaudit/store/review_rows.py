"""What the review loop keeps, as rows of the store: receipts, journal entries, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["JournalRow", "ReceiptRow", "VerdictRow"]


@dataclass(frozen=True)
class ReceiptRow:
    """One thing that annoaudit made on a platform.

    Parameters
    ----------
    source
        Address of the source project, without secrets.
    project
        Native id of the project it lies in; empty for a project itself.
    kind
        ``project``, ``view``, ``task``, ``annotation``, or ``mark`` in the source project.
    key
        Our own name of it: the same in every run.
    native_id
        The platform's name of it; empty until known.
    state
        ``planned``, ``made``, ``withdrawn`` or ``gone``.
    details
        JSON values.
    """

    source: str
    project: str
    kind: str
    key: str
    native_id: str = ""
    state: str = "made"
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class JournalRow:
    """One thing that was done on a platform, and when."""

    at: datetime
    source: str
    action: str
    details: Mapping[str, object]


@dataclass(frozen=True)
class VerdictRow:
    """One answer of one reviewer on one review target, as it was read.

    ``said`` is what the reviewer chose, ``decision`` what it counts as after the consistency checks, and
    ``warning`` says where the two differ or contradict the labels. ``answer_id`` names this version of the
    answer: reading it again appends nothing.
    """

    answer_id: str
    source: str
    project: str
    key: str
    target: str
    fingerprints: tuple[str, ...]
    decision: str
    said: str
    reviewer: str
    at: datetime
    corrected: str = ""
    note: str = ""
    warning: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
