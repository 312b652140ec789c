"""A run of the job in words: for a terminal, for a program, for GitHub."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.findings import SEVERITIES
from annoaudit.reporting.markdown import escape_markdown
from annoaudit.reporting.text import fold, plural, shorten

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.job.nightly import Night
    from annoaudit.job.running import JobResult
    from annoaudit.ledger.verifying import Verification

__all__ = [
    "as_github",
    "as_json",
    "as_lines",
    "change_lines",
    "forget_lines",
    "verification_lines",
    "write_step_summary",
]

MARKS = {"passed": "passed", "failed": "FAILED", "not judged": "not judged"}


def as_lines(result: JobResult) -> Iterator[str]:
    """Yield a run as plain lines."""
    for night in result.nights:
        yield f"{night.project}: {fold(night.record.headline)}"
        counts = night.night.counts
        told = ", ".join(f"{n:,} {name}" for name, n in asdict(counts).items())
        yield f"  findings: {told} (compared with {night.night.compared_with})"
        yield from (f"  {fold(sentence)}" for sentence in night.night.integrity[:10])
        yield from (f"  gate {MARKS[one.status]:<10}  {fold(one.sentence)}" for one in night.night.checks)
        yield f"  gate: {'passed' if night.night.passed else 'FAILED'}; report: {night.folder / 'report.html'}"
    for name, error in result.errors.items():
        yield f"{name}: {fold(error.message)}"
        if error.hint:
            yield f"  {fold(error.hint)}"
    for one in result.undelivered:
        yield f"not delivered: {fold(one)}"


def as_json(result: JobResult) -> str:
    """Return a run as JSON: exit code, and each project's ``run.json`` folder, counts and gate."""
    document = {
        "exit_code": result.exit_code,
        "projects": {night.project: _night_values(night) for night in result.nights},
        "errors": {name: error.message for name, error in result.errors.items()},
        "undelivered": list(result.undelivered),
    }
    return json.dumps(document, ensure_ascii=True, indent=1)


def as_github(result: JobResult) -> Iterator[str]:
    """Yield a run as GitHub workflow commands: errors, warnings and notices that show beside the run."""
    for night in result.nights:
        for check in night.night.checks:
            if check.status != "passed":
                level = "error" if check.status == "failed" else "warning"
                yield _command(level, f"{night.project}: {check.name}", check.sentence)
        new = {key: n for key, n in night.night.new_by_severity.items() if n}
        if new and night.night.counts.known + night.night.counts.reopened:
            told = ", ".join(f"{n:,} {key} ({SEVERITIES[key]})" for key, n in new.items())  # type: ignore[index]
            yield _command("notice", f"{night.project}: new findings", told)
    for name, error in result.errors.items():
        yield _command("error", f"{name}: not done", str(error))
    for one in result.undelivered:
        yield _command("warning", "not delivered", one)


def write_step_summary(result: JobResult) -> None:
    """Append the run to the step summary, where GitHub says where that is."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("\n".join(_summary(result)) + "\n")


def _summary(result: JobResult) -> Iterator[str]:
    for night in result.nights:
        counts = night.night.counts
        yield f"### {escape_markdown(night.project)}: gate {'passed' if night.night.passed else 'failed'}"
        yield ""
        yield escape_markdown(night.record.headline)
        yield ""
        yield "| limit | result | why |"
        yield "|---|---|---|"
        yield from (f"| {one.name} | {one.status} | {escape_markdown(one.sentence)} |" for one in night.night.checks)
        yield ""
        yield f"{plural(counts.new, 'new finding')}, {counts.known:,} known, {counts.gone:,} gone."
        yield ""
    for name, error in result.errors.items():
        yield f"### {escape_markdown(name)}: not done\n\n{escape_markdown(error.message)}\n"


def _night_values(night: Night) -> dict[str, object]:
    told = night.night
    return {
        "folder": str(night.folder),
        "exit_code": night.exit_code,
        "passed": told.passed,
        "findings": asdict(told.counts),
        "new_by_severity": dict(told.new_by_severity),
        "unexplained_changes": told.n_changes.get("unexplained", 0),
        "gate": {one.name: one.status for one in told.checks},
    }


def _command(level: str, title: str, message: str) -> str:
    data = fold(message).replace("%", "%25")
    name = fold(title).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{data}"


def change_lines(changes: pd.DataFrame) -> Iterator[str]:
    """Yield what changed between two nights: what has the same reason stands together, under it."""
    counts = changes["status"].value_counts()
    told = ", ".join(f"{counts.get(one, 0):,} {one}" for one in ("unexplained", "told", "explained"))
    yield f"{plural(len(changes), 'change')}: {told}."
    alike: dict[tuple[str, str, str], list[str]] = {}
    for row in changes.to_dict("records"):
        alike.setdefault((row["status"], row["what"], row["why"]), []).append(_change_line(row))
    for (status, what, why), lines in alike.items():
        if len(lines) > 1:
            yield f"{status}: {len(lines):,} {what}; {fold(why)}."
            yield from (f"  {line}" for line in lines)
        else:
            yield f"{status}: {what} {lines[0]}; {fold(why)}."


def _change_line(row: Mapping[Hashable, object]) -> str:
    """Item, whose label, and from what to what; then the record by its key, as ``annoaudit prove`` takes it."""
    kind = str(row["record"]).partition("/")[0]
    thing = f"{row['item_id']}, {row['annotator']}" if kind == "annotation" else str(row["record"])
    by = f", changed by {row['by']}" if row["by"] else ""
    turn = f": {row['was'] or 'nothing'} → {row['now'] or 'nothing'}" if row["was"] or row["now"] else ""
    return fold(f"{thing}{by}{turn}" + (f" ({row['record']})" if kind == "annotation" else ""))


def forget_lines(annotator: str, n: int, *, done: bool) -> Iterator[str]:
    """Yield what forgetting a person did, or would do, in so many snapshots."""
    name = shorten(annotator, 40)
    if not n:
        yield f"No snapshot names {name}; nothing was changed."
    elif not done:
        yield f"{name} is named in {plural(n, 'snapshot')}. Nothing was changed yet; confirm with --yes."
        yield "It can't be undone."
    else:
        yield f"{name} was replaced by a pseudonym in {plural(n, 'snapshot')}."
        yield "Remove the person from the source, too: otherwise the next night brings them back."


def verification_lines(name: str, found: Verification) -> Iterator[str]:
    """Yield what verifying a project found."""
    yield from (f"{name}: DIFFERS: {one.sentence}" for one in found.problems)
    removed = f", {found.n_removed:,} removed by retention" if found.n_removed else ""
    yield f"{name}: {plural(found.n_heads, 'head')} and {plural(found.n_snapshots, 'snapshot')} verified{removed}."
    yield from (f"{name}: {one}" for one in found.notes)
    if found.n_outside < 0:
        yield (
            f"{name}: no heads are kept elsewhere, so this can only reveal accidents: whoever can rewrite the whole "
            "folder can make it fit. Set ledger.heads."
        )
    else:
        yield f"{name}: compared with {plural(found.n_outside, 'head')} kept elsewhere."
