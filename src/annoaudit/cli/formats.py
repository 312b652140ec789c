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

  annoaudit convert export.json labels.csv --to csv

  annoaudit convert export.json table/ --to parquet
"""

PARQUET = "parquet"


def convert_command(
    source: Annotated[
        str, typer.Argument(help="Labels in any format that is read: a file, folder or archive, or its URL.")
    ],
    target: Annotated[Path, typer.Argument(help="File or folder to write; it must not exist.")],
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Format to write: coco, conll, csv (a long table), doccano, label_studio, preference, yolo; "
            "parquet writes annoaudit's own tables, which carry everything.",
        ),
    ],
    mapping: Annotated[
        str | None, typer.Option("--map", help="Which column is what: item=unit_id,annotator=worker,label=answer.")
    ] = None,
    input_format: Annotated[str | None, typer.Option("--format", help="Input format; sniffed by default.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file that is not UTF-8.")] = None,
) -> None:
    """Write labels in another format, and say what it cannot carry."""
    from annoaudit.errors import UsageError
    from annoaudit.formats import list_formats, list_writable, parse_mapping, read, write
    from annoaudit.reporting.text import reveal_controls

    named = parse_mapping(mapping) if mapping else None
    labels = read(source, mapping=named, format=input_format, encoding=encoding)
    if to == PARQUET:
        if target.exists():
            raise UsageError(f"{target} exists already.", hint="Name a folder that does not.")
        labels.to_parquet(target)
        notes: tuple[str, ...] = ()
    else:
        if to not in (*list_formats(), "csv"):
            raise UsageError(
                f"There is no format {to!r} to write.", hint=f"Written: csv, {', '.join(list_writable())}, {PARQUET}."
            )
        notes = write(labels, target, format=to)
    typer.echo(f"Read {labels!r}, wrote {target}.")
    for note in (*labels.notes, *notes):
        typer.echo(f"  {reveal_controls(note)}")


def describe_formats(width: int) -> list[str]:
    """Return lines of a width that say of each format whether it is written, and what it carries."""
    from annoaudit.formats import WritableFormat, load_formats
    from annoaudit.reporting.summary import wrap_text

    lines = []
    for one in load_formats():
        lines.append(f"{one.name:<16}{'read and written' if isinstance(one, WritableFormat) else 'read'}")
        if carries := getattr(one, "carries", None):
            said = f"annotators: {carries.annotators}; times: {carries.times}; empty or not seen: {carries.empty}; "
            lines += [f"    {line}" for line in wrap_text(f"{said}checked on: {carries.checked}", width - 4)]
    return lines
