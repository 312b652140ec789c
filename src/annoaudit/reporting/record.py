"""What a report is made of: frozen records, computed elsewhere; rendering adds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Outcome

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reporting.night import NightRecord

__all__ = ["AuditRecord", "ErrorRate", "Method", "QuestionRecord", "QueueEntry", "Reason", "Support"]

RECORD_VERSION = 1


@dataclass(frozen=True)
class Reason:
    """One detector's sentence about a queue entry."""

    detector: str
    severity: str
    suspicion: float
    sentence: str


@dataclass(frozen=True)
class Support:
    """One vote or neighbour that supports or contradicts the given label.

    ``kind`` is "vote" or "neighbour"; ``who`` is a pseudonym for votes and the item id for neighbours;
    ``similarity`` is in [0, 1] for neighbours and NaN for votes.
    """

    kind: str
    who: str
    label: str
    similarity: float = float("nan")
    text: str = ""


@dataclass(frozen=True)
class QueueEntry:
    """One review target: a label (or an item, or an annotator) and everything said about it."""

    rank: int
    level: str
    severity: str
    question: str
    item_id: str
    annotator: str
    given: str
    suggested: str
    suspicion: float
    content: str
    uri: str
    native_url: str
    reasons: tuple[Reason, ...]
    support: tuple[Support, ...]


@dataclass(frozen=True)
class ErrorRate:
    """The share of wrong labels, where gold or a random reviewed sample makes it knowable.

    ``known`` False: ``value``, ``low`` and ``high`` are NaN and ``sentence`` says what would be needed.
    ``basis`` says which labels it was measured on.
    """

    known: bool
    sentence: str
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    n_wrong: int = 0
    n: int = 0
    basis: str = ""


@dataclass(frozen=True)
class Method:
    """How something was computed, with its paper."""

    name: str
    what: str
    reference: str = ""


@dataclass(frozen=True, eq=False)
class QuestionRecord:
    """Everything about one audited question.

    Data frames (one row each; ``low``/``high`` are 95 % intervals; NaN means could not be judged):

    agreement
        coefficient, value, low, high, interval ("analytic", "bootstrap", ""), n_items, n_annotators,
        n_labels, why.
    annotators
        annotator (pseudonym, or name with names shown), n_labels, accuracy, low, high (of accuracy: estimated
        share of right labels), disagreement, disagreement_low, disagreement_high (with consensus of the
        others), gold_n, gold_accuracy, gold_low, gold_high, median_s, flagged (bool), n_queued.
    by_class
        label, n_labels, n_disagree, disagreement, low, high (disagreement of labels with consensus).
    pairwise
        annotator_a, annotator_b, n_items, agreement, low, high.
    confusion
        (K, K) labels given (rows) by consensus class (columns), expected counts.
    """

    question: str
    kind: str
    classes: tuple[str, ...]
    n_items: int
    n_labels: int
    n_annotators: int
    redundancy: float
    model: str
    error_rate: ErrorRate
    agreement: pd.DataFrame
    annotators: pd.DataFrame
    by_class: pd.DataFrame
    pairwise: pd.DataFrame
    confusion: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AuditRecord:
    """One audit, ready to be rendered as HTML, Markdown, JSON or in a notebook.

    ``findings`` has the columns of :data:`annoaudit.findings.FINDING_COLUMNS`. ``queue`` is sorted by rank
    and may be cut for display; ``n_queued`` is its whole length. ``limits`` are sentences: what was not
    checked, what the reader could not know, and why. ``night`` is there where the nightly job audited.
    """

    title: str
    source: str
    version: str
    started_at: datetime
    seconds: float
    headline: str
    next_step: str
    n_items: int
    n_labels: int
    n_annotators: int
    n_flagged: int
    n_queued: int
    budget: int
    questions: tuple[QuestionRecord, ...]
    outcomes: tuple[Outcome, ...]
    queue: tuple[QueueEntry, ...]
    findings: pd.DataFrame
    limits: tuple[str, ...]
    methods: tuple[Method, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    night: NightRecord | None = None
