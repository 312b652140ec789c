"""The gate: limits against what is known of tonight's labels. What can't be judged says so and is no zero."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annoaudit.reporting.night import GateCheck
from annoaudit.reporting.text import percent, plural

if TYPE_CHECKING:
    from annoaudit.job.config import Gate
    from annoaudit.reporting.record import QuestionRecord

__all__ = ["SampledRate", "judge_gate", "passes"]

SampledRate = tuple[float, float, float, str]
"""Error rate of a random reviewed sample with its interval, and what it rests on."""


def judge_gate(
    gate: Gate,
    questions: Sequence[QuestionRecord],
    new_by_severity: Mapping[str, int],
    *,
    is_first: bool,
    sampled: SampledRate | None,
    integrity: Sequence[str],
    missing: Sequence[str] | None = None,
) -> tuple[GateCheck, ...]:
    """Compare what is known with the stated limits, one check a limit and question.

    Parameters
    ----------
    is_first
        Nothing earlier to compare findings with.
    sampled
        Error rate from a random reviewed sample, if there is one; it goes before gold.
    integrity
        Sentences about what was altered or contradicts the history; empty where nothing is.
    missing
        Sentences about what should have arrived and did not; None where nothing is expected.
    """
    checks: list[GateCheck] = []
    if gate.error_rate is not None:
        checks += _judge_error_rates(gate.error_rate, questions, sampled)
    if gate.agreement is not None:
        checks += [_judge_agreement(gate.agreement, gate.coefficient, one) for one in questions]
    for severity, limit in sorted(gate.new_findings.items()):
        checks.append(_judge_new(severity, limit, new_by_severity.get(severity, 0), is_first=is_first))
    if missing is not None:
        said = " ".join(missing) or "all that is expected is there."
        checks.append(GateCheck("completeness", "failed" if missing else "passed", f"Completeness: {said}"))
    if gate.integrity:
        status = "failed" if integrity else "passed"
        said = f"{integrity[0]} ({plural(len(integrity), 'problem')})" if integrity else "nothing contradicts the heads"
        checks.append(GateCheck("integrity", status, f"Integrity: {said}."))
    return tuple(checks)


def passes(gate: Gate, checks: Sequence[GateCheck]) -> bool:
    """Say whether the gate passes: nothing failed, and what was not judged counts as configured."""
    failing = ("failed", "not judged") if gate.not_judged == "fail" else ("failed",)
    return not any(one.status in failing for one in checks)


def _judge_error_rates(
    limit: float, questions: Sequence[QuestionRecord], sampled: SampledRate | None
) -> list[GateCheck]:
    if sampled is not None and math.isfinite(sampled[0]):
        value, low, high, basis = sampled
        return [_judge_rate(limit, value, low, high, basis, "")]
    checks = []
    for one in questions:
        rate, where = one.error_rate, _where(one, questions)
        if rate.known:
            checks.append(_judge_rate(limit, rate.value, rate.low, rate.high, rate.basis, where))
        else:
            said = f"Error rate{where}: not judged. {rate.sentence}"
            checks.append(GateCheck("error_rate", "not judged", said, limit=limit))
    return checks


def _judge_rate(limit: float, value: float, low: float, high: float, basis: str, where: str) -> GateCheck:
    failed = low > limit
    shown = f"{percent(value)} (95 % interval {percent(low)} to {percent(high)}; {basis})"
    how = "lies above" if failed else "does not lie wholly above"
    said = f"Error rate{where}: {shown} {how} the limit of {percent(limit)}."
    return GateCheck("error_rate", "failed" if failed else "passed", said, value, low, high, limit)


def _judge_agreement(limit: float, coefficient: str, question: QuestionRecord) -> GateCheck:
    rows = question.agreement[question.agreement["coefficient"] == coefficient]
    name = f"Agreement ({coefficient}, question {question.question})"
    if not len(rows):
        known = ", ".join(question.agreement["coefficient"]) or "none"
        return GateCheck("agreement", "not judged", f"{name}: not judged; known here: {known}.", limit=limit)
    value, low, high = (float(rows[column].iloc[0]) for column in ("value", "low", "high"))
    if not math.isfinite(high):
        why = str(rows["why"].iloc[0]) or "it has no interval"
        return GateCheck("agreement", "not judged", f"{name}: not judged; {why}.", value, limit=limit)
    failed = high < limit
    how = "lies below" if failed else "does not lie wholly below"
    said = f"{name}: {value:.2f} (95 % interval {low:.2f} to {high:.2f}) {how} the limit of {limit:.2f}."
    return GateCheck("agreement", "failed" if failed else "passed", said, value, low, high, limit)


def _judge_new(severity: str, limit: int, n: int, *, is_first: bool) -> GateCheck:
    name = f"new_findings_{severity}"
    if is_first:
        said = f"New findings {severity}: not judged; this is the first night, with nothing to compare with."
        return GateCheck(name, "not judged", said, limit=limit)
    failed = n > limit
    said = f"New findings {severity}: {n:,}, {'above' if failed else 'within'} the limit of {limit:,}."
    return GateCheck(name, "failed" if failed else "passed", said, n, limit=limit)


def _where(one: QuestionRecord, questions: Sequence[QuestionRecord]) -> str:
    return f" (question {one.question})" if len(questions) > 1 else ""
