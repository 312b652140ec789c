"""Commands of the review loop: push, verdicts, unpush, apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "APPLY_EXAMPLES",
    "PUSH_EXAMPLES",
    "UNPUSH_EXAMPLES",
    "VERDICTS_EXAMPLES",
    "apply_command",
    "push_command",
    "unpush_command",
    "verdicts_command",
]

PUSH_EXAMPLES = """
Examples:

  annoaudit push out/                              show the plan; nothing is written

  annoaudit push out/ --yes

  annoaudit push out/ --blind --decoys 100 --yes   blinded review, with a random sample mixed in
"""

VERDICTS_EXAMPLES = """
Examples:

  annoaudit verdicts out/

  annoaudit verdicts out/ --offline --json
"""

UNPUSH_EXAMPLES = """
Examples:

  annoaudit unpush out/                            show what would be removed

  annoaudit unpush out/ --yes
"""

APPLY_EXAMPLES = """
Examples:

  annoaudit apply out/ --yes                       add the reviewers' corrections as new annotations

  annoaudit apply out/ --undo --yes
"""

Folder = Annotated[Path, typer.Argument(help="Folder of an audit of a live project.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; otherwise only show what would be done.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class _Told(Protocol):
    """Whatever tells in lines and in JSON what it is."""

    def describe(self) -> Sequence[str]: ...

    def as_json(self) -> str: ...


def push_command(
    folder: Folder = Path("out"),
    yes: Yes = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide reasons, severity and current labels; reviewers answer anew.")
    ] = False,
    decoys: Annotated[
        int, typer.Option("--decoys", min=0, help="With --blind: size of a random sample of all labels, mixed in.")
    ] = 0,
    tab: Annotated[
        bool, typer.Option("--tab", help="Also add a tab of flagged annotations to the audited project.")
    ] = False,
    predictions: Annotated[
        bool,
        typer.Option(
            "--predictions", help="Also add predictions without labels to the audited project's flagged tasks."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Push what was flagged into a review project of its own; the audited project stays as it is."""
    from annoaudit.reviewing import push

    told = push(folder, yes=yes, blind=blind, decoys=decoys, tab=tab, predictions=predictions)
    _show(told, as_json, planned=not yes)


def verdicts_command(
    folder: Folder = Path("out"),
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server: figures from what was read.")] = False,
    as_json: Json = False,
) -> None:
    """Read the reviewers' verdicts, and say how right the flags were, by detector and severity."""
    from annoaudit.reviewing import verdicts

    _show(verdicts(folder, offline=offline), as_json)


def unpush_command(folder: Folder = Path("out"), yes: Yes = False, as_json: Json = False) -> None:
    """Remove what push made, after saving every verdict; nothing else changes."""
    from annoaudit.reviewing import unpush

    _show(unpush(folder, yes=yes), as_json, planned=not yes)


def apply_command(
    folder: Folder = Path("out"),
    yes: Yes = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what apply added, where nobody changed it.")] = False,
    ground_truth: Annotated[bool, typer.Option("--ground-truth", help="Mark what is added as ground truth.")] = False,
    as_json: Json = False,
) -> None:
    """Add the reviewers' corrections to the audited project as new annotations; originals stay as they are."""
    from annoaudit.reviewing import apply_corrections

    _show(apply_corrections(folder, yes=yes, undo=undo, ground_truth=ground_truth), as_json, planned=not yes)


def _show(told: _Told, as_json: bool, *, planned: bool = False) -> None:
    from annoaudit.reporting.text import reveal_controls

    if as_json:
        typer.echo(told.as_json())
        return
    for line in told.describe():
        typer.echo(reveal_controls(line))
    if planned:
        typer.echo("Nothing has been written; confirm with --yes.")
