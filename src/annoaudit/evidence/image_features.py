"""Images as vectors: gradient orientations and a colour thumbnail, from local files only."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "FORMATS",
    "MOST_PIXELS",
    "READ_FAILURES",
    "SIDE",
    "describe_crops",
    "describe_images",
    "locate",
    "read_images",
]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

SIDE = 32
_CELL = 8
_ANGLES = 9
_THUMB = 8
MOST_PIXELS = 60_000_000
_ROOM = 0.1
_BYTES = 100_000_000
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
READ_FAILURES = (OSError, ValueError, SyntaxError, EOFError, struct.error)
"""What a damaged image raises in Pillow, besides its own error of oversized images."""


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
    return _describe(*read_images(uris, media_root))


def read_images(uris: Sequence[str | None], media_root: Path) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Read image files under ``media_root`` at 32 x 32; as :func:`describe_images` does, nothing is fetched.

    Returns
    -------
    tuple
        (N, 32, 32, 3) float32 in [0, 1] (zero where unreadable) and (N,) whether the image was read.

    Raises
    ------
    Unavailable
        Pillow is not installed.
    """
    _require_pillow()
    root = media_root.resolve()
    return _stack([_read(locate(uri, root)) for uri in uris])


def describe_crops(
    uris: Sequence[str | None],
    image: Ints,
    window: npt.NDArray[np.float64],
    frame: npt.NDArray[np.float64],
    media_root: Path,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Describe parts of image files as :func:`describe_images` does whole ones; each file is opened once.

    Parameters
    ----------
    uris
        (N,) paths, relative to ``media_root`` or absolute inside it.
    image
        (U,) which file each part is of.
    window
        (U, 4) left, top, right and bottom of each part, in the pixels of ``frame``.
    frame
        (N, 2) width and height that coordinates are in; NaN for those of the file.
    media_root
        The folder that holds the images.

    Raises
    ------
    Unavailable
        Pillow is not installed.
    """
    _require_pillow()
    root = media_root.resolve()
    pictures: list[Floats | None] = [None] * len(image)
    order = np.argsort(image, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(image[order])) + 1):
        if len(part):
            one = int(image[part[0]])
            crops = _read_crops(locate(uris[one], root), window[part], frame[one])
            for at, crop in zip(part.tolist(), crops, strict=True):
                pictures[at] = crop
    return _describe(*_stack(pictures))


def _require_pillow() -> None:
    try:
        import PIL.Image  # noqa: F401  (asked for here, so that the reason can be told once)
    except ImportError as error:
        raise Unavailable("images need an optional package", hint='pip install "annoaudit[images]"') from error


def _stack(pictures: Sequence[Floats | None]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    readable = np.array([picture is not None for picture in pictures], dtype=bool)
    empty = np.zeros((SIDE, SIDE, 3), dtype=np.float32)
    return np.stack([empty if picture is None else picture for picture in pictures]), readable


def _describe(stack: Floats, readable: npt.NDArray[np.bool_]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    features = np.hstack([_orientations(stack.mean(axis=3)), _thumbnails(stack)])
    features[~readable] = 0
    return features.astype(np.float32), readable


def locate(uri: str | None, root: Path) -> Path | None:
    """Return the file that a path names inside ``root``; None for addresses, other places and files over 100 MB."""
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
                if image.width * image.height > MOST_PIXELS:
                    return None
                image.draft("RGB", (4 * SIDE, 4 * SIDE))
                upright = ImageOps.exif_transpose(image).convert("RGB")
                small = upright.resize((SIDE, SIDE), Image.Resampling.BOX)
    except (*READ_FAILURES, Image.DecompressionBombError):
        return None
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _read_crops(
    path: Path | None, window: npt.NDArray[np.float64], frame: npt.NDArray[np.float64]
) -> list[Floats | None]:
    """Parts of one image, a tenth larger than their windows on each side, as small pictures; None where unreadable."""
    from PIL import Image, ImageOps

    if path is None:
        return [None] * len(window)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about size and metadata; size is checked below
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return [None] * len(window)
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except (*READ_FAILURES, Image.DecompressionBombError):
        return [None] * len(window)
    scale = np.where(np.isfinite(frame) & (frame > 0), [upright.width, upright.height] / frame, 1.0)
    room = _ROOM * (window[:, 2:] - window[:, :2])
    edges = np.hstack([window[:, :2] - room, window[:, 2:] + room]) * np.tile(scale, 2)
    return [_crop(upright, one) for one in np.rint(edges).astype(np.int64).tolist()]


def _crop(image: Image, edges: Sequence[int]) -> Floats | None:
    from PIL import Image as Pillow

    left, top = max(edges[0], 0), max(edges[1], 0)
    right, bottom = min(edges[2], image.width), min(edges[3], image.height)
    if right <= left or bottom <= top:
        return None
    small = image.resize((SIDE, SIDE), Pillow.Resampling.BOX, box=(left, top, right, bottom))
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _orientations(gray: Floats) -> Floats:
    """(N, 324) block-normalised histograms of gradient orientation of (N, 32, 32) images."""
    across, down = np.zeros_like(gray), np.zeros_like(gray)
    across[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    down[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    size = np.hypot(across, down)
    angle = (np.arctan2(down, across) % np.pi) * (_ANGLES / np.pi)
    bins = np.floor(angle).astype(np.int64) % _ANGLES
    n, cells = len(gray), SIDE // _CELL
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
    step = SIDE // _THUMB
    small = stack.reshape(len(stack), _THUMB, step, _THUMB, step, 3).mean(axis=(2, 4))
    return np.asarray(small.reshape(len(stack), -1), dtype=np.float32)
