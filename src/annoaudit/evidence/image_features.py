"""Images as vectors: gradient orientations and a colour thumbnail, from local files only."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable

__all__ = ["FORMATS", "describe_images", "locate_file"]

Floats = npt.NDArray[np.float32]

_SIDE = 32
_CELL = 8
_ANGLES = 9
_THUMB = 8
_PIXELS = 60_000_000
_BYTES = 100_000_000
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")


def describe_images(uris: Sequence[str | None], media_root: Path) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Describe image files by histograms of oriented gradients and an 8 x 8 colour thumbnail.

    Nothing is fetched: addresses, files outside ``media_root``, files over 100 MB or 60 million
    pixels and damaged files count as unreadable.

    Parameters
    ----------
    uris
        (N,) paths, relative to ``media_root`` or absolute inside it.
    media_root
        The folder that holds the images.

    Returns
    -------
    tuple
        (N, 516) float32 (zero where unreadable) and (N,) whether the image was read.

    Raises
    ------
    Unavailable
        Pillow is not installed.

    References
    ----------
    Dalal, Triggs. Histograms of oriented gradients for human detection. CVPR 2005.
    """
    try:
        import PIL.Image  # noqa: F401  (asked for here, so that the reason can be told once)
    except ImportError as error:
        raise Unavailable("images need an optional package", hint='pip install "annoaudit[images]"') from error
    root = media_root.resolve()
    pictures = [_read(locate_file(uri, root)) for uri in uris]
    readable = np.array([picture is not None for picture in pictures], dtype=bool)
    empty = np.zeros((_SIDE, _SIDE, 3), dtype=np.float32)
    stack = np.stack([empty if picture is None else picture for picture in pictures])
    features = np.hstack([_orientations(stack.mean(axis=3)), _thumbnails(stack)])
    features[~readable] = 0
    return features.astype(np.float32), readable


def locate_file(uri: str | None, root: Path) -> Path | None:
    """Return the file of an item inside a resolved folder; None for addresses, what lies outside, and large files."""
    if not uri or "\x00" in uri or "://" in uri:
        return None
    try:
        path = (root / uri).resolve()
        inside = path.is_relative_to(root) and path.is_file() and path.stat().st_size <= _BYTES
    except (OSError, RuntimeError):
        return None
    return path if inside else None


def _read(path: Path | None) -> Floats | None:
    from PIL import Image, ImageOps

    if path is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about size and metadata; size is checked below
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > _PIXELS:
                    return None
                image.draft("RGB", (4 * _SIDE, 4 * _SIDE))
                upright = ImageOps.exif_transpose(image).convert("RGB")
                small = upright.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError):
        return None
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _orientations(gray: Floats) -> Floats:
    """(N, 324) block-normalised histograms of gradient orientation of (N, 32, 32) images."""
    across, down = np.zeros_like(gray), np.zeros_like(gray)
    across[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    down[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    size = np.hypot(across, down)
    angle = (np.arctan2(down, across) % np.pi) * (_ANGLES / np.pi)
    bins = np.floor(angle).astype(np.int64) % _ANGLES
    n, cells = len(gray), _SIDE // _CELL
    histogram = np.zeros((n, cells, cells, _ANGLES), dtype=np.float32)
    for k in range(_ANGLES):
        part = np.where(bins == k, size, 0)
        histogram[..., k] = part.reshape(n, cells, _CELL, cells, _CELL).sum(axis=(2, 4))
    blocks = np.concatenate(
        [histogram[:, :-1, :-1], histogram[:, :-1, 1:], histogram[:, 1:, :-1], histogram[:, 1:, 1:]], axis=3
    )
    length = np.sqrt((blocks**2).sum(axis=3, keepdims=True)) + 0.05
    return np.asarray((blocks / length).reshape(n, -1), dtype=np.float32)


def _thumbnails(stack: Floats) -> Floats:
    step = _SIDE // _THUMB
    small = stack.reshape(len(stack), _THUMB, step, _THUMB, step, 3).mean(axis=(2, 4))
    return np.asarray(small.reshape(len(stack), -1), dtype=np.float32)
