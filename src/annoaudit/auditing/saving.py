"""Where an audit goes: one report file, or a folder that keeps every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import AnnoauditError, UsageError
from annoaudit.reporting import render_html, render_json, render_markdown, write_findings, write_whole

if TYPE_CHECKING:
    from annoaudit.reporting.record import AuditRecord
    from annoaudit.store import RunRow

__all__ = ["as_row", "make_folder", "save_audit", "write_reports"]

_RENDERERS = {".html": render_html, ".htm": render_html, ".md": render_markdown, ".json": render_json}


def save_audit(record: AuditRecord, exit_code: int, path: str | Path) -> Path:
    """Write a record to a file named by its suffix, or everything to a folder.

    Raises
    ------
    UsageError
        The suffix names no known report format.
    AnnoauditError
        The place cannot be written.
    """
    renderers = {suffix: partial(render, record) for suffix, render in _RENDERERS.items()}
    return _write(Path(path), renderers, partial(_save_folder, record, exit_code))


def write_reports(path: str | Path, name: str, renderers: Mapping[str, Callable[[], str]]) -> Path:
    """Write one report to a file named by its suffix, or every kind under one name to a folder.

    Raises
    ------
    UsageError
        The suffix names no known report format.
    AnnoauditError
        The place cannot be written.
    """

    def fill(folder: Path) -> None:
        make_folder(folder)
        for suffix, render in renderers.items():
            write_whole(folder / f"{name}{suffix}", render())

    return _write(Path(path), renderers, fill)


def _write(target: Path, renderers: Mapping[str, Callable[[], str]], fill: Callable[[Path], None]) -> Path:
    suffix = target.suffix.lower()
    try:
        if suffix in renderers and not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, renderers[suffix]())
        elif suffix and not target.is_dir():
            known = [one for one in renderers if one != ".htm"]
            raise UsageError(
                f"{target} names no known report format.",
                hint=f"Use {', '.join(known[:-1])} or {known[-1]}, or name a folder.",
            )
        else:
            fill(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def make_folder(folder: Path) -> Path:
    """Make a folder for outputs, or say why it cannot be one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


def _unwritable(target: Path, error: OSError) -> AnnoauditError:
    return AnnoauditError(
        f"{target} cannot be written: {error.strerror or error}", hint="Name another place with --out."
    )


def _save_folder(record: AuditRecord, exit_code: int, folder: Path) -> None:
    from annoaudit.store import open_store, store_of

    make_folder(folder)
    run_json = render_json(record)
    with open_store(store_of(folder)) as store:
        store.add_run(as_row(record, exit_code), record.findings, run_json)
    write_findings(record.findings, folder, record.review.by_fingerprint if record.review else {})
    write_whole(folder / "report.html", render_html(record))
    write_whole(folder / "run.json", run_json)


def as_row(record: AuditRecord, exit_code: int) -> RunRow:
    """Return the run as the store keeps it."""
    from annoaudit.store import RunRow

    return RunRow(
        started_at=record.started_at,
        seconds=record.seconds,
        version=record.version,
        source=record.source,
        n_items=record.n_items,
        n_labels=record.n_labels,
        n_annotators=record.n_annotators,
        n_flagged=record.n_flagged,
        n_queued=record.n_queued,
        exit_code=exit_code,
    )
