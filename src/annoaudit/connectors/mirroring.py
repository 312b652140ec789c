"""Keeping what was pulled in a folder, so that the next pull only asks what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import AnnoauditError, RefusedInput
from annoaudit.labels import LabelSet

if TYPE_CHECKING:
    from annoaudit.connectors.protocol import Connector, Pulled

__all__ = ["mirror"]

_LABELS, _BOOKMARK, _SPOOL = "labels", "bookmark.json", "spool"


def mirror(connector: Connector, folder: str | Path, *, full: bool = False) -> Pulled:
    """Pull a project into a folder: everything the first time, afterwards what changed.

    Labels and bookmark lie there as Parquet and JSON, and, until it is complete, what a pull in pages has read: one
    that was cut off goes on there. Where labels or bookmark are missing, damaged, of another project or do not belong
    together, everything is pulled again.

    Parameters
    ----------
    full
        Read everything again in any case.

    Raises
    ------
    RequestRefused, ServerTrouble, NotThere
        As ``connector.pull``; labels and bookmark are then those of the pull before.
    AnnoauditError
        The folder can't be written.
    """
    place = Path(folder)
    since, known = _read(place)
    pulled = connector.with_spool(place / _SPOOL).pull(since, known, full=full)
    try:
        place.mkdir(parents=True, exist_ok=True)
        pulled.labels.to_parquet(place / _LABELS)
        scratch = place / f"{_BOOKMARK}.new"
        scratch.write_text(json.dumps(pulled.bookmark, indent=1), encoding="utf-8")
        scratch.replace(place / _BOOKMARK)
    except OSError as error:
        raise AnnoauditError(f"Cannot write to {place}: {error.strerror}.", hint="Check disk and rights.") from error
    return pulled


def _read(place: Path) -> tuple[dict[str, object] | None, LabelSet | None]:
    try:
        since = json.loads((place / _BOOKMARK).read_text(encoding="utf-8"))
        known = LabelSet.from_parquet(place / _LABELS)
    except (OSError, ValueError, RefusedInput):
        return None, None
    return (since, known) if isinstance(since, dict) else (None, None)
