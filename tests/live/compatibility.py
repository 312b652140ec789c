"""Does annoaudit work with another release of Label Studio? Installs it, runs the loop on it, prints a table.

    python tests/live/compatibility.py 1.20

The release goes into an environment of its own beside the project (``.venv-label-studio-1.20``, or the folder that
ANNOAUDIT_LS_VENV names). Exit code 1 if a step fails.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
RELEASE = sys.argv[1] if len(sys.argv) > 1 else "1.20"
os.environ["ANNOAUDIT_LS_REQUIREMENT"] = f"label-studio=={RELEASE}.*"
os.environ.setdefault("ANNOAUDIT_LS_VENV", str(ROOT / f".venv-label-studio-{RELEASE}"))

from review_scene import CLASSES, Scene, answer, choice, make_scene, photograph, review_tasks  # noqa: E402
from server import start_server  # noqa: E402

from annoaudit.connectors.label_studio import LabelStudio, pulling, reading  # noqa: E402
from annoaudit.reviewing import apply_corrections, push, unpush, verdicts  # noqa: E402

if TYPE_CHECKING:
    from server import LabelStudioServer

    from annoaudit.connectors import Pulled


@dataclass
class Trial:
    """One loop on one server; each step builds on those before."""

    server: LabelStudioServer
    scene: Scene
    pulled: Pulled | None = None
    project: int = 0
    before: str = ""
    tasks: dict[int, dict] = field(default_factory=dict)

    @property
    def connector(self) -> LabelStudio:
        return LabelStudio.of(self.scene.address)

    def check(self) -> str:
        return self.connector.check()

    def personal_access_token(self) -> str:
        kept = os.environ["LABEL_STUDIO_API_KEY"]
        os.environ["LABEL_STUDIO_API_KEY"] = self.server.pat()
        try:
            return self.connector.check().split(",")[0]
        finally:
            os.environ["LABEL_STUDIO_API_KEY"] = kept

    def pull_by_snapshot(self) -> str:
        self.pulled = self.connector.pull()
        assert self.pulled.how == "snapshot", self.pulled.how
        assert self.pulled.labels.annotations.num_rows == 180
        return f"{self.pulled.labels.annotations.num_rows} annotations"

    def pull_by_pages(self) -> str:
        assert self.pulled is not None
        kept = pulling.SNAPSHOT_UP_TO, reading.PAGE_SIZE
        pulling.SNAPSHOT_UP_TO, reading.PAGE_SIZE = 0, 25
        try:
            pages = self.connector.pull()
        finally:
            pulling.SNAPSHOT_UP_TO, reading.PAGE_SIZE = kept
        same = [
            pages.labels.labels[name].combine_chunks().equals(self.pulled.labels.labels[name].combine_chunks())
            for name in ("label_id", "annotation_id", "value")
        ]
        assert pages.how == "pages", pages.how
        assert all(same)
        return "the same labels as by snapshot"

    def pull_of_changes(self) -> str:
        assert self.pulled is not None
        one = self.pulled.labels.annotations.slice(5, 1).to_pylist()[0]
        label = next(name for name in CLASSES if name != self.value_of(one["annotation_id"]))
        self.server.call("PATCH", f"/api/annotations/{one['native_id']}/", {"result": [choice(label)]})
        again = self.connector.pull(self.pulled.bookmark, self.pulled.labels)
        assert again.how == "changes", again.how
        assert one["item_id"] in again.changed
        self.server.call("DELETE", f"/api/tasks/{one['item_id']}/")
        last = self.connector.pull(again.bookmark, again.labels)
        assert last.labels.items.num_rows == 59
        return f"an edited annotation by time, a deleted task by “{last.how}”"

    def value_of(self, annotation_id: str) -> str:
        assert self.pulled is not None
        table = self.pulled.labels.labels.to_pandas().set_index("annotation_id")
        return str(table.loc[annotation_id, "value"])

    def push_and_leave_the_source_alone(self) -> str:
        self.scene.audit(budget=12)
        self.before = photograph(self.server, self.scene.project)
        receipt = push(self.scene.out, yes=True)
        assert receipt.n_made > 5
        assert photograph(self.server, self.scene.project) == self.before
        again = push(self.scene.out, yes=True)
        assert (again.n_made, again.n_withdrawn) == (0, 0)
        self.project = receipt.review_project
        return f"{receipt.n_made} review tasks; pushed again: nothing"

    def sorted_tab_and_pre_filled_labels(self) -> str:
        tab = self.server.call("GET", "/api/dm/views/", project=self.project)[0]
        found = self.server.call("GET", "/api/tasks", project=self.project, view=tab["id"], fields="all")["tasks"]
        order = [one["data"]["annoaudit_severity"] for one in found]
        assert order == sorted(order, reverse=True)
        assert all(one["predictions"] for one in found)
        self.tasks = review_tasks(self.server, self.project)
        return tab["data"]["title"]

    def verdicts_are_read(self) -> str:
        who = self.server.users["reviewer@example.com"].id
        first, second = sorted(set(self.scene.planted) & set(self.tasks))[:2]
        answer(self.server, self.tasks[first]["id"], "fixed", CLASSES[first % 3], by=who)
        current = self.tasks[second]["predictions"][0]["result"][0]["value"]["choices"][0]
        answer(self.server, self.tasks[second]["id"], "confirmed", current, by=who)
        said = sorted(verdicts(self.scene.out).verdicts["decision"])
        assert said == ["confirmed", "fixed"], said
        return ", ".join(said)

    def corrections_are_applied_and_undone(self) -> str:
        assert apply_corrections(self.scene.out, yes=True).n == 1
        undone = apply_corrections(self.scene.out, undo=True, yes=True)
        assert (undone.n, undone.conflicts) == (1, ())
        self.before = photograph(self.server, self.scene.project)  # times of change moved by this
        return "1 added, 1 taken back"

    def marks_in_the_source(self) -> str:
        plan = push(self.scene.out, yes=True, tab=True, predictions=True).plan
        titles = [one["data"]["title"] for one in self.server.call("GET", "/api/dm/views/", project=self.scene.project)]
        assert "annoaudit: flagged" in titles, titles
        return f"a tab of {plan.n_in_tab}, {plan.n_scored} predictions"

    def unpush_without_a_trace(self) -> str:
        assert unpush(self.scene.out, yes=True).done
        assert photograph(self.server, self.scene.project) == self.before
        return "the source is byte for byte as before"


STEPS: tuple[Callable[[Trial], str], ...] = (
    Trial.check,
    Trial.personal_access_token,
    Trial.pull_by_snapshot,
    Trial.pull_by_pages,
    Trial.pull_of_changes,
    Trial.push_and_leave_the_source_alone,
    Trial.sorted_tab_and_pre_filled_labels,
    Trial.verdicts_are_read,
    Trial.corrections_are_applied_and_undone,
    Trial.marks_in_the_source,
    Trial.unpush_without_a_trace,
)


def main() -> int:
    """Run the steps; return the exit code."""
    folder, n_failed = Path(tempfile.mkdtemp(prefix="annoaudit-compatibility-")), 0
    server = start_server(folder / "server")
    try:
        os.environ["LABEL_STUDIO_API_KEY"] = server.token
        print(f"Label Studio {server.version}\n\n| step | outcome | seconds |\n|---|---|---|", flush=True)
        trial = Trial(server, make_scene(server, folder / "out"))
        for step in STEPS:
            start = time.perf_counter()
            try:
                said = step(trial)
            except Exception as error:  # noqa: BLE001 - one step's failure is a row of the table
                n_failed += 1
                said = f"**FAILED** {type(error).__name__}: {' '.join(str(error).split())[:300]}"
            print(f"| {step.__name__.replace('_', ' ')} | {said} | {time.perf_counter() - start:.1f} |", flush=True)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
