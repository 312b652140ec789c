"""Label Studio JSON exports, full and JSON_MIN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.json_values import Record
from annoaudit.formats.label_studio.export import Export
from annoaudit.formats.label_studio.min import is_min, unfold_min
from annoaudit.formats.label_studio.writing import write_label_studio
from annoaudit.formats.source import Source
from annoaudit.labels import LabelSet

__all__ = ["LabelStudioJson"]

_LISTS = ("annotations", "completions", "predictions")


@dataclass(frozen=True)
class LabelStudioJson:
    """A Label Studio export: JSON (tasks with annotations, drafts and predictions) or JSON_MIN.

    What is carried, and what is not, is listed in ``docs/formats/label_studio.md``.
    """

    carries: ClassVar[Carries] = Carries("yes", "yes", "yes")
    name: str = "label_studio"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is JSON whose first records are tasks with annotations or rows of JSON_MIN."""
        return any(is_min(one) or _is_task(one) for one in source.sample)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables.

        Raises
        ------
        RefusedInput
            A task, annotation or result is not shaped as Label Studio writes it, or nothing is labelled.
        """
        tasks = _tasks(source)
        export = Export(source.name, source.notes)
        export.look_at(tasks)
        for place, task in enumerate(tasks, start=1):
            export.take_task(task, place)
        if not any(row["annotation_id"] for row in export.rows["labels"]):
            raise RefusedInput(
                f"{source.name} has no usable label: {len(tasks):,} tasks, "
                f"{len(export.rows['annotations']):,} annotations, none with a result.",
                hint="Export the tasks that have been annotated.",
            )
        yield from export.finish()

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write tasks with annotations as JSON; return what could not be carried."""
        return write_label_studio(labels, target)


def _is_task(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        return False
    return any(isinstance(document.get(key), list) for key in _LISTS)


def _tasks(source: Source) -> list[Record]:
    tasks: list[Record] = []
    for place, document in enumerate(source.documents, start=1):
        if not isinstance(document, dict):
            raise RefusedInput(f"{source.name}: task {place:,} is no object.", hint="Export it again.")
        tasks.append(document)
    if any(is_min(task) for task in tasks):
        source.notes.append(
            "This is a JSON_MIN export: it leaves out skipped tasks, drafts, predictions and ground truth marks, and "
            "whether an answer is a choice or free text was told from the answers. The JSON export has them."
        )
        odd = next((place for place, task in enumerate(tasks, start=1) if not is_min(task)), None)
        if odd:
            raise RefusedInput(f"{source.name}: row {odd:,} is not of JSON_MIN.", hint="Export it again.")
        tasks = list(unfold_min(tasks))
    return tasks
