"""What a report is made of: frozen records, computed elsewhere; rendering adds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Outcome
from annoaudit.reporting.threats import ThreatsRecord

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reporting.night import NightRecord
    from annoaudit.reporting.views import View

__all__ = [
    "AuditRecord",
    "DataRecord",
    "ErrorRate",
    "Exhibit",
    "Method",
    "NamedTable",
    "Pattern",
    "PeopleRecord",
    "QuestionRecord",
    "QueueEntry",
    "Reason",
    "ReviewRecord",
    "Support",
]

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
    """One review target: a label (or an item, or an annotator) and everything said about it.

    ``view`` shows the label as a person would look at it, where words alone don't.
    """

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
    view: View | None = None


@dataclass(frozen=True)
class Exhibit:
    """One label shown beside a finding about people: what was given, and what the annotator's peers would say.

    ``probability`` is that of the given label by the peers; NaN where it is not known.
    """

    item_id: str
    given: str
    expected: str
    probability: float = float("nan")
    text: str = ""


@dataclass(frozen=True)
class Pattern:
    """One finding about people or the data: an annotator, a pair, a ring, a slice, or a token, patch, class or batch.

    Parameters
    ----------
    who
        Pseudonyms, one or several; at level "dataset" what the finding is about.
    meaning
        The severity in words.
    caution
        What groups and integrity findings must not be taken for; empty for one annotator.
    statistic, value
        Name of the statistic and what it came to; NaN where there is none.
    null, p, e, adjusted, family
        The null hypothesis in words; p after multiplicity, or the e value with ``adjusted``, the smallest
        false discovery rate at which it is found in its family. All NaN: a rank, not a test.
    examples, matched
        Labels the finding rests on, and ordinary labels of others on like items.
    facts
        What else the detector states: name and value.
    origins
        At level "dataset", annotators and imports that the labels came from: name, and how many against expectation.
    """

    detector: str
    level: str
    severity: str
    meaning: str
    question: str
    who: tuple[str, ...]
    sentence: str
    caution: str
    suspicion: float
    statistic: str
    value: float
    n: int
    effect: float
    effect_low: float
    effect_high: float
    effect_name: str
    null: str
    p: float
    e: float
    adjusted: float
    family: str
    examples: tuple[Exhibit, ...]
    matched: tuple[Exhibit, ...]
    innocent: tuple[str, ...]
    would_clear: str
    facts: tuple[tuple[str, str], ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DataRecord:
    """Findings about the data, gravest first: what carries labels it should not, copies, batches that differ.

    ``patterns`` are the gravest of ``n_patterns``; ``who`` of each holds what it is about. ``looked_for`` and
    ``not_judged`` are detectors of the data that judged something, and those that did not, each with its reason.
    ``leads`` are detectors with a sentence on what stands high by a mere rank, and is no finding.
    """

    patterns: tuple[Pattern, ...] = ()
    n_patterns: int = 0
    looked_for: tuple[str, ...] = ()
    not_judged: tuple[tuple[str, str], ...] = ()
    leads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PeopleRecord:
    """Findings about people, gravest first, with what was looked for and what could not be seen.

    Parameters
    ----------
    patterns
        The gravest findings; ``n_patterns`` is the number of all of them.
    n_held_back
        Flags on annotators that the policy's cap kept out.
    looked_for
        Detectors of people that judged somebody.
    not_judged
        Detectors of people that judged nobody, each with its reason.
    blind_spots
        Sentences: what these labels cannot show, by closed forms.
    subjective
        Whether the project asks for opinions, so that disagreement is held against nobody.
    """

    patterns: tuple[Pattern, ...] = ()
    n_patterns: int = 0
    n_held_back: int = 0
    looked_for: tuple[str, ...] = ()
    not_judged: tuple[tuple[str, str], ...] = ()
    blind_spots: tuple[str, ...] = ()
    subjective: bool = False


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
class NamedTable:
    """A table that only some kinds of question have.

    Parameters
    ----------
    title, note
        What it shows, and what its numbers mean.
    frame
        Columns as they are shown, with ``_`` for spaces; ``low`` and ``high`` are the interval of the column before
        them. Columns that end in ``share`` or ``rate`` are shown in per cent. NaN means could not be judged.
    """

    title: str
    note: str
    frame: pd.DataFrame


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
        (K, K) labels given (rows) by consensus class (columns), expected counts; (0, 0) without a consensus.
    tables
        What only this kind of question has.
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
    tables: tuple[NamedTable, ...] = ()


@dataclass(frozen=True, eq=False)
class ReviewRecord:
    """What reviewers said before this run, and what follows for it.

    Parameters
    ----------
    suppressed
        Flagged labels that have a verdict and have not changed since, by decision: they are not queued.
    n_changed
        Flagged labels whose earlier verdict was about another label than they have now.
    by_fingerprint
        Decision on each suppressed finding.
    figures
        One row a detector, severity and kind of review: ``detector``, ``severity``, ``review``, ``n_flagged``,
        ``n_reviewed``, counts of ``fixed``, ``confirmed``, ``ambiguous``, ``bad_data``, ``skipped`` and
        ``n_ask_again``, ``precision`` with ``low`` and ``high`` only where an interval is justified, ``range_low`` and
        ``range_high``, ``basis``.
    sampled
        What a blinded random sample says of the whole: ``what``, ``value``, ``low``, ``high``, ``basis``.
    """

    suppressed: Mapping[str, int]
    n_changed: int
    by_fingerprint: Mapping[str, str]
    figures: pd.DataFrame
    sampled: pd.DataFrame


@dataclass(frozen=True, eq=False)
class AuditRecord:
    """One audit, ready to be rendered as HTML, Markdown, JSON or in a notebook.

    ``findings`` has the columns of :data:`annoaudit.findings.FINDING_COLUMNS`. ``queue`` is sorted by rank
    and may be cut for display; ``n_queued`` is its whole length. ``limits`` are sentences: what was not
    checked, what the reader could not know, and why. ``review`` is None where no verdict is known. ``night`` is there
    where the nightly job audited. ``threats`` sorts what was looked for under the seven risks.
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
    people: PeopleRecord = field(default_factory=PeopleRecord)
    data: DataRecord = field(default_factory=DataRecord)
    threats: ThreatsRecord = field(default_factory=ThreatsRecord)
    settings: Mapping[str, object] = field(default_factory=dict)
    review: ReviewRecord | None = None
    night: NightRecord | None = None
