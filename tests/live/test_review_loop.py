"""The review loop on a real server: push, verdicts, unpush, apply; and what they leave untouched."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from review_scene import (
    CLASSES,
    CONFIG,
    Scene,
    answer,
    choice,
    current,
    make_scene,
    photograph,
    review_tasks,
    reviewer,
    right,
    same,
)

import annoaudit as aa
from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.errors import DeliveryFailed, RefusedInput, UsageError
from annoaudit.reviewing import apply_corrections, push, unpush, verdicts


def test_a_plan_writes_nothing_and_the_push_only_a_project_of_its_own(scene):
    server = scene.server
    projects = server.call("GET", "/api/projects/", page_size=1000)["count"]
    before = photograph(server, scene.project)
    plan = push(scene.out)
    assert plan.n_new > 5
    assert "Nothing has been written" in str(plan)
    assert server.call("GET", "/api/projects/", page_size=1000)["count"] == projects
    receipt = push(scene.out, yes=True)
    assert receipt.n_made == plan.n_new
    assert same(photograph(server, scene.project), before)
    tasks = review_tasks(server, receipt.review_project)
    assert set(tasks) >= scene.planted
    assert all(current(tasks[number]) != right(number) for number in scene.planted)
    again = push(scene.out, yes=True)
    assert (again.n_made, again.n_withdrawn, again.plan.n_kept) == (0, 0, plan.n_new)
    assert set(review_tasks(server, receipt.review_project)) == set(tasks)
    removal = unpush(scene.out, yes=True)
    assert removal.done
    assert same(photograph(server, scene.project), before)
    assert server.call("GET", "/api/projects/", page_size=1000)["count"] == projects


def test_a_thousand_tasks_are_byte_for_byte_the_same_after_push_and_unpush(label_studio, token, tmp_path):
    scene = make_scene(label_studio, tmp_path / "out", n_tasks=1000)
    scene.audit(budget=60)
    before = photograph(label_studio, scene.project)
    assert len(json.loads(before)[0]) == 1000
    push(scene.out, yes=True)
    assert same(photograph(label_studio, scene.project), before)
    unpush(scene.out, yes=True)
    assert same(photograph(label_studio, scene.project), before)


def test_verdicts_come_back_with_their_consistency_checked(scene):
    server, who = scene.server, reviewer(scene.server)
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(server, project)
    numbers = sorted(scene.planted)
    fixed, unchanged, contradicted, unclear, broken, skipped = numbers[:6]
    answer(server, tasks[fixed]["id"], "fixed", right(fixed), by=who, note="=cmd()|' <b>note</b>")
    answer(server, tasks[unchanged]["id"], "fixed", current(tasks[unchanged]), by=who)
    answer(server, tasks[contradicted]["id"], "confirmed", right(contradicted), by=who)
    answer(server, tasks[unclear]["id"], "ambiguous", current(tasks[unclear]), by=who)
    answer(server, tasks[broken]["id"], "bad_data", current(tasks[broken]), by=who)
    answer(server, tasks[skipped]["id"], "skipped", None, by=who)
    figures = verdicts(scene.out)
    assert figures.n_new == 6
    said = figures.verdicts.set_index("target")
    by_number = {number: said.loc[_target(scene, tasks[number])] for number in numbers[:6]}
    assert by_number[fixed]["decision"] == "fixed"
    assert by_number[fixed]["corrected"] == right(fixed)
    assert by_number[unchanged]["decision"] == "skipped"
    assert "answer again" in by_number[unchanged]["warning"]
    assert by_number[contradicted]["decision"] == "fixed"
    assert "counted as fixed" in by_number[contradicted]["warning"]
    assert by_number[unclear]["decision"] == "ambiguous"
    assert by_number[broken]["decision"] == "bad_data"
    assert by_number[skipped]["decision"] == "skipped"
    assert by_number[fixed]["reviewer"].startswith("a-")  # a pseudonym
    assert verdicts(scene.out).n_new == 0
    row = figures.table[figures.table["detector"] == "consensus_disagreement"].iloc[0]
    assert (row["fixed"], row["ambiguous"], row["bad_data"], row["skipped"], row["n_ask_again"]) == (2, 1, 1, 2, 1)
    assert row["precision"] == 1.0
    assert row["low"] != row["low"]  # a partly reviewed, sorted list has no interval
    assert row["basis"].startswith("among the 6 reviewed, highest first")
    server.call("POST", f"/api/tasks/{tasks[unchanged]['id']}/annotations/", {
        "result": [choice(right(unchanged)), {"id": "v", "from_name": "annoaudit_verdict", "to_name": "annoaudit_why",
                   "type": "choices", "value": {"choices": ["fixed"]}}], "completed_by": who})  # fmt: skip
    assert verdicts(scene.out).verdicts.set_index("target").loc[_target(scene, tasks[unchanged])]["decision"] == "fixed"


def test_reruns_add_withdraw_and_never_touch_what_a_reviewer_began(scene):
    server = scene.server
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(server, project)
    numbers = sorted(scene.planted)
    answer(server, tasks[numbers[0]]["id"], "confirmed", current(tasks[numbers[0]]), by=reviewer(server))
    with server.session("reviewer@example.com") as client:  # a draft that was never submitted
        said = client.post(f"/api/tasks/{tasks[numbers[1]]['id']}/drafts", json={"result": [choice("Neutral")]})
        assert said.status_code < 300, said.text
    scene.audit(budget=0)
    plan = push(scene.out)
    assert (plan.n_answered, plan.n_withdrawn) == (2, len(tasks) - 2)
    receipt = push(scene.out, yes=True)
    assert receipt.review_project == project
    assert set(review_tasks(server, project)) == set(numbers[:2])
    scene.audit(budget=12)
    push(scene.out, yes=True)
    assert set(review_tasks(server, project)) == set(tasks)
    assert verdicts(scene.out).verdicts["decision"].tolist() == ["confirmed"]


def test_tasks_deleted_and_labels_changed_since_the_audit_are_left_out_and_named(scene):
    server = scene.server
    labels = LabelStudio.of(scene.address).pull().labels.annotations.to_pylist()
    planted = sorted(scene.planted)
    findings = [row for row in labels if row["annotator_id"] == labels[1]["annotator_id"]]
    gone, changed = findings[planted[0]], findings[planted[1]]
    server.call("DELETE", f"/api/tasks/{gone['item_id']}/")
    server.call("PATCH", f"/api/annotations/{changed['native_id']}/", {"result": [choice(right(planted[1]))]})
    receipt = push(scene.out, yes=True)
    tasks = review_tasks(server, receipt.review_project)
    assert planted[0] not in tasks
    assert planted[1] not in tasks
    notes = " ".join(receipt.notes)
    assert "1 flagged labels have been deleted" in notes
    assert "1 flagged labels have been changed" in notes


def test_a_review_project_deleted_meanwhile_is_made_again_without_what_has_a_verdict(scene):
    server = scene.server
    first = push(scene.out, yes=True)
    tasks = review_tasks(server, first.review_project)
    answer(server, tasks[min(scene.planted)]["id"], "fixed", right(min(scene.planted)), by=reviewer(server))
    verdicts(scene.out)
    server.call("DELETE", f"/api/projects/{first.review_project}/")
    figures = verdicts(scene.out)
    assert len(figures.verdicts) == 1
    assert "not there any more" in " ".join(figures.notes)
    second = push(scene.out, yes=True)
    assert "has been deleted on the server" in " ".join(second.notes)
    assert second.plan.n_settled == 1
    assert set(review_tasks(server, second.review_project)) == set(tasks) - {min(scene.planted)}
    assert len(verdicts(scene.out).verdicts) == 1


def test_somebody_elses_project_under_the_same_id_is_never_deleted(scene):
    server = scene.server
    project = push(scene.out, yes=True).review_project
    server.call("PATCH", f"/api/projects/{project}/", {"description": "mine now"})
    assert unpush(scene.out, yes=True).projects == ()
    assert server.call("GET", f"/api/projects/{project}/")["description"] == "mine now"


def test_a_label_config_changed_between_audit_and_push_is_followed(scene):
    server = scene.server
    project = push(scene.out, yes=True).review_project
    changed = CONFIG.replace('<Choice value="Neutral"/>', '<Choice value="Neutral"/><Choice value="Mixed" hotkey="f"/>')
    server.call("PATCH", f"/api/projects/{scene.project}/", {"label_config": changed})
    push(scene.out, yes=True)
    config = server.call("GET", f"/api/projects/{project}/")["label_config"]
    assert "Mixed" in config
    assert config.count('hotkey="f"') == 1  # the source's own hotkey wins
    task = review_tasks(server, project)[min(scene.planted)]
    answer(server, task["id"], "fixed", "Mixed", by=reviewer(server))
    server.call("PATCH", f"/api/projects/{scene.project}/", {"label_config": CONFIG})
    push(scene.out, yes=True)  # the server may take the form without "Mixed" or refuse it; the answer stays
    assert verdicts(scene.out).verdicts["corrected"].tolist() == ["Mixed"]


def test_what_reviewers_confirmed_comes_back_neither_to_the_queue_nor_to_review_until_it_changes(scene):
    server, who = scene.server, reviewer(scene.server)
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(server, project)
    first, second, third = sorted(scene.planted)[:3]
    answer(server, tasks[first]["id"], "confirmed", current(tasks[first]), by=who)
    answer(server, tasks[second]["id"], "confirmed", current(tasks[second]), by=who)
    answer(server, tasks[third]["id"], "fixed", right(third), by=who)
    unpush(scene.out, yes=True)  # saves the verdicts first
    audit = scene.audit(budget=12, history=scene.out)
    assert audit.record.review.suppressed == {"confirmed": 2, "fixed": 1}
    assert "2 confirmed as right" in audit.html()
    plan = push(scene.out)
    assert plan.n_settled == 3
    assert "answered before: not asked again" in str(plan)
    again = push(scene.out, yes=True)
    assert not {first, second, third} & set(review_tasks(server, again.review_project))
    annotation = tasks[first]["data"]["annoaudit_source"].rsplit("=", 1)[1]
    found = server.call("GET", f"/api/tasks/{annotation}/annotations/")
    flagged = next(one for one in found if one["result"][0]["value"]["choices"] == [current(tasks[first])])
    other = next(one for one in CLASSES if one not in (right(first), current(tasks[first])))
    server.call("PATCH", f"/api/annotations/{flagged['id']}/", {"result": [choice(other)]})
    audit = scene.audit(budget=12, history=scene.out)
    assert audit.record.review.suppressed == {"confirmed": 1, "fixed": 1}
    assert audit.record.review.n_changed == 1
    push(scene.out, yes=True)
    assert first in review_tasks(server, again.review_project)
    assert second not in review_tasks(server, again.review_project)


def test_a_label_that_changed_after_its_verdict_is_asked_again_in_the_same_project(scene):
    server, who, number = scene.server, reviewer(scene.server), min(scene.planted)
    project = push(scene.out, yes=True).review_project
    task = review_tasks(server, project)[number]
    answer(server, task["id"], "confirmed", current(task), by=who)
    source = task["data"]["annoaudit_source"].rsplit("=", 1)[1]
    found = server.call("GET", f"/api/tasks/{source}/annotations/")
    flagged = next(one for one in found if one["result"][0]["value"]["choices"] == [current(task)])
    other = next(one for one in CLASSES if one not in (right(number), current(task)))
    server.call("PATCH", f"/api/annotations/{flagged['id']}/", {"result": [choice(other)]})
    verdicts(scene.out)
    scene.audit(budget=12, history=scene.out)
    push(scene.out, yes=True)
    about = [one for one in tasks_of(scene, project) if one["data"]["number"] == number]
    assert sorted(current(one) for one in about) == sorted([current(task), other])
    again = next(one for one in about if one["id"] != task["id"])
    answer(server, again["id"], "fixed", right(number), by=who)
    assert sorted(verdicts(scene.out).verdicts["decision"]) == ["confirmed", "fixed"]
    audit = scene.audit(budget=12, history=scene.out)
    assert audit.record.review.suppressed == {"fixed": 1}
    assert push(scene.out, yes=True).n_made == 0
    assert len([one for one in tasks_of(scene, project) if one["data"]["number"] == number]) == 2


def tasks_of(scene: Scene, project: int) -> list[dict]:
    return scene.server.call("GET", "/api/tasks", project=project, fields="all", page_size=1000)["tasks"]


def test_the_commands_lead_round_the_loop(label_studio, token, tmp_path):
    scene = make_scene(label_studio, tmp_path / "out")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "annoaudit", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert token not in done.stdout + done.stderr
        return done.stdout

    run("audit", f"{scene.address}/data?tab=1", "--out", str(scene.out), "--budget", "12")
    assert "Nothing has been written" in run("push", str(scene.out))
    project = json.loads(run("push", str(scene.out), "--yes", "--json"))["review_project"]
    tasks, number = review_tasks(label_studio, project), min(scene.planted)
    answer(label_studio, tasks[number]["id"], "confirmed", current(tasks[number]), by=reviewer(label_studio))
    assert "among the 1 reviewed, highest first: 0 fixed, 1 confirmed" in run("verdicts", str(scene.out))
    shown = run("audit", scene.address, "--out", str(scene.out), "--budget", "12")
    assert "1 flagged label was answered by reviewers before" in " ".join(shown.split())
    assert json.loads((scene.out / "run.json").read_text())["review"]["suppressed"] == {"confirmed": 1}
    assert "Deleted: project" in run("unpush", str(scene.out), "--yes")


def test_blinded_review_gives_nothing_away_and_the_random_part_gives_the_error_rate(scene):
    server, who = scene.server, reviewer(scene.server)
    with pytest.raises(UsageError, match="blinded"):
        push(scene.out, decoys=5)
    receipt = push(scene.out, yes=True, blind=True, decoys=40)
    found = server.call("GET", "/api/tasks", project=receipt.review_project, fields="all", page_size=1000)["tasks"]
    assert len(found) == receipt.n_made > 40
    shown = {key for task in found for key in task["data"]}
    assert shown == {"text", "number", "annoaudit_key", "annoaudit_order", "annoaudit_title", "annoaudit_why"}
    assert len({task["data"]["annoaudit_why"] for task in found}) == 1
    assert not any(task["predictions"] for task in found)
    assert {tuple(sorted(task["meta"]["annoaudit"])) for task in found} == {("content", "key")}
    for task in found:
        answer(server, task["id"], "answered", right(task["data"]["number"]), by=who)
    figures = verdicts(scene.out)
    sampled = figures.sampled.set_index("what")
    rate = sampled.loc["error rate of the project"]
    assert "of 40 judged" in rate["basis"]
    assert rate["low"] <= len(scene.planted) / 180 <= rate["high"]
    recall = sampled.loc["recall of consensus_disagreement"]
    assert recall["low"] <= 1.0 <= recall["high"] + 1e-9
    report = scene.audit(budget=12, history=scene.out)
    known = report.record.questions[0].error_rate
    assert (known.value, known.low, known.high) == (rate["value"], rate["low"], rate["high"])
    assert "drawn at random from the whole project" in report.html()
    assert receipt.plan.n_drawn == 40
    push(scene.out, yes=True, blind=True)  # what was answered left the queue, and still counts
    after = verdicts(scene.out).sampled.set_index("what").loc["recall of consensus_disagreement"]
    assert after["value"] == pytest.approx(recall["value"])
    again = push(scene.out, blind=True)  # the sample stays, asked for again or not
    assert (again.n_new, again.n_withdrawn, again.n_drawn) == (0, 0, 40)
    scene.audit(budget=3)
    push(scene.out, yes=True, blind=True)
    assert "of 40 judged" in verdicts(scene.out).sampled.iloc[0]["basis"]


def test_an_audit_that_was_never_saved_is_pushed_as_it_is(scene, tmp_path):
    audit = aa.audit(LabelStudio.of(scene.address).pull().labels, budget=4)
    receipt = push(audit, yes=True, out=tmp_path / "fresh")
    assert receipt.n_made == 4
    assert push(audit, out=tmp_path / "fresh").n_kept == 4
    assert unpush(audit, yes=True, out=tmp_path / "fresh").done


def test_corrections_are_added_beside_the_original_and_taken_back_unless_somebody_changed_them(scene):
    server, who = scene.server, reviewer(scene.server)
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(server, project)
    first, second = sorted(scene.planted)[:2]
    for number in (first, second):
        answer(server, tasks[number]["id"], "fixed", right(number), by=who)
    verdicts(scene.out)
    assert apply_corrections(scene.out).n == 2
    assert apply_corrections(scene.out, yes=True).n == 2
    assert apply_corrections(scene.out, yes=True).n == 0
    added = {}
    for number in (first, second):
        source = tasks[number]["data"]["annoaudit_source"].rsplit("=", 1)[1]
        annotations = server.call("GET", f"/api/tasks/{source}/annotations/")
        mine = [one for one in annotations if one["parent_annotation"]]
        assert len(annotations) == 4
        assert len(mine) == 1
        assert mine[0]["completed_by"] == who
        assert not mine[0]["ground_truth"]
        assert [item["from_name"] for item in mine[0]["result"]] == ["sentiment"]
        assert mine[0]["result"][0]["value"]["choices"] == [right(number)]
        added[number] = mine[0]["id"]
    server.call("PATCH", f"/api/annotations/{added[second]}/", {"result": [choice(CLASSES[(second + 2) % 3])]})
    assert apply_corrections(scene.out, undo=True).n == 2
    undone = apply_corrections(scene.out, undo=True, yes=True)
    assert undone.n == 1
    assert str(added[second]) in undone.conflicts[0]
    with server.client() as client:
        assert client.get(f"/api/annotations/{added[first]}/").status_code == 404
        assert client.get(f"/api/annotations/{added[second]}/").status_code == 200


def test_unpush_saves_what_was_said_first_and_refuses_to_delete_what_it_cannot_save(scene, monkeypatch):
    server = scene.server
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(server, project)
    answer(server, tasks[min(scene.planted)]["id"], "fixed", right(min(scene.planted)), by=reviewer(server))
    from annoaudit.reviewing import withdrawing

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(withdrawing, "write_whole", full)
        with pytest.raises(DeliveryFailed, match="nothing was deleted"):
            unpush(scene.out, yes=True)
    assert server.call("GET", f"/api/projects/{project}/")["id"] == project
    removal = unpush(scene.out, yes=True)
    assert removal.n_answers == 1
    saved = [json.loads(line) for file in scene.out.glob("answers-*.jsonl") for line in file.read_text().splitlines()]
    assert saved[0]["said"] == "fixed"
    assert len(verdicts(scene.out, offline=True).verdicts) == 1


def test_a_review_project_is_not_reviewed_itself(scene, tmp_path):
    project = push(scene.out, yes=True).review_project
    tasks = review_tasks(scene.server, project)
    for number in scene.planted:
        answer(scene.server, tasks[number]["id"], "fixed", right(number), by=reviewer(scene.server))
    inner = Scene(scene.server, project, tmp_path / "inner", set())
    inner.audit(budget=3)
    if len(push(inner.out).describe()):
        with pytest.raises((RefusedInput, DeliveryFailed), match="annoaudit_"):
            push(inner.out, yes=True)


def _target(scene: Scene, task: dict) -> str:
    from annoaudit.reviewing.places import open_place

    with open_place(scene.out) as place:
        receipts = place.reviews.receipts("task")
    return str(receipts[task["data"]["annoaudit_key"]].details["target"])
