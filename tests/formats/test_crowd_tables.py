"""Mechanical Turk and Toloka: who, when, how long, and what was known before."""

from datetime import UTC, datetime

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read
from annoaudit.formats.tables.mturk import parse_turk_time

HEAD = "HITId,AssignmentId,WorkerId,AssignmentStatus,AcceptTime,SubmitTime,WorkTimeInSeconds,Input.text"
ROW = "{},{},{},{},Mon Nov 09 20:17:01 PST 2020,Mon Nov 09 20:17:09 PST 2020,{},Good."


def turk(folder, head, *rows):
    (folder / "batch.csv").write_text("\n".join([f"{HEAD},{head}", *rows]) + "\n")
    return read(folder / "batch.csv")


def test_times_are_read_by_the_zone_that_is_written():
    assert parse_turk_time("Mon Nov 09 20:17:09 PST 2020", "") == datetime(2020, 11, 10, 4, 17, 9, tzinfo=UTC)
    assert parse_turk_time("Mon Jul 06 20:17:09 PDT 2020", "") == datetime(2020, 7, 7, 3, 17, 9, tzinfo=UTC)


def test_workers_status_and_wall_time(tmp_path):
    rows = (ROW.format("h1", "a1", "w1", "Approved", 8) + ",pos", ROW.format("h1", "a2", "w2", "Rejected", "") + ",neg")
    labels = turk(tmp_path, "Answer.mood", *rows)
    assert labels.annotations.select(
        ["annotator_id", "status", "lead_time_s", "time_kind", "native_id"]
    ).to_pylist() == [
        {"annotator_id": "w1", "status": "accepted", "lead_time_s": 8, "time_kind": "wall", "native_id": "a1"},
        {"annotator_id": "w2", "status": "rejected", "lead_time_s": 8, "time_kind": "wall", "native_id": "a2"},
    ]
    assert labels.votes("mood").counts.tolist() == [[1, 0]]


def test_ticked_boxes_are_options(tmp_path):
    labels = turk(tmp_path, "Answer.topic.a,Answer.topic.b", ROW.format("h1", "a1", "w1", "Approved", 8) + ",true,true")
    rows = labels.labels.select(["question", "kind", "value"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("topic", "multichoice", "a"), ("topic", "multichoice", "b")]


def test_answers_of_crowd_elements(tmp_path):
    answer = '"[{""mood"":{""label"":""pos""},""topics"":{""x"":true,""y"":false}}]"'
    labels = turk(tmp_path, "Answer.taskAnswers", ROW.format("h1", "a1", "w1", "Approved", 8) + f",{answer}")
    assert labels.labels.select(["question", "value"]).to_pylist() == [
        {"question": "mood", "value": "pos"}, {"question": "topics", "value": "x"},
    ]  # fmt: skip


def test_a_time_that_is_none_is_refused_by_row(tmp_path):
    row = ROW.format("h1", "a1", "w1", "Approved", 8).replace("PST", "XST") + ",pos"
    with pytest.raises(RefusedInput, match=r"row 1: 'Mon Nov 09 20:17:09 XST 2020' is no time"):
        turk(tmp_path, "Answer.mood", row)


TOLOKA = ["INPUT:image", "OUTPUT:mood", "GOLDEN:mood", *(f"ASSIGNMENT:{name}" for name in (
    "task_id", "assignment_id", "worker_id", "status", "started", "submitted"))]  # fmt: skip


def test_toloka_control_tasks_are_gold_and_separator_lines_are_left_out(tmp_path):
    rows = [
        ["https://x/1.jpg", "cat", "dog", "t1", "a1", "w1", "APPROVED", "2021-05-13T07:02:11", "2021-05-13T07:02:31"],
        [""] * 9,
        ["https://x/1.jpg", "dog", "dog", "t1", "a2", "w2", "REJECTED", "2021-05-13T07:02:11", "2021-05-13T07:02:21"],
    ]
    (tmp_path / "a.tsv").write_text("\n".join("\t".join(row) for row in [TOLOKA, *rows]) + "\n")
    labels = read(tmp_path / "a.tsv")
    assert labels.annotators.select(["annotator_id", "kind"]).to_pylist() == [
        {"annotator_id": "w1", "kind": "person"}, {"annotator_id": "gold", "kind": "gold"},
        {"annotator_id": "w2", "kind": "person"},
    ]  # fmt: skip
    assert labels.annotations["lead_time_s"].to_pylist() == [20, None, 10]
    assert labels.votes("mood").counts.sum() == 1
    assert labels.items.num_rows == 1
