"""When to read everything anew: what a platform's own history does not show, only a full pull does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["is_full_pull_due"]

SLACK = timedelta(hours=1)
"""Nights do not begin to the second: a week of them is a little less than seven days."""


def is_full_pull_due(folder: Path, days: int, now: datetime) -> bool:
    """Say whether the last full pull into a folder is so many days ago, or is not known."""
    if days == 0:
        return True
    try:
        told = json.loads((folder / "bookmark.json").read_text(encoding="utf-8"))
        last = datetime.fromisoformat(str(told["full_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return True
    last = last.replace(tzinfo=UTC) if last.tzinfo is None else last
    return now - last >= timedelta(days=days) - SLACK or last > now + timedelta(days=1)
