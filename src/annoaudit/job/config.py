"""``annoaudit.yaml``: what the nightly job is told, checked before anything runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["CONFIG_NAME", "Config", "Expected", "Gate", "Ledger", "Media", "Notify", "Project", "Push"]

CONFIG_NAME = "annoaudit.yaml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_USER = re.compile(r"^[^:/]+://[^/]*@")
_PASSWORD = re.compile(r"^[^:/]+://[^/]*:[^/]*@")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gate(_Part):
    """Limits. What is not stated is not judged; a limit fails only where the interval lies wholly beyond it."""

    error_rate: Annotated[
        Share | None, Field(description="Greatest share of wrong labels; needs gold or a random reviewed sample.")
    ] = None
    agreement: Annotated[
        Annotated[float, Field(ge=-1, le=1)] | None, Field(description="Least agreement between annotators.")
    ] = None
    coefficient: Annotated[str, Field(description="Which coefficient of agreement, as the report names it.")] = (
        "krippendorff_alpha"
    )
    new_findings: Annotated[
        dict[Literal["L0", "L1", "L2", "L3"], Count],
        Field(description="Most new findings a night, by severity."),
    ] = {}
    integrity: Annotated[
        bool, Field(description="Fail where something sealed was altered, or a change contradicts the history.")
    ] = True
    not_judged: Annotated[
        Literal["pass", "fail"], Field(description="What a limit counts as where it can't be judged.")
    ] = "pass"


class Expected(_Part):
    """What should have arrived, to know what did not."""

    items: Annotated[
        str | Annotated[int, Field(ge=1)] | None,
        Field(description="How many items, or a file with their ids: one a line, or a column item_id."),
    ] = None
    overlap: Annotated[Annotated[int, Field(ge=1)] | None, Field(description="Least labels on each item.")] = None
    classes: Annotated[list[str], Field(description="Classes that somebody must have chosen.")] = []


class Media(_Part):
    """Look at pinned media again every night."""

    pins: Annotated[str, Field(min_length=1, description="File that annoaudit media pin wrote.")]
    sample: Annotated[
        Annotated[int, Field(ge=1)] | None, Field(description="Look at so many, drawn anew each night; all by default.")
    ] = None
    allow_http: Annotated[bool, Field(description="Fetch media without encryption too.")] = False
    max_seconds: Annotated[float, Field(gt=0, le=600, description="Longest time for one medium.")] = 30.0


class Push(_Part):
    """Push what was flagged into a review project (Label Studio)."""

    blind: Annotated[bool, Field(description="Hide reasons and current labels from the reviewers.")] = False
    decoys: Annotated[Count, Field(description="With blind: size of the random sample mixed in.")] = 0

    @model_validator(mode="after")
    def _blind_where_decoys(self) -> Self:
        if self.decoys and not self.blind:
            raise ValueError("decoys need blind: true")
        return self


class Project(_Part):
    """One project: where its labels are, and how they are audited."""

    source: Annotated[
        str, Field(min_length=1, description="A file or its URL, or the address of a Label Studio project.")
    ]
    mapping: Annotated[dict[str, str], Field(description="Which column is what: item, annotator, label, ...")] = {}
    format: Annotated[str | None, Field(description="Input format; sniffed by default.")] = None
    encoding: Annotated[str | None, Field(description="Encoding of a text file that is not UTF-8.")] = None
    question: Annotated[str | None, Field(description="Audit this question only.")] = None
    gold: Annotated[str | None, Field(description="File or URL of known right labels.")] = None
    probabilities: Annotated[str | None, Field(description="File or URL of a model's class probabilities.")] = None
    features: Annotated[str | None, Field(description="File or URL of feature vectors.")] = None
    media_root: Annotated[str | None, Field(description="Folder under which image files may be opened.")] = None
    detectors: Annotated[list[str] | None, Field(description="Only these; all by default.")] = None
    budget: Annotated[Count | None, Field(description="Most labels in the review queue.")] = None
    subjective: Annotated[bool, Field(description="The question asks for opinions: disagreement is nobody's.")] = False
    overlap: Annotated[
        float, Field(gt=0, le=1, description="Of regions: likeness from which two mean the same thing.")
    ] = 0.5
    reading: Annotated[
        Literal["auto", "words", "characters", "exact"], Field(description="Of free texts: what is compared.")
    ] = "auto"
    seed: Annotated[int, Field(description="Of everything random.")] = 0
    full_pull_days: Annotated[
        Count, Field(description="Read everything anew after so many days; 0: every night (live projects).")
    ] = 7
    refit: Annotated[
        Literal["nightly", "weekly"],
        Field(description="weekly: reuse what models said for up to a week; every output says how old they are."),
    ] = "nightly"
    expected: Annotated[Expected | None, Field(description="What should have arrived.")] = None
    media: Annotated[Media | None, Field(description="Verify pinned media.")] = None
    verdicts: Annotated[bool, Field(description="Read the reviewers' verdicts first (Label Studio).")] = False
    push: Annotated[Push | None, Field(description="Push what was flagged for review.")] = None
    gate: Annotated[Gate | None, Field(description="Limits of this project, instead of the common ones.")] = None

    @field_validator("source")
    @classmethod
    def _without_secrets(cls, value: str) -> str:
        return _refuse_secrets(value)


class Ledger(_Part):
    """Tamper evidence."""

    heads: Annotated[
        str | None,
        Field(description="Folder, out of the reach of those who could alter labels, that receives a copy of heads."),
    ] = None

    snapshots: Annotated[
        str | None,
        Field(description="Folder or URL, such as s3://bucket/labels, for the snapshots; by default with the project."),
    ] = None

    @field_validator("snapshots")
    @classmethod
    def _without_secrets(cls, value: str | None) -> str | None:
        return None if value is None else _refuse_secrets(value)


class Notify(_Part):
    """One message a run. The addresses are secrets: only the names of environment variables stand here."""

    variable: Annotated[str, Field(description="Variable with Apprise addresses, separated by blanks.")] = (
        "ANNOAUDIT_NOTIFY"
    )
    ping_variable: Annotated[str | None, Field(description="Variable with the address of a health check.")] = None
    link: Annotated[str | None, Field(description="Where people find the reports; put into the message.")] = None

    @field_validator("variable", "ping_variable")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not _VARIABLE.fullmatch(value):
            raise ValueError("name an environment variable; the address itself is a secret and belongs in it")
        return value


def _refuse_secrets(address: str) -> str:
    if _USER.match(address):
        raise ValueError("the address holds a user or a password; leave them out, they come from the environment")
    return address


class Config(_Part):
    """The nightly job of one or several projects. Paths are relative to this file."""

    projects: Annotated[dict[str, Project], Field(min_length=1, description="By name; each has a folder of its own.")]
    output: Annotated[str, Field(description="Folder of the projects' folders.")] = "nightly"
    store: Annotated[
        str | None,
        Field(description="PostgreSQL for the memory of all projects: postgresql://user@host/name, no password."),
    ] = None
    gate: Annotated[Gate, Field(description="Limits for all projects.")] = Gate()
    ledger: Annotated[Ledger, Field(description="Tamper evidence.")] = Ledger()
    notify: Annotated[Notify | None, Field(description="Who is told.")] = None
    retention_days: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="Remove snapshots and details of nights after so many days; heads and counts stay."),
    ] = None

    @field_validator("store")
    @classmethod
    def _is_a_server_without_secrets(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("postgresql"):
            raise ValueError("name a PostgreSQL database, such as postgresql://user@host/name")
        if value is not None and (_PASSWORD.match(value) or "?" in value):
            raise ValueError("leave out password and options; the password comes from ANNOAUDIT_STORE_PASSWORD")
        return value

    @field_validator("projects")
    @classmethod
    def _names_make_folders(cls, value: dict[str, Project]) -> dict[str, Project]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"project names become folders: {name!r} may have letters, digits, dot, dash and underscore only"
                )
        if len({name.casefold() for name in value}) < len(value):
            raise ValueError("two project names differ in case only")
        return value

    def gate_of(self, name: str) -> Gate:
        """Return the limits of a project."""
        own = self.projects[name].gate
        return self.gate if own is None else own

    def folder_of(self, name: str, home: Path) -> Path:
        """Return the folder of a project, given the folder of the configuration."""
        return home / self.output / name
