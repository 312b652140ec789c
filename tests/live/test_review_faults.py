"""What comes between: processes and servers killed, tokens refused, projects deleted, reviewers at work meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from review_scene import Scene, answer, make_scene, review_tasks, reviewer, right

from annoaudit.connectors import NotThere
from annoaudit.connectors.label_studio import applying, pushing, undoing
from annoaudit.errors import DeliveryFailed
from annoaudit.policy import Policy
from annoaudit.reviewing import apply_corrections, push, unpush, verdicts
from annoaudit.reviewing.locking import LOCK_NAME
from conftest import start_or_skip

if TYPE_CHECKING:
    from server import LabelStudioServer


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def found_once(scene: Scene, project: int) -> int:
    """Count the review tasks, none of which may be there twice."""
    found = scene.server.call("GET", "/api/tasks", project=project, page_size=2000)["tasks"]
    keys = [one["data"]["annoaudit_key"] for one in found]
    assert len(keys) == len(set(keys))
    return len(keys)


def test_a_reviewer_who_answers_between_listing_and_withdrawing_loses_nothing(scene, monkeypatch):
    server = scene.server
    project = push(scene.out, yes=True).review_project
    task = review_tasks(server, project)[min(scene.planted)]
    scene.audit(budget=0)
    withdraw = pushing.withdraw_review_tasks

    def answered_meanwhile(client, review, task_ids):
        answer(server, task["id"], "fixed", right(min(scene.planted)), by=reviewer(server))
        return withdraw(client, review, task_ids)

    monkeypatch.setattr(pushing, "withdraw_review_tasks", answered_meanwhile)
    push(scene.out, yes=True)
    assert set(review_tasks(server, project)) == {min(scene.planted)}
    assert verdicts(scene.out).verdicts["decision"].tolist() == ["fixed"]


def test_a_push_cut_off_between_import_and_tab_is_completed_by_the_next(scene, monkeypatch):
    for step in ("create_review_project", "import_review_tasks", "ensure_tab"):
        real = getattr(pushing, step)

        def act_and_die(*arguments, real=real, **settings):
            real(*arguments, **settings)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(pushing, step, act_and_die)
            with pytest.raises(Killed):
                push(scene.out, yes=True)
    receipt = push(scene.out, yes=True)
    project = receipt.review_project
    assert receipt.n_made == 0
    found = scene.server.call("GET", "/api/tasks", project=project, page_size=1000)["tasks"]
    assert len({one["data"]["annoaudit_key"] for one in found}) == len(found) == receipt.plan.n_kept
    views = scene.server.call("GET", "/api/dm/views/", project=project)
    assert [one["data"]["title"] for one in views] == ["Highest first"]
    titles = [one["title"] for one in scene.server.call("GET", "/api/projects/", page_size=1000)["results"]]
    assert titles.count(receipt.plan.review_title) >= 1
    tasks = review_tasks(scene.server, project)
    answer(scene.server, tasks[min(scene.planted)]["id"], "fixed", right(min(scene.planted)), by=reviewer(scene.server))
    assert verdicts(scene.out).verdicts["decision"].tolist() == ["fixed"]


@pytest.mark.skipif(os.name != "posix", reason="a server is paused by a signal of POSIX systems")
def test_of_two_pushes_at_once_the_second_is_refused_and_a_killed_one_blocks_nobody(scene):
    server = scene.server
    assert server.process is not None

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "annoaudit", *arguments, str(scene.out), "--yes"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    server.process.send_signal(signal.SIGSTOP)  # the first push waits for it, and so is surely under way
    first = start("push")
    try:
        deadline = time.monotonic() + 60
        while not ((scene.out / LOCK_NAME).exists() and "push" in (scene.out / LOCK_NAME).read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for command in ("push", "unpush", "apply"):
            refused = start(command)
            _, said = refused.communicate(timeout=60)
            assert refused.returncode == 4, said
            assert (
                f"Another run is writing to the platform from {scene.out} just now: push, process {first.pid}" in said
            )
        first.kill()
        first.communicate(timeout=60)
    finally:
        first.kill()
        server.process.send_signal(signal.SIGCONT)
    receipt = push(scene.out, yes=True)
    found = server.call("GET", "/api/tasks", project=receipt.review_project, page_size=1000)["tasks"]
    assert len({one["data"]["annoaudit_key"] for one in found}) == len(found) == receipt.n_made + receipt.plan.n_kept


def test_a_server_killed_during_the_push_leaves_nothing_half_and_nothing_doubled(token, tmp_path, monkeypatch):
    server = start_or_skip(tmp_path / "data")
    try:
        scene = make_scene(server, tmp_path / "out", n_tasks=300)
        scene.audit(budget=600, policy=EVERYTHING)
        wanted = push(scene.out).n_new
        killer = threading.Timer(0.9, server.kill)
        killer.start()
        with contextlib.suppress(DeliveryFailed):  # on a fast machine it is through before
            push(scene.out, yes=True)
        killer.join()
        server.restart()
        receipt = push(scene.out, yes=True)
        found = server.call("GET", "/api/tasks", project=receipt.review_project, page_size=2000)["tasks"]
        keys = [one["data"]["annoaudit_key"] for one in found]
        assert len(keys) == len(set(keys)) == wanted
        reviews = [
            one for one in server.call("GET", "/api/projects/", page_size=100)["results"] if "annoaudit" in one["title"]
        ]
        assert len(reviews) == 1
    finally:
        server.stop()


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabelStudioServer]:
    """Give a server that a test may kill."""
    server = start_or_skip(tmp_path / "data")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.token)
    yield server
    server.stop()


def test_a_server_killed_between_import_and_tab_is_told_and_the_next_push_makes_the_tab(mortal, tmp_path, monkeypatch):
    scene = make_scene(mortal, tmp_path / "out")
    scene.audit(budget=12)
    ensure_tab = pushing.ensure_tab

    def kill_first(client, review, keys, *, blind):
        mortal.kill()
        monkeypatch.setattr(client, "pause", lambda seconds: None)
        return ensure_tab(client, review, keys, blind=blind)

    with monkeypatch.context() as patched:
        patched.setattr(pushing, "ensure_tab", kill_first)
        with pytest.raises(DeliveryFailed, match="did not go through") as told:
            push(scene.out, yes=True)
    assert "push again: it completes what is missing and doubles nothing" in told.value.hint
    mortal.restart()
    receipt = push(scene.out, yes=True)
    assert receipt.n_made == 0
    assert found_once(scene, receipt.review_project) == receipt.plan.n_kept > 5
    views = mortal.call("GET", "/api/dm/views/", project=receipt.review_project)
    assert [one["data"]["title"] for one in views] == ["Highest first"]


def test_a_token_refused_halfway_is_told_with_its_mend_and_the_next_push_completes(scene, monkeypatch):
    server = scene.server
    allowed = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True, "api_token_ttl_days": 36500}
    add = pushing.import_review_tasks

    def refused_first(client, review, rows):
        with server.session() as admin:
            admin.post("/api/jwt/settings", json=allowed | {"legacy_api_tokens_enabled": False})
        return add(client, review, rows)

    try:
        with monkeypatch.context() as patched:
            patched.setattr(pushing, "import_review_tasks", refused_first)
            with pytest.raises(DeliveryFailed, match="switched legacy tokens off") as told:
                push(scene.out, yes=True)
        assert server.token not in str(told.value)
    finally:
        with server.session() as admin:
            admin.post("/api/jwt/settings", json=allowed)
    receipt = push(scene.out, yes=True)
    assert found_once(scene, receipt.review_project) == receipt.n_made > 5


def test_an_access_token_that_ends_halfway_is_renewed_without_a_word(scene, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", scene.server.pat())
    add = pushing.import_review_tasks

    def ended_first(client, review, rows):
        client.auth._access = "ended.halfway.through"
        return add(client, review, rows)

    monkeypatch.setattr(pushing, "import_review_tasks", ended_first)
    receipt = push(scene.out, yes=True)
    assert found_once(scene, receipt.review_project) == receipt.n_made > 5


def test_a_source_project_deleted_since_the_audit_is_told_and_nothing_is_made(scene):
    server = scene.server
    server.call("DELETE", f"/api/projects/{scene.project}/")
    before = server.call("GET", "/api/projects/", page_size=1000)["count"]
    with pytest.raises(NotThere, match=f"{scene.project}"):
        push(scene.out)
    with pytest.raises(DeliveryFailed, match=f"did not go through: .*{scene.project}"):
        push(scene.out, yes=True)
    assert server.call("GET", "/api/projects/", page_size=1000)["count"] == before
    assert verdicts(scene.out).verdicts.empty
    assert not unpush(scene.out, yes=True).done


def test_an_apply_killed_before_it_could_write_down_what_it_added_adds_nothing_twice(scene, monkeypatch):
    server, number = scene.server, min(scene.planted)
    tasks = review_tasks(server, push(scene.out, yes=True).review_project)
    answer(server, tasks[number]["id"], "fixed", right(number), by=reviewer(server))
    verdicts(scene.out)
    add = applying.add_correction

    def add_and_die(*arguments, **settings):
        add(*arguments, **settings)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(applying, "add_correction", add_and_die)
        with pytest.raises(Killed):
            apply_corrections(scene.out, yes=True)
    assert apply_corrections(scene.out, yes=True).n == 1
    source = tasks[number]["data"]["annoaudit_source"].rsplit("=", 1)[1]
    assert len(server.call("GET", f"/api/tasks/{source}/annotations/")) == 4
    assert apply_corrections(scene.out, undo=True, yes=True).n == 1
    assert len(server.call("GET", f"/api/tasks/{source}/annotations/")) == 3


def test_an_unpush_killed_after_deleting_has_saved_the_verdicts_and_is_completed(scene, monkeypatch):
    server, number = scene.server, min(scene.planted)
    tasks = review_tasks(server, push(scene.out, yes=True).review_project)
    answer(server, tasks[number]["id"], "fixed", right(number), by=reviewer(server))
    delete = undoing.delete_review_project

    def delete_and_die(*arguments):
        delete(*arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(undoing, "delete_review_project", delete_and_die)
        with pytest.raises(Killed):
            unpush(scene.out, yes=True)
    assert unpush(scene.out, yes=True).projects == ()
    assert verdicts(scene.out, offline=True).verdicts["decision"].tolist() == ["fixed"]


EVERYTHING = Policy(default_threshold=0.0, thresholds={})
