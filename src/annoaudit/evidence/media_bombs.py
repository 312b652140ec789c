"""Local media that would burst on opening: images of too many pixels, archives that unpack to far more."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

from annoaudit.evidence.image_features import FORMATS, locate

__all__ = ["find_bombs"]

_MOST_PIXELS = 100_000_000
_MOST_RATIO = 200.0
_LEAST_UNPACKED = 100_000_000
_MOST_MEMBERS = 100_000


def find_bombs(uris: Sequence[str | None], media_root: Path) -> dict[int, str]:
    """Return what would burst, by place: a clause that says how far. Nothing is unpacked or decoded.

    Parameters
    ----------
    uris
        (N,) paths under ``media_root``; addresses and what lies outside it or has over 100 MB are left alone.
    """
    root, found = media_root.resolve(), {}
    for place, uri in enumerate(uris):
        path = locate(uri, root)
        if path is not None and (why := _tell_image(path) or _tell_archive(path)):
            found[place] = why
    return found


def _tell_image(path: Path) -> str:
    try:
        import PIL.Image
    except ImportError:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(path, formats=FORMATS) as picture:
                n_pixels = picture.width * picture.height
    except PIL.Image.DecompressionBombError:
        return "an image of more pixels than can be opened safely"
    except (OSError, ValueError, SyntaxError):
        return ""
    return f"an image that states {n_pixels:,} pixels" if n_pixels > _MOST_PIXELS else ""


def _tell_archive(path: Path) -> str:
    try:
        if not zipfile.is_zipfile(path):
            return ""
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return ""
    n_out, n_in = sum(one.file_size for one in members), max(path.stat().st_size, 1)
    if len(members) > _MOST_MEMBERS:
        return f"an archive of {len(members):,} members"
    if n_out > _LEAST_UNPACKED and n_out / n_in > _MOST_RATIO:
        return f"an archive that states {n_out:,} bytes in {n_in:,}"
    return ""
