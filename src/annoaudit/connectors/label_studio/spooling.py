"""What a long pull has read so far, on disk, so that the next one goes on where it was cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from annoaudit.connectors.label_studio.address import Address
from annoaudit.connectors.label_studio.bookmarks import filter_time, parse_server_time
from annoaudit.errors import AnnoauditError
from annoaudit.formats.json_values import Record

__all__ = ["Spool"]

FORMAT = 1
_STATE, _PAGES = "state.json", "pages.jsonl"
_KEPT_FOR = timedelta(days=3)


@dataclass
class Spool:
    """Pages of one pull of one project.

    Parameters
    ----------
    folder
        Where they lie; None keeps nothing.
    moved_at
        What the bookmark of this pull will say: the time of the last change before it began.
    n_pages, last_id, n_bytes
        How far it came.
    """

    folder: Path | None
    address: Address
    moved_at: datetime
    n_pages: int = 0
    last_id: int = 0
    n_bytes: int = 0

    @classmethod
    def find(cls, folder: Path | None, address: Address) -> Self | None:
        """Return what an earlier pull of the same project left in a folder; None where nothing useful is there."""
        if folder is None:
            return None
        try:
            told = json.loads((folder / _STATE).read_text(encoding="utf-8"))
            started_at = parse_server_time(told["started_at"])
            old = datetime.now(UTC) - started_at > _KEPT_FOR
            if told["format"] != FORMAT or told["address"] != str(address) or old:
                return None
            numbers = (int(told[key]) for key in ("n_pages", "last_id", "n_bytes"))
            spool = cls(folder, address, parse_server_time(told["moved_at"]), *numbers)
            os.truncate(folder / _PAGES, spool.n_bytes)  # what was being written when it was cut off
            return spool if sum(1 for _ in spool.pages()) == spool.n_pages else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def start(self) -> None:
        """Begin anew."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.folder / _PAGES).write_bytes(b"")
            self._write_state()
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def add(self, page: list[Record], last_id: int) -> None:
        """Keep a page; it counts once its state is written."""
        self.last_id, self.n_pages = last_id, self.n_pages + 1
        if self.folder is None:
            return
        try:
            with (self.folder / _PAGES).open("ab") as file:
                self.n_bytes += file.write(json.dumps(page).encode("ascii") + b"\n")
            self._write_state()
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def pages(self) -> Iterator[list[Record]]:
        """Yield the pages that count."""
        if self.folder is None:
            return
        with (self.folder / _PAGES).open("rb") as file:
            for line in file:
                yield json.loads(line)

    def clear(self) -> None:
        """Remove what was kept: the pull is complete."""
        if self.folder is not None and (self.folder / _STATE).is_file():
            for name in (_STATE, _PAGES):
                (self.folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # somebody else's files are in it
                self.folder.rmdir()

    def _write_state(self) -> None:
        assert self.folder is not None
        told = {
            "format": FORMAT, "address": str(self.address), "started_at": filter_time(datetime.now(UTC)),
            "moved_at": filter_time(self.moved_at), "n_pages": self.n_pages, "last_id": self.last_id,
            "n_bytes": self.n_bytes,
        }  # fmt: skip
        scratch = self.folder / f"{_STATE}.new"
        scratch.write_text(json.dumps(told), encoding="utf-8")
        scratch.replace(self.folder / _STATE)


def _unwritable(folder: Path, error: OSError) -> AnnoauditError:
    return AnnoauditError(
        f"Cannot write to {folder}: {error.strerror}.", hint="Check the disk and the folder's rights."
    )
