"""Commands about files: convert, and what ``list formats`` shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["CONVERT_EXAMPLES", "convert_command", "describe_formats"]

CONVERT_EXAMPLES = """
Examples:

  annoaudit convert annotations.xml labels.json --to coco

  annoaudit convert doccano.zip out/ --to conll

  annoaudit convert export.json table/ --to parquet
"""

PARQUET = "parquet"


def convert_command(
    source: Annotated[Path, typer.Argument(help="Labels in any format that is read: a file, folder or archive.")],
    target: Annotated[Path, typer.Argument(help="File or folder to write; it must not exist.")],
    to: Annotated[str, typer.Option("--to", help="Format to write; parquet writes annoaudit's own tables.")],
    mapping: Annotated[
        str | None, typer.Option("--map", help="Which column is what: item=unit_id,annotator=worker,label=answer.")
    ] = None,
    input_format: Annotated[str | None, typer.Option("--format", help="Input format; sniffed by default.")] = None,
) -> None:
    """Write labels in another format, and say what it cannot carry."""
    from annoaudit.errors import UsageError
    from annoaudit.formats import parse_mapping, read, write
    from annoaudit.reporting.text import reveal_controls

    labels = read(source, mapping=parse_mapping(mapping) if mapping else None, format=input_format)
    if to == PARQUET:
        if target.exists():
            raise UsageError(f"{target} exists already.", hint="Name a folder that does not.")
        labels.to_parquet(target)
        notes: tuple[str, ...] = ()
    else:
        notes = write(labels, target, format=to)
    typer.echo(f"Read {labels!r}, wrote {target}.")
    for note in (*labels.notes, *notes):
        typer.echo(f"  {reveal_controls(note)}")


def describe_formats() -> list[str]:
    """Return one line a format: its name, what it carries, whether it is written, and what it is."""
    from annoaudit.formats import WritableFormat, load_formats

    rows = [("format", "read on", "annotators", "times", "empty or unseen", "writes")]
    for one in load_formats():
        carries = getattr(one, "carries", None)
        told = (carries.checked, carries.annotators, carries.times, carries.empty) if carries else ("",) * 4
        rows.append((one.name, *told, "yes" if isinstance(one, WritableFormat) else ""))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
