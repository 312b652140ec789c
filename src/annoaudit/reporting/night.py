"""What a report says of the nightly job: frozen records, computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from annoaudit.reporting.tables import frame_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FindingCounts", "GateCheck", "NightRecord", "night_document"]


@dataclass(frozen=True)
class GateCheck:
    """One limit, and how it came out: ``passed``, ``failed`` or ``not judged``, with the sentence that says why."""

    name: str
    status: str
    sentence: str
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    limit: float = float("nan")


@dataclass(frozen=True)
class FindingCounts:
    """Findings by what became of them since earlier nights."""

    new: int = 0
    known: int = 0
    reopened: int = 0
    gone: int = 0


@dataclass(frozen=True, eq=False)
class NightRecord:
    """One night of the job.

    Parameters
    ----------
    new_by_severity
        New findings by severity.
    compared_with
        What they were compared with, in words.
    changes
        One row a record that changed since the night before: what, record, item_id, annotator, by, at, was, now,
        why, status. It may be cut; ``n_changes`` says how many there are, by status.
    integrity
        Sentences: what was verified, and what differs.
    trends
        One row a night, oldest first: at, n_labels, n_flagged, n_new, n_gone, error_rate, error_rate_low,
        error_rate_high, agreement, agreement_low, agreement_high, gate (1 passed, 0 failed).
    """

    project: str
    passed: bool
    checks: tuple[GateCheck, ...]
    counts: FindingCounts
    new_by_severity: Mapping[str, int]
    compared_with: str
    changes: pd.DataFrame
    n_changes: Mapping[str, int]
    integrity: tuple[str, ...]
    trends: pd.DataFrame
    coefficient: str = ""
    snapshot: str = field(default="")


def night_document(night: NightRecord) -> dict[str, object]:
    """Return a night as ``run.json`` has it."""
    return {
        "project": night.project,
        "snapshot": night.snapshot,
        "gate": {"passed": night.passed, "checks": [asdict(one) for one in night.checks]},
        "findings": asdict(night.counts),
        "new_by_severity": dict(night.new_by_severity),
        "compared_with": night.compared_with,
        "changes": dict(night.n_changes),
        "unexplained": frame_rows(night.changes[night.changes["status"] == "unexplained"]),
        "integrity": list(night.integrity),
    }
