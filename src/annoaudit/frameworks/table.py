"""What ``frameworks.toml`` says: frameworks with their versions, the seven risks, and the finding types."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = [
    "FindingType",
    "Framework",
    "Reference",
    "Threat",
    "describe_finding",
    "list_finding_types",
    "list_frameworks",
    "list_threats",
]


@dataclass(frozen=True)
class Framework:
    """A framework that security teams report in, at the version its ids come from."""

    key: str
    name: str
    version: str
    url: str


@dataclass(frozen=True)
class Reference:
    """One id of a framework: a technique, a mitigation, a risk or a requirement, and what it is called there."""

    framework: Framework
    id: str
    title: str

    def __str__(self) -> str:
        return f"{self.framework.name} {self.framework.version}: {self.id}"


@dataclass(frozen=True)
class Threat:
    """One of the seven risks: where in a data set's life it lies, and what it is."""

    key: str
    title: str
    stage: str
    what: str


@dataclass(frozen=True)
class FindingType:
    """What a detector, or a check of the job or of media, finds: the risks it speaks to and its ids elsewhere.

    ``without`` says what was missing where nothing of this type was looked for; empty for detectors, which say it
    themselves.
    """

    name: str
    threats: tuple[str, ...]
    references: tuple[Reference, ...]
    without: str = ""


def list_frameworks() -> tuple[Framework, ...]:
    """Return the frameworks whose ids are used, each with its version."""
    return tuple(_frameworks().values())


def list_threats() -> tuple[Threat, ...]:
    """Return the seven risks, in the order of a data set's life."""
    return tuple(Threat(key, **told) for key, told in _read()["threats"].items())


def list_finding_types() -> tuple[FindingType, ...]:
    """Return every finding type that the table knows, whether or not its detector is installed."""
    return tuple(_finding_types().values())


def describe_finding(name: str) -> FindingType | None:
    """Return what the table says of a detector or check; None where it is not known, as of other packages' own."""
    return _finding_types().get(name)


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((files("annoaudit.frameworks") / "frameworks.toml").read_text(encoding="utf-8"))


@cache
def _frameworks() -> dict[str, Framework]:
    return {key: Framework(key, **told) for key, told in _read()["frameworks"].items()}


@cache
def _finding_types() -> dict[str, FindingType]:
    known = {one.id: one for one in _references()}
    return {
        name: FindingType(
            name, tuple(told["threats"]), tuple(known[one] for one in told["ids"]), told.get("without", "")
        )
        for name, told in _read()["findings"].items()
    }


def _references() -> Iterator[Reference]:
    for key, titles in _read()["ids"].items():
        for name, title in titles.items():
            yield Reference(_frameworks()[key], name, title)
