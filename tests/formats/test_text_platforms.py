"""doccano, Prodigy and preference files: who said what, and what the file cannot say."""

import json
import zipfile

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read, write


def open_lines(folder, *records, name="export.jsonl", **how):
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return read(folder / name, **how)


def doccano_zip(folder, **people):
    with zipfile.ZipFile(folder / "doccano.zip", "w") as archive:
        for person, records in people.items():
            archive.writestr(f"{person}.jsonl", "".join(json.dumps(one) + "\n" for one in records))
    return read(folder / "doccano.zip")


def entity(native, start, end, label="PER"):
    return {"id": native, "label": label, "start_offset": start, "end_offset": end}


TEXT = "Ada met Babbage 😀 ok."


def test_each_file_of_a_doccano_zip_is_one_annotator(tmp_path):
    labels = doccano_zip(
        tmp_path, ann1=[{"id": 1, "text": "a", "label": ["pos"]}], ann2=[{"id": 1, "text": "a", "label": ["neg"]}]
    )
    assert labels.votes().counts.sum() == 2
    assert labels.annotators["annotator_id"].to_pylist() == ["ann1", "ann2"]


def test_doccano_offsets_are_code_points_and_relations_join_spans(tmp_path):
    record = {"id": 1, "text": TEXT, "entities": [entity(3, 0, 3), entity(4, 18, 20)],
              "relations": [{"id": 1, "from_id": 3, "to_id": 4, "type": "met"}]}  # fmt: skip
    rows = open_lines(tmp_path, record).labels.to_pylist()
    assert [row["quote"] for row in rows] == ["Ada", "ok", None]
    assert (rows[2]["from_label_id"], rows[2]["to_label_id"]) == (rows[0]["label_id"], rows[1]["label_id"])


def test_a_doccano_record_without_labels_counts_as_not_seen(tmp_path):
    labels = open_lines(tmp_path, {"id": 1, "text": "a", "label": ["x"]}, {"id": 2, "text": "b", "label": []})
    assert (labels.items.num_rows, labels.annotations.num_rows) == (2, 1)
    assert any("count as not seen" in note for note in labels.notes)


def test_doccano_kinds_are_told_from_all_records(tmp_path):
    one, two = {"id": 1, "text": "a", "label": ["x"]}, {"id": 2, "text": "b", "label": ["x", "y"]}
    assert open_lines(tmp_path, one).questions["kind"].to_pylist() == ["choice"]
    assert open_lines(tmp_path, one, two).questions["kind"].to_pylist() == ["multichoice"]
    many = [{"id": k, "text": str(k), "label": [f"a sentence of its own {k}"]} for k in range(60)]
    free = open_lines(tmp_path, *many)
    assert free.questions["kind"].to_pylist() == ["text"]
    assert free.labels["value_text"][3].as_py() == "a sentence of its own 3"


def test_old_doccano_names_users(tmp_path):
    record = {"id": 1, "text": "a", "annotations": [{"label": 15, "user": 1}, {"label": 17, "user": 2}], "meta": {}}
    labels = open_lines(tmp_path, record)
    assert labels.labels.select(["annotator_id", "value"]).to_pylist() == [
        {"annotator_id": "1", "value": "15"}, {"annotator_id": "2", "value": "17"},
    ]  # fmt: skip


def test_a_doccano_span_outside_its_text_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match=r"record 1: a span runs from 0\.0 to 99\.0 in a text of 1 characters"):
        open_lines(tmp_path, {"id": 1, "text": "a", "entities": [entity(1, 0, 99)]})


def test_doccano_reads_back_what_is_written(tmp_path):
    labels = doccano_zip(
        tmp_path,
        ann1=[{"id": 1, "text": TEXT, "entities": [entity(3, 0, 3), entity(4, 8, 15)], "ext": "e1",
               "relations": [{"id": 1, "from_id": 3, "to_id": 4, "type": "met"}]},
              {"id": 2, "filename": "a.png",
               "bbox": [{"uuid": "u", "x": 1.5, "y": 2, "width": 3, "height": 4, "label": "c"}],
               "segmentation": [{"uuid": "v", "points": [1, 1, 5, 1, 5, 5], "label": "c"}]}],
        ann2=[{"id": 1, "text": TEXT, "entities": [], "cats": ["greeting"]}],
    )  # fmt: skip
    write(labels, tmp_path / "again.zip", format="doccano")
    again = read(tmp_path / "again.zip")
    for table in ("items", "annotations", "labels"):
        assert sorted(map(str, again.tables[table].to_pylist())) == sorted(map(str, labels.tables[table].to_pylist()))


def task(**more):
    return {"text": "It works 😊 well", "answer": "accept", "_input_hash": 1, "_task_hash": 2} | more


def test_prodigy_reject_of_one_label_is_an_answer(tmp_path):
    labels = open_lines(
        tmp_path,
        task(label="POSITIVE", answer="reject", _session_id="s-bob"),
        task(label="POSITIVE", _session_id="s-ann"),
    )
    assert labels.votes("POSITIVE").classes == ("accept", "reject")
    assert labels.votes("POSITIVE").counts.tolist() == [[1, 1]]


def test_prodigy_ignored_tasks_are_skipped_and_rejected_spans_are_no_answers(tmp_path):
    span = {"start": 9, "end": 10, "label": "EMOJI", "token_start": 2, "token_end": 2}
    labels = open_lines(tmp_path, task(answer="ignore", label="X"), task(tokens=[{}], spans=[span], answer="reject"))
    assert labels.annotations["status"].to_pylist() == ["skipped", "rejected"]
    assert labels.labels["quote"].to_pylist() == ["😊"]


def test_prodigy_choices_and_the_explicit_none(tmp_path):
    options = [{"id": "POS"}, {"id": "NEG"}]
    labels = open_lines(
        tmp_path, task(options=options, accept=["NEG"]), task(options=options, accept=[], _input_hash=9)
    )
    assert labels.options("accept") == ("POS", "NEG")
    assert (labels.annotations.num_rows, labels.labels.num_rows) == (2, 1)


def test_prodigy_times_are_utc_and_durations_are_derived(tmp_path):
    labels = open_lines(
        tmp_path, task(_timestamp=1707211060, _annotator_id="x-ann"), task(_timestamp=1707211071, _annotator_id="x-ann")
    )
    assert labels.annotations["lead_time_s"].to_pylist() == [None, 11.0]
    assert labels.annotations["time_kind"].to_pylist() == ["none", "derived"]
    assert labels.annotations["round"].to_pylist() == [0, 1]


def test_a_prodigy_session_that_is_only_a_time_names_nobody(tmp_path):
    labels = open_lines(tmp_path, task(_annotator_id="2024-02-06_10-17-19", label="X"))
    assert labels.annotators["annotator_id"].to_pylist() == ["unknown"]
    assert any("a session that is only a time" in note for note in labels.notes)


def test_prodigy_boxes_come_from_sides_or_points(tmp_path):
    square = [[10, 20], [10, 60], [40, 60], [40, 20]]
    sides = {"label": "CAR", "x": 10, "y": 20, "width": 30, "height": 40, "type": "rect"}
    spans = [sides, *({"label": "CAR", "points": square, "type": kind} for kind in ("rect", "polygon"))]
    rows = open_lines(tmp_path, {**task(image="a.jpg", spans=spans), "text": None}).labels.to_pylist()
    assert [row["kind"] for row in rows] == ["bbox", "bbox", "polygon"]
    assert [[row[one] for one in "xywh"] for row in rows[:2]] == [[10, 20, 30, 40]] * 2


def test_opposite_choices_of_one_pair_meet_on_one_item(tmp_path):
    labels = open_lines(
        tmp_path,
        {"prompt": "Hi", "chosen": "Hello!", "rejected": "No.", "annotator": "ann"},
        {"prompt": "Hi", "chosen": "No.", "rejected": "Hello!", "annotator": "bob"},
    )
    assert labels.items.num_rows == 1
    assert labels.labels["value"].to_pylist() == ["a", "b"]
    assert any("No bias for a side can be told" in note for note in labels.notes)


def test_sides_of_judged_pairs_stay_as_they_were_shown(tmp_path):
    pair = {"question_id": 81, "model_a": "m1", "model_b": "m2", "turn": 1, "judge": "ann"}
    swapped = pair | {"model_a": "m2", "model_b": "m1", "winner": "model_b"}
    labels = open_lines(
        tmp_path, pair | {"winner": "model_a"}, swapped, pair | {"winner": "tie (bothbad)", "tstamp": 1682351591.1}
    )
    assert labels.labels["value"].to_pylist() == ["a", "b", "both bad"]
    assert labels.items["item_id"].to_pylist() == ["81 turn 1 m1 m2", "81 turn 1 m2 m1"]
    assert labels.items["group"].to_pylist() == ["81", "81"]
    assert labels.annotations["created_at"][2].as_py().year == 2023


def test_an_unknown_winner_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match='record 1: winner is "m1", which says neither side'):
        open_lines(tmp_path, {"model_a": "m1", "model_b": "m2", "winner": "m1"})


def test_ratings_of_one_answer_are_one_question_each(tmp_path):
    labels = open_lines(tmp_path, {"prompt": "p", "response": "r", "helpfulness": 3, "correctness": 4})
    assert labels.labels.select(["question", "kind", "value_num"]).to_pylist() == [
        {"question": "helpfulness", "kind": "rating", "value_num": 3.0},
        {"question": "correctness", "kind": "rating", "value_num": 4.0},
    ]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Hi", "chosen": "Hello!", "rejected": "No.", "annotator": "ann"},
        {"question_id": 81, "model_a": "m1", "model_b": "m2", "judge": "ann", "winner": "tie", "tstamp": 1682351591},
        {"item_id": "p7", "response_a": "x", "response_b": "y", "winner": "b"},
    ],
)  # fmt: skip
def test_preferences_read_back_what_is_written(tmp_path, record):
    labels = open_lines(tmp_path, record)
    assert write(labels, tmp_path / "again.jsonl", format="preference") == ()
    again = read(tmp_path / "again.jsonl")
    columns = ["item_id", "annotator_id", "value"]
    assert again.labels.select(columns).equals(labels.labels.select(columns))
    assert again.annotations["created_at"].equals(labels.annotations["created_at"])
