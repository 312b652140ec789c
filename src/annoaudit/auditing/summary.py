"""The numbers of one audited question, each with its interval, as a report shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from annoaudit.auditing.disagreement import count_confusion
from annoaudit.auditing.kinds import page_of
from annoaudit.auditing.people import find_people
from annoaudit.errors import Unavailable
from annoaudit.reporting.record import ErrorRate, QuestionRecord
from annoaudit.statistics.clustered import clustered_interval
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.policy import Decision
    from annoaudit.statistics.truth_inference import TruthInference

__all__ = ["summarise_question"]

MOST_PAIRS = 2000
MOST_CLASSES = 10_000
"""More are numbers, which nobody reads as a list."""
PLANNED_REVIEWS = 300

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def summarise_question(evidence: Evidence, decision: Decision, name_of: Callable[[str], str]) -> QuestionRecord:
    """Gather everything a report says about one question.

    Parameters
    ----------
    evidence
        The question's evidence, as the detectors left it.
    decision
        What the policy flagged and queued.
    name_of
        Turns an annotator id into its pseudonym.
    """
    votes = evidence.votes
    page = page_of(evidence.kind)
    apart = page.apart(evidence)
    who = np.array([name_of(str(one)) for one in votes.annotator_ids.to_pylist()], dtype=object)
    consensus = _consensus(evidence)
    return QuestionRecord(
        question=votes.question,
        kind=evidence.kind,
        classes=votes.classes if votes.n_classes <= MOST_CLASSES and evidence.kind != "text" else (),
        n_items=len(np.unique(votes.whole)),
        n_labels=len(votes),
        n_annotators=votes.n_annotators,
        redundancy=votes.redundancy,
        model=consensus.model if consensus else "none",
        error_rate=_error_rate(evidence, apart),
        agreement=_agreement(evidence),
        annotators=_annotators(evidence, decision, apart, who),
        by_class=page.by_class(evidence, apart),
        pairwise=page.pairwise(evidence, who) if page.pairwise else _pairwise(evidence, who),
        confusion=count_confusion(votes, consensus.posterior) if consensus else np.zeros((0, 0)),
        tables=page.tables(evidence, who) if len(votes) else (),
    )


def _consensus(evidence: Evidence) -> TruthInference | None:
    try:
        return evidence.consensus
    except Unavailable:
        return None


def _agreement(evidence: Evidence) -> pd.DataFrame:
    votes = evidence.votes
    columns = [
        "coefficient",
        "value",
        "low",
        "high",
        "interval",
        "n_items",
        "n_annotators",
        "n_labels",
        "why",
    ]
    if not len(votes):
        return pd.DataFrame(columns=columns)
    measured = page_of(evidence.kind).agreement(evidence)
    rows = [
        (
            one.name,
            one.value,
            one.low,
            one.high,
            one.interval,
            one.n_items,
            one.n_annotators,
            one.n_labels,
            one.why,
        )
        for one in measured
    ]
    return pd.DataFrame(rows, columns=columns)


def _annotators(evidence: Evidence, decision: Decision, apart: Floats, who: npt.NDArray[np.object_]) -> pd.DataFrame:
    votes, n = evidence.votes, evidence.votes.n_annotators
    table = pd.DataFrame({"annotator": who, "n_labels": np.bincount(votes.annotator, minlength=n)})
    missing = np.full(n, np.nan)
    judged = len(votes) > 0 and bool(np.isfinite(apart).any())
    truth = _consensus(evidence) if judged else None
    table["accuracy"] = truth.accuracy if truth else missing
    table["low"] = truth.accuracy_low if truth else missing
    table["high"] = truth.accuracy_high if truth else missing
    known = np.isfinite(apart)
    n_known = np.bincount(votes.annotator[known], minlength=n)
    n_apart = np.bincount(votes.annotator[known], weights=apart[known], minlength=n)
    table["disagreement"], table["disagreement_low"], table["disagreement_high"] = _shares(n_apart, n_known)
    gold_n, gold_right = _against_gold(evidence)
    table["gold_n"] = gold_n
    table["gold_accuracy"], table["gold_low"], table["gold_high"] = _shares(gold_right, gold_n)
    table["median_s"] = _median_seconds(evidence)
    flagged = np.zeros(n, dtype=bool)
    for one in decision.scores:
        flagged[find_people(one, decision.flagged[one.detector])] = True
    table["flagged"] = flagged
    table["n_queued"] = np.bincount(votes.annotator[decision.queue], minlength=n)
    order = table["disagreement"].fillna(-1.0) if table["accuracy"].isna().all() else -table["accuracy"].fillna(2.0)
    return table.loc[order.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def _shares(k: Floats | Ints, n: Ints) -> tuple[Floats, Floats, Floats]:
    """Share, low and high of k in n; NaN where n is 0."""
    low, high = exact_interval(np.asarray(k, dtype=np.float64), n)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.asarray(k) / n
    none = n == 0
    return np.where(none, np.nan, share), np.where(none, np.nan, low), np.where(none, np.nan, high)


def _against_gold(evidence: Evidence) -> tuple[Ints, Ints]:
    votes, n = evidence.votes, evidence.votes.n_annotators
    try:
        gold = evidence.gold[votes.item]
    except Unavailable:
        return np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    known = gold >= 0
    right = known & (gold == votes.label)
    return (
        np.bincount(votes.annotator[known], minlength=n),
        np.bincount(votes.annotator[right], minlength=n),
    )


def _median_seconds(evidence: Evidence) -> Floats:
    annotations = evidence.labels.annotations
    times = annotations.select(["annotator_id", "lead_time_s"]).to_pandas()
    median = times.groupby("annotator_id", observed=True)["lead_time_s"].median()
    return np.asarray(median.reindex(evidence.votes.annotator_ids.to_pylist()), dtype=np.float64)


def _pairwise(evidence: Evidence, who: npt.NDArray[np.object_]) -> pd.DataFrame:
    from annoaudit.statistics.agreement import pairwise_agreement
    from annoaudit.statistics.votes import Votes as LabelCodes

    votes = evidence.votes
    columns = ["annotator_a", "annotator_b", "n_items", "agreement", "low", "high"]
    if not len(votes):
        return pd.DataFrame(columns=columns)
    pairs = pairwise_agreement(LabelCodes.of(votes.item, votes.annotator, votes.label, votes.n_classes))
    most = np.argsort(-pairs.n_shared, kind="stable")[:MOST_PAIRS]
    return pd.DataFrame(
        {
            "annotator_a": who[pairs.first[most]],
            "annotator_b": who[pairs.second[most]],
            "n_items": pairs.n_shared[most],
            "agreement": pairs.percent[most],
            "low": pairs.percent_low[most],
            "high": pairs.percent_high[most],
        }
    )


def _error_rate(evidence: Evidence, apart: Floats) -> ErrorRate:
    votes = evidence.votes
    try:
        gold = evidence.gold[votes.item]
    except Unavailable:
        return _unknown_error_rate(apart)
    known = gold >= 0
    if not known.any():
        return _unknown_error_rate(apart)
    wrong = (gold != votes.label)[known].astype(np.float64)
    value, low, high = clustered_interval(wrong, votes.whole[known])
    n_items = len(np.unique(votes.whole[known]))
    basis = f"{int(known.sum())} labels on the {n_items} items with a gold label"
    return ErrorRate(
        known=True,
        sentence=f"Labels that differ from gold, measured on {basis}. It holds for all labels only if those items were "
        "drawn at random.",
        value=value,
        low=low,
        high=high,
        n_wrong=int(wrong.sum()),
        n=int(known.sum()),
        basis=basis,
    )


def _unknown_error_rate(apart: Floats) -> ErrorRate:
    if 0 < len(apart) <= PLANNED_REVIEWS:
        n = f"all {len(apart):,} labels" if len(apart) > 1 else "the one label"
        return ErrorRate(known=False, sentence=f"Error rate: not known; review {n} to know it.")
    known = apart[np.isfinite(apart)]
    guess = float(known.mean()) if len(known) else 0.1
    low, high = exact_interval(np.array([round(guess * PLANNED_REVIEWS)]), np.array([PLANNED_REVIEWS]))
    half = float(high[0] - low[0]) / 2
    return ErrorRate(
        known=False,
        sentence=f"Error rate: not known; review {PLANNED_REVIEWS} random labels to know it within "
        f"± {100 * half:.1f} points.",
    )
