"""What a detector is, and how the installed ones are found."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from annoaudit.errors import UsageError
from annoaudit.labels import NOMINAL

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.findings import Level, Scores

__all__ = ["GROUP", "Detector", "judges_kind", "list_detectors", "load_detectors"]

GROUP = "annoaudit.detectors"


@runtime_checkable
class Detector(Protocol):
    """A frozen dataclass whose fields are its settings and which scores targets from evidence.

    ``needs`` names properties of :class:`annoaudit.evidence.Evidence`; a detector whose needs are
    unavailable is skipped, and the reason is shown. The same evidence and seed give the same scores.
    Where it has ``kinds``, these are the kinds of question that it judges; by default those with one word as answer.
    """

    @property
    def name(self) -> str:
        """Name of the file, the entry point and the docs page."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same evidence would give other scores."""
        ...

    @property
    def level(self) -> Level:
        """What one score is about."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the evidence it cannot do without."""
        ...

    def score(self, evidence: Evidence) -> Scores:
        """Score every target; raise ``Unavailable`` where this data cannot be judged at all."""
        ...


def judges_kind(detector: Detector, kind: str) -> bool:
    """Return whether a detector judges questions of this kind."""
    return kind in getattr(detector, "kinds", NOMINAL)


def list_detectors() -> tuple[str, ...]:
    """Return the names of the installed detectors, without importing them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_detectors(names: Iterable[str] | None = None) -> tuple[Detector, ...]:
    """Load detectors with their default settings: the named ones, or all that are installed.

    Raises
    ------
    UsageError
        A name is not installed, or two packages offer the same name.
    """
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        if point.name in points and points[point.name].value != point.value:
            raise UsageError(
                f"Two installed packages offer a detector named {point.name!r}.",
                hint="Uninstall one of them.",
            )
        points[point.name] = point
    wanted = list(names) if names is not None else sorted(points)
    for name in wanted:
        if name not in points:
            raise UsageError(f"There is no detector {name!r}.", hint=f"Installed: {', '.join(sorted(points))}.")
    return tuple(points[name].load()() for name in wanted)
