"""What a connector is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["Connector", "HoldsMedia", "MediaHost", "Pulled"]


@dataclass(frozen=True, eq=False)
class Pulled:
    """What a pull brought.

    Parameters
    ----------
    labels
        Everything the project holds now, whether it came now or was known already.
    bookmark
        Where the next pull goes on: small, plain JSON, without secrets.
    changed
        Ids of the items that were read this time, those that have gone included.
    how
        What was done, for people: "snapshot", "pages", "changes" or "changes, then compared all".
    """

    labels: LabelSet
    bookmark: Mapping[str, object]
    changed: tuple[str, ...] = ()
    how: str = ""


@runtime_checkable
class Connector(Protocol):
    """One project on one platform, read. Where people can review on it too, it is :class:`.desk.Reviewable`.

    Errors are grouped by what to do about them, see :mod:`annoaudit.connectors.failures`.
    """

    @property
    def address(self) -> object:
        """Server and project; its text is an address without secrets that :meth:`of` opens again."""
        ...

    @classmethod
    def recognises(cls, address: str) -> bool:
        """Say whether an address pasted from a browser is one of this platform's; never raises."""
        ...

    @classmethod
    def of(cls, address: str) -> Self:
        """Open the project at an address; no request is sent yet. Raises ``UsageError`` for anything else."""
        ...

    def with_spool(self, folder: Path) -> Self:
        """Return the same project, keeping what a long pull has read in a folder until the pull is complete."""
        ...

    def check(self) -> str:
        """Ask whether project and token work, and say in one line what answers."""
        ...

    def pull(
        self, since: Mapping[str, object] | None = None, known: LabelSet | None = None, *, full: bool = False
    ) -> Pulled:
        """Pull the project: all of it, or what changed since the bookmark of the pull that made ``known``."""
        ...


@dataclass(frozen=True)
class MediaHost:
    """A server that keeps media behind its login.

    Parameters
    ----------
    base_url
        Address of the server without a slash at its end, sub-path included.
    folders
        Paths below it under which media lie, and nothing else.
    sign
        Makes the header ``Authorization`` of one request; raises where the server refuses the token.
    """

    base_url: str
    folders: tuple[str, ...]
    sign: Callable[[], str] = field(repr=False)


@runtime_checkable
class HoldsMedia(Protocol):
    """A connector whose platform keeps media itself."""

    def media_host(self) -> MediaHost:
        """Tell where media lie and how to ask for them; no request is sent yet."""
        ...
