"""Findings about the data as a report shows them: what they are about, and where the labels came from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from annoaudit.auditing.people import MOST_PATTERNS, tell_pattern
from annoaudit.reporting.record import DataRecord, Pattern

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.detectors import Detector
    from annoaudit.findings import Lead, Outcome
    from annoaudit.policy import Decision

__all__ = ["gather_data"]

MOST_NAMED = 4


def gather_data(
    decisions: Sequence[Decision],
    findings: Sequence[pd.DataFrame],
    outcomes: Sequence[Outcome],
    detectors: Sequence[Detector],
    name_of: Callable[[str], str],
) -> DataRecord:
    """Gather what a report says about the data.

    Parameters
    ----------
    decisions, findings
        One a question; ``findings`` as :meth:`annoaudit.policy.Decision.findings` returns them.
    outcomes
        What became of each detector on each question.
    detectors
        All that were asked to run.
    name_of
        Turns an annotator id into what may be shown of it.
    """
    patterns = [pattern for table in findings for pattern in _list_patterns(table)]
    patterns.sort(key=lambda one: (one.severity, one.suspicion), reverse=True)
    of_data = {one.name for one in detectors if one.level == "dataset"}
    judged = {one.detector for one in outcomes if one.n_judged}
    why = {one.detector: one.why for one in outcomes if one.detector not in judged}
    return DataRecord(
        patterns=tuple(patterns[:MOST_PATTERNS]),
        n_patterns=len(patterns),
        looked_for=tuple(sorted(of_data & judged)),
        not_judged=tuple((name, why.get(name, "")) for name in sorted(of_data - judged)),
        leads=tuple(
            (scores.detector, _tell_lead(lead, decision, name_of))
            for decision in decisions
            for scores in decision.scores
            for lead in scores.leads
        ),
    )


def _tell_lead(lead: Lead, decision: Decision, name_of: Callable[[str], str]) -> str:
    """The sentence, and whose labels of the class carry it more than others' do."""
    if not lead.sources:
        return lead.sentence
    ids = decision.votes.annotator_ids
    told = [
        f"{name_of(str(ids[one.annotator].as_py()))} ({one.observed} of {one.n})" for one in lead.sources[:MOST_NAMED]
    ]
    more = f" and {len(lead.sources) - MOST_NAMED} more" if len(lead.sources) > MOST_NAMED else ""
    return f"{lead.sentence} It is in more labels of the class by {', '.join(told)}{more} than by others."


def _list_patterns(table: pd.DataFrame) -> Iterator[Pattern]:
    for row in table[table["level"] == "dataset"].to_dict("records"):
        subject = str(json.loads(str(row["evidence_json"])).get("subject", ""))
        yield tell_pattern(row, (subject,), math.nan)
