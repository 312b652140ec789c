"""The address of a Label Studio project, as people paste it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from annoaudit.errors import UsageError
from annoaudit.formats.remote import without_secrets

__all__ = ["Address", "parse_address"]

_PROJECT = re.compile(r"^(?P<base>(?:/[^/]+)*?)/projects/(?P<project>[1-9][0-9]{0,18})(?:/.*)?$")
_HINT = "Paste the address of the project's page, such as https://host/projects/3/data."


@dataclass(frozen=True)
class Address:
    """One project on one server.

    Parameters
    ----------
    base_url
        Address of the server without a slash at its end; with the sub-path where Label Studio has one.
    project_id
        The project's number.
    notes
        What a reader should know, such as an unencrypted connection.
    """

    base_url: str
    project_id: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.base_url}/projects/{self.project_id}"

    def task_url(self, task_id: str) -> str:
        """Address of a task's page."""
        return f"{self}/data?task={task_id}"


def parse_address(text: str) -> Address:
    """Read the address of a project.

    Raises
    ------
    UsageError
        It is no http(s) address, names no project, or holds a user or a password.
    """
    shown = without_secrets(text)
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{shown!r} is not an address: {error}.", hint=_HINT) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\\]", text.strip()):
        raise UsageError(f"{shown!r} is not the address of a web page.", hint=_HINT)
    if "@" in parts.netloc:
        raise UsageError(
            f"The address {shown!r} holds a user or a password.",
            hint="Leave them out; the token is read from LABEL_STUDIO_API_KEY.",
        )
    found = _PROJECT.match(parts.path)
    if found is None:
        raise UsageError(f"{shown!r} names no project.", hint=_HINT)
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{port}" if port else ""
    notes = () if parts.scheme == "https" or _is_loopback(host) else (_PLAIN.format(host=host),)
    return Address(f"{parts.scheme}://{netloc}{found['base']}", int(found["project"]), notes)


_PLAIN = "The connection to {host} is not encrypted: token and labels can be read on the way. Use https."


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
