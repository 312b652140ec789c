"""Where the store of a folder is: the SQLite file in it, or the database that a small file in it names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from annoaudit.errors import RefusedInput, UsageError

__all__ = ["POINTER_NAME", "STORE_NAME", "has_store", "point_to", "schema_of", "store_of"]

STORE_NAME = "annoaudit.db"
"""The SQLite file."""

POINTER_NAME = "annoaudit.store"
"""Holds the address of a database, without a password, where the store is not a file."""

_LONGEST = 63


def store_of(folder: Path) -> Path | str:
    """Return where the store of a folder is, for ``open_store``.

    Raises
    ------
    RefusedInput
        The file that names a database can't be read.
    """
    pointer = folder / POINTER_NAME
    if not pointer.is_file():
        return folder / STORE_NAME
    try:
        address = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        address = ""
    if "://" not in address:
        raise RefusedInput(f"{pointer} names no database.", hint="It holds one address; the next run writes it again.")
    return address


def has_store(folder: Path) -> bool:
    """Say whether a folder has a store."""
    return (folder / POINTER_NAME).is_file() or (folder / STORE_NAME).is_file()


def point_to(folder: Path, address: str) -> None:
    """Note that the store of a folder is a database.

    Raises
    ------
    UsageError
        The folder has a SQLite file with a history, which would be left behind.
    """
    if (folder / STORE_NAME).is_file():
        raise UsageError(
            f"{folder} has a history in {STORE_NAME}, which is not moved into a database.",
            hint="Move the file away to start anew, or leave out the key store.",
        )
    (folder / POINTER_NAME).write_text(f"{address}\n", encoding="utf-8")


def schema_of(project: str) -> str:
    """Return the schema of a database that holds one project's store."""
    name = f"annoaudit_{project}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9]}_{digest}"
