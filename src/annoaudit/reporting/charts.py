"""Plots for notebooks, drawn with matplotlib from a frozen record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annoaudit.errors import UsageError
from annoaudit.reporting.record import AuditRecord, QuestionRecord
from annoaudit.reporting.tables import MAX_ANNOTATORS, MAX_CLASSES, annotator_order
from annoaudit.reporting.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["plot_agreement", "plot_annotators", "plot_confusion"]

_ACCENT = "#1c8a82"
_SOFT = "#7a7f86"
_MAX_NUMBERED = 12


def plot_annotators(record: AuditRecord, question: str | None = None) -> Figure:
    """Draw each annotator's disagreement with the consensus of the others, with 95 % intervals.

    Flagged annotators are drawn in colour and named first; at most 40 are drawn.

    Raises
    ------
    UsageError
        There is no such question.
    """
    asked = _asked(record, question)
    order = annotator_order(asked.annotators)[:MAX_ANNOTATORS]
    frame = asked.annotators.iloc[order]
    values, low, high = (
        frame[name].to_numpy(float) for name in ("disagreement", "disagreement_low", "disagreement_high")
    )
    figure, axes = _new(6.4, 1.4 + 0.24 * max(len(frame), 1))
    colours = np.where(frame["flagged"].to_numpy(bool), _ACCENT, _SOFT)
    _draw_intervals(axes, values, low, high, colours)
    _name_rows(axes, list(frame["annotator"]))
    axes.set_xlim(left=0.0)
    axes.xaxis.set_major_formatter(_percent)
    axes.set_title(_cut_title("Disagreement with the consensus of the others", len(asked.annotators), order))
    return figure


def plot_agreement(record: AuditRecord, question: str | None = None) -> Figure:
    """Draw agreement coefficients with their 95 % intervals.

    Raises
    ------
    UsageError
        There is no such question.
    """
    frame = _asked(record, question).agreement
    values, low, high = (frame[name].to_numpy(float) for name in ("value", "low", "high"))
    figure, axes = _new(6.4, 1.4 + 0.3 * max(len(frame), 1))
    _draw_intervals(axes, values, low, high, np.full(len(frame), _ACCENT))
    _name_rows(axes, list(frame["coefficient"]))
    axes.set_xlim(min(0.0, np.nanmin(low, initial=0.0)), 1.0)
    axes.set_title("Agreement between annotators")
    return figure


def plot_confusion(record: AuditRecord, question: str | None = None) -> Figure:
    """Draw labels given (rows) by consensus class (columns), in per cent of each column.

    Colour shows confusion only, so the diagonal is left pale. With more than 30 classes, the 30
    with the most confusion are drawn.

    Raises
    ------
    UsageError
        There is no such question.
    """
    from annoaudit.reporting.heat import column_shares, most_confused

    asked = _asked(record, question)
    kept = most_confused(asked.confusion, MAX_CLASSES)
    shares = column_shares(asked.confusion)[np.ix_(kept, kept)]
    side = 1.6 + (0.55 if len(kept) <= _MAX_NUMBERED else 0.24) * max(len(kept), 2)
    figure, axes = _new(side + 0.8, side)
    off = np.where(np.eye(len(kept), dtype=bool), np.nan, shares)
    most = float(off[np.isfinite(off)].max(initial=0.0))
    axes.imshow(off, cmap="BuGn", vmin=0.0, vmax=max(most, 0.01))
    names = [shorten(asked.classes[code], 24) for code in kept]
    for axis, rotation in ((axes.xaxis, 40), (axes.yaxis, 0)):
        axis.set_ticks(range(len(kept)), names, parse_math=False, rotation=rotation)
        axis.set_tick_params(length=0)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    if len(kept) <= _MAX_NUMBERED:
        _write_shares(axes, shares, most)
    axes.set(xlabel="consensus class", ylabel="label given")
    axes.set_title(_cut_title("Labels given, per cent of each consensus class", len(asked.classes), kept))
    return figure


def _asked(record: AuditRecord, question: str | None) -> QuestionRecord:
    if not record.questions:
        raise UsageError("This audit has no question to plot.")
    if question is None:
        return record.questions[0]
    for candidate in record.questions:
        if candidate.question == question:
            return candidate
    names = ", ".join(shorten(candidate.question, 60) for candidate in record.questions)
    raise UsageError(f'There is no question "{shorten(question, 60)}".', hint=f"The questions are: {names}.")


def _new(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(width, height), layout="constrained")
    pyplot.close(figure)  # a notebook would otherwise show it twice
    axes.spines[:].set_visible(False)
    return figure, axes


def _draw_intervals(
    axes: Axes,
    values: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colours: NDArray[np.str_],
) -> None:
    rows = np.arange(len(values))
    axes.grid(axis="x", color="#d9d9d9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.hlines(rows, low, high, colors=list(colours), linewidth=1.6)
    axes.scatter(values, rows, color=list(colours), s=24, zorder=3)


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    short = [shorten(str(name), 40) for name in names]
    axes.set_yticks(range(len(short)), short, parse_math=False)
    axes.set_ylim(len(short) - 0.4, -0.6)
    axes.tick_params(length=0)


def _write_shares(axes: Axes, shares: NDArray[np.float64], most: float) -> None:
    for row, column in np.argwhere(shares >= 0.005):
        share = shares[row, column]
        colour = "white" if row != column and share > 0.6 * most else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, fontsize=9)


def _percent(value: float, _position: float) -> str:
    return f"{100 * value:.0f} %"


def _cut_title(title: str, n: int, shown: NDArray[np.int64]) -> str:
    return title if len(shown) >= n else f"{title} ({len(shown)} of {n:,})"
