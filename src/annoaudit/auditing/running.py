"""Run detectors on one question; a skip or a crash is data, never the end of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from annoaudit.detectors import Detector, judges_kind, load_detectors
from annoaudit.errors import Unavailable
from annoaudit.evidence import Evidence
from annoaudit.findings import Explanation, Outcome, Scores
from annoaudit.policy import Decision

__all__ = ["choose_detectors", "count_flags", "run_detectors"]

Ints = npt.NDArray[np.int64]

UNTOLD = Explanation("Flagged by its score; the detector failed to say why.")


@dataclass(eq=False)
class _CaughtExplain:
    """A detector's ``explain``, called after it has scored; how it crashed is kept, and the findings stand."""

    explain: Callable[[Ints], Sequence[Explanation]]
    failure: str = ""

    def __call__(self, positions: Ints) -> Sequence[Explanation]:
        try:
            told = list(self.explain(positions))
        except Exception as error:  # noqa: BLE001 - one detector's crash must not lose the others' work
            self.failure = f"while explaining: {type(error).__name__}: {error}"
        else:
            if len(told) == len(positions):
                return told
            self.failure = f"while explaining: {len(told)} explanations of {len(positions)} targets"
        return [UNTOLD] * len(positions)


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
        result = replace(result, explain=_CaughtExplain(result.explain))
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
    """Return the outcome with the numbers that the policy flagged and queued; failed where explaining crashed."""
    for one in decision.scores:
        if one.detector == outcome.detector:
            flagged = decision.flagged[one.detector]
            queued = np.isin(one.target[flagged], decision.queue).sum() if one.level == "label" else 0
            counted = replace(outcome, n_flagged=int(flagged.sum()), n_queued=int(queued))
            failure = one.explain.failure if isinstance(one.explain, _CaughtExplain) else ""
            return replace(counted, status="failed", why=failure) if failure else counted
    return outcome


def choose_detectors(detectors: Iterable[str | Detector] | None) -> tuple[Detector, ...]:
    """Return the named or given detectors; all installed ones by default."""
    if detectors is None:
        return load_detectors()
    loaded: list[Detector] = []
    for one in detectors:
        loaded += load_detectors([one]) if isinstance(one, str) else [one]
    return tuple(loaded)
