"""Masks of Label Studio: the packed runs of its brush, and PNG pictures, as COCO's run lengths."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from annoaudit.formats.json_values import Record
from annoaudit.formats.masks import MAX_PIXELS, encode_mask

__all__ = ["decode_brush", "decode_mask_value"]

_CHANNELS = 4
_PNG = "data:image/png;base64,"


def decode_mask_value(value: Record, width: int | None, height: int | None) -> bytes | None:
    """Return the mask of a brush or bitmask as COCO's compressed text; None where it cannot be told."""
    if width is None or height is None or not 0 < width * height <= MAX_PIXELS or min(width, height) < 1:
        return None
    runs, picture = value.get("rle"), value.get("imageDataURL")
    if isinstance(runs, list):
        flat = decode_brush(runs, _CHANNELS * width * height)
        if flat is None or len(flat) != _CHANNELS * width * height:
            return None
        return encode_mask(flat.reshape(height, width, _CHANNELS)[:, :, 3] > 0)
    if isinstance(picture, str) and picture.startswith(_PNG):
        mask = _decode_png(picture[len(_PNG) :])
        return encode_mask(mask) if mask is not None and mask.shape == (height, width) else None
    return None


def decode_brush(packed: Sequence[object], limit: int) -> npt.NDArray[np.uint8] | None:
    """Unpack the bytes of a brush: red, green, blue, alpha of each pixel, row by row.

    After a header of 53 bits (how many values, bits of a value, bits of four kinds of length) come runs: one bit says
    whether a value repeats, two bits the kind of length, then the length less one, then the value or the values.
    None where it is broken or holds more than ``limit`` values.
    """
    try:
        bits = np.unpackbits(np.array(packed, dtype=np.uint8))
    except (ValueError, TypeError, OverflowError):
        return None
    text = bits.tobytes().translate(_AS_DIGITS)
    if len(text) < 53:
        return None
    count, word = int(text[:32], 2), int(text[32:37], 2) + 1
    sizes = [int(text[37 + 4 * k : 41 + 4 * k], 2) + 1 for k in range(4)]
    if count > limit or word != 8:
        return None
    out = np.zeros(count, dtype=np.uint8)
    place, at = 0, 53
    while place < count:
        head = text[at : at + 3]
        if len(head) < 3:
            return None
        size = sizes[int(head[1:], 2)]
        length = int(text[at + 3 : at + 3 + size] or b"0", 2) + 1
        at += 3 + size
        n_values = 1 if head[:1] == b"1" else min(length, count - place)
        values = bits[at : at + 8 * n_values]
        if len(values) < 8 * n_values:
            return None
        out[place : place + length] = np.packbits(values) if n_values > 1 else np.packbits(values)[0]
        at += 8 * n_values
        place += length
    return out


_AS_DIGITS = bytes([ord("0"), ord("1"), *range(2, 256)])


def _decode_png(text: str) -> npt.NDArray[np.bool_] | None:
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        data = base64.b64decode(text, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its size is checked below, before it is decoded
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    return None
                return np.asarray(picture.convert("L")) > 0
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
        return None
