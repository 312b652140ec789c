"""Commands of the nightly job: init, check, run, verify, diff, prove, trend, report, forget, schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from annoaudit.job.reading import Job
    from annoaudit.ledger.verifying import Verification

__all__ = ["register"]

EXAMPLES = {
    "init": """
Examples:

  annoaudit init                                      asks

  annoaudit init labels.csv --gold gold.csv --yes

  annoaudit init https://host/projects/3/data --yes
""",
    "run": """
Examples:

  annoaudit run                            every project of annoaudit.yaml

  annoaudit run tickets --json

  annoaudit run --format github            in a GitHub workflow
""",
    "verify": """
Examples:

  annoaudit verify

  annoaudit verify tickets --heads /mnt/vault/tickets.heads.jsonl
""",
    "diff": """
Examples:

  annoaudit diff                           the last night and the one before

  annoaudit diff 3 17 --project tickets --json
""",
    "prove": """
Examples:

  annoaudit prove annotation/12-7-20260301T100000.000000Z --night 3 > proof.json

  annoaudit prove --check proof.json
""",
    "report": """
Examples:

  annoaudit report --open
""",
}

ConfigFile = Annotated[Path, typer.Option("--config", help="The configuration.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[PROJECT]...", help="Only these projects.")]
OneName = Annotated[str | None, typer.Option("--project", help="Which project, where there are several.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT = Path("annoaudit.yaml")


def register(app: typer.Typer) -> None:
    """Add the commands of the nightly job."""
    commands: Sequence[tuple[str, Callable[..., None]]] = (
        ("init", init_command),
        ("check", check_command),
        ("run", run_command),
        ("verify", verify_command),
        ("diff", diff_command),
        ("trend", trend_command),
        ("prove", prove_command),
        ("report", report_command),
        ("forget", forget_command),
        ("schema", schema_command),
    )
    for name, command in commands:
        app.command(name, epilog=EXAMPLES.get(name))(command)


def init_command(
    source: Annotated[str, typer.Argument(help="A file, or the address of a Label Studio project.")] = "",
    config: ConfigFile = DEFAULT,
    name: Annotated[str, typer.Option("--name", help="Name of the project; from the source by default.")] = "",
    output: Annotated[str, typer.Option("--output", help="Folder of the projects' folders.")] = "nightly",
    gold: Annotated[str, typer.Option("--gold", help="File of known right labels.")] = "",
    heads: Annotated[str, typer.Option("--heads", help="Folder elsewhere that receives a copy of the heads.")] = "",
    mapping: Annotated[
        str | None, typer.Option("--map", help="Which column is what: item=unit_id,annotator=worker,label=answer.")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="Encoding of a text file that is not UTF-8.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Write a commented annoaudit.yaml, after trying the source."""
    from annoaudit.errors import UsageError
    from annoaudit.formats import parse_mapping
    from annoaudit.job.starting import Wishes, write_config

    if not yes:
        source = typer.prompt("Labels (a file, or the address of a Label Studio project)", default=source or None)
        name = typer.prompt("Name of the project", default=name or _name_from(source))
        gold = typer.prompt("File of known right labels, if any", default=gold, show_default=False)
        heads = typer.prompt("Folder elsewhere for copies of the heads, if any", default=heads, show_default=False)
    if not source:
        raise UsageError("init needs to know where the labels are.", hint="annoaudit init labels.csv --yes")
    named = parse_mapping(mapping) if mapping else {}
    said = write_config(config, Wishes(source, name or _name_from(source), output, gold, heads, named, encoding))
    typer.echo(f"{_shown(source)}: {_shown(said)}\nWrote {config}. Next: annoaudit check, then annoaudit run.")


def check_command(config: ConfigFile = DEFAULT, as_json: Json = False) -> None:
    """Say whether a run would work; nothing is written."""
    import json

    from annoaudit.job.starting import check_job

    answers = list(check_job(_read(config)))
    if as_json:
        typer.echo(json.dumps([vars(one) for one in answers]))
    else:
        for one in answers:
            typer.echo(f"{'ok    ' if one.works else 'FAILED'}  {_shown(one.what)}: {_shown(one.said)}")
    raise typer.Exit(0 if all(one.works for one in answers) else 2)


def run_command(
    projects: Names = None,
    config: ConfigFile = DEFAULT,
    output_format: Annotated[str, typer.Option("--format", help="text, or github: annotations and summary.")] = "text",
    as_json: Json = False,
) -> None:
    """Run a night: pull or read, snapshot, audit, compare, judge, store, report, tell."""
    from annoaudit.errors import UsageError
    from annoaudit.job.running import run_job
    from annoaudit.job.telling import as_github, as_lines, write_step_summary
    from annoaudit.job.telling import as_json as render

    if output_format not in ("text", "github"):
        raise UsageError(f"There is no output format {output_format!r}.", hint="Use text or github.")
    result = run_job(_read(config), projects or (), _tell_stage)
    if as_json:
        typer.echo(render(result))
    else:
        _echo(as_lines(result))
    if output_format == "github":
        _echo(as_github(result))
        write_step_summary(result)
    raise typer.Exit(result.exit_code)


def verify_command(
    projects: Names = None,
    config: ConfigFile = DEFAULT,
    heads: Annotated[
        Path | None, typer.Option("--heads", help="Heads kept elsewhere; by default where ledger.heads copies them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether anything that was sealed differs from its head; exit 1 if so."""
    import json
    from dataclasses import asdict

    from annoaudit.errors import UsageError
    from annoaudit.job.looking import opened_past
    from annoaudit.job.telling import verification_lines

    job = _read(config)
    names = job.choose(projects or ())
    if heads is not None and len(names) > 1:
        raise UsageError("--heads holds the heads of one project.", hint=f"Name it: {', '.join(names)}.")
    found: dict[str, Verification] = {}
    for name in names:
        with opened_past(job, name) as past:
            found[name] = past.verify(heads)
    if as_json:
        typer.echo(json.dumps({name: asdict(one) | {"intact": one.intact} for name, one in found.items()}))
    else:
        for name, one in found.items():
            _echo(verification_lines(name, one))
    raise typer.Exit(0 if all(one.intact for one in found.values()) else 1)


def diff_command(
    first: Annotated[
        str, typer.Argument(metavar="[A]", help="A night: number, run id, previous or last.")
    ] = "previous",
    second: Annotated[str, typer.Argument(metavar="[B]", help="A later one.")] = "last",
    config: ConfigFile = DEFAULT,
    project: OneName = None,
    as_json: Json = False,
) -> None:
    """Say which labels changed between two nights, from what to what, by whom, and what explains it."""
    from annoaudit.job.looking import opened_past
    from annoaudit.job.telling import change_lines

    job = _read(config)
    with opened_past(job, _choose_one(job, project)) as past:
        changes = past.diff(first, second)
    if as_json:
        typer.echo(changes.to_json(orient="records"))
        return
    _echo(change_lines(changes))


def trend_command(
    config: ConfigFile = DEFAULT,
    project: OneName = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many nights.")] = 30,
    as_json: Json = False,
) -> None:
    """Show how labels, findings, error rate and agreement went over the nights."""
    from annoaudit.job.looking import opened_past
    from annoaudit.reporting.trends import render_trends

    job = _read(config)
    with opened_past(job, _choose_one(job, project)) as past:
        table = past.trend().tail(last)
    typer.echo(table.to_json(orient="records", date_format="iso") if as_json else render_trends(table))


def prove_command(
    record: Annotated[str, typer.Argument(metavar="[RECORD]", help="Kind and id, such as annotation/ID.")] = "",
    night: Annotated[str, typer.Option("--night", help="Which night: number, run id, previous or last.")] = "last",
    check: Annotated[Path | None, typer.Option("--check", help="Check the proof in this file instead.")] = None,
    config: ConfigFile = DEFAULT,
    project: OneName = None,
) -> None:
    """Prove, as JSON, that a record was sealed in a night without showing any other; or check such a proof."""
    from annoaudit.errors import UsageError
    from annoaudit.job.looking import opened_past

    if check is not None:
        _check_proof(check)
    if not record:
        raise UsageError("prove needs to know which record.", hint="annoaudit prove annotation/ID > proof.json")
    job = _read(config)
    with opened_past(job, _choose_one(job, project)) as past:
        typer.echo(past.prove(record, night).as_json())


def _check_proof(path: Path) -> NoReturn:
    from annoaudit.errors import UsageError
    from annoaudit.ledger.proofs import check_proof, read_proof

    try:
        proof = read_proof(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path} can't be read.", hint="Name a file that annoaudit prove made.") from None
    wrong, told = check_proof(proof), proof.head.statement
    for one in wrong:
        typer.echo(_shown(f"DOES NOT HOLD: {one}"))
    if not wrong:
        typer.echo(_shown(f"{proof.record} was sealed on {told.at[:19]} (head {told.number} of {told.project}):"))
        typer.echo(_shown(proof.text))
        typer.echo(f"Signed with {proof.head.public_key}; the log was only appended to since.")
    raise typer.Exit(1 if wrong else 0)


def report_command(
    config: ConfigFile = DEFAULT,
    project: OneName = None,
    opened: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Say where the last report lies, or open it."""
    from annoaudit.errors import UsageError

    job = _read(config)
    path = job.folder(_choose_one(job, project)) / "report.html"
    if not path.is_file():
        raise UsageError(f"There is no report {path} yet.", hint="Run: annoaudit run")
    typer.echo(str(path))
    if opened:
        import webbrowser

        webbrowser.open(path.as_uri())


def forget_command(
    annotator: Annotated[str, typer.Argument(help="The person's id, as the source has it.")],
    config: ConfigFile = DEFAULT,
    project: OneName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it can't be undone.")] = False,
) -> None:
    """Put a person's pseudonym in the place of their id and names in all snapshots; what is sealed stays verifiable."""
    from annoaudit.job.looking import opened_past
    from annoaudit.job.telling import forget_lines

    job = _read(config)
    with opened_past(job, _choose_one(job, project)) as past:
        n = past.count_naming(annotator)
        if yes:
            past.forget(annotator)
    _echo(forget_lines(annotator, n, done=yes))


def schema_command() -> None:
    """Print the JSON schema of annoaudit.yaml."""
    import json

    from annoaudit.job.config import Config

    typer.echo(json.dumps(Config.model_json_schema(), indent=1))


def _read(config: Path) -> Job:
    from annoaudit.job.reading import read_job

    return read_job(config)


def _choose_one(job: Job, name: str | None) -> str:
    from annoaudit.errors import UsageError

    names = job.choose([name] if name else ())
    if len(names) > 1:
        raise UsageError(f"{job.path} has several projects.", hint=f"Name one with --project: {', '.join(names)}.")
    return names[0]


def _name_from(source: str) -> str:
    """A project's name, from the last part of a source that says something."""
    parts = [part for part in source.split("?")[0].split("/") if part not in ("", "data")]
    letters = [one if one.isascii() and (one.isalnum() or one in "._-") else "-" for one in Path(parts[-1]).stem]
    name = "".join(letters).strip("-._")
    return f"project-{name}" if "://" in source else name or "labels"


def _tell_stage(what: str) -> None:
    typer.echo(f"annoaudit: {what}", err=True)


def _echo(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(_shown(line))


def _shown(text: str) -> str:
    from annoaudit.reporting.text import reveal_controls

    return reveal_controls(text)
