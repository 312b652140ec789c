"""A month of a live project in seven nights: honest work gives no integrity finding, tampering in its database does.

Everything honest goes through the server's own interface, by users with rights: edits by annotators and reviewers,
deletions, imports, a renamed class, a review with annoaudit and its corrections. What is tampered with is changed by
SQL in the server's database, past the application.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from review_scene import CLASSES, Scene, answer, choice, make_scene, review_tasks, reviewer, right
from server import PASSWORD, REVIEWER, LabelStudioServer

from annoaudit.job.looking import opened_past
from annoaudit.job.nightly import Night
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.reviewing import apply_corrections, verdicts


@dataclass
class Month:
    """A live project and the job that watches it."""

    scene: Scene
    folder: Path

    @property
    def server(self) -> LabelStudioServer:
        return self.scene.server

    def night(self, more: str = "") -> Night:
        path = self.folder / "annoaudit.yaml"
        path.write_text(
            f"projects:\n  live:\n    source: {self.scene.address}\n    full_pull_days: 0\n    budget: 8\n"
            f"    detectors: [consensus_disagreement]\n{more}ledger: {{heads: elsewhere}}\n"
        )
        result = run_job(read_job(path), (), lambda _: None)
        assert not result.errors, result.errors
        return result.nights[0]

    def annotations(self) -> list[dict]:
        found = self.server.call("GET", "/api/tasks", project=self.scene.project, fields="all", page_size=1000)
        return [one for task in found["tasks"] for one in task["annotations"]]

    def edit(self, one: dict, label: str) -> None:
        self.server.call("PATCH", f"/api/annotations/{one['id']}/", {"result": [choice(label)]})

    def sql(self, *statements: tuple[str, list[object]]) -> list[int]:
        """Change the server's database as somebody does who has the file; return ids of inserted rows."""
        (path,) = self.server.data.rglob("label_studio.sqlite3")
        raw = sqlite3.connect(path, timeout=60)
        done = [raw.execute(text, values) for text, values in statements]
        for one in done:
            assert one.rowcount == 1
        raw.commit()
        raw.close()
        return [int(one.lastrowid or 0) for one in done]


@pytest.fixture
def month(label_studio: LabelStudioServer, token: str, tmp_path: Path) -> Month:
    return Month(make_scene(label_studio, tmp_path / "out", n_tasks=48), tmp_path)


def of_integrity(night: Night) -> pd.DataFrame:
    found = night.record.findings
    return found[found["detector"].isin(["ledger", "edits"])]


def unexplained(night: Night) -> pd.DataFrame:
    return night.night.changes[night.night.changes["status"] == "unexplained"]


def natives(changes: pd.DataFrame) -> set[str]:
    """The server's ids of the annotations that changes name."""
    return {str(one).split("-")[1] for one in changes["annotation_id"]}


def test_a_month_of_honest_work_and_then_tampering_in_the_database(month: Month) -> None:
    server, project = month.server, month.scene.project
    honest = [month.night("    push: {}\n")]

    held = month.annotations()
    for one in held[3:6]:
        month.edit(one, CLASSES[0])
    with server.session(REVIEWER, PASSWORD) as browser:
        for one in held[30:33]:
            made = browser.patch(f"/api/annotations/{one['id']}/", json={"result": [choice(CLASSES[1])]})
            assert made.status_code == 200
    honest.append(month.night())
    assert honest[-1].night.n_changes["explained"] >= 4

    server.call("DELETE", f"/api/annotations/{held[50]['id']}/")
    server.call("DELETE", f"/api/tasks/{held[60]['task']}/")
    server.call("POST", f"/api/projects/{project}/import", [{"data": {"text": f"new {k}", "number": 900 + k}}
                                                            for k in range(3)])  # fmt: skip
    honest.append(month.night())
    assert set(honest[-1].night.changes["what"]) == {"added", "removed"}

    review = month.server.call("GET", "/api/projects/", page_size=100)["results"]
    mine = next(one["id"] for one in review if one["title"].startswith("[annoaudit]"))
    tasks = review_tasks(server, mine)
    fixed = sorted(month.scene.planted & set(tasks))[:2]
    for number in fixed:
        answer(server, tasks[number]["id"], "fixed", right(number), by=reviewer(server))
    verdicts(honest[0].folder)
    assert apply_corrections(honest[0].folder, yes=True).n == len(fixed) == 2
    honest.append(month.night("    verdicts: true\n"))
    ours = honest[-1].night.changes["why"].str.startswith("annoaudit added it")
    assert ours.sum() == 2

    renamed = {"old_label_name": "Neutral", "new_label_name": "Mixed", "control_tag": "sentiment"}
    everything = {"selectedItems": {"all": True, "excluded": []}}
    server.call("POST", "/api/dm/actions", renamed | everything, id="rename_labels", project=project)
    config = str(server.call("GET", f"/api/projects/{project}/")["label_config"])
    server.call("PATCH", f"/api/projects/{project}/", {"label_config": config.replace("Neutral", "Mixed")})
    honest.append(month.night())
    assert honest[-1].night.n_changes["explained"] > 10

    for night in honest:
        assert not len(unexplained(night)), unexplained(night).to_dict("records")
        assert not len(of_integrity(night)), of_integrity(night)["reason"].tolist()
        assert night.exit_code == 0

    silent, gone, moved, copied = (month.annotations()[k] for k in (10, 20, 33, 45))
    other = next(one for one in ("Positive", "Negative") if one != silent["result"][0]["value"]["choices"][0])
    made = month.sql(
        ("update task_completion set result = ? where id = ?", [json.dumps([choice(other)]), silent["id"]]),
        ("delete from task_completion where id = ?", [gone["id"]]),
        ("update task_completion set created_at = datetime(created_at, '-1 day') where id = ?", [moved["id"]]),
        insert_copy(month, copied["id"]),
    )
    found = month.night()
    assert natives(unexplained(found)) == {str(silent["id"]), str(moved["id"]), str(made[3])}
    assert set(of_integrity(found)["severity"]) == {"L3"}
    assert natives(of_integrity(found)) == natives(unexplained(found))
    assert found.exit_code == 1
    removed = found.night.changes[found.night.changes["what"] == "removed"]
    assert natives(removed) == {str(gone["id"]), str(moved["id"])}
    assert set(removed["status"]) == {"told"}

    quiet = month.night()
    assert not len(quiet.night.changes)
    with opened_past(read_job(month.folder / "annoaudit.yaml"), "live") as past:
        assert past.verify().intact
        assert len(past.trend()) == len(honest) + 2


def insert_copy(month: Month, native: int) -> tuple[str, list[object]]:
    """A statement that adds a copy of an annotation, made a day before it was."""
    (path,) = month.server.data.rglob("label_studio.sqlite3")
    raw = sqlite3.connect(path, timeout=60)
    columns = [row[1] for row in raw.execute("pragma table_info(task_completion)") if row[1] != "id"]
    raw.close()
    turned = {"created_at": "datetime(created_at, '-1 day')", "unique_id": "null"}
    values = ", ".join(turned.get(one, one) for one in columns)
    return f"insert into task_completion ({', '.join(columns)}) select {values} from task_completion where id = ?", [
        native
    ]
