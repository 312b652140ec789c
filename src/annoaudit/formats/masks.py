"""Masks as COCO's compressed run lengths: column by column, background first, differences in base 32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_PIXELS", "decode_counts", "decode_mask", "encode_counts", "encode_mask"]

MAX_PIXELS = 1 << 28
"""Largest mask that is turned into pixels."""

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def encode_counts(counts: Sequence[int] | Ints) -> bytes:
    """Write run lengths as COCO's compressed text."""
    written = bytearray()
    for place, count in enumerate(counts):
        value = int(count) - (int(counts[place - 2]) if place > 2 else 0)
        more = True
        while more:
            piece = value & 0x1F
            value >>= 5
            more = value != (-1 if piece & 0x10 else 0)
            written.append((piece | (0x20 if more else 0)) + 48)
    return bytes(written)


def decode_counts(rle: bytes) -> Ints:
    """Return the run lengths of COCO's compressed text.

    Raises
    ------
    ValueError
        A byte that such text never holds, a number cut off or too long, or a negative run.
    """
    codes = np.frombuffer(rle, dtype=np.uint8).astype(np.int64) - 48
    if not len(codes):
        return codes
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 0x20:
        raise ValueError("it is not the text of run lengths")
    last = (codes & 0x20) == 0
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.flatnonzero(last)[:-1] + 1])
    place = np.arange(len(codes)) - np.repeat(starts, np.diff(np.append(starts, len(codes))))
    if place.max() > 8:
        raise ValueError("a run is too long")
    numbers = np.add.reduceat((codes & 0x1F) << (5 * place), starts)
    negative = (codes[last] & 0x10) != 0
    numbers[negative] -= np.int64(1) << (5 * (place[last][negative] + 1))
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    if (numbers < 0).any():
        raise ValueError("a run is negative")
    return numbers


def encode_mask(mask: Mask) -> bytes:
    """Write a mask (height, width) as COCO's compressed text."""
    flat = np.asarray(mask, dtype=bool).ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate([[0], edges, [len(flat)]])
    counts = np.diff(bounds) if len(flat) else np.zeros(0, dtype=np.int64)
    return encode_counts([0, *counts] if len(flat) and flat[0] else counts)


def decode_mask(rle: bytes, height: int, width: int) -> Mask:
    """Return the mask (height, width); where the runs do not fill it, the rest is background.

    Raises
    ------
    ValueError
        The text is no run lengths, or the mask is larger than :data:`MAX_PIXELS`.
    """
    size = height * width
    if size > MAX_PIXELS or height < 0 or width < 0:
        raise ValueError(f"a mask of {height:,} x {width:,} pixels is too large")
    ends = np.minimum(np.cumsum(decode_counts(rle)), size)
    flips = np.zeros(size + 1, dtype=np.int8)
    np.add.at(flips, ends, 1)
    inside: Mask = np.cumsum(flips[:size]) % 2 == 1
    return inside.reshape((height, width), order="F")
