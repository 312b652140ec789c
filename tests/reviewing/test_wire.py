"""What is asked of a server and how its answers are taken, where a real one can't be made to do it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from annoaudit.cli.review import apply_command, push_command, unpush_command, verdicts_command
from annoaudit.connectors import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.desk import Applied, ReviewProject
from annoaudit.connectors.label_studio.applying import remove_correction
from annoaudit.connectors.label_studio.pushing import (
    change_form,
    ensure_tab,
    find_review_project,
    import_review_tasks,
    list_review_tasks,
    withdraw_review_tasks,
)
from annoaudit.connectors.label_studio.undoing import delete_review_project
from annoaudit.connectors.label_studio.verdicts import content_of, read_answers
from annoaudit.errors import DeliveryFailed, RefusedInput, UsageError
from annoaudit.reviewing.plans import Plan

PROJECT = ReviewProject(7, "[annoaudit] x", "<View/>", "")


class Recorded:
    """A client that answers from a function and remembers what it was asked."""

    def __init__(self, reply):
        self.reply, self.asked = reply, []

    def get(self, path, params=None, **_more):
        return self.send("GET", path, None, params=params)

    def send(self, method, path, body=None, *, params=None, **_more):
        self.asked.append((method, path, body, params or {}))
        answer = self.reply(method, path, body, params or {})
        if isinstance(answer, Exception):
            raise answer
        return answer


def paged(rows):
    def reply(_method, _path, _body, params):
        if "query" in params and "annotators" in params["query"] and "draft" in params["query"]:
            return {"tasks": [], "total": 0}
        start = (params["page"] - 1) * params["page_size"]
        if start and start >= len(rows):
            return NotThere("Invalid page.")  # as Label Studio does behind the last page
        return {"tasks": rows[start : start + params["page_size"]], "total": len(rows)}

    return reply


@pytest.mark.parametrize("n", [0, 1, 4999, 5000, 5001, 10_000])
def test_no_page_is_asked_for_behind_the_last(n):
    rows = [{"id": k, "meta": {"annoaudit": {"key": f"k{k}", "content": "c"}}} for k in range(n)]
    assert len(list_review_tasks(Recorded(paged(rows)), PROJECT)) == n


@pytest.mark.parametrize("n", [0, 999, 1000, 2000])
def test_answers_are_read_to_the_last_page(n):
    one = {"completed_by": {"id": 3}, "updated_at": "2026-01-01T00:00:00Z", "result": []}
    rows = [{"id": k, "meta": {"annoaudit": {"key": f"k{k}"}}, "annotations": [{"id": k, **one}]} for k in range(n)]
    answers = read_answers(Recorded(paged(rows)), 7)
    assert len(answers) == n
    assert all(one.said == "" and one.reviewer_id == "3" for one in answers)


def test_tasks_that_somebody_else_put_into_the_review_project_are_left_alone():
    rows = [
        {"id": 1, "meta": None},
        {"id": 2, "meta": {"annoaudit": "?"}},
        {"id": 3, "meta": {"annoaudit": {"key": "k"}}},
    ]
    assert [one.task_id for one in list_review_tasks(Recorded(paged(rows)), PROJECT)] == [3]


def test_withdrawing_lets_the_server_check_that_nobody_began():
    client = Recorded(lambda method, *_rest: {"tasks": [{"id": 2}], "total": 1} if method == "GET" else {})
    assert withdraw_review_tasks(client, PROJECT, [1, 2]) == {2}
    body = client.asked[0][2]
    names = [one["filter"] for one in body["filters"]["items"]]
    assert names == ["filter:tasks:annotators", "filter:tasks:draft_exists", "filter:tasks:id"]
    assert body["filters"]["conjunction"] == "and"


def test_an_import_that_took_fewer_tasks_is_an_error_not_a_silence():
    client = Recorded(lambda *_: {"task_count": 1, "task_ids": [1]})
    with pytest.raises(ServerTrouble, match="1 of 2"):
        import_review_tasks(client, PROJECT, [{}, {}])


def test_a_form_that_the_server_refuses_is_kept_as_it_was():
    assert not change_form(Recorded(lambda *_: RequestRefused("labels still in use")), PROJECT, "<View/>")


def test_the_tab_uses_only_what_the_page_can_show():
    client = Recorded(lambda method, *_: [] if method == "GET" else {"id": 3})
    ensure_tab(client, PROJECT, ["text"], blind=False)
    data = client.asked[-1][2]["data"]
    assert data["filters"]["items"] == []
    assert data["ordering"] == ["-tasks:data.annoaudit_severity"]
    assert "in_list" not in json.dumps(data)
    blind = Recorded(lambda method, *_: [] if method == "GET" else {"id": 3})
    ensure_tab(blind, PROJECT, ["text"], blind=True)
    assert not any(method == "PATCH" for method, *_ in blind.asked)  # nothing is pre-filled
    assert blind.asked[-1][2]["data"]["ordering"] == ["tasks:data.annoaudit_order"]


def test_a_review_project_is_known_by_its_marker_not_by_its_id():
    def reply(_method, path, _body, _params):
        other = {"id": 7, "title": "t", "description": "somebody else's"}
        ours = {"id": 9, "title": "t", "description": "Made by annoaudit. M", "label_config": "<View/>"}
        return {"/api/projects/7/": other, "/api/projects/9/": ours}.get(path, {"results": [other, ours], "next": None})

    assert find_review_project(Recorded(reply), "M", "7").project_id == 9
    assert find_review_project(Recorded(reply), "another", "7") is None
    with pytest.raises(RefusedInput, match="marker"):
        delete_review_project(Recorded(reply), PROJECT, "M")


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        ({"task": 5, "parent_annotation": 9, "result": [{"value": {"choices": ["Yes"]}}]}, "removed"),
        ({"task": 5, "parent_annotation": 9, "result": [{"value": {"choices": ["No"]}}]}, "conflict"),
        ({"task": 6, "parent_annotation": 9, "result": [{"value": {"choices": ["Yes"]}}]}, "conflict"),
        ({"task": 5, "parent_annotation": None, "result": [{"value": {"choices": ["Yes"]}}]}, "conflict"),
        (NotThere("gone"), "gone"),
    ],
)
def test_only_what_annoaudit_created_and_nobody_changed_is_removed(found, outcome):
    import hashlib

    content = hashlib.sha256(content_of([{"value": {"choices": ["Yes"]}}]).encode()).hexdigest()[:32]
    client = Recorded(lambda method, *_: found if method == "GET" else None)
    assert remove_correction(client, "5", "9", Applied("40", content)) == outcome
    assert any(method == "DELETE" for method, *_ in client.asked) == (outcome == "removed")


def commands() -> typer.Typer:
    app = typer.Typer()
    for command in (push_command, verdicts_command, unpush_command, apply_command):
        app.command(command.__name__.removesuffix("_command"))(command)
    return app


def test_commands_show_the_plan_and_print_json(monkeypatch):
    plan = Plan("https://h/projects/3", "t\x1b[31m", "[annoaudit] t", 0, False, 2, 0, 0, 0, 0)
    monkeypatch.setattr("annoaudit.reviewing.push", lambda *_a, **_k: plan)
    shown = CliRunner().invoke(commands(), ["push", "out"]).output
    assert "2 review tasks to add" in shown
    assert "confirm with --yes" in shown
    assert "\x1b" not in shown
    said = json.loads(CliRunner().invoke(commands(), ["push", "out", "--json"]).output)
    assert said["plan"]["n_new"] == 2


@pytest.mark.parametrize("command", ["push", "verdicts", "unpush", "apply"])
def test_a_folder_without_an_audit_is_a_usage_error(command, tmp_path):
    failed = CliRunner().invoke(commands(), [command, str(tmp_path)]).exception
    assert isinstance(failed, UsageError)
    assert "holds no audit" in str(failed)


def test_a_push_that_fails_has_exit_code_4():
    assert DeliveryFailed("x").exit_code == 4
