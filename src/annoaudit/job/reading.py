"""Reading ``annoaudit.yaml``: every problem at once, each with file, line and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ValidationError

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import is_url
from annoaudit.job.config import Config, Expected, Gate, Ledger, Notify, Project, Push

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Job", "read_job"]

MOST_BYTES = 1_000_000
_HINT = "annoaudit schema prints every key; docs/job.md explains them."
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Job:
    """A configuration and where it lies: paths in it are relative to ``home``."""

    config: Config
    path: Path

    @property
    def home(self) -> Path:
        """Folder of the file."""
        return self.path.parent

    def folder(self, name: str) -> Path:
        """Return the folder of a project."""
        return self.config.folder_of(name, self.home)

    def resolve(self, path: str) -> Path:
        """Return a path as the configuration means it."""
        return self.home / path

    def locate(self, source: str) -> str | Path:
        """Return where labels are read from: a URL as it stands, a path as the configuration means it."""
        return source if is_url(source) else self.resolve(source)

    def snapshots(self, name: str) -> str | Path | None:
        """Return where a project's snapshots lie; None for its own folder."""
        told = self.config.ledger.snapshots
        if told is None:
            return None
        return f"{told.rstrip('/')}/{name}" if is_url(told) else self.resolve(told) / name

    def choose(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the named projects, or all.

        Raises
        ------
        UsageError
            There is no such project.
        """
        known = tuple(self.config.projects)
        for name in names:
            if name not in known:
                raise UsageError(f"{self.path} has no project {name[:80]!r}.", hint=f"It has: {', '.join(known)}.")
        return tuple(name for name in known if name in names) if names else known


def read_job(path: str | Path) -> Job:
    """Read a configuration.

    Raises
    ------
    UsageError
        There is no such file.
    RefusedInput
        It is no YAML, or says something that it may not; all problems are named, with their lines.
    """
    file = Path(path).absolute()
    text = _read_text(file)
    root, told = _compose(text, file)
    lines = dict(_find_lines(root, ()))
    try:
        return Job(Config.model_validate(told), file)
    except ValidationError as error:
        found = sorted(_tell(one, lines) for one in error.errors(include_url=False, include_input=False))
        problems = [f"{file}:{line}: {what}" for line, what in dict.fromkeys(found)]
        n = len(problems)
        raise RefusedInput(f"{file} has {n} problem{'s' * (n > 1)}:", problems=problems, hint=_HINT) from None


def _read_text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}.", hint="annoaudit init writes one.") from None
    if len(raw) > MOST_BYTES:
        raise RefusedInput(f"{file} has {len(raw):,} bytes; that is no configuration.", hint=_HINT)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedInput(f"{file} is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8.") from None


def _compose(text: str, file: Path) -> tuple[yaml.Node, object]:
    """The text's nodes, which know their lines, and its plain values."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise RefusedInput(f"{file}:{line}: aliases are not taken.", hint="Write the value out.")
        node, told = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = f":{mark.line + 1}" if mark else ""
        what = str(getattr(error, "problem", None) or "it can't be read")[:200]
        raise RefusedInput(f"{file}{spot}: this is no YAML: {what}.", hint="Mind the indentation.") from None
    except RecursionError:
        raise RefusedInput(f"{file} is nested too deeply.", hint=_HINT) from None
    if not isinstance(node, yaml.MappingNode):
        raise RefusedInput(f"{file} holds no keys.", hint=_HINT)
    _refuse_twice(node, file)
    return node, told


def _refuse_twice(node: yaml.Node, file: Path) -> None:
    seen: dict[str, int] = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        line = key.start_mark.line + 1
        if key.value in seen:
            raise RefusedInput(
                f"{file}:{line}: {str(key.value)[:80]!r} stands there twice (first in line {seen[key.value]}).",
                hint="Keep one.",
            )
        seen[str(key.value)] = line
        _refuse_twice(value, file)
    for value in node.value if isinstance(node, yaml.SequenceNode) else ():
        _refuse_twice(value, file)


def _find_lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    """Line of every key and entry, by its place."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, str(key.value)), key.start_mark.line + 1
            yield from _find_lines(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, number), value.start_mark.line + 1
            yield from _find_lines(value, (*place, number))


def _tell(error: ErrorDetails, lines: dict[Place, int]) -> tuple[int, str]:
    place = tuple(error["loc"])
    line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 1)
    name = ".".join(str(one) for one in place if one != "[key]")
    if error["type"] == "extra_forbidden":
        return line, f"unknown key {name!r}{_suggest(place)}"
    what = str(error["msg"]).removeprefix("Value error, ")
    return line, f"{name}: {what[:1].lower()}{what[1:]}"


def _suggest(place: Place) -> str:
    model = _model_at(place[:-1])
    known = list(model.model_fields) if model else []
    told = str(place[-1])
    close = [one for one in known if told in one] or difflib.get_close_matches(told, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _model_at(place: Place) -> type[BaseModel] | None:
    """The model whose keys stand at a place."""
    if not place:
        return Config
    common: dict[str, type[BaseModel]] = {"gate": Gate, "ledger": Ledger, "notify": Notify}
    own: dict[str, type[BaseModel]] = {"expected": Expected, "gate": Gate, "push": Push}
    if place[0] != "projects":
        return common.get(str(place[0]))
    return Project if len(place) == 2 else own.get(str(place[-1]))
