"""run_job(): a night of every project, one message, one exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from annoaudit.errors import AnnoauditError, DeliveryFailed
from annoaudit.job.nightly import Night, run_project
from annoaudit.job.notifying import compose_message, ping, send_message
from annoaudit.store import open_store, store_of
from annoaudit.store.nights import Nights

if TYPE_CHECKING:
    from annoaudit.job.reading import Job

__all__ = ["JobResult", "run_job"]

ORDER = (2, 3, 1, 4)
"""Which exit code stands where several apply."""


@dataclass(frozen=True)
class JobResult:
    """What a run of the job came to: nights that were done, and what went wrong, by project."""

    nights: tuple[Night, ...]
    errors: dict[str, AnnoauditError]
    undelivered: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The documented code: where several apply, 2, then 3, 1, 4."""
        codes = {night.exit_code for night in self.nights} | {error.exit_code for error in self.errors.values()}
        codes |= {DeliveryFailed.exit_code} if self.undelivered else set()
        return next((code for code in ORDER if code in codes), 0)


def run_job(job: Job, names: Sequence[str], stage: Callable[[str], None]) -> JobResult:
    """Run a night of each named project, then tell people once.

    A project that fails does not keep the others from running.

    Parameters
    ----------
    names
        Which projects; all if empty.
    """
    nights: list[Night] = []
    errors: dict[str, AnnoauditError] = {}
    for name in job.choose(names):
        try:
            nights.append(run_project(job, name, lambda what, name=name: stage(f"{name}: {what}")))  # type: ignore[misc]
        except AnnoauditError as error:
            errors[name] = error
        except Exception as error:
            if os.environ.get("ANNOAUDIT_DEBUG"):
                raise
            what = f"unexpected {type(error).__name__}: {error}"
            errors[name] = AnnoauditError(what, hint="Please report it; ANNOAUDIT_DEBUG=1 shows where it happened.")
    result = JobResult(tuple(nights), errors)
    undelivered = [f"{night.project}: {why}" for night in nights for why in night.undelivered]
    if job.config.notify is not None:
        undelivered += _tell_people(job, result)
    return JobResult(result.nights, result.errors, tuple(undelivered))


def _tell_people(job: Job, result: JobResult) -> list[str]:
    notify = job.config.notify
    assert notify is not None
    failed = []
    message = compose_message(result.nights, result.errors, notify.link or "")
    try:
        if message is not None:
            send_message(message, notify.variable)
        for night in result.nights:
            _note_told(night)
    except AnnoauditError as error:
        failed.append(error.message)
    if notify.ping_variable is not None:
        code = JobResult(result.nights, result.errors, tuple(failed)).exit_code
        try:
            ping(notify.ping_variable, code)
        except AnnoauditError as error:
            failed.append(error.message)
    return failed


def _note_told(night: Night) -> None:
    with open_store(store_of(night.folder)) as store:
        Nights(store, night.project).note_notified(datetime.now(UTC))
