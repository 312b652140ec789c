"""A ranking beside the others' order of the same things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Column", "Orders", "Place"]


@dataclass(frozen=True)
class Place:
    """One thing at its place; ``moved`` is by how many places it stands above (+) or below (-) the consensus."""

    rank: str
    name: str
    text: str = ""
    moved: int = 0


@dataclass(frozen=True)
class Column:
    """One order, the best first; ``asked`` is the ranking in question."""

    who: str
    places: tuple[Place, ...]
    asked: bool = False


@dataclass(frozen=True)
class Orders:
    """Orders side by side; ``missing`` things were left out of the ranking in question."""

    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()
    template: ClassVar[str] = "orders"

    @property
    def in_words(self) -> str:
        """The orders as plain text."""
        return "; ".join(f"{one.who}: {' > '.join(place.name for place in one.places)}" for one in self.columns)
