"""A rating on its scale: what was given, what others gave, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Mark", "Scale"]


@dataclass(frozen=True)
class Mark:
    """A value, and its place on the scale in per cent."""

    value: str
    place: float


@dataclass(frozen=True)
class Scale:
    """A scale from ``low`` to ``high``; ``expected`` has a range where it is known."""

    low: str
    high: str
    given: Mark
    others: tuple[Mark, ...]
    expected: Mark | None
    range_low: float = 0.0
    range_high: float = 0.0
    template: ClassVar[str] = "scale"
