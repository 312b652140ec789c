"""What a night leaves in the project's folder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.findings import SEVERITIES
from annoaudit.reporting import render_html, write_findings, write_whole

if TYPE_CHECKING:
    from annoaudit.reporting.record import AuditRecord

__all__ = ["METRICS_NAME", "render_metrics", "write_outputs"]

METRICS_NAME = "metrics.prom"
_HELP = {
    "annoaudit_labels": "Labels that were audited.",
    "annoaudit_flagged": "Labels above a detector's threshold.",
    "annoaudit_findings": "Findings of the last run, by severity.",
    "annoaudit_new_findings": "Findings that no earlier night had, by severity.",
    "annoaudit_error_rate": "Share of wrong labels, where gold or a random reviewed sample tells it.",
    "annoaudit_agreement": "Agreement between annotators, by coefficient.",
    "annoaudit_unexplained_changes": "Changes that contradict the project's own history.",
    "annoaudit_model_age_seconds": "Age of the models that were reused (refit: weekly), by question.",
    "annoaudit_gate_passed": "1 if the gate passed.",
    "annoaudit_exit_code": "Exit code of the audit and its gate, without delivery.",
    "annoaudit_run_seconds": "How long the run took.",
    "annoaudit_last_run_timestamp_seconds": "When the last run began.",
}
Sample = tuple[str, dict[str, str], float]


def write_outputs(record: AuditRecord, folder: Path, run_json: str, exit_code: int) -> None:
    """Write report, findings, run.json and the Prometheus text file, each whole or not at all."""
    write_findings(record.findings, folder)
    write_whole(folder / "report.html", render_html(record))
    write_whole(folder / "run.json", run_json)
    write_whole(folder / METRICS_NAME, render_metrics(record, exit_code))


def render_metrics(record: AuditRecord, exit_code: int) -> str:
    """Return the night as a Prometheus text file, for the textfile collector; what is not known is left out."""
    by_name: dict[str, list[Sample]] = {}
    for one in _samples(record, exit_code):
        if math.isfinite(one[2]):
            by_name.setdefault(one[0], []).append(one)
    lines = []
    for name, samples in by_name.items():
        lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{_labels(labels)}}} {value!r}" for _, labels, value in samples]
    return "\n".join(lines) + "\n"


def _samples(record: AuditRecord, exit_code: int) -> Iterator[Sample]:
    night = record.night
    assert night is not None
    own = {"project": night.project}
    yield "annoaudit_labels", own, float(record.n_labels)
    yield "annoaudit_flagged", own, float(record.n_flagged)
    for severity in SEVERITIES:
        n = int((record.findings["severity"] == severity).sum())
        yield "annoaudit_findings", {**own, "severity": severity}, float(n)
        yield "annoaudit_new_findings", {**own, "severity": severity}, float(night.new_by_severity.get(severity, 0))
    for check in night.checks:
        if check.name == "error_rate":
            for bound in ("value", "low", "high"):
                yield "annoaudit_error_rate", {**own, "bound": bound}, float(getattr(check, bound))
    for question in record.questions:
        table = question.agreement
        for name, value in zip(table["coefficient"], table["value"], strict=True):
            yield "annoaudit_agreement", {**own, "question": question.question, "coefficient": name}, float(value)
    yield "annoaudit_unexplained_changes", own, float(night.n_changes.get("unexplained", 0))
    fitted = record.settings.get("models_fitted_at")
    for question, at in fitted.items() if isinstance(fitted, dict) else ():
        age = record.started_at - datetime.fromisoformat(at)
        yield "annoaudit_model_age_seconds", {**own, "question": question}, age.total_seconds()
    yield "annoaudit_gate_passed", own, float(night.passed)
    yield "annoaudit_exit_code", own, float(exit_code)
    yield "annoaudit_run_seconds", own, record.seconds
    yield "annoaudit_last_run_timestamp_seconds", own, record.started_at.timestamp()


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
