"""Why a medium could not be looked at: outcomes that end a fetch, kept as data and never counted as fine."""

from __future__ import annotations

from annoaudit.errors import AnnoauditError

__all__ = ["Gone", "Truncated", "Unchecked"]


class Unchecked(AnnoauditError):
    """It could not be checked; the message says why."""


class Gone(AnnoauditError):
    """Nothing is there any more."""


class Truncated(AnnoauditError):
    """Less arrived than was announced."""
