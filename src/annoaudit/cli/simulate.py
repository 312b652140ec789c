"""The command that plants attacks and says what would be found: simulate."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["SIMULATE_EXAMPLES", "simulate_command"]

SIMULATE_EXAMPLES = """
Examples:

  annoaudit simulate --like labels.csv

  annoaudit simulate --like labels.csv --attacks copy_ring,class_pair --share 0.05,0.2 --runs 20

  annoaudit simulate --like labels.csv --into --out out/     plant into these labels, not into a twin
"""

SOON_S = 30.0
Progress = Callable[[str, int, int], None]


def simulate_command(
    like: Annotated[
        str,
        typer.Option("--like", help="Labels of the team to simulate: a file that audit reads, or a project's address."),
    ],
    into: Annotated[
        bool, typer.Option("--into", help="Plant into these labels themselves instead of a synthetic twin.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder for blind_spots.html and blind_spots.json.")] = Path("out"),
    attacks: Annotated[
        str | None, typer.Option(help="Attacks, separated by commas. [default: all that can be planted]")
    ] = None,
    share: Annotated[str, typer.Option(help="Shares of the team that attack, separated by commas.")] = "0.1",
    strength: Annotated[
        float | None, typer.Option(help="Share of targeted labels that are changed. [default: each attack's own]")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Audits of each attack and share; 6 or more can decide.")] = 6,
    mapping: Annotated[
        str | None, typer.Option("--map", help="Which column is what: item=unit_id,annotator=worker,label=answer.")
    ] = None,
    input_format: Annotated[str | None, typer.Option("--format", help="Input format; sniffed by default.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file that is not UTF-8.")] = None,
    features: Annotated[str | None, typer.Option(help="Feature vectors of the items; file or URL.")] = None,
    gold: Annotated[str | None, typer.Option(help="Known right labels of some items: item,label; file or URL.")] = None,
    question: Annotated[str | None, typer.Option(help="Simulate this question, where there are several.")] = None,
    media_root: Annotated[Path | None, typer.Option(help="Folder under which image files may be opened.")] = None,
    subjective: Annotated[
        bool, typer.Option("--subjective", help="The question asks for opinions: hold disagreement against nobody.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random; run r uses seed + r.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print blind_spots.json instead of the table.")] = False,
) -> None:
    """Plant attacks into a twin of a team, audit it, and say what would be found there and what not."""
    from annoaudit.auditing.saving import make_folder
    from annoaudit.connectors import is_address, pull
    from annoaudit.formats import parse_mapping, read
    from annoaudit.policy import Policy
    from annoaudit.simulation import simulate

    shares = _read_shares(share)
    make_folder(out)
    if is_address(like):
        labels = pull(like, into=out)
    else:
        named = parse_mapping(mapping) if mapping else None
        labels = read(like, mapping=named, format=input_format, encoding=encoding)
    with _show_progress() as progress:
        result = simulate(
            labels,
            into=into,
            attacks=None if attacks is None else [one.strip() for one in attacks.split(",") if one.strip()],
            shares=shares,
            strength=strength,
            runs=runs,
            features=features,
            gold=gold,
            question=question,
            policy=Policy(subjective=subjective),
            media_root=media_root,
            seed=seed,
            progress=progress,
        )
    result.save(out)
    if as_json:
        typer.echo(result.json())
    else:
        typer.echo(repr(result))
        typer.echo(f"Page: {out / 'blind_spots.html'}")
    raise typer.Exit(result.exit_code)


def _read_shares(text: str) -> list[float]:
    from annoaudit.errors import UsageError

    try:
        return [float(one) for one in text.split(",") if one.strip()]
    except ValueError as error:
        raise UsageError(
            f"The shares {text!r} are no numbers.", hint="Separate them by commas, as 0.05,0.2."
        ) from error


@contextmanager
def _show_progress() -> Iterator[Progress]:
    """Progress on a terminal's stderr, else one line an attack."""
    started = time.monotonic()

    def describe(what: str, done: int, total: int) -> str:
        left = (time.monotonic() - started) / done * (total - done) if done else 0.0
        remaining = f", about {max(1, round(left / 60))} min left" if left > SOON_S else ""
        return f"{what} ({done} of {total} audits done{remaining})"

    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status("reading …") as status:
            yield lambda *state: status.update(f"simulate: {describe(*state)} …")
        return
    told: set[str] = set()

    def tell(what: str, done: int, total: int) -> None:
        if what not in told:
            told.add(what)
            typer.echo(f"annoaudit: simulate: {describe(what, done, total)}", err=True)

    yield tell
