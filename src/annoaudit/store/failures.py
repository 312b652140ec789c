"""What databases report, in words that say what to do about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from annoaudit.errors import AnnoauditError, RefusedInput

__all__ = ["damaged", "explained", "unwritable"]


def damaged(where: str, what: str) -> RefusedInput:
    """Build the error for a store that can't be read as one."""
    return RefusedInput(
        f"{where} is not a readable store: {what}.",
        hint="Restore it from a backup, or move it away and start a new one; its history is then lost.",
    )


def unwritable(where: str, what: str) -> AnnoauditError:
    """Build the error for a place where nothing can be opened or written."""
    return AnnoauditError(
        f"Cannot open or write the store {where}: {what}.",
        hint="Check that its folder exists and that you may write both the folder and the file.",
    )


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn whatever a database raises inside the block into an error of ours.

    The cause is dropped on purpose: it may carry statements and values that belong in no log.

    Raises
    ------
    RefusedInput
        The file is damaged or no database.
    AnnoauditError
        It is locked, not writable, or the disk is full or failing.
    """
    try:
        yield
    except DBAPIError as error:
        raise _explain(error.orig, where) from None
    except sqlite3.Error as error:
        raise _explain(error, where) from None
    except UnicodeDecodeError:  # even the message of the database quotes bytes that are no text
        raise damaged(where, "its text is not UTF-8") from None
    except SQLAlchemyError as error:
        raise AnnoauditError(f"The store {where} failed ({type(error).__name__}).") from None


def _explain(error: BaseException | None, where: str) -> AnnoauditError:
    if not isinstance(error, sqlite3.Error):
        return _explain_server(error, where)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest its detail
    what = _clean(str(error))
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        return damaged(where, what)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return AnnoauditError(
            f"The store {where} is locked by another program.",
            hint="Wait until the other run has ended and try again; nothing was changed.",
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return AnnoauditError(
            f"The disk failed while the store {where} was used: {what}.",
            hint="Free some space or check the disk, and run again; what was stored before is unharmed.",
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return unwritable(where, what)
    if isinstance(error, sqlite3.DatabaseError) and not code:
        return damaged(where, what)
    return AnnoauditError(
        f"The store {where} failed: {what}.",
        hint="Check that the database is reachable and that it is one that annoaudit made.",
    )


def _explain_server(error: BaseException | None, where: str) -> AnnoauditError:
    """Say what a database server refused: by its SQLSTATE, which drivers keep at different places."""
    said = error.args[0] if error is not None and error.args else ""
    told = said if isinstance(said, dict) else {"C": getattr(error, "sqlstate", None), "M": str(error)}
    code, what = str(told.get("C") or ""), _clean(str(told.get("M", "")))
    if code == "55P03":
        return AnnoauditError(
            f"The store {where} is locked by another program.",
            hint="Wait until the other run has ended and try again; nothing was changed.",
        )
    if code.startswith("28") or code in ("3D000", "42501"):
        return AnnoauditError(
            f"The store {where} refused: {what}.",
            hint="Check user, database and rights; the password comes from ANNOAUDIT_STORE_PASSWORD.",
        )
    if code.startswith("53"):
        return AnnoauditError(
            f"The server of the store {where} has no room: {what}.",
            hint="Free some space there, and run again; what was stored before is unharmed.",
        )
    return AnnoauditError(
        f"The store {where} failed: {what}.",
        hint="Check that the database is reachable and that it is one that annoaudit made.",
    )


def _clean(text: str) -> str:
    """Keep what a damaged file made the database say short, and harmless in a terminal."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text.strip().rstrip("."))
    return shown if len(shown) <= 200 else f"{shown[:199]}…"
