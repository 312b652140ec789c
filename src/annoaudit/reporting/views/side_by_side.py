"""Two answers side by side, and who chose which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Side", "SideBySide"]


@dataclass(frozen=True)
class Side:
    """One of the two: its text, what made it, whether this annotator chose it, and how many others did."""

    text: str
    name: str
    chosen: bool
    n_others: int


@dataclass(frozen=True)
class SideBySide:
    """A comparison; ``n_others`` other annotators judged it, ``n_neither`` of them chose no side."""

    left: Side
    right: Side
    given: str
    n_others: int
    n_neither: int
    template: ClassVar[str] = "side_by_side"
