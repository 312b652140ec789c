"""Regions drawn on the frame of their image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Scene", "Stroke"]


@dataclass(frozen=True)
class Stroke:
    """One region: ``role`` is "given", "others", "suggested" or "rest"; ``paths`` are closed SVG paths in pixels.

    ``told`` says what it is: its class, and whose.
    """

    role: str
    paths: tuple[str, ...]
    told: str = ""


@dataclass(frozen=True)
class Scene:
    """What lies around a label on its image, in the image's pixels.

    ``x``, ``y``, ``width`` and ``height`` are the part shown; ``picture`` is a data URI of it, "" where there is none;
    ``caption`` says in words what is drawn. ``missing`` names the submissions that have nothing here.
    """

    x: float
    y: float
    width: float
    height: float
    frame: tuple[float, float] | None
    strokes: tuple[Stroke, ...]
    caption: str
    picture: str = ""
    template: ClassVar[str] = "scene"

    @property
    def unit(self) -> float:
        """Pixels of the image that are as wide as a line should be drawn."""
        return max(self.width, self.height) / 260

    @property
    def shown_width(self) -> int:
        """Width of the drawing on the page, in pixels; its height is at most 220."""
        return round(min(320.0, 220.0 * self.width / max(self.height, 1e-9)))

    @property
    def roles(self) -> tuple[tuple[str, str], ...]:
        """Which kinds of strokes are drawn, with what they mean, for the legend."""
        words = {"given": "given", "others": "others", "suggested": "suggested", "rest": "other regions"}
        drawn = {stroke.role for stroke in self.strokes}
        return tuple((role, word) for role, word in words.items() if role in drawn)
