"""Commands about the labelled media: pin what they are, verify that they still are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.media import Access, MediaVerification, PinResult

__all__ = ["media_app"]

PIN_EXAMPLES = """
Examples:

  annoaudit media pin labels.csv --map item=id,annotator=who,label=answer,uri=image_url

  annoaudit media pin export.json --media-root images/ --out pins.parquet

  annoaudit media pin https://labels.example.org/projects/3 --out pins.parquet

Already pinned media are not fetched again; run it again where it was cut off. Exit code 3: some could not be pinned.
"""

VERIFY_EXAMPLES = """
Examples:

  annoaudit media verify labels.csv pins.parquet

  annoaudit media verify labels.csv pins.parquet --sample 300 --seed 7 --json

Exit code 1: something differs; 3: nothing differs, but some media could not be checked.
"""

media_app = typer.Typer(
    help="Pin what the labelled media are, and verify that they still are.", no_args_is_help=True, rich_markup_mode=None
)

MOST_NAMED = 20

Labels = Annotated[str, typer.Argument(help="Labels whose items have media (column uri), or a project's address.")]
Mapping = Annotated[str | None, typer.Option("--map", help="Which column is what, as for audit; uri=COLUMN for media.")]
Format = Annotated[str | None, typer.Option("--format", help="Input format; sniffed by default.")]
MediaRoot = Annotated[Path | None, typer.Option("--media-root", help="Folder under which files may be opened.")]
AllowHttp = Annotated[bool, typer.Option("--allow-http", help="Fetch addresses without encryption too.")]
MaxMegabytes = Annotated[int, typer.Option("--max-mb", min=1, help="Most megabytes of one medium.")]
MaxSeconds = Annotated[float, typer.Option("--max-seconds", min=0.1, help="Longest time for one medium.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@media_app.command("pin", epilog=PIN_EXAMPLES)
def pin_command(
    source: Labels,
    out: Annotated[Path, typer.Option("--out", help="File of the pins.")] = Path("pins.parquet"),
    mapping: Mapping = None,
    input_format: Format = None,
    media_root: MediaRoot = None,
    allow_http: AllowHttp = False,
    max_mb: MaxMegabytes = 256,
    max_seconds: MaxSeconds = 60.0,
    as_json: Json = False,
) -> None:
    """Record what each labelled medium is: SHA-256, length, type, final address, perceptual hash."""
    import json
    from dataclasses import asdict

    from annoaudit.media import pin_media

    access = _access(source, media_root, max_mb, max_seconds, allow_http=allow_http)
    result = pin_media(_read(source, mapping, input_format), out, access, on_pinned=_progress("pinned"))
    if as_json:
        told = {"path": str(result.path), "n_media": result.n_media, "n_new": result.n_new}
        typer.echo(json.dumps(told | {"failed": [asdict(one) for one in result.failed]}))
    else:
        _echo(_pin_lines(result))
    raise typer.Exit(result.exit_code)


@media_app.command("verify", epilog=VERIFY_EXAMPLES)
def verify_command(
    source: Labels,
    pins: Annotated[Path, typer.Argument(help="File of the pins.")],
    sample: Annotated[int | None, typer.Option(min=1, help="Look only at so many, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    mapping: Mapping = None,
    input_format: Format = None,
    media_root: MediaRoot = None,
    allow_http: AllowHttp = False,
    max_mb: MaxMegabytes = 256,
    max_seconds: MaxSeconds = 60.0,
    as_json: Json = False,
) -> None:
    """Say which pinned media changed, moved, shrank or went, and which could not be checked."""
    import json

    from annoaudit.media import verify_media

    access = _access(source, media_root, max_mb, max_seconds, allow_http=allow_http)
    labels = _read(source, mapping, input_format)
    found = verify_media(labels, pins, access, sample=sample, seed=seed, on_checked=_progress("checked"))
    if as_json:
        typer.echo(json.dumps(_document(found)))
    else:
        _echo(_verify_lines(found))
    raise typer.Exit(found.exit_code)


def _read(source: str, mapping: str | None, input_format: str | None) -> LabelSet:
    from annoaudit.connectors import is_address, pull
    from annoaudit.formats import parse_mapping, read

    if is_address(source):
        return pull(source)
    return read(source, mapping=parse_mapping(mapping) if mapping else None, format=input_format)


def _access(source: str, media_root: Path | None, max_mb: int, max_seconds: float, *, allow_http: bool) -> Access:
    from annoaudit.connectors import find_media_host
    from annoaudit.media import Access, Limits, Platform

    host = find_media_host(source)
    return Access(
        media_root=media_root,
        allow_http=allow_http,
        limits=Limits(max_bytes=max_mb * 1_000_000, max_seconds=max_seconds),
        platform=None if host is None else Platform(host),
    )


def _pin_lines(result: PinResult) -> Iterator[str]:
    n_pinned = result.n_media - len(result.failed)
    yield f"{n_pinned:,} of {result.n_media:,} media are pinned in {result.path}, {result.n_new:,} of them now."
    for one in result.misdeclared[:MOST_NAMED]:
        yield f"  {one.item_id}: the server declares {one.declared_type}, its bytes are {one.media_type}: {one.uri}"
    if result.failed:
        yield f"{len(result.failed):,} could not be pinned:"
    for one in result.failed[:MOST_NAMED]:
        yield f"  {one.item_id}: {one.why}: {one.uri}"
    if len(result.failed) > MOST_NAMED:
        yield f"  and {len(result.failed) - MOST_NAMED:,} more; --json lists all."


def _verify_lines(found: MediaVerification) -> Iterator[str]:
    from annoaudit.media.verifying import MISMATCHES
    from annoaudit.reporting.text import percent

    n_checked = len(found.checks) - found.n_unchecked
    drawn = "drawn at random of the pinned media" if found.is_sample else "all pinned media"
    yield f"{n_checked:,} of {len(found.checks):,} media were checked ({drawn}); {found.n_differ:,} differ."
    if n_checked and found.is_sample:
        yield (
            f"Share of media that differ: {percent(found.share)} (95 % interval {percent(found.low)} to "
            f"{percent(found.high)}), of those that can be checked."
        )
    counts = found.counts
    for name, words in MISMATCHES.items():
        if name in counts:
            yield f"  {counts[name]:,} {words}"
    if found.n_unchecked:
        yield f"  {found.n_unchecked:,} could not be checked, which is not the same as fine"
    if found.n_unpinned:
        yield f"  {found.n_unpinned:,} of {found.n_media:,} media have no pin"
    told = [one for one in found.checks if one.outcome != "same"]
    for one in sorted(told, key=lambda one: one.outcome == "unchecked")[:MOST_NAMED]:
        yield f"{one.item_id}: {', '.join(MISMATCHES[name] for name in one.mismatches) or one.outcome}: {one.why}"
    if len(told) > MOST_NAMED:
        yield f"and {len(told) - MOST_NAMED:,} more; --json lists all."


def _document(found: MediaVerification) -> dict[str, object]:
    from dataclasses import asdict

    n_checked = len(found.checks) - found.n_unchecked
    return {
        "n_media": found.n_media,
        "n_unpinned": found.n_unpinned,
        "n_looked_at": len(found.checks),
        "n_checked": n_checked,
        "is_sample": found.is_sample,
        "counts": found.counts,
        "share": found.share if n_checked else None,
        "low": found.low if n_checked else None,
        "high": found.high if n_checked else None,
        "checks": [asdict(one) for one in found.checks if one.outcome != "same"],
    }


class _progress:  # noqa: N801 - reads as a noun in a call
    """Tell on stderr how many are done: at most a hundred lines."""

    def __init__(self, verb: str) -> None:
        self.verb = verb

    def __call__(self, n_done: int, n_all: int) -> None:
        if n_done == n_all or n_done % max(n_all // 100, 50) == 0:
            typer.echo(f"annoaudit: {self.verb} {n_done:,} of {n_all:,}", err=True)


def _echo(lines: Iterator[str]) -> None:
    from annoaudit.reporting.text import reveal_controls

    for line in lines:
        typer.echo(reveal_controls(line))
