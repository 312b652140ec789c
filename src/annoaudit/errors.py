"""Every error annoaudit raises on purpose.

One tree; each class knows the exit code of the command that meets it, and each error carries a
hint: what the reader can do about it.

::

    AnnoauditError             exit 3   could not do the job
    ├── UsageError             exit 2   the call itself is wrong: an option, a column that is not there
    │   └── MissingExtra       exit 2   an optional package is needed and not installed
    ├── RefusedInput           exit 2   a file or table that cannot be trusted as it is; names the place
    ├── Unavailable            exit 3   evidence that this data cannot give; a detector is then skipped
    ├── DetectorFailed         exit 3   a detector crashed; everything else was still written
    ├── GateFailed             exit 1   the configured limit was exceeded
    └── DeliveryFailed         exit 4   audited and stored, but the result could not be delivered
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AnnoauditError",
    "DeliveryFailed",
    "DetectorFailed",
    "GateFailed",
    "MissingExtra",
    "RefusedInput",
    "Unavailable",
    "UsageError",
]


class AnnoauditError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        What is wrong, in one sentence that names the place.
    hint
        What the reader can do about it; shown on its own line.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(AnnoauditError):
    """The call is wrong: an unknown option, a mapping to a column that does not exist."""

    exit_code = 2


class MissingExtra(UsageError):
    """An optional package is needed and not installed."""


class RefusedInput(AnnoauditError):
    """Input that cannot be audited as it is.

    Parameters
    ----------
    message
        What is wrong; names file, row or column.
    hint
        How to mend it.
    problems
        All problems found, where several were found at once; the message is then built from them.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[str] = ()) -> None:
        if problems:
            message = "\n".join([message, *(f"  - {problem}" for problem in problems)])
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class Unavailable(AnnoauditError):
    """Evidence that this data cannot give; the detector that needs it is skipped, not failed."""


class DetectorFailed(AnnoauditError):
    """A detector crashed. Its error is data in every output; the exit code says that it happened."""


class GateFailed(AnnoauditError):
    """A configured limit on label quality was exceeded."""

    exit_code = 1


class DeliveryFailed(AnnoauditError):
    """The audit is done and stored, but a push or a notification failed."""

    exit_code = 4
