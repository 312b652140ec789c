"""SageMaker Ground Truth: the job's labels, and the workers' own."""

import json
import zipfile

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read

META = {"job-name": "labeling-job/boxes", "human-annotated": "yes", "creation-date": "2026-01-18T22:18:13", "type": "t"}


def manifest(folder, *lines):
    (folder / "output.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read(folder / "output.manifest")


def test_class_indices_are_looked_up_and_the_job_is_a_consensus_or_a_model(tmp_path):
    topics = {"class-map": {"0": "billing", "2": "complaint"}, "confidence-map": {"0": 0.8, "2": 0.6}}
    machine = META | topics | {"human-annotated": "no", "job-name": "labeling-job/auto"}
    labels = manifest(
        tmp_path,
        {
            "source-ref": "s3://b/1.png",
            "sport": 0,
            "sport-metadata": META | {"class-name": "football", "confidence": 0.9},
        },
        {"source": "I paid twice.", "topics": [0, 2], "topics-metadata": machine},
    )
    assert labels.labels.select(["kind", "value", "confidence"]).to_pylist() == [
        {"kind": "choice", "value": "football", "confidence": 0.9},
        {"kind": "multichoice", "value": "billing", "confidence": 0.8},
        {"kind": "multichoice", "value": "complaint", "confidence": 0.6},
    ]
    assert labels.annotators["kind"].to_pylist() == ["consensus", "model"]
    assert any("2 times have no zone" in note for note in labels.notes)


def test_boxes_have_their_class_size_and_confidence(tmp_path):
    boxes = {"annotations": [{"class_id": 1, "left": 11, "top": 20, "width": 50, "height": 61}],
             "image_size": [{"width": 500, "height": 400, "depth": 3}]}  # fmt: skip
    meta = META | {"class-map": {"1": "cat"}, "objects": [{"confidence": 0.4}]}
    labels = manifest(tmp_path, {"source-ref": "s3://b/2.png", "boxes": boxes, "boxes-metadata": meta})
    row = labels.labels.to_pylist()[0]
    assert ([row[side] for side in "xywh"], row["value"], row["confidence"]) == ([11, 20, 50, 61], "cat", 0.4)
    assert labels.items["width"].to_pylist() == [500]


def test_worker_responses_say_who_when_and_how_long(tmp_path):
    answers = [
        {"workerId": worker, "submissionTime": "2018-10-18T22:17:13Z", "timeSpentInSeconds": 12.1,
         "answerContent": {"crowd-image-classifier": {"label": word}}}
        for worker, word in (("w1", "football"), ("w2", "tennis"))
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "job.zip", "w") as archive:
        archive.writestr("worker-response/iteration-1/0/2018.json", json.dumps({"answers": answers}))
        archive.writestr("worker-response/iteration-1/1/2018.json", json.dumps({"answers": answers[:1]}))
    labels = read(tmp_path / "job.zip")
    assert labels.items["item_id"].to_pylist() == ["0", "1"]
    assert labels.annotations["lead_time_s"].to_pylist() == [12.1] * 3
    assert labels.votes().counts.tolist() == [[1, 1], [1, 0]]


def test_custom_jobs_hold_the_answers_of_all_workers(tmp_path):
    workers = [{"workerId": name, "annotationData": {"content": json.dumps({"response": {"label": word}})}}
               for name, word in (("w1", "B"), ("w2", "A"))]  # fmt: skip
    one = {
        "datasetObjectId": "7",
        "consolidatedAnnotation": {"content": {"job": {"annotationsFromAllWorkers": workers}}},
    }
    (tmp_path / "custom.json").write_text(json.dumps([one]))
    labels = read(tmp_path / "custom.json")
    assert labels.labels.select(["item_id", "annotator_id", "value"]).to_pylist() == [
        {"item_id": "7", "annotator_id": "w1", "value": "B"}, {"item_id": "7", "annotator_id": "w2", "value": "A"},
    ]  # fmt: skip


def test_a_box_without_sides_is_refused(tmp_path):
    line = {"source-ref": "s3://b/2.png", "boxes": {"annotations": [{"class_id": 1}]}, "boxes-metadata": META}
    with pytest.raises(RefusedInput, match="record 1: a box has no left"):
        manifest(tmp_path, line)
