"""Argilla and Hugging Face: answers by person, kinds told from all answers, classes by name."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read


def response(user, status="submitted", **values):
    inner = {name: {"value": value} for name, value in values.items()}
    return {"user_id": user, "status": status, "values": inner, "inserted_at": "2026-11-23T05:46:56.191259"}


def open_records(folder, *responses, **more):
    one = {
        "id": "r1",
        "fields": {"text": "😊 Ada met Bob."},
        "metadata": {},
        "external_id": "i1",
        "responses": list(responses),
    }
    (folder / "records.json").write_text(json.dumps([one | more]))
    return read(folder / "records.json")


def test_every_kind_of_question_and_the_ties_of_rankings(tmp_path):
    ranks = [{"value": "r1", "rank": 1}, {"value": "r2", "rank": 2}, {"value": "r3", "rank": 2}]
    spans = [{"label": "PER", "start": 2, "end": 5}]
    labels = open_records(
        tmp_path, response("ann", sent="neg", topics=["a", "b"], quality=4, rank=ranks, ents=spans),
        response("bob", sent="pos", topics=["a"], quality=5),
    )  # fmt: skip
    kinds = dict(labels.questions.select(["question", "kind"]).to_pandas().to_numpy())
    assert kinds == {"sent": "choice", "topics": "multichoice", "quality": "rating", "rank": "ranking", "ents": "span"}
    rows = {row["question"]: row for row in labels.labels.to_pylist() if row["annotator_id"] == "ann"}
    assert rows["rank"]["ranks"] == [["r1"], ["r2", "r3"]]
    assert rows["ents"]["quote"] == "Ada"
    assert labels.votes("sent").counts.sum() == 2


def test_drafts_discards_and_times(tmp_path):
    labels = open_records(tmp_path, response("ann", "draft", sent="neg"), response("bob", "discarded"))
    assert labels.annotations["status"].to_pylist() == ["draft", "skipped"]
    assert labels.annotations["created_at"][0].as_py().year == 2026
    assert any("no zone" in note for note in labels.notes)


def test_suggestions_are_predictions(tmp_path):
    suggestion = {"sent": {"value": "neg", "score": 0.93, "agent": "m1"}}
    answers = {"sent": [{"value": "pos", "user_id": "ann"}]}
    labels = open_records(tmp_path, suggestions=suggestion, **{"responses": answers})
    assert labels.predictions.select(["question", "score", "model_version"]).to_pylist() == [
        {"question": "sent", "score": 0.93, "model_version": "m1"}
    ]
    assert len(labels.votes("sent")) == 1


def argilla_table(**columns):
    return pa.table({"id": ["i1"], "text": ["Good."]} | columns)


def test_parquet_lists_go_by_person_and_must_be_of_one_length(tmp_path):
    columns = {"mood.responses": [["pos", "neg"]], "mood.responses.users": [["u1", "u2"]],
               "mood.responses.status": [["submitted", "draft"]]}  # fmt: skip
    pq.write_table(argilla_table(**columns), tmp_path / "a.parquet")
    labels = read(tmp_path / "a.parquet")
    assert labels.annotations.select(["annotator_id", "status"]).to_pylist() == [
        {"annotator_id": "u1", "status": "submitted"}, {"annotator_id": "u2", "status": "draft"},
    ]  # fmt: skip
    pq.write_table(argilla_table(**(columns | {"mood.responses.users": [["u1"]]})), tmp_path / "b.parquet")
    with pytest.raises(RefusedInput, match="2 answers of 1 people"):
        read(tmp_path / "b.parquet")


def hugging_face(folder, table, **features):
    stated = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pq.write_table(table.replace_schema_metadata(stated), folder / "h.parquet")
    return read(folder / "h.parquet")


CLASS = {"names": ["neg", "pos"], "_type": "ClassLabel"}


def test_classes_are_names_and_minus_one_is_not_seen(tmp_path):
    labels = hugging_face(tmp_path, pa.table({"text": ["a", "b"], "label": [1, -1]}), label=CLASS)
    assert labels.labels["value"].to_pylist() == ["pos"]
    assert (labels.items.num_rows, labels.annotations.num_rows) == (2, 1)
    assert labels.options("label") == ("neg", "pos")


def test_tags_of_tokens_are_spans(tmp_path):
    tags = {"feature": {"names": ["O", "B-PER", "I-PER"], "_type": "ClassLabel"}, "_type": "List"}
    table = pa.table({"id": ["s1"], "tokens": [["Ada", "Park", "met"]], "ner_tags": [[1, 2, 0]]})
    labels = hugging_face(tmp_path, table, ner_tags=tags)
    assert labels.labels.select(["value", "quote", "item_id"]).to_pylist() == [
        {"value": "PER", "quote": "Ada Park", "item_id": "s1"}
    ]


def test_a_class_without_a_name_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match="holds class 7, but states 2 names"):
        hugging_face(tmp_path, pa.table({"text": ["a"], "label": [7]}), label=CLASS)
