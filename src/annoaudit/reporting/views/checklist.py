"""A set of options as a list of ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Checklist", "Tick"]


@dataclass(frozen=True)
class Tick:
    """One option: whether this annotator chose it, how many others did, and whether it is the one in question."""

    option: str
    chosen: bool
    n_others: int
    in_question: bool


@dataclass(frozen=True)
class Checklist:
    """The options that anybody chose on an item; ``n_others`` other annotators labelled it."""

    ticks: tuple[Tick, ...]
    n_others: int
    template: ClassVar[str] = "checklist"
