"""Boxes as corners, and how far they overlap: all pairs on the same image at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["Alike", "box_overlap", "corners_of_boxes", "overlapping_pairs", "pairs_within"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Alike = Callable[[Ints, Ints], Floats]
"""From places of two regions each, how alike the pairs are, in [0, 1]."""

CHUNK = 2_000_000


def corners_of_boxes(x: Floats, y: Floats, w: Floats, h: Floats) -> Floats:
    """Return (R, 4) left, top, right and bottom edges of upright boxes."""
    return np.stack([x, y, x + w, y + h], axis=1)


def box_overlap(a: Floats, b: Floats) -> Floats:
    """Return (P,) intersection over union of boxes (P, 4); 0 where both are empty.

    References
    ----------
    Everingham et al. (2010). The Pascal visual object classes (VOC) challenge. IJCV 88.
    """
    across = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    down = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    shared = np.maximum(across, 0.0) * np.maximum(down, 0.0)
    union = _area(a) + _area(b) - shared
    return np.asarray(np.where(union > 0, shared / np.where(union > 0, union, 1.0), 0.0))


def _area(box: Floats) -> Floats:
    return np.asarray((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))


def pairs_within(group: Ints, chunk: int = CHUNK) -> Iterator[tuple[Ints, Ints]]:
    """Yield every pair of members of one group once, as places ``first`` and ``second``, about ``chunk`` at a time.

    Parameters
    ----------
    group
        (R,) code of each member's group, in any order.
    """
    order = np.argsort(group, kind="stable")
    in_order = group[order]
    end = np.searchsorted(in_order, in_order, side="right")
    behind = end - np.arange(len(group)) - 1
    total = np.cumsum(behind)
    start = 0
    while start < len(group):
        done = total[start - 1] if start else 0
        stop = max(int(np.searchsorted(total, done + chunk, side="right")), start + 1)
        many = behind[start:stop]
        first = np.repeat(np.arange(start, stop), many)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
        yield order[first], order[first + 1 + offset]
        start = stop


def overlapping_pairs(
    group: Ints, source: Ints, frame: Floats, least: float, alike: Alike | None = None
) -> tuple[Ints, Ints, Floats]:
    """Find the pairs of regions of different sources in one group that are alike enough.

    Parameters
    ----------
    group, source
        (R,) image of each region, and who marked it.
    frame
        (R, 4) edges of the upright box around each region.
    least
        Similarity from which a pair is returned, in (0, 1].
    alike
        Similarity of two regions whose frames touch; by default the overlap of the frames.

    Returns
    -------
    tuple
        (P,) places ``first`` and ``second`` and how alike they are.
    """
    parts: list[tuple[Ints, Ints, Floats]] = []
    for first, second in pairs_within(group):
        apart = source[first] != source[second]
        first, second = first[apart], second[apart]
        overlap = box_overlap(frame[first], frame[second])
        near = overlap >= (least if alike is None else 1e-9)
        first, second, overlap = first[near], second[near], overlap[near]
        if alike is not None and len(first):
            overlap = alike(first, second)
            near = overlap >= least
            first, second, overlap = first[near], second[near], overlap[near]
        parts.append((first, second, overlap))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    return (
        np.concatenate([one[0] for one in parts]),
        np.concatenate([one[1] for one in parts]),
        np.concatenate([one[2] for one in parts]),
    )
