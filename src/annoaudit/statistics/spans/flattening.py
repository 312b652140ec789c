"""Spans of one source as stretches that do not overlap, and what all sources say of each stretch of an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_CELLS", "Runs", "cut_axis", "flatten_spans", "label_pieces"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_CELLS = 30_000_000


@dataclass(frozen=True, eq=False)
class Runs:
    """Stretches that do not overlap: R of them, with the source, extent and class of each, in order of place."""

    source: Ints
    start: Floats
    end: Floats
    label: Ints

    def __len__(self) -> int:
        return len(self.source)


def cut_axis(group: Ints, start: Floats, end: Floats) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    """Cut each group's axis at all edges of its stretches.

    Returns
    -------
    tuple
        Group, start and end of the P pieces, in order; and for each stretch the first of its pieces and how many it
        covers.
    """
    n = len(group)
    edges, place = np.unique(
        np.stack([np.concatenate([group, group]), np.concatenate([start, end])]), axis=1, return_inverse=True
    )
    place = place.reshape(-1).astype(np.int64)
    owner = edges[0].astype(np.int64)
    inner = np.r_[owner[1:] == owner[:-1], False] if len(owner) else np.zeros(0, dtype=bool)
    number = np.cumsum(inner) - inner
    first = number[place[:n]]
    kept = np.flatnonzero(inner)
    return owner[kept], edges[1][kept], edges[1][kept + 1], first, number[place[n:]] - first


def spread(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return, for stretches that cover ``count`` pieces from ``first`` on, (stretch, piece) of each cover."""
    stretch = np.repeat(np.arange(len(first)), count)
    step = np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
    return stretch, first[stretch] + step


def flatten_spans(source: Ints, start: Floats, end: Floats, label: Ints) -> Runs | None:
    """Return the spans of each source without overlaps: where several lie, the longest counts; None if too many do.

    Parameters
    ----------
    source, label
        (M,) codes: the submission and the class of each span.
    start, end
        (M,) half-open extents.
    """
    owner, piece_start, piece_end, first, count = cut_axis(source, start, end)
    if int(count.sum()) > MOST_CELLS:
        return None
    rank = np.empty(len(source), dtype=np.int64)
    by_length = np.lexsort((np.arange(len(source))[::-1], end - start))
    rank[by_length] = np.arange(len(source))
    stretch, piece = spread(first, count)
    top = np.full(len(owner), -1, dtype=np.int64)
    np.maximum.at(top, piece, rank[stretch])
    kept = np.flatnonzero(top >= 0)
    span = by_length[top[kept]]
    fresh = np.r_[True, (span[1:] != span[:-1]) | (piece_start[kept][1:] != piece_end[kept][:-1])][: len(kept)]
    begin = np.flatnonzero(fresh)
    last = np.r_[begin[1:], len(kept)][: len(begin)] - 1
    return Runs(owner[kept[begin]], piece_start[kept[begin]], piece_end[kept[last]], label[span[begin]])


def label_pieces(
    runs: Runs, item_of: Ints, piece_item: Ints, piece_start: Floats, piece_end: Floats
) -> tuple[Ints, Ints, Ints]:
    """Return what runs say of pieces of items that lie in order and do not overlap.

    Parameters
    ----------
    runs
        As flattened; ``item_of`` (S,) is the item of each source.
    piece_item, piece_start, piece_end
        (P,) sorted by item and start.

    Returns
    -------
    tuple
        Source, piece and class of each cover; a piece that a source's several runs touch counts with the first.
    """
    if not len(piece_item) or not len(runs):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    item = item_of[runs.source]
    width = float(piece_end.max()) + 1.0
    start, end = (item * width + np.minimum(edge, width - 0.5) for edge in (runs.start, runs.end))
    first = np.searchsorted(piece_item * width + piece_end, start, side="right")
    last = np.searchsorted(piece_item * width + piece_start, end, side="left")
    run, piece = spread(first, np.maximum(last - first, 0))
    source, label = runs.source[run], runs.label[run]
    _, once = np.unique(source * len(piece_item) + piece, return_index=True)
    return source[once], piece[once], label[once]
