"""One writer at a time: push, unpush and apply of one folder exclude each other, over processes too."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from annoaudit.errors import AnnoauditError, DeliveryFailed
from annoaudit.reporting.text import fold

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["LOCK_NAME", "alone"]

LOCK_NAME = ".review.lock"


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder's lock for the length of a block.

    The operating system holds it, so it ends with the process, however that ends; the file itself stays.

    Parameters
    ----------
    what
        What is being done, for the message that another process shows.

    Raises
    ------
    DeliveryFailed
        Another process, or another part of this one, holds it.
    AnnoauditError
        The folder can't be written.
    """
    path = folder / LOCK_NAME
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise AnnoauditError(f"{path} cannot be written: {error.strerror}.", hint="Check disk and rights.") from error
    with file:
        if not _take(file):
            raise DeliveryFailed(
                f"Another run is writing to the platform from {folder} just now{_holder(file)}.",
                hint="Wait until it has ended, and run this again. A process that was killed holds nothing.",
            )
        try:
            _sign(file, what)
            yield
        finally:
            _sign(file, "")
            _release(file)


def _take(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            _at_mark(file)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _release(file: IO[str]) -> None:
    if sys.platform == "win32":
        _at_mark(file)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_UN)


def _at_mark(file: IO[str]) -> None:
    """Windows locks bytes, and nobody may read them: one far behind the text is taken."""
    file.flush()
    os.lseek(file.fileno(), 1 << 20, os.SEEK_SET)


def _sign(file: IO[str], what: str) -> None:
    """Write down who holds the lock and since when, or that nobody does."""
    file.seek(0)
    file.truncate()
    if what:
        now = datetime.now(UTC)
        file.write(json.dumps({"what": what, "process": os.getpid(), "since": f"{now:%Y-%m-%d %H:%M:%S} UTC"}))
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        told = json.loads(file.read(1000))
        return fold(f": {told['what']}, process {told['process']}, since {told['since']}")
    except (ValueError, KeyError, TypeError):
        return ""
