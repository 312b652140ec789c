"""Small pictures of a part of an image, from local files only."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.evidence.image_features import FORMATS, MOST_PIXELS, READ_FAILURES, locate

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["crop_picture"]

MOST_WIDE, MOST_HIGH = 480, 330
QUALITY = 55


def crop_picture(
    uri: str | None,
    media_root: Path | None,
    window: tuple[float, float, float, float],
    frame: tuple[float, float] | None,
) -> str:
    """Return a part of an image as a data URI of a JPEG of at most 480 x 330 pixels; "" where there is none.

    Parameters
    ----------
    uri
        Path of the image under ``media_root``; nothing is fetched.
    media_root
        Folder that holds the images; None opens none.
    window
        Left, top, width and height, in the pixels of ``frame``.
    frame
        Width and height that coordinates are in; by default those of the file.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return ""
    path = None if media_root is None else locate(uri, media_root.resolve())
    if path is None:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about size and metadata; size is checked below
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return ""
                part = _cut(ImageOps.exif_transpose(image).convert("RGB"), window, frame)
                data = io.BytesIO()
                part.save(data, format="JPEG", quality=QUALITY, optimize=True)
    except (*READ_FAILURES, Image.DecompressionBombError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def _cut(image: Image, window: tuple[float, float, float, float], frame: tuple[float, float] | None) -> Image:
    across, down = (image.width / frame[0], image.height / frame[1]) if frame else (1.0, 1.0)
    x, y, w, h = window
    part = image.crop((int(x * across), int(y * down), int((x + w) * across) + 1, int((y + h) * down) + 1))
    part.thumbnail((MOST_WIDE, MOST_HIGH))
    return part
