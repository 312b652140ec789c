"""The review desk of Label Studio: a review project beside the audited one, on the same server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.connectors.desk import (
    Answer,
    Applied,
    NewTask,
    Result,
    ReviewProject,
    ReviewTask,
    SourceProject,
    SourceTask,
)
from annoaudit.connectors.failures import RequestRefused
from annoaudit.connectors.label_studio import applying, originals, overlays, pushing, undoing, verdicts
from annoaudit.connectors.label_studio.natives import native_data, native_result
from annoaudit.connectors.label_studio.review_config import Form, compose_form, fit_title
from annoaudit.connectors.label_studio.review_rows import as_import_row

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.address import Address
    from annoaudit.connectors.label_studio.client import Client
    from annoaudit.labels import LabelSet

__all__ = ["LabelStudioDesk"]


@dataclass(frozen=True, eq=False)
class LabelStudioDesk:
    """What :class:`annoaudit.connectors.desk.ReviewDesk` asks for, on a Label Studio server."""

    client: Client
    place: Address

    @property
    def address(self) -> str:
        """The source project's address, without secrets."""
        return str(self.place)

    def task_url(self, task_id: str) -> str:
        """Address of a task of the source project."""
        return self.place.task_url(task_id)

    def review_url(self, review: ReviewProject, tab: str) -> str:
        """Address of a review project's tab."""
        return f"{self.place.base_url}/projects/{review.project_id}/data?tab={tab}"

    def source(self) -> SourceProject:
        """Read title and form of the source project."""
        return originals.read_source_project(self.client, self.place.project_id)

    def task_times(self, task_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when each of these source tasks last changed; those that have gone are missing."""
        return originals.read_task_times(self.client, self.place.project_id, task_ids)

    def source_tasks(self, task_ids: Sequence[str]) -> dict[str, SourceTask]:
        """Read source tasks with their annotations, storage addresses unresolved; those that have gone are missing."""
        return originals.read_source_tasks(self.client, self.place.project_id, task_ids)

    def pulled_tasks(self, labels: LabelSet, task_ids: Sequence[str]) -> dict[str, SourceTask]:
        """Return source tasks as they were pulled, with their results by Label Studio's ids."""
        wanted = pa.array(sorted(set(task_ids)), pa.string())
        items = labels.items.filter(pc.is_in(labels.items["item_id"], value_set=wanted))
        annotations = labels.annotations.filter(pc.is_in(labels.annotations["item_id"], value_set=wanted))
        results: dict[str, dict[str, tuple[dict[str, object], ...]]] = {}
        for row in annotations.select(["item_id", "native_id", "meta_json"]).to_pylist():
            mine = results.setdefault(str(row["item_id"]), {})
            mine[str(row["native_id"])] = tuple(native_result(row["meta_json"]))
        return {
            str(row["item_id"]): SourceTask(
                str(row["item_id"]), native_data(row["meta_json"]), results.get(str(row["item_id"]), {})
            )
            for row in items.select(["item_id", "meta_json"]).to_pylist()
        }

    def fit_title(self, title: str) -> str:
        """Return a project title that Label Studio takes."""
        return fit_title(title)

    def find_review(self, marker: str, native_id: str = "") -> ReviewProject | None:
        """Return the review project whose description carries our marker, or None if there is none any more."""
        return pushing.find_review_project(self.client, marker, native_id)

    def create_review(self, source: SourceProject, title: str, marker: str, *, blind: bool) -> ReviewProject:
        """Make a review project with annoaudit's questions above the source's label config."""
        config = compose_form(source.config, blind=blind)
        return pushing.create_review_project(self.client, title, config, marker, blind=blind)

    def follow_form(self, source: SourceProject, review: ReviewProject, *, blind: bool) -> bool:
        """Give a review project the source's present label config; False if its answers use labels that are gone."""
        config = compose_form(source.config, blind=blind)
        return review.config == config or pushing.change_form(self.client, review, config)

    def ensure_tab(self, source: SourceProject, review: ReviewProject, *, blind: bool) -> str:
        """Give the project its one sorted tab, pre-fill current labels unless blind; return the tab's id."""
        return pushing.ensure_tab(self.client, review, sorted(source.form.shown), blind=blind)

    def review_tasks(self, review: ReviewProject) -> list[ReviewTask]:
        """List the tasks of a review project that annoaudit made."""
        return pushing.list_review_tasks(self.client, review)

    def add_tasks(
        self, source: SourceProject, review: ReviewProject, tasks: Sequence[NewTask]
    ) -> tuple[list[str], int]:
        """Import review tasks; return their ids in order, and how many could not be pre-filled whole."""
        form = cast(Form, source.form)
        made = [as_import_row(one, form) for one in tasks]
        rows, n_bare = [row for row, _ in made], sum(not whole for _, whole in made)
        try:
            return pushing.import_review_tasks(self.client, review, rows), n_bare
        except RequestRefused:  # a result that this version does not take as a prediction refuses the whole import
            bare = [{key: value for key, value in row.items() if key != "predictions"} for row in rows]
            return pushing.import_review_tasks(self.client, review, bare), len(rows)

    def withdraw(self, review: ReviewProject, task_ids: Sequence[int]) -> set[int]:
        """Delete review tasks on which nobody has worked; return those that are still there."""
        return pushing.withdraw_review_tasks(self.client, review, task_ids)

    def answers(self, project_id: int) -> list[Answer]:
        """Read all answers given so far, skips included."""
        return verdicts.read_answers(self.client, project_id)

    def delete_review(self, review: ReviewProject, marker: str) -> bool:
        """Delete a review project that carries our marker, with all in it; False if it had gone already."""
        return undoing.delete_review_project(self.client, review, marker)

    def content_of(self, result: Result, questions: Sequence[str] | None = None) -> str:
        """Return a text that is equal where results say the same (on these questions)."""
        return verdicts.content_of(result, questions)

    def chosen(self, result: Result) -> dict[str, list[str]]:
        """Return the options chosen in a result, by control."""
        return verdicts.chosen_options(result)

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
        return applying.add_correction(
            self.client, task_id, parent_id, result, reviewer_id, lead_time_s=lead_time_s, ground_truth=ground_truth
        )

    def find_correction(self, task_id: str, parent_id: str, reviewer_id: str, result: Result) -> Applied | None:
        """Return such a correction if it is there already."""
        return applying.find_correction(self.client, task_id, parent_id, reviewer_id, result)

    def remove_correction(
        self, task_id: str, parent_id: str, applied: Applied
    ) -> Literal["removed", "gone", "conflict"]:
        """Delete an annotation that annoaudit created, if it still says what it said then."""
        return applying.remove_correction(self.client, task_id, parent_id, applied)

    def mark_annotations(self, annotation_ids: Sequence[str]) -> dict[str, str]:
        """Show annotations in a tab of the source project, or bring that tab up to date; return the tabs' ids."""
        return overlays.add_tab(self.client, self.place.project_id, annotation_ids)

    def unmark_annotations(self, made: Mapping[str, str]) -> bool:
        """Remove that tab; False if there was none any more."""
        return overlays.remove_tab(self.client, self.place.project_id, made)

    def mark_tasks(self, version: str, scores: Mapping[str, float]) -> int:
        """Give source tasks a prediction without labels, in place of earlier ones of ours; return how many."""
        return overlays.add_predictions(self.client, self.place.project_id, version, scores)

    def unmark_tasks(self, version: str) -> bool:
        """Remove those predictions; False if there were none."""
        return overlays.remove_predictions(self.client, self.place.project_id, version)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()
