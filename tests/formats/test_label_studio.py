import json
import sys
from pathlib import Path

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import load_formats, read
from annoaudit.testing.formats import check_format

sys.path.insert(0, str(Path(__file__).parent))
from label_studio_samples import MIN, annotation, image, result, task  # beside this file


@pytest.fixture
def export(tmp_path):
    def export(tasks, name="export.json"):
        path = tmp_path / name
        path.write_text(json.dumps(tasks, ensure_ascii=False))
        return read(path)

    return export


def rows_of(labels):
    return labels.labels.to_pylist()


def test_who_when_how_long(export):
    labels = export(
        [task([annotation([result("choices", {"choices": ["yes"]})], by={"id": 5, "email": "a@example.com"})])]
    )
    (row,) = labels.annotations.to_pylist()
    assert row["annotation_id"] == "3-7-20260105T100000.123456Z"
    assert (row["annotator_id"], row["lead_time_s"], row["time_kind"]) == ("5", 4.5, "measured")
    assert row["created_at"].isoformat() == "2026-01-05T10:00:00.123456+00:00"
    assert (row["native_id"], row["unique_id"], row["status"], row["is_gold"]) == ("7", "u7", "submitted", False)
    assert labels.annotators.to_pylist()[0]["display"] == "a@example.com"
    assert labels.items["text"].to_pylist() == ["Ada Park joined 😊 Northwind."]
    assert json.loads(labels.items["meta_json"][0].as_py()) == {"text": "Ada Park joined 😊 Northwind."}


def test_explicitly_empty_skipped_gold_and_draft(export):
    labels = export(
        [
            task(
                [
                    annotation([result("choices", {"choices": ["yes"]})], native=1, ground_truth=True),
                    annotation([], native=2, by=2),
                    annotation([], native=3, by=3, was_cancelled=True),
                    annotation([result("choices", {"choices": ["no"]})], native=4, by=4, parent_annotation=1),
                ],
                drafts=[{"id": 9, "user": "b@example.com", "result": [result("choices", {"choices": ["no"]})]}],
            ),
            task([], native=2, data={"text": "nobody saw this"}),
        ]
    )
    rows = {row["native_id"]: row for row in labels.annotations.to_pylist()}
    assert [rows[key]["status"] for key in "12349"] == ["submitted", "submitted", "skipped", "submitted", "draft"]
    assert rows["1"]["is_gold"]
    assert rows["4"]["parent_id"] == rows["1"]["annotation_id"]
    assert rows["9"]["annotator_id"] == "b@example.com"
    votes = labels.votes("q")
    assert votes.n_items == 2
    assert len(votes) == 1  # ground truth is gold, not a vote


def test_a_choices_control_is_multiple_as_soon_as_anybody_chose_two(export):
    one = export([task([annotation([result("choices", {"choices": ["a"]})])])])
    two = export(
        [
            task(
                [
                    annotation([result("choices", {"choices": ["a", "b"]})]),
                    annotation([result("choices", {"choices": ["a"]})], 8, 2),
                ]
            )
        ]
    )
    assert one.questions_of("choice") == ("q",)
    assert two.questions_of("multichoice") == ("q",)
    assert two.selections().chosen.tolist() == [[True, True], [True, False]]


def test_values_that_are_not_regions(export):
    labels = export(
        [
            task(
                [
                    annotation(
                        [
                            result("rating", {"rating": 4}, "stars", "1"),
                            result("number", {"number": 2.5}, "n", "2"),
                            result("datetime", {"datetime": "2026-03-01"}, "when", "3"),
                            result("textarea", {"text": ["one", "two"]}, "why", "4"),
                            result("taxonomy", {"taxonomy": [["A", "B"], ["C"]]}, "tax", "5"),
                            result("pairwise", {"selected": "left"}, "pw", "6"),
                            result("ranker", {"ranker": {"best": ["x"], "rest": ["y", "z"]}}, "buckets", "7"),
                            result("ranker", {"ranker": {"rank": ["x", "y"]}}, "order", "8"),
                            result("chatmessage", {"chatmessage": {"role": "user", "content": "Hi"}}, "chat", "9"),
                            result("reactcode", {"anything": {"goes": [1]}}, "free", "10"),
                        ]
                    )
                ]
            )
        ]
    )
    kinds = {row["question"]: row["kind"] for row in labels.questions.to_pylist()}
    assert kinds == {
        "stars": "rating",
        "n": "number",
        "when": "text",
        "why": "text",
        "tax": "multichoice",
        "pw": "pair",
        "buckets": "ranking",
        "order": "ranking",
        "chat": "text",
        "free": "text",
    }
    rows = rows_of(labels)
    shown = [row["value"] or row["value_num"] or row["value_text"] or row["ranks"] for row in rows]
    assert shown == [
        4.0,
        2.5,
        "2026-03-01",
        "one",
        "two",
        "A/B",
        "C",
        "left",
        [["x"], ["y", "z"]],
        [["x"], ["y"]],
        "Hi",
        None,
    ]
    assert json.loads(rows[-1]["attributes"])["value"] == {"anything": {"goes": [1]}}
    assert any("not decoded: reactcode (1)" in note for note in labels.notes)


def test_spans_count_code_points(export):
    text = "Ada 😊 Northwind"
    spans = [
        result("labels", {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}, "ner", "a"),
        result("labels", {"start": 6, "end": 15, "text": "Northwind", "labels": ["ORG"]}, "ner", "b"),
        result("labels", {"start": 7, "end": 16, "text": "Northwind", "labels": ["ORG"]}, "ner", "c"),
        result("labels", {"start": 1, "end": 3, "text": "zzz", "labels": ["ORG"]}, "ner", "d"),
    ]
    labels = export([task([annotation(spans)], data={"text": text})])
    rows = rows_of(labels)
    assert [(row["start"], row["end"]) for row in rows] == [(0, 3), (6, 15), (6, 15), (1, 3)]
    assert rows[1]["quote"] == text[6:15]
    assert any("1 spans do not hold the text" in note for note in labels.notes)


def test_regions_are_absolute_pixels(export):
    regions = [
        image(
            "rectanglelabels",
            {"x": 10, "y": 12.5, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["cat"]},
            name="rl",
            rid="1",
        ),
        image(
            "rectanglelabels",
            {"x": 10, "y": 12.5, "width": 30, "height": 40, "rotation": 15, "rectanglelabels": ["dog"]},
            name="rl",
            rid="2",
        ),
        image(
            "polygonlabels",
            {"points": [[50, 50], [60, 50], [60, 62.5]], "closed": True, "polygonlabels": ["dog"]},
            name="pl",
            rid="3",
        ),
        image("keypointlabels", {"x": 50, "y": 25, "width": 0.5, "keypointlabels": ["nose"]}, name="kl", rid="4"),
        image(
            "ellipselabels",
            {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 0, "ellipselabels": ["cat"]},
            name="el",
            rid="5",
        ),
        image("brushlabels", {"format": "rle", "rle": [0, 1, 2], "brushlabels": ["dog"]}, name="bl", rid="6"),
        image(
            "vectorlabels",
            {"vertices": [{"x": 1, "y": 1}, {"x": 2, "y": 2}], "closed": False, "vectorlabels": ["road"]},
            name="vl",
            rid="7",
        ),
    ]
    labels = export([task([annotation(regions)], data={"image": "https://example.org/1.png"})])
    rows = rows_of(labels)
    assert [row["kind"] for row in rows] == ["bbox", "rbox", "polygon", "keypoints", "polygon", "mask", "polyline"]
    assert (rows[0]["x"], rows[0]["y"], rows[0]["w"], rows[0]["h"]) == (60, 50, 180, 160)
    assert rows[1]["rotation"] == 15
    assert rows[2]["polygon"] == [[300, 200, 360, 200, 360, 250]]
    assert rows[3]["points"] == [300, 100]
    corners = rows[4]["polygon"][0]
    assert (max(corners[::2]), min(corners[::2])) == (360, 240)
    assert (rows[5]["rle_h"], rows[5]["rle_w"]) == (400, 600)
    assert json.loads(rows[5]["attributes"])["rle"] == [0, 1, 2]
    (item,) = labels.items.to_pylist()
    assert (item["media"], item["uri"], item["width"], item["height"]) == (
        "image",
        "https://example.org/1.png",
        600,
        400,
    )


def test_what_is_said_about_a_region_is_its_child_and_no_vote(export):
    box = {"x": 1, "y": 1, "width": 2, "height": 2, "rotation": 0}
    labels = export(
        [
            task(
                [
                    annotation(
                        [
                            image("choices", box | {"choices": ["hidden"]}, name="occluded", rid="b"),
                            image("rectanglelabels", box | {"rectanglelabels": ["cat"]}, name="rl", rid="b"),
                            image("choices", box | {"choices": ["lost"]}, name="occluded", rid="nowhere"),
                            image(
                                "keypointlabels",
                                {"x": 1, "y": 1, "keypointlabels": ["eye"]},
                                name="kl",
                                rid="k",
                                parentID="b",
                            ),
                            {"type": "relation", "from_id": "b", "to_id": "k", "direction": "right", "labels": ["has"]},
                        ]
                    )
                ]
            )
        ]
    )
    child, region, lost, eye, relation = rows_of(labels)
    assert child["parent_label_id"] == region["label_id"] == eye["parent_label_id"]
    assert lost["parent_label_id"] is not None
    assert (relation["from_label_id"], relation["to_label_id"]) == (region["label_id"], eye["label_id"])
    assert (relation["kind"], relation["value"]) == ("relation", "has")
    assert len(labels.votes("occluded")) == 0


def test_audio_video_and_series(export):
    results = [
        result("labels", {"start": 0.5, "end": 2, "channel": 0, "labels": ["speech"]}, "al", "1", original_length=12.4),
        result(
            "timelinelabels",
            {"ranges": [{"start": 5, "end": 40}, {"start": 50, "end": 60}], "timelinelabels": ["jump"]},
            "tl",
            "2",
        ),
        result(
            "timeserieslabels",
            {"start": 1592250751951.8, "end": 1592251871946, "timeserieslabels": ["spike"]},
            "ts",
            "3",
        ),
        result(
            "videorectangle", {"sequence": [{"frame": 1, "x": 1}, {"frame": 9, "x": 2}], "labels": ["car"]}, "box", "4"
        ),
    ]
    labels = export([task([annotation(results)], data={"audio": "https://example.org/a.wav"})])
    rows = rows_of(labels)
    assert [(row["kind"], row["unit"], row["value"]) for row in rows] == [
        ("segment", "s", "speech"),
        ("segment", "frame", "jump"),
        ("segment", "frame", "jump"),
        ("segment", "timeseries", "spike"),
        ("track", None, "car"),
        ("track", None, "car"),
    ]
    assert [row["frame"] for row in rows[-2:]] == [1, 9]
    assert labels.items["media"].to_pylist() == ["audio"]


def test_predictions_in_full_by_id_and_as_snapshots(export):
    full = {
        "id": 4,
        "model_version": "m1",
        "score": 0.7,
        "created_at": "2026-01-01T00:00:00Z",
        "result": [result("choices", {"choices": ["no"]}, score=0.9)],
    }
    given = result("choices", {"choices": ["yes"]}, origin="prediction-changed")
    labels = export(
        [task([annotation([given], parent_prediction=4, prediction={"id": 6, "result": []})], predictions=[full, 5])]
    )
    rows = {row["prediction_id"]: row for row in labels.predictions.to_pylist()}
    assert set(rows) == {"4", "5", "6"}
    assert (rows["4"]["model_version"], rows["4"]["score"], rows["4"]["question"]) == ("m1", 0.7, "q")
    predicted = [row for row in rows_of(labels) if row["prediction_id"]]
    assert (predicted[0]["value"], predicted[0]["annotation_id"], predicted[0]["confidence"]) == ("no", None, 0.9)
    assert labels.annotations["prediction_id"].to_pylist() == ["4"]
    assert [row["origin"] for row in rows_of(labels) if row["annotation_id"]] == ["prediction-changed"]
    assert len(labels.votes()) == 1


def test_reviews_history_and_what_is_left(export):
    labels = export(
        [
            task(
                [
                    annotation(
                        [result("choices", {"choices": ["a"]}, meta={"text": ["note"]})],
                        reviews=[{"id": 1, "accepted": False, "created_by": {"id": 9, "email": "r@example.com"}}],
                        history=[
                            {
                                "id": 2,
                                "action": "submitted",
                                "created_at": "2026-01-05T10:00:00Z",
                                "created_by": 1,
                                "result": [],
                            }
                        ],
                        last_action="rejected",
                    )
                ]
            )
        ]
    )
    (row,) = labels.annotations.to_pylist()
    assert (row["status"], row["review_outcome"], row["reviewer_id"]) == ("rejected", "rejected", "9")
    assert json.loads(row["meta_json"])["last_action"] == "rejected"
    assert json.loads(rows_of(labels)[0]["attributes"]) == {"meta": {"text": ["note"]}}
    (event,) = labels.events.to_pylist()
    assert (event["action"], event["annotator_id"]) == ("submitted", "1")


def test_json_min(export):
    labels = export(MIN)
    assert labels.annotations.num_rows == 2
    assert labels.items.num_rows == 1
    kinds = {row["question"]: row["kind"] for row in labels.questions.to_pylist()}
    assert kinds == {
        "safe": "choice",
        "topics": "multichoice",
        "stars": "rating",
        "why": "text",
        "pw": "pair",
        "tax": "multichoice",
        "box": "bbox",
    }
    assert labels.annotators["annotator_id"].to_pylist() == ["1", "b@example.com"]
    assert labels.votes("safe").counts.tolist() == [[1, 1]]
    box = next(row for row in rows_of(labels) if row["kind"] == "bbox")
    assert (box["x"], box["w"], box["value"]) == (1, 3, "cat")
    assert any("JSON_MIN" in note for note in labels.notes)


def test_completions_of_old_servers_and_tasks_without_ids(export):
    old = {
        "data": {"text": "Hi"},
        "completions": [{"created_at": 1600000000, "lead_time": 2, "result": [result("choices", {"choices": ["a"]})]}],
    }
    labels = export([old])
    assert labels.annotators["annotator_id"].to_pylist() == ["unknown"]
    assert labels.annotations["created_at"].to_pylist()[0].year == 2020
    assert len(labels.items["item_id"][0].as_py()) == 32


def test_one_task_a_line_is_read_too(tmp_path):
    path = tmp_path / "tasks.jsonl"
    tasks = [task([annotation([result("choices", {"choices": ["a"]})], k)], k) for k in (1, 2)]
    path.write_text("\n".join(map(json.dumps, tasks)))
    assert read(path).annotations.num_rows == 2


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task([annotation([])])], "no usable label"),
        ([task([annotation([result("choices", "yes")])])], "task 1 .id 1., annotation 1, result 1: value is"),
        ([task([annotation([result("choices", {"choices": [{"a": 1}]})])])], "choices holds"),
        ([task([annotation([{"value": {}}])])], "has no type"),
        ([task([annotation([], lead_time="soon")])], 'lead_time is "soon", not a number'),
        ([task([annotation([], lead_time=-1)])], "below zero"),
        ([task([annotation([], created_at="yesterday")])], "created_at is .*, not a time"),
        ([task([annotation("x")])], "result is .*, not a list"),
        ([task([3])], "annotations.1. is 3, not an object"),
        (
            [task([annotation([result("labels", {"start": 9, "end": 3, "text": "x", "labels": ["A"]})])])],
            "ends .3. before it starts",
        ),
        ([task([annotation([image("polygonlabels", {"points": [[1, 2, 3]]})])])], r"a corner is \[1, 2, 3\]"),
        ([task([annotation([result("choices", {"choices": ["a"]})])]), 3], "task 2 is no object"),
        ([task([annotation([result("choices", {"choices": ["a"]})]), annotation([], 7, 2)])], "used more than once"),
    ],
)
def test_what_is_not_shaped_like_label_studio_is_refused(export, tasks, said):
    with pytest.raises(RefusedInput, match=said) as caught:
        export(tasks)
    assert "export.json" in str(caught.value)


def test_both_kinds_keep_the_rules():
    (format_,) = load_formats(["label_studio"])
    check_format(format_, json.dumps(MIN).encode(), counts={"items": 1, "annotations": 2, "labels": 14}, suffix=".json")
