"""Runs and what the nightly job keeps with them, as rows of the store."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from annoaudit.errors import UsageError

__all__ = ["MeasureRow", "NightRow", "RunRow", "StateRow"]


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One audit that ran: when, over what, and how it ended.

    Parameters
    ----------
    started_at
        Aware; stored in UTC.
    seconds
        How long the audit took.
    version
        Version of annoaudit.
    source
        What was audited, in the words of its reader: a file name, a project.
    exit_code
        What the command returned.
    run_id
        Names the run everywhere; 32 random hexadecimal digits unless given.

    Raises
    ------
    UsageError
        ``started_at`` has no time zone, or ``run_id`` is empty.
    """

    started_at: datetime
    seconds: float
    version: str
    source: str
    n_items: int
    n_labels: int
    n_annotators: int
    n_flagged: int
    n_queued: int
    exit_code: int = 0
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.started_at.utcoffset() is None:
            raise UsageError(
                f"started_at of a run has no time zone: {self.started_at}.", hint="Give it one, such as UTC."
            )
        if not self.run_id:
            raise UsageError("run_id of a run is empty.", hint="Leave it out, or give it a name of its own.")


@dataclass(frozen=True)
class StateRow:
    """What one detector carries to its next run on one question of a project.

    Parameters
    ----------
    project
        Name of the project, as the configuration has it.
    version
        Of the detector that wrote it: another version may not understand it.
    state
        JSON values, small.
    """

    project: str
    detector: str
    question: str
    version: str
    state: Mapping[str, object]


@dataclass(frozen=True)
class NightRow:
    """One run of the nightly job, beside its :class:`RunRow`.

    Parameters
    ----------
    snapshot
        Name of the snapshot that was audited.
    scored
        Pairs of detector and question that gave scores: only they can say that a finding has gone.
    gate
        The gate's checks, as JSON values.
    """

    project: str
    snapshot: str
    scored: tuple[tuple[str, str], ...]
    gate: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasureRow:
    """One figure of a night; NaN where it could not be judged or has no interval."""

    name: str
    question: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
