"""Run detectors on one question; a skip or a crash is data, never the end of the run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from annoaudit.detectors import Detector, judges_kind, load_detectors
from annoaudit.errors import Unavailable
from annoaudit.evidence import Evidence
from annoaudit.findings import Outcome, Scores
from annoaudit.policy import Decision

__all__ = ["choose_detectors", "count_flags", "run_detectors"]


def run_detectors(evidence: Evidence, detectors: Sequence[Detector]) -> tuple[list[Scores], list[Outcome]]:
    """Return what each detector scored that judges this kind of question, and what became of each.

    Where none does, all are reported as skipped.
    """
    scores: list[Scores] = []
    outcomes: list[Outcome] = []
    fitting = [one for one in detectors if judges_kind(one, evidence.kind)]
    if not fitting:
        return [], [_pass_over(evidence, one) for one in detectors]
    for detector in fitting:
        outcome, result = _run_detector(evidence, detector)
        outcomes.append(outcome)
        if result is not None:
            scores.append(result)
    return scores, outcomes


def _run_detector(evidence: Evidence, detector: Detector) -> tuple[Outcome, Scores | None]:
    start = time.perf_counter()
    result, status, why = None, "scored", ""
    try:
        for need in detector.needs:
            getattr(evidence, need)
        result = detector.score(evidence)
        why = result.missing if result.n_judged < len(result) else ""
    except Unavailable as reason:
        status, why = "skipped", reason.message
    except Exception as error:  # noqa: BLE001 - one detector's crash must not lose the others' work
        status, why = "failed", f"{type(error).__name__}: {error}"
    outcome = Outcome(
        detector.name,
        detector.version,
        evidence.question,
        status,  # type: ignore[arg-type]
        why,
        len(result) if result else 0,
        result.n_judged if result else 0,
        seconds=time.perf_counter() - start,
    )
    return outcome, result


def _pass_over(evidence: Evidence, detector: Detector) -> Outcome:
    why = f"it does not judge questions of kind {evidence.kind}"
    return Outcome(detector.name, detector.version, evidence.question, "skipped", why)


def count_flags(outcome: Outcome, decision: Decision) -> Outcome:
    """Return the outcome with the numbers that the policy flagged and queued."""
    for one in decision.scores:
        if one.detector == outcome.detector:
            flagged = decision.flagged[one.detector]
            queued = np.isin(one.target[flagged], decision.queue).sum() if one.level == "label" else 0
            return replace(outcome, n_flagged=int(flagged.sum()), n_queued=int(queued))
    return outcome


def choose_detectors(detectors: Iterable[str | Detector] | None) -> tuple[Detector, ...]:
    """Return the named or given detectors; all installed ones by default."""
    if detectors is None:
        return load_detectors()
    loaded: list[Detector] = []
    for one in detectors:
        loaded += load_detectors([one]) if isinstance(one, str) else [one]
    return tuple(loaded)
