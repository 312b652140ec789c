"""From an address, as pasted from a browser, to the connector that speaks with it."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint, entry_points

from annoaudit.connectors.protocol import Connector, HoldsMedia, MediaHost
from annoaudit.errors import UsageError
from annoaudit.formats.remote import is_url, without_secrets

__all__ = ["GROUP", "find_media_host", "is_address", "list_connectors", "open_connector"]

GROUP = "annoaudit.connectors"
_OWN = "annoaudit."
_USER = re.compile(r"^([^:/]+://)[^/@]*@")
_KNOWN = "Known: the address of a Label Studio project, such as https://host/projects/3/data."


def is_address(text: str) -> bool:
    """Say whether a text names a project of a platform, rather than a file or the URL of one."""
    if not is_url(text):
        return False
    bare = _USER.sub(r"\1", text.strip())  # the connector refuses users and passwords, and says so
    return "+" in bare.split("://", 1)[0] or any(one.recognises(bare) for one in _own(_points()))


def list_connectors() -> tuple[str, ...]:
    """Return the names of the installed connectors, without importing them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def open_connector(address: str) -> Connector:
    """Open the project at an address; no request is sent yet.

    Parameters
    ----------
    address
        As pasted from a browser (``https://host/projects/3/data?tab=2``), or with the connector's name in
        front (``label-studio+https://host/projects/3``), which is needed for connectors of other packages.

    Raises
    ------
    UsageError
        It is no such address, or no connector knows it.
    """
    address = address.strip()
    if not is_url(address):
        raise UsageError(f"{address[:80]!r} is not an address.", hint=_KNOWN)
    points = _points()
    scheme, rest = address.split("://", 1)
    prefix, plus, inner = scheme.partition("+")
    if plus:
        name = prefix.lower().replace("-", "_")
        if name not in points:
            raise UsageError(f"There is no connector {prefix[:40]!r}.", hint=f"Installed: {_names(points)}.")
        return _load(points[name]).of(f"{inner}://{rest}")
    for found in _own(points):
        if found.recognises(address):
            return found.of(address)
    raise UsageError(f"No connector knows the address {without_secrets(address)!r}.", hint=_KNOWN)


def find_media_host(source: str) -> MediaHost | None:
    """Return where the media of a live project lie; None where the source is none, or its platform keeps none.

    Raises
    ------
    UsageError
        No connector knows the address, or there is no token.
    """
    connector = open_connector(source) if is_address(source) else None
    return connector.media_host() if isinstance(connector, HoldsMedia) else None


def _points() -> dict[str, EntryPoint]:
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if point.name in points and points[point.name].value != point.value:
            raise UsageError(f"Two installed packages offer a connector {point.name!r}.", hint="Uninstall one.")
        points[point.name] = point
    return points


def _own(points: dict[str, EntryPoint]) -> list[type[Connector]]:
    """The connectors that annoaudit itself brings: those of other packages are asked by name only."""
    return [_load(points[name]) for name in sorted(points) if points[name].value.startswith(_OWN)]


def _names(points: dict[str, EntryPoint]) -> str:
    return ", ".join(sorted(name.replace("_", "-") for name in points)) or "none"


def _load(point: EntryPoint) -> type[Connector]:
    found: type[Connector] = point.load()
    return found
