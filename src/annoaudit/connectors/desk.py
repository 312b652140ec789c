"""What the review loop asks of a platform: the place where another one plugs in.

A connector that offers reviews has a method ``desk()`` (:class:`Reviewable`). What it returns speaks of tasks, forms
and answers; :mod:`annoaudit.reviewing` decides what goes there, when, and what an answer means. Results (the labels of
one annotation in the platform's own writing) pass through the loop unopened: only the desk reads or compares them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = [
    "Answer",
    "Applied",
    "Form",
    "JsonObject",
    "NewTask",
    "ReviewDesk",
    "ReviewProject",
    "ReviewTask",
    "Reviewable",
    "SourceProject",
    "SourceTask",
]

JsonObject = dict[str, object]
Result = Sequence[Mapping[str, object]]


class Form(Protocol):
    """A labelling form, as far as the loop needs it."""

    @property
    def shown(self) -> frozenset[str]:
        """Keys of the task data that it shows."""
        ...


@dataclass(frozen=True)
class SourceProject:
    """The audited project: its title and its labelling form."""

    project_id: int
    title: str
    config: str
    form: Form = field(repr=False)


@dataclass(frozen=True)
class SourceTask:
    """One task as it is in the source project: its data, and its annotations' results by id."""

    task_id: str
    data: Mapping[str, object]
    results: Mapping[str, tuple[JsonObject, ...]]


@dataclass(frozen=True)
class ReviewProject:
    """A review project that exists."""

    project_id: int
    title: str
    config: str
    model_version: str


@dataclass(frozen=True)
class ReviewTask:
    """A task in a review project: our key of it, a hash of what it says, and whether somebody worked on it."""

    task_id: int
    key: str
    content: str
    touched: bool


@dataclass(frozen=True)
class NewTask:
    """A review task to make.

    Parameters
    ----------
    key, content
        Our key of it, and a hash of what it says.
    task_id
        The task in the source project.
    fields
        What annoaudit says: shown above the form.
    data
        The source task's data.
    result
        The current labels, to be pre-filled; empty in blinded review.
    regions
        What to say of regions in it, by their ids.
    """

    key: str
    content: str
    task_id: str
    fields: Mapping[str, object]
    data: Mapping[str, object]
    result: tuple[JsonObject, ...] = ()
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One annotation in a review project, as it is now.

    Parameters
    ----------
    said
        Alias of the chosen verdict; "" where none was recorded; ``skipped`` where the task was skipped.
    result
        The reviewer's labels, without annoaudit's own questions.
    reviewer_id
        The platform's id of the reviewer.
    content
        Of the result: the same text where the labels are the same.
    """

    key: str
    task_id: str
    annotation_id: str
    said: str
    note: str
    result: tuple[JsonObject, ...]
    reviewer_id: str
    at: datetime
    lead_time_s: float | None
    content: str = ""

    @property
    def answer_id(self) -> str:
        """Names this version of the answer: the same however often it is read."""
        parts = [self.key, self.annotation_id, self.at.isoformat(), self.said, self.note, self.content]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:32]


@dataclass(frozen=True)
class Applied:
    """An annotation that annoaudit created in the source project."""

    annotation_id: str
    content: str


class ReviewDesk(Protocol):
    """One source project and the review projects beside it; nothing here changes what people labelled.

    Errors are grouped by what to do about them, see :mod:`annoaudit.connectors.failures`.
    """

    @property
    def address(self) -> str:
        """The source project's address, without secrets."""
        ...

    def task_url(self, task_id: str) -> str:
        """Address of a task of the source project."""
        ...

    def review_url(self, review: ReviewProject, tab: str) -> str:
        """Address of a review project's tab."""
        ...

    def source(self) -> SourceProject:
        """Read title and form of the source project."""
        ...

    def task_times(self, task_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when each of these source tasks last changed; those that have gone are missing."""
        ...

    def source_tasks(self, task_ids: Sequence[str]) -> dict[str, SourceTask]:
        """Read source tasks with their annotations, media addresses as stored; those that have gone are missing."""
        ...

    def pulled_tasks(self, labels: LabelSet, task_ids: Sequence[str]) -> dict[str, SourceTask]:
        """Return source tasks as they were pulled; results by the platform's ids of annotations."""
        ...

    def fit_title(self, title: str) -> str:
        """Return a project title that the platform takes."""
        ...

    def find_review(self, marker: str, native_id: str = "") -> ReviewProject | None:
        """Return the review project that carries our marker, looked for at its last id first; None if it has gone."""
        ...

    def create_review(self, source: SourceProject, title: str, marker: str, *, blind: bool) -> ReviewProject:
        """Make a review project with annoaudit's questions above the source's form."""
        ...

    def follow_form(self, source: SourceProject, review: ReviewProject, *, blind: bool) -> bool:
        """Give a review project the source's present form; False if its answers use labels that are gone."""
        ...

    def ensure_tab(self, source: SourceProject, review: ReviewProject, *, blind: bool) -> str:
        """Give the project its one sorted tab, pre-fill current labels unless blind; return the tab's id."""
        ...

    def review_tasks(self, review: ReviewProject) -> list[ReviewTask]:
        """List the tasks of a review project that annoaudit made."""
        ...

    def add_tasks(
        self, source: SourceProject, review: ReviewProject, tasks: Sequence[NewTask]
    ) -> tuple[list[str], int]:
        """Make review tasks; return their ids in order, and how many could not be pre-filled whole."""
        ...

    def withdraw(self, review: ReviewProject, task_ids: Sequence[int]) -> set[int]:
        """Delete review tasks on which nobody has worked; return those that are still there."""
        ...

    def answers(self, project_id: int) -> list[Answer]:
        """Read all answers given so far, skips included."""
        ...

    def delete_review(self, review: ReviewProject, marker: str) -> bool:
        """Delete a review project that carries our marker, with all in it; False if it had gone already."""
        ...

    def content_of(self, result: Result, questions: Sequence[str] | None = None) -> str:
        """Return a text that is equal where results say the same (on these questions)."""
        ...

    def chosen(self, result: Result) -> dict[str, list[str]]:
        """Return the options chosen in a result, by question."""
        ...

    def add_correction(
        self,
        task_id: str,
        parent_id: str,
        result: Result,
        reviewer_id: str,
        *,
        lead_time_s: float | None = None,
        ground_truth: bool = False,
    ) -> Applied:
        """Add a correction to a source task as a new annotation with the flagged one as its parent."""
        ...

    def find_correction(self, task_id: str, parent_id: str, reviewer_id: str, result: Result) -> Applied | None:
        """Return such a correction if it is there already."""
        ...

    def remove_correction(
        self, task_id: str, parent_id: str, applied: Applied
    ) -> Literal["removed", "gone", "conflict"]:
        """Delete an annotation that annoaudit created, if it still says what it said then."""
        ...

    def mark_annotations(self, annotation_ids: Sequence[str]) -> dict[str, str]:
        """Show annotations in a tab of the source project, or bring that tab up to date; return what to remember."""
        ...

    def unmark_annotations(self, made: Mapping[str, str]) -> bool:
        """Remove that tab, given what was to be remembered; False if there was none any more."""
        ...

    def mark_tasks(self, version: str, scores: Mapping[str, float]) -> int:
        """Give source tasks a score under a name of ours, in place of earlier ones; return how many."""
        ...

    def unmark_tasks(self, version: str) -> bool:
        """Remove the scores under that name; False if there were none."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@runtime_checkable
class Reviewable(Protocol):
    """A connector whose platform people can review on."""

    def desk(self) -> ReviewDesk:
        """Open the place where people review; no request is sent yet."""
        ...
