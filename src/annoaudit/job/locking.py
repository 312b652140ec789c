"""One run at a time in a project's folder; the lock goes with the process that holds it, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from annoaudit.errors import AnnoauditError

__all__ = ["locked"]

LOCK_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for the length of a block.

    Raises
    ------
    AnnoauditError
        Another run holds it.
    """
    try:
        with FileLock(folder / LOCK_NAME, timeout=0):
            yield
    except Timeout:
        raise AnnoauditError(
            f"Another run is under way in {folder}.",
            hint="Let it end; nothing was changed. The lock goes with the process that holds it.",
        ) from None
