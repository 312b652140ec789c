"""Findings about people as a report shows them: gravest first, with examples and innocent readings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from annoaudit.auditing.blind_spots import list_blind_spots
from annoaudit.findings import GROUP_LEVELS, SEVERITIES
from annoaudit.labels import NOMINAL
from annoaudit.reporting.record import Exhibit, Pattern, PeopleRecord

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.detectors import Detector
    from annoaudit.evidence import Evidence
    from annoaudit.findings import Outcome, Scores
    from annoaudit.policy import Decision

    Row = Mapping[Any, object]

__all__ = ["PEOPLE_LEVELS", "find_people", "gather_people", "tell_pattern"]

PEOPLE_LEVELS = ("annotator", *GROUP_LEVELS)
MOST_PATTERNS = 100
MOST_EXHIBITS = 20
MOST_FACTS = 8
MOST_ORIGINS = 12
SHOWN_ELSEWHERE = {"statistic", "value", "examples", "matched", "innocent_explanations", "would_clear", "subject"}
GROUP_CAUTION = "Shared view or coordination; cannot be told apart from labels."
MECHANISM_CAUTION = "Rests on traces in the records, not on disagreement. It is a reason to ask, not a verdict."


def gather_people(
    evidences: Sequence[Evidence],
    decisions: Sequence[Decision],
    findings: Sequence[pd.DataFrame],
    outcomes: Sequence[Outcome],
    detectors: Sequence[Detector],
    name_of: Callable[[str], str],
) -> PeopleRecord:
    """Gather what a report says about people.

    Parameters
    ----------
    evidences, decisions, findings
        One a question; ``findings`` as :meth:`annoaudit.policy.Decision.findings` returns them.
    outcomes
        What became of each detector on each question.
    detectors
        All that were asked to run.
    name_of
        Turns an annotator id into what may be shown of it.
    """
    patterns = [
        pattern
        for decision, table in zip(decisions, findings, strict=True)
        for pattern in _list_patterns(decision, table, name_of)
    ]
    patterns.sort(key=lambda one: (one.severity, one.suspicion), reverse=True)
    of_people = {one.name for one in detectors if one.level in PEOPLE_LEVELS}
    off = {one.name for one in detectors if any(made.policy.is_off(one.name, one.level) for made in decisions)}
    judged = {one.detector for one in outcomes if one.n_judged} - off
    why = {one.detector: one.why for one in outcomes if one.detector not in judged}
    why |= dict.fromkeys(off, "the question asks for opinions")
    return PeopleRecord(
        patterns=tuple(patterns[:MOST_PATTERNS]),
        n_patterns=len(patterns),
        n_held_back=sum(one.held_back for one in decisions),
        looked_for=tuple(sorted(of_people & judged)),
        not_judged=tuple((name, why.get(name, "")) for name in sorted(of_people - judged)),
        blind_spots=list_blind_spots([one for one in evidences if one.kind in NOMINAL]),
        subjective=any(one.policy.subjective for one in decisions),
    )


def find_people(scores: Scores, flagged: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the codes of the annotators whom a detector flagged, alone or in a group; each once."""
    targets = scores.target[flagged] if scores.level in PEOPLE_LEVELS else scores.target[:0]
    if scores.level in GROUP_LEVELS and len(targets):
        targets = np.concatenate([np.asarray(scores.members[int(one)], dtype=np.int64) for one in targets])
    return np.unique(targets)


def _list_patterns(decision: Decision, table: pd.DataFrame, name_of: Callable[[str], str]) -> Iterator[Pattern]:
    for scores in decision.scores:
        at = np.flatnonzero(decision.flagged[scores.detector])
        if scores.level not in PEOPLE_LEVELS or not len(at):
            continue
        # Findings of people have no rank, so the table holds them by suspicion, ties in the order of the targets.
        at = at[np.argsort(-scores.suspicion[at], kind="stable")]
        adjusted = decision.policy.adjust(scores)
        rows = table[table["detector"] == scores.detector].to_dict("records")
        for position, row in zip(at, rows, strict=True):
            who = _name_members(decision, scores, int(scores.target[position]), name_of)
            yield tell_pattern(row, who, math.nan if adjusted is None else float(adjusted[position]))


def _name_members(decision: Decision, scores: Scores, target: int, name_of: Callable[[str], str]) -> tuple[str, ...]:
    codes = [target] if scores.level == "annotator" else scores.members[target]
    ids = decision.votes.annotator_ids
    return tuple(sorted(name_of(str(ids[int(code)].as_py())) for code in codes))


def tell_pattern(row: Row, who: tuple[str, ...], adjusted: float) -> Pattern:
    """Return one row of the findings as a report shows it.

    Parameters
    ----------
    row
        Of :meth:`annoaudit.policy.Decision.findings`.
    who
        Whom, or what, it is about.
    adjusted
        Smallest false discovery rate at which it is found in its family; NaN for a rank.
    """
    evidence = json.loads(str(row["evidence_json"]))
    severity = str(row["severity"])
    return Pattern(
        detector=str(row["detector"]),
        level=str(row["level"]),
        severity=severity,
        meaning=next((words for name, words in SEVERITIES.items() if name == severity), ""),
        question=str(row["question"]),
        who=who,
        sentence=str(row["reason"]),
        caution=_caution(severity, who),
        suspicion=_number(row["suspicion"]),
        statistic=str(evidence.get("statistic", "")),
        value=_number(evidence.get("value")),
        n=int(_number(row["n"])),
        effect=_number(row["effect"]),
        effect_low=_number(row["effect_low"]),
        effect_high=_number(row["effect_high"]),
        effect_name=str(row["effect_name"]),
        null=str(row["null"]),
        p=_number(row["p"]),
        e=_number(row["e"]),
        adjusted=adjusted,
        family=str(row["family"]),
        examples=_show(evidence.get("examples")),
        matched=_show(evidence.get("matched")),
        innocent=tuple(str(one) for one in evidence.get("innocent_explanations", ())),
        would_clear=str(evidence.get("would_clear", "")),
        facts=tuple(_list_facts(evidence))[:MOST_FACTS],
        origins=tuple(_list_origins(evidence))[:MOST_ORIGINS],
    )


def _caution(severity: str, who: tuple[str, ...]) -> str:
    if severity == "L3":
        return MECHANISM_CAUTION
    return GROUP_CAUTION if len(who) > 1 else ""


def _show(shown: object) -> tuple[Exhibit, ...]:
    entries = [one for one in shown if isinstance(one, Mapping)] if isinstance(shown, list) else []
    return tuple(
        Exhibit(
            item_id=str(one.get("item_id", "")),
            given=str(one.get("given", "")),
            expected=str(one.get("expected", "")),
            probability=_number(one.get("probability_of_given")),
            text=str(one.get("text", "") or ""),
        )
        for one in entries[:MOST_EXHIBITS]
    )


def _list_facts(evidence: Row) -> Iterator[tuple[str, str]]:
    for key, value in evidence.items():
        if key in SHOWN_ELSEWHERE or isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        told = f"{value:.4g}" if isinstance(value, float) else str(value)
        if told:
            yield key.replace("_", " "), told


def _list_origins(evidence: Row) -> Iterator[tuple[str, str]]:
    """Annotators and imports that the labels of a finding about the data came from."""
    for key, value in (("sources", "annotator"), ("imports", "column")):
        entries = evidence.get(key)
        for one in entries if isinstance(entries, list) else []:
            name = str(one[value])
            if key == "sources":
                yield name, f"{one['observed']} of {one['n']} labels there, {one['expected']:.1f} expected"
            else:
                yield f"{name} “{one['value']}”", f"{one['n']} of {one['of']} items"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | np.number) else math.nan
