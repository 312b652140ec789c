"""Marks in the audited project: only on request, and removed without a trace. On a server of their own.

A server in which a project has been deleted counts predictions wrongly until it is started again (Label Studio's
signals stay dead); it is therefore restarted before each test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from review_scene import Scene, choice, differences, make_scene, photograph

from annoaudit.errors import UsageError
from annoaudit.reviewing import push, unpush
from annoaudit.store import open_store
from conftest import start_or_skip

if TYPE_CHECKING:
    from server import LabelStudioServer


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    server = start_or_skip(tmp_path_factory.mktemp("label-studio-marks"))
    yield server
    server.stop()


@pytest.fixture
def scene(own_server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", own_server.token)
    own_server.restart()
    made = make_scene(own_server, tmp_path / "out")
    made.audit(budget=12)
    return made


def test_marks_in_the_source_are_made_only_on_request_follow_later_pushes_and_go_without_a_trace(scene):
    server = scene.server
    before = photograph(server, scene.project)
    with pytest.raises(UsageError, match="blinded reviewers"):
        push(scene.out, blind=True, tab=True)
    plan = push(scene.out, tab=True, predictions=True)
    assert plan.n_in_tab == plan.n_scored == len(set(scene_tasks(scene))) > 5
    assert "which unpush removes" in str(plan)
    assert differences(photograph(server, scene.project), before) == []
    push(scene.out, yes=True, tab=True, predictions=True)
    assert [one["data"]["title"] for one in tabs(scene)] == ["Default", "annoaudit: flagged"]
    marked = tasks_in(scene, tabs(scene)[1]["id"])
    assert marked == set(scene_tasks(scene))
    assert scored(scene) == marked
    tasks = json.loads(photograph(server, scene.project))[0]
    plain = json.loads(before)[0]
    for now, then in zip(tasks, plain, strict=True):
        assert now["updated_at"] == then["updated_at"]
        assert now["annotations"] == then["annotations"]
        assert all(one["result"] == [] for one in now["predictions"])
    scene.audit(budget=4)
    push(scene.out, yes=True)  # asked for or not, what stands there follows
    assert tasks_in(scene, tabs(scene)[1]["id"]) == set(scene_tasks(scene)) == scored(scene)
    assert len(tabs(scene)) == 2
    assert "Would remove from the audited project" in str(unpush(scene.out))
    unpush(scene.out, yes=True)
    assert differences(photograph(server, scene.project), before) == []
    assert not unpush(scene.out, yes=True).marks


def test_marks_leave_other_tabs_predictions_and_the_model_version_alone(scene):
    server = scene.server
    first = server.call("GET", "/api/tasks", project=scene.project, page_size=1)["tasks"][0]["id"]
    mine = [{"task": first, "result": [choice("Neutral")], "model_version": "annoaudit mine", "score": 0.5}]
    server.call("POST", f"/api/projects/{scene.project}/import/predictions", mine)
    server.call("PATCH", f"/api/projects/{scene.project}/", {"model_version": "annoaudit mine"})
    server.call(
        "POST", "/api/dm/views/", {"project": scene.project, "data": {"title": "Mine", "filters": {"items": []}}}
    )
    before = photograph(server, scene.project)
    push(scene.out, yes=True, tab=True, predictions=True)
    assert [one["data"]["title"] for one in tabs(scene)] == ["Mine", "annoaudit: flagged"]
    unpush(scene.out, yes=True)
    assert differences(photograph(server, scene.project), before) == []


def test_a_usual_tab_that_somebody_changed_stays(scene):
    push(scene.out, yes=True, tab=True)
    usual = tabs(scene)[0]
    body = {"project": scene.project, "data": {**usual["data"], "title": "Ours now"}}
    scene.server.call("PATCH", f"/api/dm/views/{usual['id']}/", body)
    unpush(scene.out, yes=True)
    assert [one["data"]["title"] for one in tabs(scene)] == ["Ours now"]


def test_marks_cut_off_halfway_are_completed_or_removed(scene, monkeypatch):
    from annoaudit.connectors.label_studio import overlays

    class Killed(BaseException):
        pass

    def die(*_arguments, **_settings):
        raise Killed

    before = photograph(scene.server, scene.project)
    with monkeypatch.context() as patched:
        patched.setattr(overlays, "add_predictions", die)
        with pytest.raises(Killed):
            push(scene.out, yes=True, tab=True, predictions=True)
    assert len(tabs(scene)) == 2
    push(scene.out, yes=True)
    assert scored(scene) == set(scene_tasks(scene))
    unpush(scene.out, yes=True)
    assert differences(photograph(scene.server, scene.project), before) == []


def test_with_the_source_project_its_marks_are_gone_and_unpush_still_removes_the_rest(scene):
    receipt = push(scene.out, yes=True, tab=True, predictions=True)
    scene.server.call("DELETE", f"/api/projects/{scene.project}/")
    removal = unpush(scene.out, yes=True)
    assert removal.done
    assert str(receipt.review_project) in removal.projects[0]
    assert not unpush(scene.out, yes=True).marks


def tabs(scene: Scene) -> list[dict]:
    return scene.server.call("GET", "/api/dm/views/", project=scene.project)


def tasks_in(scene: Scene, tab: int) -> set[str]:
    found = scene.server.call("GET", "/api/tasks", project=scene.project, view=tab, page_size=1000)["tasks"]
    return {str(one["id"]) for one in found}


def scored(scene: Scene) -> set[str]:
    found = scene.server.call("GET", "/api/tasks", project=scene.project, fields="all", page_size=1000)["tasks"]
    return {str(one["id"]) for one in found if any(p["score"] > 0 for p in one["predictions"])}


def scene_tasks(scene: Scene) -> list[str]:
    """The tasks of the queue."""
    with open_store(scene.out / "annoaudit.db") as store:
        found = store.findings()
    return found[found["rank"] > 0]["item_id"].tolist()
