"""Offsets that count UTF-16 units, as Java and JavaScript do, in code points."""

from __future__ import annotations

import bisect

__all__ = ["Utf16Text"]


class Utf16Text:
    """A text whose offsets are given in UTF-16 units; half of a pair counts as its character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._wide = [place for place, character in enumerate(text) if ord(character) > 0xFFFF]
        self._units = [place + number for number, place in enumerate(self._wide)]

    def __len__(self) -> int:
        """Length in UTF-16 units."""
        return len(self.text) + len(self._wide)

    def code_point(self, unit: int) -> int:
        """Return the number of code points before a unit; at most the length of the text."""
        return min(unit - bisect.bisect_left(self._units, unit), len(self.text))
