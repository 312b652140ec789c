"""Large files as a view of the disk: nothing is read until it is looked at, and what was looked at can be let go."""

from __future__ import annotations

import codecs
import mmap
from dataclasses import dataclass
from pathlib import Path

from annoaudit.formats.limits import HEAD_BYTES, MAX_FILE_BYTES

__all__ = ["MappedFile", "map_large_file"]

_LARGE = 32 << 20
_PACKED_OR_MARKED = (b"\x1f\x8b", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, eq=False)
class MappedFile:
    """A file that the system pages in and out."""

    pages: mmap.mmap

    @property
    def view(self) -> memoryview:
        """The bytes, read only."""
        return memoryview(self.pages)

    @property
    def head(self) -> bytes:
        """The first bytes."""
        return self.pages[: 2 * HEAD_BYTES]

    def holds(self, word: bytes) -> bool:
        """Say whether the bytes occur anywhere."""
        return self.pages.find(word) >= 0

    def let_go(self) -> None:
        """Give the memory of what was looked at back; it is read again when it is looked at again."""
        if hasattr(self.pages, "madvise"):
            self.pages.madvise(mmap.MADV_DONTNEED)


def map_large_file(path: Path) -> MappedFile | None:
    """Map a file that is large and plain UTF-8; None for any other, and for one that cannot be opened."""
    try:
        if not _LARGE <= path.stat().st_size <= MAX_FILE_BYTES:
            return None
        with path.open("rb") as file:
            mapped = MappedFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None
    return None if mapped.head.startswith(_PACKED_OR_MARKED) else mapped
