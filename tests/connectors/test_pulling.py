"""What pulling makes of tasks, and of servers that fail in ways a real one can't be made to."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fake_server import BASE, FakeServer, connector_of, task

from annoaudit.connectors import RequestRefused, ServerTrouble, mirror
from annoaudit.connectors.label_studio import bookmarks, pulling, reading
from annoaudit.connectors.label_studio.address import parse_address
from annoaudit.connectors.label_studio.controls import read_controls
from annoaudit.connectors.label_studio.conversion import convert_tasks, select_fields
from annoaudit.connectors.label_studio.natives import hash_result, native_result, resolve_addresses
from annoaudit.connectors.label_studio.reading import parse_tasks


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "SNAPSHOT_UP_TO", 0)
    monkeypatch.setattr(reading, "PAGE_SIZE", 5)


def failing_at(number: int, times: int, status: int = 500) -> FakeServer:
    """A server that fails some times when the page after so many is asked for."""
    server = FakeServer([task(k) for k in range(1, 41)])
    left = [times]

    def trouble(request: httpx.Request) -> httpx.Response | None:
        if server.log.count("GET /api/tasks") <= number or not left[0]:
            return None
        left[0] -= 1
        return httpx.Response(status, text="oops")

    server.trouble = trouble
    return server


def test_a_500_on_page_7_is_tried_again() -> None:
    server = failing_at(7, times=2)
    pulled = connector_of(server).pull()
    assert pulled.labels.items.num_rows == 40
    assert pulled.labels.annotators["display"].to_pylist() == ["ann@example.com"]


def test_a_pull_cut_off_at_page_7_goes_on_there(tmp_path: Path) -> None:
    server = failing_at(7, times=99, status=503)
    connector = connector_of(server)
    kept = connector.with_spool(tmp_path / "spool")
    with pytest.raises(ServerTrouble, match="answered 503"):
        kept.pull()
    pages = tmp_path / "spool" / "pages.jsonl"
    pages.write_bytes(pages.read_bytes() + b'[{"id": 99, "cut')  # it was cut off while it wrote, too
    server.trouble = lambda request: None
    server.log.clear()
    pulled = kept.pull()
    assert server.log.count("GET /api/tasks") == 3  # two pages that were missing, and the end
    whole = connector.pull(full=True)
    assert pulled.labels.annotations.equals(whole.labels.annotations)
    assert pulled.labels.items.equals(whole.labels.items)
    assert not (tmp_path / "spool").exists()


def test_a_spool_of_another_project_or_damaged_is_not_used(tmp_path: Path) -> None:
    server = FakeServer([task(1)])
    connector = connector_of(server).with_spool(tmp_path)
    (tmp_path / "state.json").write_text('{"format": 1, "address": "https://other/projects/1"}')
    (tmp_path / "mine.txt").write_text("keep")
    assert connector.pull().labels.items.num_rows == 1
    (tmp_path / "state.json").write_text("[")
    assert connector.pull().labels.items.num_rows == 1
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_a_mirror_asks_only_for_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookmarks, "OVERLAP_S", 0.0)
    server = FakeServer([task(k) for k in range(1, 41)])
    assert mirror(connector_of(server), tmp_path / "m").how == "pages"
    server.tasks[3] = task(4, updated_at="2026-01-06T00:00:00Z")
    again = mirror(connector_of(server), tmp_path / "m")
    assert (again.how, set(again.changed)) == ("changes", {"4", "40"})
    del server.tasks[10]
    gone = mirror(connector_of(server), tmp_path / "m")
    assert gone.how == "changes, then compared all"
    assert "11" in gone.changed
    assert gone.labels.items.num_rows == 39
    (tmp_path / "m" / "bookmark.json").write_text("{")
    assert mirror(connector_of(server), tmp_path / "m").how == "pages"


def test_a_mirror_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    server = failing_at(7, times=99)
    with pytest.raises(ServerTrouble):
        mirror(connector_of(server), tmp_path / "m")
    server.trouble = lambda request: None
    server.log.clear()
    assert mirror(connector_of(server), tmp_path / "m").labels.items.num_rows == 40
    assert server.log.count("GET /api/tasks") == 3
    assert sorted(one.name for one in (tmp_path / "m").iterdir()) == ["bookmark.json", "labels"]


def test_known_labels_that_do_not_belong_to_the_bookmark_are_not_trusted() -> None:
    server = FakeServer([task(k) for k in range(1, 11)])
    first = connector_of(server).pull()
    server.tasks.append(task(11))
    second = connector_of(server).pull(full=True)
    assert connector_of(server).pull(first.bookmark, second.labels).how == "pages"
    assert connector_of(server).pull({"format": 99}, second.labels).how == "pages"


def test_many_tasks_changed_in_the_same_moment_are_all_read() -> None:
    stamp = "2026-01-05T10:00:00.000001Z"
    server = FakeServer([task(k, updated_at=stamp) for k in range(1, 24)])
    reader = reading.Reader(connector_of(server).client, 3)
    since = bookmarks.parse_server_time("2026-01-01T00:00:00Z")
    seen = {one["id"] for page in reader.changes(since) for one in page}
    assert seen == set(range(1, 24))


@pytest.mark.parametrize(
    "harm",
    [
        {"result": "text"}, {"result": {"a": 1}}, {"result": [[]]}, {"result": [{"type": "choices", "value": 7}]},
        {"created_at": "yesterday"}, {"lead_time": -1}, {"lead_time": "long"}, {"lead_time": float("nan")},
        {"result": [{"from_name": "mood", "type": "choices", "value": {"choices": [None]}}]},
        {"result": [{"from_name": {"x": 1}, "type": "choices", "value": {"choices": ["a"]}}]},
    ],
)  # fmt: skip
def test_what_is_broken_is_left_out_by_name_and_the_rest_is_kept(harm: dict[str, object]) -> None:
    broken = task(2)
    broken["annotations"] = [*broken["annotations"], {**broken["annotations"][0], "id": 77, **harm}]
    server = FakeServer([task(1), broken, task(3)])
    connector = connector_of(server)
    address = parse_address(f"{BASE}/projects/3")
    done = convert_tasks([select_fields(one, 3, {}) for one in server.tasks], address)
    assert done.tables["annotations"]["native_id"].to_pylist() == ["1", "2", "3"]
    assert [(one.task_id, one.native_id) for one in done.left_out] == [("2", "77")]
    assert done.left_out[0].why
    assert connector


def test_unreadable_text_is_mended() -> None:
    server = FakeServer([task(1, data={"text": "a\x00b\ud800c 😀"}), task(2, data="no object")])
    done = convert_tasks([select_fields(one, 3, {}) for one in server.tasks], parse_address(f"{BASE}/projects/3"))
    assert done.tables["items"]["text"].to_pylist() == ["a\ufffdb\ufffdc 😀"]
    assert {(one.what, one.native_id) for one in done.left_out} == {("task", "2"), ("annotation", "2")}


@pytest.mark.parametrize(
    "cut", [b"", b"[", b'[{"id": 1}', b'[{"id": 1},', b'[{"id": 1} {"id": 2}]', b"{}", b"[1]", b'[{"id', b"[" * 99_999]
)
def test_an_export_that_is_cut_off_is_told(cut: bytes) -> None:
    with pytest.raises(ServerTrouble, match="cut off or damaged"):
        list(parse_tasks(cut))


def test_an_export_is_read_task_by_task() -> None:
    assert list(parse_tasks(b" [ ]\n")) == []
    assert list(parse_tasks(b'[{"id": 1, "x": NaN} ,\n {"id": 2}]')) == [{"id": 1, "x": None}, {"id": 2}]


def test_every_control_becomes_a_question() -> None:
    config = """<View><Image name="i" value="$image"/><Audio name="a" value="$audio"/><Text name="t" value="$text"/>
      <RectangleLabels name="box" toName="i"><Label value="Car"/></RectangleLabels><BrushLabels name="mask" toName="i"/>
      <PolygonLabels name="poly" toName="i"/><KeyPointLabels name="kp" toName="i"/><EllipseLabels name="el" toName="i"/>
      <VideoRectangle name="track" toName="v"/><TimeSeriesLabels name="ts" toName="s"/><Labels name="sound" toName="a"/>
      <Labels name="ner" toName="t"/><HyperTextLabels name="html" toName="h"/><ParagraphLabels name="par" toName="p"/>
      <Taxonomy name="tax" toName="t"><Choice value="A"><Choice value="B"/></Choice></Taxonomy>
      <Number name="n" toName="t"/><DateTime name="d" toName="t"/><TextArea name="free" toName="t" required="true"/>
      <Pairwise name="pair" toName="t,t2"/><Ranker name="rank" toName="l"/><Chat name="chat" toName="t"/>
      <Relations><Relation value="causes"/></Relations><Filter name="f" toName="ner"/>
      <Choices name="c" toName="t" choice="multiple"><Choice value="x" alias="y"/></Choices></View>"""
    found = {one.name: one for one in read_controls(config)}
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "box": "bbox", "mask": "mask", "poly": "polygon", "kp": "keypoints", "el": "polygon", "track": "track",
        "ts": "segment", "sound": "segment", "ner": "span", "html": "span", "par": "span", "tax": "multichoice",
        "n": "number", "d": "text", "free": "text", "pair": "pair", "rank": "ranking", "chat": "text",
        "relation": "relation", "c": "multichoice",
    }  # fmt: skip
    assert found["tax"].options == ("A", "A/B")
    assert found["c"].options == ("y",)
    assert found["free"].required
    assert found["relation"].options == ("causes",)


def test_a_hostile_label_config_is_not_parsed() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><View><Choices name="&b;" toName="t"/></View>'
    parsed = {"mood": {"type": "Choices", "to_name": ["t"], "labels": ["a"]}}
    assert [one.name for one in read_controls(bomb, parsed)] == ["mood"]
    assert read_controls("<View><broken", None) == ()


def test_what_a_push_needs_is_in_the_tables() -> None:
    pulled = connector_of(FakeServer([task(1)])).pull()
    row = pulled.labels.annotations.to_pylist()[0]
    result = task(1)["annotations"][0]["result"]
    assert native_result(row["meta_json"]) == result
    assert row["origin_hash"] == hash_result(result)
    resolved = resolve_addresses(
        {"image": "s3://bucket/a b.jpg", "audio": "s3://b/k.wav", "n": 1, "l": ["gs://x/y"]}, "7"
    )
    assert resolved["image"] == "s3://bucket/a b.jpg"
    assert resolved["audio"] == "/tasks/7/resolve/?fileuri=czM6Ly9iL2sud2F2"
    assert str(resolved["l"][0]).startswith("/tasks/7/resolve/")


@pytest.mark.parametrize(
    ("release", "good"), [("1.23.2", True), ("1.8.2.post1", True), ("1.7.3", False), ("odd", True)]
)
def test_servers_that_are_too_old_are_refused(release: str, good: bool) -> None:
    server = FakeServer([task(1)])
    server.trouble = lambda request: (
        httpx.Response(200, json={"release": release}) if request.url.path == "/api/version" else None
    )
    if good:
        assert "project 3 (fake), 1 tasks" in connector_of(server).check()
    else:
        with pytest.raises(RequestRefused, match=r"runs Label Studio 1\.7"):
            connector_of(server).check()


def test_another_program_at_that_address_is_told() -> None:
    server = FakeServer()
    server.trouble = lambda request: httpx.Response(200, html="<h1>welcome</h1>")
    with pytest.raises(RequestRefused, match="not as Label Studio does"):
        connector_of(server).check()
    server.trouble = lambda request: httpx.Response(404, html="<h1>nothing here</h1>")
    with pytest.raises(RequestRefused, match="not as Label Studio does"):
        connector_of(server).check()
