"""The sentences of a report: verdict line, next step, limits, methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.auditing.methods import METHODS
from annoaudit.errors import Unavailable
from annoaudit.findings import Outcome

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.labels import LabelSet
    from annoaudit.policy import Decision
    from annoaudit.reporting.record import Method, QuestionRecord

__all__ = ["list_limits", "list_methods", "state_headline", "state_next_step"]


def state_headline(questions: Sequence[QuestionRecord], decisions: Sequence[Decision]) -> str:
    """Return the verdict line: how many labels are worth a second look, and what is known of the rest."""
    n_labels = sum(one.n_labels for one in questions)
    n_flagged = sum(one.n_flagged - one.n_answered for one in decisions)
    people = sum(int(one.annotators["flagged"].sum()) for one in questions)
    line = f"{n_flagged:,} of {n_labels:,} labels are worth a second look"
    if people:
        line += f", and {people} annotator{'s lie' if people > 1 else ' lies'} clearly below the team's accuracy"
    return line + "."


def state_next_step(
    questions: Sequence[QuestionRecord], decisions: Sequence[Decision], outcomes: Sequence[Outcome]
) -> str:
    """Return the one thing to do next."""
    failed = [one.detector for one in outcomes if one.status == "failed"]
    if failed:
        return f"Report why {failed[0]} failed (its error stands in the report), then review the queue."
    n_queued = sum(len(one.queue) for one in decisions)
    if n_queued:
        step = f"Review the {n_queued:,} queued labels, most suspicious first"
        unknown = not any(one.error_rate.known for one in questions)
        return step + ("; then a random sample, to know the error rate." if unknown else ".")
    if not any(one.error_rate.known for one in questions):
        return "Nothing is queued. Review a random sample of labels to know the error rate."
    return "Nothing is queued."


def list_limits(labels: LabelSet, evidences: Sequence[Evidence], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Return what was not checked and why, what the reader could not know, and what was left out."""
    limits = [*labels.notes]
    for evidence in evidences:
        limits += _limits_of(evidence, several=len(evidences) > 1)
    audited = {evidence.question for evidence in evidences}
    kinds = labels.questions.filter(pc.invert(pc.is_in(labels.questions["question"], pa.array(sorted(audited)))))
    limits += [
        f"Question “{row['question']}” ({row['kind']}) was read but not audited."
        for row in kinds.select(["question", "kind"]).to_pylist()
    ]
    limits += _left_out(labels)
    for one in outcomes:
        if one.status == "skipped":
            limits.append(f"{one.detector} was not run: {one.why}.")
        elif one.status == "failed":
            limits.append(f"{one.detector} FAILED: {one.why}.")
        elif one.n_judged < one.n_targets:
            limits.append(
                f"{one.detector} could not judge {one.n_targets - one.n_judged:,} of {one.n_targets:,} targets: "
                f"{one.why}."
            )
    return tuple(dict.fromkeys(limits))


def _limits_of(evidence: Evidence, *, several: bool) -> list[str]:
    votes = evidence.votes
    where = f" (question “{votes.question}”)" if several else ""
    limits = []
    if votes.later is not None:
        again = len(set(zip(votes.later.item.tolist(), votes.later.annotator.tolist(), strict=True)))
        limits.append(
            f"{again:,} times an annotator answered the same item more than once{where}: the first answer counts, "
            f"{len(votes.later):,} later ones are kept apart."
        )
    if votes.n_annotators == 1:
        limits.append(f"There is one annotator{where}: agreement and annotator quality cannot be judged.")
    if len(np.unique(votes.label)) == 1:
        limits.append(f"All labels are of one class{where}: chance-corrected agreement is undefined.")
    try:
        _ = evidence.repeated
    except Unavailable as reason:
        limits.append(f"Agreement cannot be judged{where}: {reason.message}.")
    return limits


def _left_out(labels: LabelSet) -> list[str]:
    n_gold = pc.sum(pc.fill_null(labels.annotations["is_gold"], False)).as_py() or 0
    marked = [f"{n_gold:,} annotations marked as gold serve as gold labels and are not audited."] if n_gold else []
    counts = pc.value_counts(labels.annotations["status"].drop_null().combine_chunks()).to_pylist()
    words = {"draft": "drafts", "skipped": "skipped answers"}
    return marked + [
        f"{row['counts']:,} {words.get(row['values'], row['values'] + ' annotations')} were left out."
        for row in counts
        if row["values"] not in ("submitted", "accepted")
    ]


def list_methods(outcomes: Sequence[Outcome]) -> tuple[Method, ...]:
    """Return how the numbers were made, for what was run."""
    ran = [one.detector for one in outcomes if one.status == "scored"]
    always = ["consensus", "agreement", "disagreement", "error_rate"]
    return tuple(METHODS[name] for name in dict.fromkeys([*always, *ran]) if name in METHODS)
