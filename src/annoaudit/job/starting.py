"""Before the first night: write a configuration, and say whether everything in one would work."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from annoaudit.errors import AnnoauditError, UsageError
from annoaudit.job.nightly import heads_file
from annoaudit.reporting.text import plural

if TYPE_CHECKING:
    from annoaudit.job.config import Project
    from annoaudit.job.reading import Job

__all__ = ["Answer", "Wishes", "check_job", "try_source", "write_config"]

TEMPLATE = """\
# The nightly job of annoaudit; `annoaudit check` says whether it would work, `annoaudit run` runs it.
# Paths are relative to this file. Secrets never stand here: they come from the environment.

output: {output}  # each project gets a folder in it: report, findings, snapshots, memory

projects:
  {name}:
    source: {source}  # a file or its URL, or the address of a Label Studio project
{gold}
{mapping}
{encoding}
    # budget: 200             # most labels in the review queue
    # push: {{}}                # push what was flagged into a review project (Label Studio)
    # verdicts: true          # read the reviewers' verdicts first
    # refit: weekly           # reuse what models said for up to a week

gate:  # a limit fails only where the interval lies wholly beyond it; docs/job.md says how each is judged
  # error_rate: 0.05        # needs gold or a random reviewed sample
  # agreement: 0.6          # Krippendorff's alpha
  new_findings: {{L2: 0, L3: 0}}
  integrity: true
  not_judged: pass        # or fail: what a limit counts as where it can't be judged

ledger:
  heads: {heads}  # a folder out of reach of whoever could alter labels gets a copy of every head
  # snapshots: s3://bucket/annoaudit  # by default in the project's folder

# store: postgresql://user@host/name  # by default a file; its password: ANNOAUDIT_STORE_PASSWORD

# notify:
#   variable: ANNOAUDIT_NOTIFY      # environment variable with Apprise addresses
#   ping_variable: ANNOAUDIT_PING   # environment variable with the address of a health check
"""


@dataclass(frozen=True)
class Wishes:
    """What ``init`` was told."""

    source: str
    name: str
    output: str = "nightly"
    gold: str = ""
    heads: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""


@dataclass(frozen=True)
class Answer:
    """One thing that was tried, and whether it would work."""

    what: str
    works: bool
    said: str


def write_config(path: Path, wishes: Wishes) -> str:
    """Write a commented configuration, after trying its source, and return what the source answered.

    Raises
    ------
    UsageError
        The file exists, or the source can't be used.
    """
    from annoaudit.job.reading import read_job

    if path.exists():
        raise UsageError(f"{path} exists already.", hint="annoaudit check tries it; edit it, or name another file.")
    said = try_source(_as_project(wishes), path.parent)
    text = TEMPLATE.format(
        output=_quote(wishes.output),
        name=wishes.name,
        source=_quote(wishes.source),
        gold=f"    gold: {_quote(wishes.gold)}"
        if wishes.gold
        else "    # gold: gold.csv          # known right labels",
        mapping=f"    mapping: {_quote(wishes.mapping)}"
        if wishes.mapping
        else "    # mapping: {item: unit_id, annotator: worker, label: answer}",
        encoding=f"    encoding: {_quote(wishes.encoding)}" if wishes.encoding else "    # encoding: cp1252",
        heads=_quote(wishes.heads) if wishes.heads else "null",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        read_job(path)
    except AnnoauditError:
        path.unlink()
        raise
    return said


def try_source(project: Project, home: Path) -> str:
    """Ask a project's source whether it can be read, and say in one line what it holds.

    Raises
    ------
    AnnoauditError
        It can't.
    """
    from annoaudit.connectors import is_address, open_connector
    from annoaudit.formats import is_url, read

    source = project.source
    if is_address(source):
        return open_connector(source).check()
    place = source if is_url(source) else home / source
    labels = read(place, mapping=project.mapping or None, format=project.format, encoding=project.encoding)
    questions = ", ".join(labels.questions["question"].to_pylist())
    return f"{labels.items.num_rows:,} items, {labels.annotations.num_rows:,} annotations, questions: {questions}"


def check_job(job: Job) -> Iterator[Answer]:
    """Try everything a run would need, without writing anything."""
    from annoaudit.formats import is_url
    from annoaudit.store.database import try_database

    for name, project in job.config.projects.items():
        yield _attempt(f"{name}: source", partial(try_source, project, job.home))
        for kind in ("gold", "probabilities", "features", "media_root"):
            path = getattr(project, kind)
            if kind != "media_root" and is_url(path):
                yield _attempt(f"{name}: {kind}", partial(_fetch_once, path))
            elif path is not None:
                there = job.resolve(path).exists()
                yield Answer(f"{name}: {kind}", there, path if there else f"{job.resolve(path)} is not there")
        yield _can_write(f"{name}: output", job.folder(name))
        snapshots = job.snapshots(name)
        if isinstance(snapshots, str):
            yield _attempt(f"{name}: snapshots", partial(_count_snapshots, snapshots))
        elif snapshots is not None:
            yield _can_write(f"{name}: snapshots", snapshots)
        heads = heads_file(job, name)
        if heads is not None:
            yield _can_write(f"{name}: heads elsewhere", heads.parent)
    if job.config.store is not None:
        yield _attempt("store", partial(try_database, job.config.store))
    yield from _check_secrets(job)


def _attempt(what: str, try_it: Callable[[], str]) -> Answer:
    try:
        return Answer(what, True, try_it())
    except AnnoauditError as error:
        return Answer(what, False, str(error).replace("\n", " "))


def _count_snapshots(url: str) -> str:
    from annoaudit.ledger.shelves import Remote

    shelf = Remote(url)
    return f"{shelf.shown} answers and holds {plural(len(shelf.names()), 'snapshot')}"


def _can_write(what: str, folder: Path) -> Answer:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    works = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return Answer(what, works, f"{folder}" if works else f"{place} can't be written")


def _check_secrets(job: Job) -> Iterator[Answer]:
    from annoaudit.ledger.signing import VARIABLE, open_signer

    if os.environ.get(VARIABLE):
        yield _attempt(f"signing key in {VARIABLE}", lambda: f"public key {open_signer(Path()).public_key}")
    notify = job.config.notify
    for name in (notify.variable, notify.ping_variable) if notify else ():
        if name is not None:
            there = bool(os.environ.get(name))
            yield Answer(f"variable {name}", there, "is set" if there else "is not set")


def _as_project(wishes: Wishes) -> Project:
    from annoaudit.job.config import Project

    try:
        return Project(source=wishes.source, mapping=dict(wishes.mapping), encoding=wishes.encoding or None)
    except ValidationError as error:
        raise UsageError(str(error.errors()[0]["msg"]).removeprefix("Value error, ") + ".") from None


def _quote(value: str | Mapping[str, str]) -> str:
    return json.dumps(value if isinstance(value, str) else dict(value), ensure_ascii=False)


def _fetch_once(url: str) -> str:
    from annoaudit.formats.remote import fetched, without_secrets

    with fetched(url):
        return without_secrets(url)
