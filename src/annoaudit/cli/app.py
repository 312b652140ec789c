"""The command line: ``annoaudit``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from annoaudit.cli.formats import CONVERT_EXAMPLES, convert_command, describe_formats
from annoaudit.cli.job import register
from annoaudit.cli.media import media_app
from annoaudit.cli.review import (
    APPLY_EXAMPLES,
    PUSH_EXAMPLES,
    UNPUSH_EXAMPLES,
    VERDICTS_EXAMPLES,
    apply_command,
    push_command,
    unpush_command,
    verdicts_command,
)
from annoaudit.cli.simulate import SIMULATE_EXAMPLES, simulate_command
from annoaudit.errors import AnnoauditError, UsageError

__all__ = ["app", "main"]

EXIT_CODES = """
Exit codes: 0 done · 1 gate failed · 2 usage, configuration or refused input · 3 could not do the job, or a
detector failed (everything else is written) · 4 audited and stored, but the result could not be delivered.
Findings alone never change the exit code of audit.
"""

AUDIT_EXAMPLES = """
Examples:

  annoaudit audit labels.csv

  annoaudit audit crowd.tsv --map item=unit_id,annotator=worker,label=answer --out out/

  annoaudit audit export.json --gold gold.csv --budget 200 --out out/

  annoaudit audit labels.parquet --probabilities p.parquet --features x.npy --json

  annoaudit audit https://host/projects/3/data --out out/

  annoaudit audit s3://bucket/labels.csv --out out/
"""

app = typer.Typer(
    name="annoaudit",
    help="Audit labels that other people made: flag, say who and why, measure how right the flags are.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from annoaudit import __version__

        typer.echo(f"annoaudit {__version__}")
        raise typer.Exit()


@app.command("audit", epilog=AUDIT_EXAMPLES)
def audit_command(
    source: Annotated[
        str,
        typer.Argument(
            help="Labels: a file, folder or archive (see annoaudit list formats) or its URL, or a project's address."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for report, findings, run.json and annoaudit.db.")] = Path(
        "out"
    ),
    mapping: Annotated[
        str | None, typer.Option("--map", help="Which column is what: item=unit_id,annotator=worker,label=answer.")
    ] = None,
    input_format: Annotated[str | None, typer.Option("--format", help="Input format; sniffed by default.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file that is not UTF-8.")] = None,
    probabilities: Annotated[
        str | None,
        typer.Option(help="Class probabilities of a model that did not see these labels; file or URL."),
    ] = None,
    features: Annotated[str | None, typer.Option(help="Feature vectors of the items; file or URL.")] = None,
    gold: Annotated[str | None, typer.Option(help="Known right labels of some items: item,label; file or URL.")] = None,
    budget: Annotated[
        int | None,
        typer.Option(min=0, help="Most labels in the review queue. [default: 5 % of the labels, 500 at most]"),
    ] = None,
    question: Annotated[str | None, typer.Option(help="Audit this question only.")] = None,
    media_root: Annotated[Path | None, typer.Option(help="Folder under which image files may be opened.")] = None,
    overlap: Annotated[
        float, typer.Option(help="Of boxes and other regions: likeness from which two mean the same thing.")
    ] = 0.5,
    reading: Annotated[
        str, typer.Option(help="Of texts, how they are compared: auto, words, characters, or exact (with case).")
    ] = "auto",
    names: Annotated[bool, typer.Option("--names", help="Show annotators' ids instead of pseudonyms.")] = False,
    subjective: Annotated[
        bool, typer.Option("--subjective", help="The question asks for opinions: hold disagreement against nobody.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print run.json instead of the summary.")] = False,
) -> None:
    """Audit a table of labels, an export or a live project."""
    from annoaudit.auditing import audit
    from annoaudit.auditing.saving import make_folder
    from annoaudit.connectors import is_address, pull
    from annoaudit.formats import parse_mapping, read
    from annoaudit.store import open_store, store_of

    if is_address(source):
        with _stage("pulling"):
            labels = pull(source, into=make_folder(out))
    else:
        named = parse_mapping(mapping) if mapping else None
        labels = read(source, mapping=named, format=input_format, encoding=encoding)
    with open_store(store_of(make_folder(out))) as store:
        key = store.pseudonym_key()
    with _stage("auditing"):
        result = audit(
            labels,
            probabilities=probabilities,
            features=features,
            gold=gold,
            budget=budget,
            question=question,
            media_root=media_root,
            overlap=overlap,
            reading=reading,
            names=names,
            subjective=subjective,
            pseudonym_key=key,
            history=out,
            seed=seed,
        )
    result.save(out)
    if as_json:
        typer.echo(result.json())
    else:
        typer.echo(repr(result))
        typer.echo(f"\nReport: {out / 'report.html'}")
    raise typer.Exit(result.exit_code)


@app.command("list")
def list_command(
    what: Annotated[str, typer.Argument(help="formats or detectors")],
) -> None:
    """List the installed formats or detectors."""
    if what == "detectors":
        from annoaudit.detectors import load_detectors

        rows: list[tuple[str, str, str]] = [(one.name, one.level, _first_sentence(one)) for one in load_detectors()]
    elif what == "formats":
        typer.echo("\n".join(describe_formats(_columns())))
        return
    else:
        raise UsageError(f"There is nothing called {what!r} to list.", hint="List formats or detectors.")
    from annoaudit.reporting.summary import wrap_text

    width = max(len(name) for name, _, _ in rows)
    for name, level, sentence in rows:
        first = f"{name:<{width}}  {level:<9}  "
        lines = wrap_text(sentence, max(_columns() - len(first), 20))
        typer.echo(("\n" + " " * len(first)).join([first + lines[0], *lines[1:]]))


app.command("simulate", epilog=SIMULATE_EXAMPLES)(simulate_command)
app.command("convert", epilog=CONVERT_EXAMPLES)(convert_command)
app.command("push", epilog=PUSH_EXAMPLES)(push_command)
app.command("verdicts", epilog=VERDICTS_EXAMPLES)(verdicts_command)
app.command("unpush", epilog=UNPUSH_EXAMPLES)(unpush_command)
app.command("apply", epilog=APPLY_EXAMPLES)(apply_command)
register(app)
app.add_typer(media_app, name="media")


def _columns() -> int:
    return min(max(shutil.get_terminal_size().columns, 40), 120)


def _first_sentence(thing: object) -> str:
    return " ".join((type(thing).__doc__ or "").strip().split("\n\n")[0].split())


class _stage:  # noqa: N801 - reads as a verb in a with statement
    """Progress on a terminal's stderr, else one line a stage."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            from rich.console import Console

            self.status = Console(stderr=True).status(f"{self.name} …")
            self.status.start()
        else:
            typer.echo(f"annoaudit: {self.name}", err=True)

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            self.status.stop()


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented code; no traceback unless ANNOAUDIT_DEBUG is set."""
    try:
        code = app(args=arguments, standalone_mode=False)
    except AnnoauditError as error:
        _tell(error)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if hasattr(error, "format_message"):  # what the parser refuses
            _tell(UsageError(str(error.format_message()), hint="See annoaudit --help."))
            sys.exit(UsageError.exit_code)
        if os.environ.get("ANNOAUDIT_DEBUG"):
            raise
        what = f"unexpected {type(error).__name__}: {error}"
        _tell(AnnoauditError(what, hint="Please report it; ANNOAUDIT_DEBUG=1 shows where it happened."))
        sys.exit(AnnoauditError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _tell(error: AnnoauditError) -> None:
    from annoaudit.reporting.text import reveal_controls

    lines = str(error).splitlines()
    typer.echo("\n".join(["annoaudit: " + reveal_controls(lines[0]), *map(reveal_controls, lines[1:])]), err=True)
