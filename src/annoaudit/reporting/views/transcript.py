"""Answers in free text, one below the other, with the words that differ from what they say together marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Line", "Stretch", "Transcript"]


@dataclass(frozen=True)
class Stretch:
    """Some of a text: ``differs`` from the consensus, is ``missing`` in this text, or neither."""

    text: str
    differs: bool = False
    missing: bool = False


@dataclass(frozen=True)
class Line:
    """One text: whose it is, and what it says."""

    who: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Transcript:
    """The texts on an item; the first is the one in question, then the consensus, then the others'.

    ``n_left_out`` texts are not shown.
    """

    lines: tuple[Line, ...]
    n_left_out: int = 0
    template: ClassVar[str] = "transcript"
