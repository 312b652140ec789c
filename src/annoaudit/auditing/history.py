"""What reviewers said after earlier runs: which labels have their answer, and how right the flags were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.auditing.sampled_figures import error_rate_of_sample, estimate_from_sample, last_sample
from annoaudit.auditing.verdict_figures import count_decisions, latest_verdicts
from annoaudit.labels import tell_answers
from annoaudit.reporting.record import ReviewRecord

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.labels import LabelSet, Votes
    from annoaudit.policy import Decision
    from annoaudit.reporting.record import QuestionRecord
    from annoaudit.store.review_rows import JournalRow, ReceiptRow, VerdictRow

__all__ = ["Answered", "History", "add_sampled_rate", "match_answers", "read_history", "record_review"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class History:
    """What the store of a folder knows of earlier reviews of the same labels.

    Parameters
    ----------
    key
        The store's secret, from which pseudonyms are made.
    flags
        Every flag of every earlier run, once.
    verdicts, receipts, journal
        What was answered, on what, and what was done, of the projects that these labels come from.
    """

    key: bytes
    flags: pd.DataFrame = field(repr=False)
    verdicts: tuple[VerdictRow, ...] = field(default=(), repr=False)
    receipts: Mapping[str, ReceiptRow] = field(default_factory=dict, repr=False)
    journal: tuple[JournalRow, ...] = field(default=(), repr=False)

    @cached_property
    def answers(self) -> dict[str, list[VerdictRow]]:
        """The decided verdicts on each annotation or item, latest first, in whatever review they were given."""
        found: dict[str, list[VerdictRow]] = {}
        for row in reversed(self.verdicts):
            if row.decision != "skipped":
                found.setdefault(row.target, []).append(row)
        return found


@dataclass(frozen=True, eq=False)
class Answered:
    """Which votes of one question have their answer.

    ``decision`` (L,) is the reviewers' decision on the label that stands there now, "" where there is none;
    ``changed`` (L,) marks votes whose answer was about another label.
    """

    decision: npt.NDArray[np.object_]
    changed: Bools

    @property
    def mask(self) -> Bools:
        """(L,) votes that need no other look."""
        return np.asarray(self.decision != "", dtype=bool)


def read_history(folder: str | Path, labels: LabelSet) -> History | None:
    """Read what the store in a folder of earlier audits knows of these labels; None where there is no store.

    Raises
    ------
    RefusedInput
        The store is damaged, or of a newer annoaudit.
    """
    from annoaudit.store import has_store, open_store, store_of
    from annoaudit.store.reviews import Reviews, reviewed_sources

    if not has_store(Path(folder)):
        return None
    with open_store(store_of(Path(folder))) as store:
        reviews = [Reviews(store, one) for one in reviewed_sources(store) if _is_source(one, labels)]
        verdicts = sorted((row for one in reviews for row in one.verdicts()), key=lambda row: row.at)
        keys = {row.key for row in verdicts}
        receipts = {key: row for one in reviews for key, row in one.receipts("task", keys=keys).items()}
        journal = tuple(row for one in reviews for row in one.journal())
        return History(store.pseudonym_key(), store.flags(), tuple(verdicts), receipts, journal)


def match_answers(history: History | None, labels: LabelSet, votes: Votes) -> Answered:
    """Find the votes whose present label reviewers have answered, and those whose label has changed since."""
    answers = history.answers if history else {}
    decision = np.full(len(votes), "", dtype=object)
    changed = np.zeros(len(votes), dtype=bool)
    if not answers:
        return Answered(decision, changed)
    ids = labels.annotations["annotation_id"].take(votes.owner)
    known = np.asarray(pc.is_in(ids, value_set=pa.array(sorted(answers), pa.string())))
    said = tell_answers(labels, votes.question)
    for place in np.flatnonzero(known):
        by_label = _by_label(answers[str(ids[int(place)])], votes.question)
        decision[place] = by_label.get(said.get(str(ids[int(place)]), ""), "")
        changed[place] = bool(by_label) and not decision[place]
    return Answered(decision, changed)


def _by_label(rows: Sequence[VerdictRow], question: str) -> dict[str, str]:
    """The latest decision on each label that an annotation had when it was reviewed."""
    decisions: dict[str, str] = {}
    for row in rows:
        values = row.details.get("values")
        if isinstance(values, dict) and question in values:
            decisions.setdefault(str(values[question]), row.decision)
    return decisions


def record_review(
    history: History | None,
    labels: LabelSet,
    decisions: Sequence[Decision],
    answers: Sequence[Answered],
    findings: Sequence[pd.DataFrame],
) -> ReviewRecord | None:
    """Record what follows from earlier verdicts, given what each question's policy decided; None without verdicts."""
    import pandas as pd

    if history is None or not history.verdicts:
        return None
    flagged = [np.isfinite(one.urgency) for one in decisions]
    on_labels: dict[str, str] = {}
    for one, answered, mask in zip(decisions, answers, flagged, strict=True):
        places = np.flatnonzero(answered.mask & mask)
        places = places[one.votes.row[places] >= 0]
        ids = labels.labels["label_id"].take(one.votes.row[places]).to_pylist()
        on_labels |= dict(zip(map(str, ids), answered.decision[places].tolist(), strict=True))
    told = pd.concat([one.astype(object) for one in findings], ignore_index=True)
    by_fingerprint = _by_fingerprint(history, told, on_labels)
    settled = told[told["fingerprint"].isin(by_fingerprint)]
    targets = settled["label_id"].where(settled["label_id"] != "", settled["item_id"])
    counted = settled["fingerprint"].map(by_fingerprint)[~targets.duplicated()].value_counts()
    latest = latest_verdicts(history.verdicts)
    flags = pd.concat([history.flags.astype(object), told[list(history.flags.columns)]]).drop_duplicates("fingerprint")
    return ReviewRecord(
        suppressed={str(name): int(n) for name, n in counted.sort_index().items()},
        n_changed=sum(int((one.changed & mask).sum()) for one, mask in zip(answers, flagged, strict=True)),
        by_fingerprint=by_fingerprint,
        figures=count_decisions(latest, history.receipts, flags),
        sampled=estimate_from_sample(latest, history.receipts, last_sample(history.journal)),
    )


def add_sampled_rate(history: History | None, questions: tuple[QuestionRecord, ...]) -> tuple[QuestionRecord, ...]:
    """Give a question without gold the error rate of the random sample; of several questions it tells none apart."""
    if history is None or len(questions) != 1 or questions[0].error_rate.known:
        return questions
    rate = error_rate_of_sample(latest_verdicts(history.verdicts), history.receipts)
    return questions if rate is None else (replace(questions[0], error_rate=rate),)


def _by_fingerprint(history: History, findings: pd.DataFrame, on_labels: Mapping[str, str]) -> dict[str, str]:
    """Decisions on findings: on labels by their id, on items where the verdict answered this very finding."""
    decided = findings["label_id"].map(on_labels)[findings["level"] == "label"].dropna()
    found = dict(zip(findings["fingerprint"].loc[decided.index], decided, strict=True))
    items = findings.loc[findings["level"] == "item", ["item_id", "fingerprint"]]
    for item_id, name in items.itertuples(index=False):
        rows = history.answers.get(f"item {item_id}", ())
        decision = next((row.decision for row in rows if name in row.fingerprints), "")
        if decision:
            found[name] = decision
    return found


def _is_source(address: str, labels: LabelSet) -> bool:
    """Whether labels come from the project at an address: by their own addresses, as a file keeps them too."""
    urls = labels.annotations["native_url"].drop_null()
    return len(urls) > 0 and str(urls[0]).startswith(f"{address}/")
