"""A passage of text with what was marked in it, one line for each reading of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

__all__ = ["Passage", "Piece", "Reading", "cut_pieces"]


MOST_OF_PIECE = 300


@dataclass(frozen=True)
class Piece:
    """Some characters of the passage: in the span in question, in another span of the same person, or in none."""

    text: str
    asked: bool
    beside: bool


@dataclass(frozen=True)
class Reading:
    """One reading: whose it is, the class, and the passage in pieces; ``where`` is the extent in words."""

    who: str
    label: str
    where: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Passage:
    """The readings of one place; the first is that of the label in question."""

    readings: tuple[Reading, ...]
    template: ClassVar[str] = "passage"

    @property
    def in_words(self) -> str:
        """The readings as plain text, spans in brackets."""
        return "; ".join(f"{one.who}: {_bracket(one)}" for one in self.readings)


def _bracket(reading: Reading) -> str:
    text = "".join(f"[{piece.text}]" if piece.asked else piece.text for piece in reading.pieces)
    return f"{text} ({reading.label})" if text else f"{reading.where} ({reading.label})".strip()


def _spare(text: str) -> str:
    """Leave out the middle of a long piece, so that both of its edges are seen."""
    return text if len(text) <= MOST_OF_PIECE else f"{text[: MOST_OF_PIECE // 2]} … {text[-MOST_OF_PIECE // 2 :]}"


def cut_pieces(
    text: str, window: tuple[int, int], asked: tuple[int, int] | None, beside: Sequence[tuple[int, int]] = ()
) -> tuple[Piece, ...]:
    """Cut the window of a text at all edges, so that nested and overlapping spans need no nested marks."""
    low, high = max(window[0], 0), min(window[1], len(text))
    if low >= high:
        return ()
    spans = [*beside, *([asked] if asked else [])]
    edges = sorted({low, high, *(min(max(edge, low), high) for span in spans for edge in span)})
    pieces = [
        Piece(
            _spare(text[start:end]),
            asked is not None and asked[0] <= start < asked[1],
            any(first <= start < last for first, last in beside),
        )
        for start, end in pairwise(edges)
    ]
    if low > 0:
        pieces.insert(0, Piece("…", False, False))
    if high < len(text):
        pieces.append(Piece("…", False, False))
    return tuple(pieces)
