"""One run, as a row of the store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from annoaudit.errors import UsageError

__all__ = ["RunRow"]


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
