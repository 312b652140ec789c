"""The sentences of a report: verdict line, next step, limits, methods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.auditing.methods import METHODS
from annoaudit.auditing.people import find_people
from annoaudit.errors import Unavailable
from annoaudit.findings import SEVERITIES, Outcome, Severity
from annoaudit.labels import REGIONS

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.labels import LabelSet
    from annoaudit.policy import Decision
    from annoaudit.reporting.record import Method, PeopleRecord, QuestionRecord

CLEAR_FIRST = " Before anyone is spoken to, do what would clear each finding about people."

__all__ = ["list_limits", "list_methods", "state_headline", "state_next_step"]


def state_headline(decisions: Sequence[Decision], name_of: Callable[[str], str]) -> str:
    """Return the verdict line: how many labels are worth a second look, and in how many people's labels a pattern is.

    Each annotator counts once, with the gravest finding about them, alone or in a group.
    """
    n_labels = sum(len(one.votes) for one in decisions)
    if not any(scores.n_judged for one in decisions for scores in one.scores):
        return f"Nothing could be judged in {n_labels:,} labels; what was lacking stands under what was not checked."
    n_flagged = sum(one.n_flagged - one.n_answered for one in decisions)
    line = f"{n_flagged:,} of {n_labels:,} labels are worth a second look"
    gravest, in_data = _find_gravest(decisions, name_of), _tell_data(decisions)
    if not gravest:
        return f"{line}{in_data and ', and ' + in_data}."
    counts = Counter(gravest.values())
    kinds = [(SEVERITIES[level], counts[level]) for level in sorted(counts, reverse=True)]
    told = ", ".join(f"{words} ({n})" if len(kinds) > 1 else words for words, n in kinds)
    people = f"{len(gravest)} annotator{'s' * (len(gravest) > 1)}"
    pattern = f"the labels of {people} are worth asking about: {told}"
    return f"{line}, and {pattern}{in_data and '; ' + in_data}."


def _tell_data(decisions: Sequence[Decision]) -> str:
    """How many findings are about the data; empty where there is none."""
    flagged = [int(one.flagged[scores.detector].sum()) for one in decisions for scores in one.scores
               if scores.level == "dataset"]  # fmt: skip
    n = sum(flagged)
    return (
        f"{n:,} finding{'s are' if n > 1 else ' is'} about the data: copies, marks, batches or missing labels"
        if n
        else ""
    )


def _find_gravest(decisions: Sequence[Decision], name_of: Callable[[str], str]) -> dict[str, Severity]:
    """Gravest severity of the findings about each person, by what may be shown of them."""
    gravest: dict[str, Severity] = {}
    for decision in decisions:
        for scores in decision.scores:
            severity = decision.policy.severity(scores.detector)
            for code in find_people(scores, decision.flagged[scores.detector]):
                name = name_of(str(decision.votes.annotator_ids[code].as_py()))
                gravest[name] = max(gravest.get(name, severity), severity)
    return gravest


def state_next_step(
    questions: Sequence[QuestionRecord],
    decisions: Sequence[Decision],
    outcomes: Sequence[Outcome],
    people: PeopleRecord,
) -> str:
    """Return the one thing to do next."""
    failed = [one.detector for one in outcomes if one.status == "failed"]
    if failed:
        return f"Report why {failed[0]} failed (its error stands in the report), then review the queue."
    n_queued = sum(len(one.queue) for one in decisions)
    if n_queued:
        step = f"Review the {n_queued:,} queued labels, most suspicious first"
        unknown = not any(one.error_rate.known for one in questions)
        step += "; then a random sample, to know the error rate." if unknown else "."
        return step + (CLEAR_FIRST if people.n_patterns else "")
    step = "No label is queued."
    if not any(one.error_rate.known for one in questions):
        step += " Review a random sample of labels to know the error rate."
    return step + (CLEAR_FIRST if people.n_patterns else "")


def list_limits(
    labels: LabelSet, evidences: Sequence[Evidence], outcomes: Sequence[Outcome], people: PeopleRecord
) -> tuple[str, ...]:
    """Return what was not checked and why, what the reader could not know, and what was left out."""
    limits = [*labels.notes]
    if people.subjective:
        limits.append(
            "The question asks for opinions (subjective): disagreement with others was held against nobody; only how "
            "people agree with themselves, repeat one answer or share exact traces was judged."
        )
    if people.n_held_back:
        flags = "flag on an annotator was" if people.n_held_back == 1 else "flags on annotators were"
        limits.append(
            f"{people.n_held_back:,} {flags} held back: one run flags at most a small share of a team (the policy's "
            "cap), the gravest first. Their suspicion is in Audit.scores."
        )
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
    limits = [f"{one[:-1]}{where}." for one in evidence.units.limits] if evidence.kind in REGIONS else []
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
