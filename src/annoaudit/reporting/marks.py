"""Where the marks of a chart go: positions on an axis, cells of a heat map. Templates draw them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["STEPS", "Axis", "HeatCell", "HeatLabel", "HeatMap", "IntervalMark", "Tick", "axis_over", "shade"]

STEPS = 8
"""Number of shades in a heat map; the style sheets define one class for each."""

_PERCENT_GAPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
_NUMBER_GAPS = (0.1, 0.2, 0.5, 1.0)
_TICK_PX = 46


@dataclass(frozen=True)
class Tick:
    """A named place on an axis; ``anchor`` is the SVG text anchor that keeps it inside."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class IntervalMark:
    """A dot with its interval, in pixels along the axis; None where there is none."""

    x: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Axis:
    """A linear axis from ``low`` to ``high``, ``width`` pixels wide with ``margin`` on both sides."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    width: int = 190
    margin: int = 7

    def x(self, value: float) -> float | None:
        """Return the place of a value in pixels, kept within the axis; None for NaN."""
        if not math.isfinite(value):
            return None
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.margin + share * (self.width - 2 * self.margin), 1)

    def mark(self, value: float, low: float, high: float) -> IntervalMark:
        """Return the dot and the interval to draw."""
        return IntervalMark(self.x(value), self.x(low), self.x(high))


@dataclass(frozen=True)
class HeatCell:
    """One square: place, shade (a style class), what it says on hover, and the number inside it."""

    x: float
    y: float
    shade: str
    title: str
    text: str = ""


@dataclass(frozen=True)
class HeatLabel:
    """A name beside a row, above a column or on the diagonal, with its full text for hovering."""

    x: float
    y: float
    text: str
    title: str


@dataclass(frozen=True)
class HeatMap:
    """A heat map ready to be drawn; ``note`` says what was left out."""

    title: str
    description: str
    width: int
    height: int
    cell_width: int
    cell_height: int
    cells: tuple[HeatCell, ...]
    row_labels: tuple[HeatLabel, ...]
    column_labels: tuple[HeatLabel, ...]
    scale_low: str
    scale_high: str
    note: str = ""
    axis_note: str = ""


def axis_over(values: Iterable[float], *, as_percent: bool = True, width: int = 190) -> Axis:
    """Return an axis with round ends that holds all finite values and zero; without ticks if there are none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Axis(0.0, 1.0, (), width)
    top, bottom = max([*finite, 0.05]), min([*finite, 0.0])
    gaps = _PERCENT_GAPS if as_percent else _NUMBER_GAPS
    gap = next((gap for gap in gaps if (top - bottom) / gap <= width // _TICK_PX), gaps[-1])
    first, last = math.floor(bottom / gap + 1e-9), math.ceil(top / gap - 1e-9)
    bare = Axis(first * gap, last * gap, (), width)
    places = [step * gap for step in range(first, last + 1)]
    return Axis(bare.low, bare.high, _ticks(bare, places, as_percent), width)


def shade(share: float) -> str:
    """Return the style class of a share in [0, 1]: "s0" to "s7"; "none" for NaN."""
    if not math.isfinite(share):
        return "none"
    return f"s{min(max(int(share * STEPS), 0), STEPS - 1)}"


def _ticks(axis: Axis, places: Sequence[float], as_percent: bool) -> tuple[Tick, ...]:
    anchors = ["start", *["middle"] * (len(places) - 2), "end"]
    ticks = []
    for place, anchor in zip(places, anchors, strict=True):
        text = f"{100 * place:.0f} %" if as_percent else f"{place:.1f}".replace("-", "\u2212")
        ticks.append(Tick(axis.x(place) or 0.0, text, anchor))
    return tuple(ticks)
