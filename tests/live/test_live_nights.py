"""Nights of a live project: an honest one gives no integrity finding, tampering in the server's own database does."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from server import LabelStudioServer

from annoaudit.job.nightly import Night
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices></View>"""


def mood(value: str) -> list[dict[str, object]]:
    return [{"id": "m", "from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [value]}}]


@pytest.fixture
def project(label_studio: LabelStudioServer) -> int:
    people = [user.id for email, user in label_studio.users.items() if email.startswith("ann")]
    tasks = [
        {
            "data": {"text": f"message {k}"},
            "annotations": [
                {"completed_by": people[(k + j) % 4], "result": mood("good" if (k * 7 + j) % 5 else "bad")}
                for j in range(3)
            ],
        }
        for k in range(30)
    ]
    return label_studio.create_project(CONFIG, tasks)


def run_night(folder: Path, server: LabelStudioServer, project: int, more: str = "") -> Night:
    path = folder / "annoaudit.yaml"
    path.write_text(
        f"projects:\n  live:\n    source: {server.url}/projects/{project}/data\n    full_pull_days: 0\n{more}"
        "ledger: {heads: elsewhere}\n"
    )
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors, result.errors
    return result.nights[0]


def annotations(server: LabelStudioServer, project: int) -> list[dict[str, object]]:
    found = server.call("GET", "/api/tasks", project=project, fields="all", page_size=1000)
    return [one for task in found["tasks"] for one in task["annotations"]]


@pytest.mark.usefixtures("token")
def test_honest_nights_and_tampering_in_the_servers_database(
    label_studio: LabelStudioServer, project: int, tmp_path: Path
) -> None:
    server = label_studio
    first = run_night(tmp_path, server, project)
    assert first.exit_code == 0
    assert first.record.n_labels == 90

    ids = [int(str(one["id"])) for one in annotations(server, project)]
    task = int(str(annotations(server, project)[0]["task"]))
    server.call("PATCH", f"/api/annotations/{ids[0]}/", {"result": mood("bad")})
    server.call("DELETE", f"/api/annotations/{ids[1]}/")
    server.call("POST", f"/api/tasks/{task}/annotations/", {"result": mood("good")})
    server.call("POST", f"/api/projects/{project}/import", [{"data": {"text": "a new one"}}])
    honest = run_night(tmp_path, server, project)
    assert honest.night.n_changes == {"explained": 2, "told": 2}, honest.night.changes.to_dict("records")
    assert honest.exit_code == 0

    renamed = CONFIG.replace('value="bad"', 'value="poor"')
    rename = {"old_label_name": "bad", "new_label_name": "poor", "control_tag": "mood"}
    everything = {"selectedItems": {"all": True, "excluded": []}}
    server.call("POST", "/api/dm/actions", rename | everything, id="rename_labels", project=project)
    server.call("PATCH", f"/api/projects/{project}/", {"label_config": renamed})
    after_rename = run_night(tmp_path, server, project)
    assert after_rename.night.n_changes.get("unexplained", 0) == 0, after_rename.night.changes.to_dict("records")
    assert after_rename.night.n_changes["explained"] > 5

    silent, inserted = tamper(server, ids)
    found = run_night(tmp_path, server, project)
    unexplained = found.night.changes[found.night.changes["status"] == "unexplained"]
    natives = {one.split("-")[1] for one in unexplained["annotation_id"]}
    assert natives == {str(silent), str(inserted)}
    assert found.exit_code == 1
    facts = found.record.findings[found.record.findings["detector"] == "ledger"]
    assert list(facts["severity"]) == ["L3", "L3"]
    told = json.loads((found.folder / "run.json").read_text())["night"]
    assert len(told["unexplained"]) == 2


def tamper(server: LabelStudioServer, ids: list[int]) -> tuple[int, int]:
    """Change one answer and insert a back-dated one, past the application, as who has the database can."""
    (path,) = server.data.rglob("label_studio.sqlite3")
    raw = sqlite3.connect(path, timeout=60)
    (result,) = raw.execute("select result from task_completion where id = ?", [ids[4]]).fetchone()
    other = "poor" if "good" in result else "good"
    raw.execute("update task_completion set result = ? where id = ?", [json.dumps(mood(other)), ids[4]])
    columns = [row[1] for row in raw.execute("pragma table_info(task_completion)") if row[1] != "id"]
    turned = {"created_at": "datetime(created_at, '-1 day')", "unique_id": "null"}
    values = ", ".join(turned.get(one, one) for one in columns)
    names = ", ".join(columns)
    copied = f"insert into task_completion ({names}) select {values} from task_completion where id = ?"
    made = raw.execute(copied, [ids[6]])
    raw.commit()
    raw.close()
    return ids[4], int(made.lastrowid or 0)


@pytest.mark.usefixtures("token")
def test_a_night_pushes_for_review_and_a_dead_server_is_code_3(
    label_studio: LabelStudioServer, project: int, tmp_path: Path
) -> None:
    night = run_night(tmp_path, label_studio, project, "    push: {}\n    budget: 5\n")
    assert night.exit_code == 0
    assert night.undelivered == ()
    titles = [one["title"] for one in label_studio.call("GET", "/api/projects/", page_size=100)["results"]]
    assert any(title.startswith("[annoaudit]") for title in titles), titles
    again = run_night(tmp_path, label_studio, project, "    push: {}\n    verdicts: true\n    budget: 5\n")
    assert again.night.counts.new == 0
    assert again.night.n_changes == {}
    address = label_studio.url.replace(str(label_studio.port), "9")
    path = tmp_path / "annoaudit.yaml"
    path.write_text(path.read_text().replace(label_studio.url, address))
    result = run_job(read_job(path), (), lambda _: None)
    assert result.exit_code == 3
