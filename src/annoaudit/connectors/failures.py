"""What goes wrong with a live platform, grouped by what the caller should do about it.

::

    AnnoauditError
    ├── RequestRefused   exit 2   fatal: token, address or rights must be mended first
    ├── ServerTrouble    exit 3   retriable: it was tried several times; the next run may get through
    └── NotThere         exit 3   skippable: this one thing has gone meanwhile; the rest can go on

No message, and nothing that is chained to one, carries a token.
"""

from __future__ import annotations

from annoaudit.errors import AnnoauditError

__all__ = ["NotThere", "RequestRefused", "ServerTrouble"]


class RequestRefused(AnnoauditError):
    """The platform refuses; trying again changes nothing until token, address or rights are mended."""

    exit_code = 2


class ServerTrouble(AnnoauditError):
    """The platform can't be reached or fails, after several attempts; the next run may get through."""

    pause_s: float | None = None
    """How long the platform asks to wait."""


class NotThere(AnnoauditError):
    """One thing on the platform is not there, or no longer; others are not touched by it."""

    known_path: bool = True
    """False where the server does not even know such addresses: another program, another path, an older version."""
