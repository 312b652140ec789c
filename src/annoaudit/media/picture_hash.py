"""A perceptual hash of images: alike for the same picture re-encoded or resized, unlike for another one."""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt

__all__ = ["are_near", "hash_picture"]

_SIDE = 16
_THUMB = 4
_MOST_BITS = 26
_MOST_LIGHT = 20
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")


def hash_picture(content: bytes, max_pixels: int) -> tuple[str, str]:
    """Return the hash of an image's first frame, or why it has none.

    The hash is 256 bits of horizontal gradients and a 4 x 4 thumbnail of lightness, as 96 hexadecimal digits. The size
    stated in the file is read first: an image with more pixels than allowed is never decoded.

    Returns
    -------
    tuple of str
        The hash, and the reason where it is empty.
    """
    try:
        import PIL.Image
    except ImportError:
        return "", 'images need an optional package: pip install "annoaudit[images]"'
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                n_pixels = picture.width * picture.height
                if n_pixels > max_pixels:
                    return "", f"it states {n_pixels:,} pixels, more than {max_pixels:,}: not opened"
                grey = picture.convert("L")
                fine = np.asarray(grey.resize((_SIDE + 1, _SIDE), PIL.Image.Resampling.BOX), dtype=np.int16)
                thumb = np.asarray(grey.resize((_THUMB, _THUMB), PIL.Image.Resampling.BOX), dtype=np.uint8)
    except PIL.Image.DecompressionBombError:
        return "", f"it states more pixels than {max_pixels:,} by far: not opened"
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        return "", f"it can't be decoded: {str(error) or type(error).__name__}"
    bits = np.packbits((fine[:, 1:] > fine[:, :-1]).ravel())
    return bits.tobytes().hex() + thumb.tobytes().hex(), ""


def are_near(first: str, second: str) -> bool:
    """Return whether two hashes are of the same picture: at most a tenth of the gradients and little light differ."""
    if not first or len(first) != len(second):
        return False
    a, b = _unpack(first), _unpack(second)
    n_bits = _SIDE * _SIDE // 8
    differing = int(np.unpackbits(a[:n_bits] ^ b[:n_bits]).sum())
    light = np.abs(a[n_bits:].astype(np.int16) - b[n_bits:]).max()
    return differing <= _MOST_BITS and bool(light <= _MOST_LIGHT)


def _unpack(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
