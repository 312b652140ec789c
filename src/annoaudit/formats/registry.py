"""How the installed formats are found."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from annoaudit.errors import UsageError
from annoaudit.formats.source import Format

__all__ = ["GROUP", "list_formats", "load_formats"]

GROUP = "annoaudit.formats"
_OWN = "annoaudit."


def list_formats() -> tuple[str, ...]:
    """Return the names of the installed formats, without importing them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_formats(names: Iterable[str] | None = None) -> tuple[Format, ...]:
    """Load formats: the named ones, or those that annoaudit itself brings.

    Formats of other packages are never tried unasked; they are loaded by name.

    Raises
    ------
    UsageError
        A name is not installed, or two packages offer the same name.
    """
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if point.name in points and points[point.name].value != point.value:
            raise UsageError(f"Two installed packages offer a format named {point.name!r}.", hint="Uninstall one.")
        points[point.name] = point
    own = sorted(name for name, point in points.items() if point.value.startswith(_OWN))
    wanted = list(names) if names is not None else own
    for name in wanted:
        if name not in points:
            raise UsageError(f"There is no format {name!r}.", hint=f"Installed: {', '.join(sorted(points))}.")
    return tuple(points[name].load()() for name in wanted)
