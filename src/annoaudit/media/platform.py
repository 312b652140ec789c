"""The platform that media are labelled on: what lies there, and where its token may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

__all__ = ["Platform", "SignedHost"]

_PORTS = {"http": 80, "https": 443}
_DECODED = 4


class SignedHost(Protocol):
    """What a connector tells of its server; see :class:`annoaudit.connectors.MediaHost`."""

    @property
    def base_url(self) -> str:
        """Address of the server without a slash at its end."""
        ...

    @property
    def folders(self) -> tuple[str, ...]:
        """Paths below it under which media lie."""
        ...

    def sign(self) -> str:
        """Return the header ``Authorization`` of a request that is made now."""
        ...


@dataclass(frozen=True)
class Platform:
    """Which media lie on a platform, behind its login.

    Whoever wrote the items wrote their addresses too. So the token goes only where scheme, host and port are those of
    the platform, as somebody named it to this program, and the path lies in a folder of media, whatever its dots and
    escapes come to.
    """

    host: SignedHost

    def find(self, uri: str) -> str | None:
        """Return the full address of a medium that lies on the platform; None where it does not."""
        if uri.startswith("/") and not uri.startswith("//"):
            base = urlsplit(self.host.base_url)
            is_below = not base.path or uri.startswith(f"{base.path}/")
            uri = f"{base.scheme}://{base.netloc}{uri}" if is_below else f"{self.host.base_url}{uri}"
        return uri if self.owns(uri) else None

    def owns(self, url: str) -> bool:
        """Say whether an address is one of media on the platform itself."""
        try:
            base, parts = urlsplit(self.host.base_url), urlsplit(url)
            same = _origin(base) == _origin(parts)
        except ValueError:
            return False
        if not same or "@" in parts.netloc:
            return False
        path = _settle(parts.path)
        return path is not None and any(path.startswith(f"{base.path}{folder}") for folder in self.host.folders)


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def _settle(path: str) -> str | None:
    """The path with all escapes undone; None where it climbs, or never settles."""
    for _ in range(_DECODED):
        plain = unquote(path)
        if plain == path:
            parts = path.replace("\\", "/").split("/")
            return None if ".." in parts or "." in parts or "\\" in path else path
        path = plain
    return None
