"""The media of a night: pinned ones looked at again, and what differs as findings about items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.connectors import find_media_host
from annoaudit.findings import fingerprint
from annoaudit.job.finding_rows import as_findings
from annoaudit.media import Access, Limits, MediaVerification, Platform, verify_media
from annoaudit.media.verifying import MISMATCHES
from annoaudit.reporting.text import percent, plural
from annoaudit.reporting.threats import CheckRecord

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.job.config import Project
    from annoaudit.labels import LabelSet

__all__ = ["MediaWatch", "watch_media"]

VERSION, SEVERITY = "1", "L0"


@dataclass(frozen=True, eq=False)
class MediaWatch:
    """What became of the media that were looked at.

    Parameters
    ----------
    found
        Findings about items, one a medium and class of mismatch; None where no pins are configured.
    checks, missing
        What the threat page says: classes that were looked for, or why they could not be.
    sentences
        How many were looked at, and what share differs, with its interval.
    is_whole
        Whether every pinned medium was looked at, so that what is not found is gone.
    """

    found: pd.DataFrame | None = None
    checks: tuple[CheckRecord, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    is_whole: bool = False

    @property
    def scored(self) -> tuple[tuple[str, str], ...]:
        """Pairs of class and question that were judged throughout; questions are none."""
        return tuple((name, "") for name in MISMATCHES) if self.is_whole else ()

    def add_findings(self, findings: pd.DataFrame) -> pd.DataFrame:
        """Return findings with those about media behind them."""
        import pandas as pd

        parts = [one for one in (findings, self.found) if one is not None and len(one)]
        return pd.concat(parts, ignore_index=True) if parts else findings


def watch_media(project: Project, labels: LabelSet, resolve: Callable[[str], Path], now: datetime) -> MediaWatch:
    """Verify the pinned media as the configuration says; each night draws another sample.

    Raises
    ------
    UsageError, RefusedInput
        The file of pins is missing or is none.
    """
    told = project.media
    if told is None:
        return MediaWatch()
    root = None if project.media_root is None else resolve(project.media_root)
    host = find_media_host(project.source)
    access = Access(
        media_root=root,
        allow_http=told.allow_http,
        limits=Limits(max_seconds=told.max_seconds),
        platform=None if host is None else Platform(host),
    )
    result = verify_media(labels, resolve(told.pins), access, sample=told.sample, seed=now.toordinal())
    n, n_checked = len(result.checks), len(result.checks) - result.n_unchecked
    if not n_checked:
        why = f"none of {plural(n, 'medium', 'media')} could be looked at, such as: {result.checks[0].why}"
        return MediaWatch(
            missing=dict.fromkeys(MISMATCHES, why), sentences=(f"Media: {why}.",), found=_findings(result)
        )
    why = f"{plural(result.n_unchecked, 'medium', 'media')} could not be looked at" if result.n_unchecked else ""
    checks = tuple(CheckRecord(name, n, n_checked, result.counts.get(name, 0), why) for name in MISMATCHES)
    is_whole = not result.is_sample and not result.n_unchecked
    return MediaWatch(_findings(result), checks, sentences=(_tell(result, n_checked),), is_whole=is_whole)


def _tell(result: MediaVerification, n_checked: int) -> str:
    drawn = f", drawn at random (95 % interval {percent(result.low)} to {percent(result.high)})" * result.is_sample
    unchecked = f"; {result.n_unchecked:,} more could not be looked at" * bool(result.n_unchecked)
    unpinned = f"; {result.n_unpinned:,} have no pin" * bool(result.n_unpinned)
    return (
        f"Media: {percent(result.share)} of {plural(n_checked, 'medium', 'media')} differ from their "
        f"pins{drawn}{unchecked}{unpinned}."
    )


def _findings(result: MediaVerification) -> pd.DataFrame:
    rows = [
        {
            "fingerprint": fingerprint(name, "item", [one.item_id, one.uri]),
            "detector": name,
            "level": "item",
            "item_id": one.item_id,
            "reason": f"Its medium differs from what was pinned ({MISMATCHES[name]}): {one.why}.",
        }
        for one in result.checks
        for name in one.mismatches
    ]
    return as_findings(rows, version=VERSION, severity=SEVERITY)
