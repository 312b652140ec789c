"""Pulling from a real server: everything, what changed, and what the filter by time does not see."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from server import ADMIN, LabelStudioServer

from annoaudit.connectors import NotThere, RequestRefused, ServerTrouble, open_connector
from annoaudit.connectors.label_studio import LabelStudio, pulling, reading
from annoaudit.connectors.label_studio.natives import native_data, native_result
from annoaudit.labels import TABLES, LabelSet

CONFIG = """<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad" alias="poor"/></Choices>
  <Choices name="about" toName="text" choice="multiple"><Choice value="food"/><Choice value="staff"/></Choices>
  <Labels name="who" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
  <Rating name="stars" toName="text"/>
</View>"""


def mood(value: str) -> dict[str, object]:
    return {"id": "m", "from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [value]}}


def project_of(server: LabelStudioServer, n_tasks: int = 12) -> int:
    people = [user.id for email, user in server.users.items() if email.startswith("ann")]
    tasks = [
        {
            "data": {"text": f"Grüße 😀 <b>{k}</b>", "link": "s3://bucket/{k}.txt"},
            "annotations": [
                {
                    "completed_by": people[(k + j) % 4],
                    "lead_time": 1.5 + j,
                    "result": [mood("good" if (k + j) % 3 else "poor")],
                }
                for j in range(k % 3)
            ],
            "predictions": [{"model_version": "m1", "score": 0.25, "result": [mood("good")]}] if k % 4 == 0 else [],
        }
        for k in range(n_tasks)
    ]
    return server.create_project(CONFIG, tasks)


def open_project(server: LabelStudioServer, project: int) -> LabelStudio:
    connector = open_connector(f"{server.url}/projects/{project}/data?tab=7")
    assert isinstance(connector, LabelStudio)
    return connector


def task_ids(server: LabelStudioServer, project: int) -> list[int]:
    found = server.call("GET", "/api/tasks", project=project, include="id", fields="all", page_size=1000)
    return [one["id"] for one in found["tasks"]]


def assert_same(first: LabelSet, second: LabelSet, *, but: tuple[str, ...] = ()) -> None:
    for name in TABLES:
        left, right = (one.tables[name].combine_chunks() for one in (first, second))
        for column in left.column_names:
            if column not in but:
                assert left[column].equals(right[column]), f"{name}.{column} differs"
    assert first.notes == second.notes


@pytest.mark.usefixtures("token")
def test_everything_arrives(label_studio: LabelStudioServer) -> None:
    project = project_of(label_studio)
    first, second, third = task_ids(label_studio, project)[:3]
    users = label_studio.users
    span = {
        "id": "s",
        "from_name": "who",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 7, "end": 8, "text": "<", "labels": ["PER"]},
    }
    both = {
        "id": "b",
        "from_name": "about",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["food", "staff"]},
    }
    made = label_studio.call(
        "POST", f"/api/tasks/{first}/annotations/", {"result": [mood("good"), both, span], "lead_time": 9.25}
    )
    label_studio.call(
        "POST", f"/api/tasks/{second}/annotations/", {"result": [], "was_cancelled": True, "lead_time": 2}
    )
    label_studio.call("POST", f"/api/tasks/{third}/annotations/", {"result": [], "lead_time": 3, "ground_truth": True})
    label_studio.call("POST", f"/api/tasks/{third}/drafts", {"result": [mood("poor")], "lead_time": 4})
    label_studio.call("PATCH", f"/api/annotations/{made['id']}/", {"completed_by": users["ann1@example.com"].id})

    pulled = open_project(label_studio, project).pull()
    labels = pulled.labels

    assert pulled.how == "snapshot"
    assert label_studio.call("GET", f"/api/projects/{project}/exports/") == []
    assert labels.items.num_rows == 12
    assert labels.items["item_id"].to_pylist() == [str(one) for one in task_ids(label_studio, project)]
    assert native_data(labels.items["meta_json"][0].as_py())["link"] == "s3://bucket/{k}.txt"
    rows = {row["annotation_id"]: row for row in labels.annotations.to_pylist()}
    mine = next(row for row in rows.values() if row["native_id"] == str(made["id"]))
    assert mine["annotation_id"] == f"{project}-{made['id']}-{mine['created_at']:%Y%m%dT%H%M%S.%fZ}"
    assert (mine["lead_time_s"], mine["time_kind"], mine["updated_by"]) == (9.25, "measured", str(users[ADMIN].id))
    assert mine["annotator_id"] == str(users["ann1@example.com"].id)
    assert mine["unique_id"]
    assert mine["native_url"] == f"{label_studio.url}/projects/{project}/data?task={first}"
    assert native_result(mine["meta_json"]) == [mood("good"), both, span]
    statuses = sorted(
        (row["status"], row["is_gold"]) for row in rows.values() if row["item_id"] in (str(second), str(third))
    )
    assert {("skipped", False), ("draft", False), ("submitted", True)} <= set(statuses)
    kinds = dict(zip(labels.questions["question"].to_pylist(), labels.questions["kind"].to_pylist(), strict=True))
    assert kinds == {"mood": "choice", "about": "multichoice", "who": "span", "stars": "rating"}
    assert labels.options("mood") == ("good", "poor")
    assert labels.predictions["score"].to_pylist() == [0.25, 0.25, 0.25]
    assert "ann1@example.com" in labels.annotators["display"].to_pylist()
    assert not any("@" in one for one in labels.annotators["annotator_id"].to_pylist())
    assert labels.votes("mood").n_annotators > 1


@pytest.mark.usefixtures("token")
def test_pages_give_what_a_snapshot_gives(label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = open_project(label_studio, project_of(label_studio))
    snapshot = connector.pull()
    monkeypatch.setattr(pulling, "SNAPSHOT_UP_TO", 0)
    monkeypatch.setattr(reading, "PAGE_SIZE", 5)
    pages = connector.pull()
    assert pages.how == "pages"
    for name in TABLES:
        for column in set(snapshot.labels.tables[name].column_names) - {"unique_id"}:
            left, right = snapshot.labels.tables[name][column], pages.labels.tables[name][column]
            assert left.combine_chunks().equals(right.combine_chunks()), f"{name}.{column}"


@pytest.mark.usefixtures("token")
def test_changes_lead_to_what_a_full_pull_gives(label_studio: LabelStudioServer) -> None:
    project = project_of(label_studio, 30)
    connector = open_project(label_studio, project)
    pulled = connector.pull()
    ids = task_ids(label_studio, project)
    annotation = {row["item_id"]: row["native_id"] for row in pulled.labels.annotations.to_pylist()}

    def follow(how: str | None, *changed: int) -> None:
        nonlocal pulled
        bookmark = json.loads(json.dumps(pulled.bookmark))
        pulled = connector.pull(bookmark, pulled.labels)
        assert how in (None, pulled.how)
        assert {str(one) for one in changed} <= set(pulled.changed)  # and what changed just before, read once more
        assert_same(pulled.labels, connector.pull(full=True).labels, but=("unique_id",))

    follow("changes")
    label_studio.call("POST", f"/api/tasks/{ids[0]}/annotations/", {"result": [mood("poor")], "lead_time": 1})
    label_studio.call("PATCH", f"/api/annotations/{annotation[str(ids[1])]}/", {"result": [mood("poor")]})
    label_studio.call("POST", f"/api/tasks/{ids[2]}/annotations/", {"result": [], "was_cancelled": True})
    label_studio.call("DELETE", f"/api/annotations/{annotation[str(ids[4])]}/")
    follow("changes", ids[0], ids[1], ids[2], ids[4])
    label_studio.call("POST", f"/api/projects/{project}/import", [{"data": {"text": "new", "link": ""}}])
    follow("changes", max(task_ids(label_studio, project)))
    label_studio.call("DELETE", f"/api/tasks/{ids[5]}/")
    follow("changes, then compared all", ids[5])
    predicted = [{"task": ids[7], "result": [mood("good")], "model_version": "m2", "score": 0.5}]
    label_studio.call("POST", f"/api/projects/{project}/import/predictions", predicted)
    follow(None, ids[7])  # by chance in the overlap, if the project was made a moment ago
    rename = {"old_label_name": "poor", "new_label_name": "good", "control_tag": "mood"}
    everything = {"selectedItems": {"all": True, "excluded": []}}
    label_studio.call("POST", "/api/dm/actions", rename | everything, id="rename_labels", project=project)
    follow("changes", ids[0], ids[1])
    assert "poor" not in pulled.labels.labels["value"].to_pylist()
    label_studio.call("PATCH", f"/api/projects/{project}/", {"label_config": CONFIG.replace("staff", "price")})
    pulled = connector.pull(pulled.bookmark, pulled.labels)
    assert pulled.how == "snapshot"
    assert pulled.labels.options("about") == ("food", "price")


@pytest.mark.usefixtures("token")
def test_annotations_copied_by_an_action_are_found(label_studio: LabelStudioServer) -> None:
    project = project_of(label_studio, 6)
    connector = open_project(label_studio, project)
    pulled = connector.pull()
    source = pulled.labels.annotations["native_id"][0].as_py()
    ids = task_ids(label_studio, project)
    body = {"selectedItems": {"all": False, "included": [ids[0], ids[3]]}, "source_annotation_id": int(source)}
    label_studio.call("POST", "/api/dm/actions", body, id="propagate_annotations", project=project)
    again = connector.pull(pulled.bookmark, pulled.labels)
    assert again.labels.annotations.num_rows > pulled.labels.annotations.num_rows
    assert_same(again.labels, connector.pull(full=True).labels, but=("unique_id",))


@pytest.mark.usefixtures("token")
def test_empty_projects_and_projects_without_annotations(label_studio: LabelStudioServer) -> None:
    empty = open_project(label_studio, label_studio.create_project(CONFIG)).pull()
    assert empty.labels.items.num_rows == 0
    assert empty.labels.questions.num_rows == 4
    bare = label_studio.create_project(CONFIG, [{"data": {"text": "a"}}, {"data": {"text": "b"}}])
    connector = open_project(label_studio, bare)
    pulled = connector.pull()
    assert pulled.labels.items["text"].to_pylist() == ["a", "b"]
    assert pulled.labels.annotations.num_rows == 0
    assert_same(connector.pull(pulled.bookmark, pulled.labels).labels, pulled.labels)


@pytest.mark.usefixtures("token")
def test_a_result_that_is_broken_is_left_out_by_name(label_studio: LabelStudioServer) -> None:
    project = project_of(label_studio, 4)
    first, second = task_ids(label_studio, project)[:2]
    odd = {"id": "x", "from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [{"a": 1}]}}
    broken = label_studio.call("POST", f"/api/tasks/{first}/annotations/", {"result": [odd]})
    label_studio.call("POST", f"/api/tasks/{second}/annotations/", {"result": [mood("good")]})
    connector = open_project(label_studio, project)
    pulled = connector.pull()
    assert str(broken["id"]) not in pulled.labels.annotations["native_id"].to_pylist()
    assert any(f"annotation {broken['id']} on task {first}" in note for note in pulled.labels.notes)
    again = connector.pull(pulled.bookmark, pulled.labels)
    assert again.how == "changes"
    assert_same(again.labels, pulled.labels, but=("unique_id",))


def test_hostile_names_and_texts_stay_texts(label_studio: LabelStudioServer, token: str) -> None:
    assert token
    label_studio.add_user("evil@example.com", first_name="<script>alert(1)</script>", last_name="=HYPERLINK()")
    evil = label_studio.users["evil@example.com"]
    text = "<img src=x onerror=alert(1)> {{7*7}} =1+1 \u202e \ufeff"
    tasks = [{"data": {"text": text}, "annotations": [{"completed_by": evil.id, "result": [mood("good")]}]}]
    pulled = open_project(label_studio, label_studio.create_project(CONFIG, tasks, title="<b>x</b> {{7*7}}")).pull()
    assert pulled.labels.items["text"].to_pylist() == [text]
    assert pulled.labels.annotators["annotator_id"].to_pylist() == [str(evil.id)]


def test_a_personal_access_token_works_and_is_renewed(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.pat())
    connector = open_project(label_studio, project_of(label_studio))
    assert connector.check().startswith("Label Studio 1.")
    connector.client.auth._access = "ended.halfway.through"
    pulled = connector.pull()
    assert pulled.labels.items.num_rows == 12
    assert not connector.client.http.cookies


def test_what_is_wrong_is_told_with_its_mend(label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    project = label_studio.create_project(CONFIG)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    with pytest.raises(RequestRefused, match="does not know this legacy token") as refused:
        open_project(label_studio, project).check()
    assert "0" * 40 not in str(refused.value)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.token)
    with pytest.raises(RequestRefused, match="There is no project 999999"):
        open_project(label_studio, 999_999).check()
    with pytest.raises(RequestRefused, match="not as Label Studio does"):
        open_connector(f"{label_studio.url}/wrong/path/projects/{project}").check()
    with label_studio.session() as admin:
        allowed = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True, "api_token_ttl_days": 36500}
        admin.post("/api/jwt/settings", json=allowed | {"legacy_api_tokens_enabled": False})
        try:
            with pytest.raises(RequestRefused, match="switched legacy tokens off"):
                open_project(label_studio, project).check()
        finally:
            admin.post("/api/jwt/settings", json=allowed)
    assert open_project(label_studio, project).check()


@pytest.mark.usefixtures("token")
def test_a_server_killed_during_a_pull_is_told_and_the_next_pull_goes_on(
    label_studio: LabelStudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of(label_studio, 40)
    monkeypatch.setattr(pulling, "SNAPSHOT_UP_TO", 0)
    monkeypatch.setattr(reading, "PAGE_SIZE", 10)
    connector = open_project(label_studio, project).with_spool(tmp_path / "spool")
    monkeypatch.setattr(connector.client, "pause", lambda seconds: None)
    whole = connector.pull(full=True)
    asked: list[int] = []
    read = reading.Reader._page

    def dying(self: reading.Reader, query: dict[str, object], fields: str, size: int, number: int = 1) -> object:
        asked.append(size)
        if len(asked) == 4:  # the time of the last change, two pages, and then this one
            label_studio.kill()
        return read(self, query, fields, size, number)

    monkeypatch.setattr(reading.Reader, "_page", dying)
    with pytest.raises(ServerTrouble, match="can't be reached"):
        connector.pull()
    assert len(json.loads((tmp_path / "spool" / "state.json").read_text())) > 3
    monkeypatch.setattr(reading.Reader, "_page", read)
    label_studio.restart()
    connector = open_project(label_studio, project).with_spool(tmp_path / "spool")
    sizes: list[int] = []
    monkeypatch.setattr(reading.Reader, "_page", lambda *given: sizes.append(1) or read(*given))
    again = connector.pull()
    assert len(sizes) == 3  # two pages and the end; the first two pages were kept
    assert_same(again.labels, whole.labels)
    assert not (tmp_path / "spool").exists()


def test_a_pulled_set_survives_the_disk(label_studio: LabelStudioServer, token: str, tmp_path: Path) -> None:
    assert token
    connector = open_project(label_studio, project_of(label_studio))
    pulled = connector.pull()
    known = LabelSet.from_parquet(pulled.labels.to_parquet(tmp_path / "labels"))
    again = connector.pull(pulled.bookmark, known)
    assert again.how == "changes"
    assert isinstance(again.labels.items, pa.Table)
    assert_same(again.labels, pulled.labels)


@pytest.mark.usefixtures("token")
def test_a_project_deleted_during_a_pull_is_told(
    label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_of(label_studio)
    connector = open_project(label_studio, project)
    pulled = connector.pull()
    begin = pulling._begin

    def begin_and_delete(one: LabelStudio) -> object:
        begun = begin(one)
        label_studio.call("DELETE", f"/api/projects/{project}/")
        return begun

    monkeypatch.setattr(pulling, "_begin", begin_and_delete)
    with pytest.raises(NotThere, match=f"Project {project} has gone"):
        connector.pull(pulled.bookmark, pulled.labels)
