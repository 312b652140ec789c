"""Memory: what every run found, kept in one SQLite file by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annoaudit.store.places import STORE_NAME, has_store, store_of
from annoaudit.store.rows import MeasureRow, NightRow, RunRow, StateRow

if TYPE_CHECKING:
    from annoaudit.store.database import Store, open_store

__all__ = [
    "STORE_NAME",
    "MeasureRow",
    "NightRow",
    "RunRow",
    "StateRow",
    "Store",
    "has_store",
    "open_store",
    "store_of",
]


def __getattr__(name: str) -> object:
    if name in ("Store", "open_store"):  # SQLAlchemy is imported by whoever opens a store, not before
        from annoaudit.store import database

        return getattr(database, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
