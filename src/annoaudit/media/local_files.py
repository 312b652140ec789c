"""Media in a folder: opened only inside it, whatever names and links say."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from annoaudit.media.intake import Facts, take_in
from annoaudit.media.limits import Limits
from annoaudit.media.refusals import Gone, Unchecked

__all__ = ["read_local"]

_CHUNK = 1 << 16


def read_local(uri: str, root: Path, limits: Limits) -> Facts:
    """Tell what a file under a folder is.

    Raises
    ------
    Unchecked
        It lies outside the folder, also by a link, is no regular file, or can't be read.
    Gone
        There is no such file.
    """
    try:
        path, home = (root / uri).resolve(), root.resolve()
    except (OSError, RuntimeError, ValueError):
        raise Unchecked("its path can't be followed") from None
    if not path.is_relative_to(home):
        raise Unchecked("it lies outside the media root: not opened")
    try:
        # Without links from here on: what was resolved a moment ago must still be what is opened.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise Gone("there is no such file under the media root") from None
    except OSError as error:
        raise Unchecked(f"it can't be opened: {error.strerror}") from None
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise Unchecked("it is no regular file: not read")
        return take_in(_chunks(opened.fileno()), limits)


def _chunks(handle: int) -> Iterator[bytes]:
    while chunk := os.read(handle, _CHUNK):
        yield chunk
