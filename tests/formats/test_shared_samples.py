"""Real and constructed exports beside the project, where they are there."""

import os
from pathlib import Path

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read

ROOT = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[2] / "../shared")) / "data/formats"
COUNTS = {  # items, annotators, questions, annotations, labels, predictions
    "label_studio/chat.json": (1, 2, 2, 2, 4, 1),
    "label_studio/image.json": (2, 2, 16, 4, 50, 1),
    "label_studio/judgement.json": (2, 2, 9, 4, 32, 1),
    "label_studio/judgement_min.json": (2, 2, 9, 3, 32, 0),
    "label_studio/media.json": (1, 2, 5, 2, 12, 1),
    "label_studio/text.json": (2, 2, 6, 4, 18, 1),
    "label_studio/video_vector_ocr.json": (1, 2, 2, 2, 4, 1),
    "label_studio_upstream/chat.json": (1, 1, 1, 1, 4, 0),
    "label_studio_upstream/coco_source.json": (1, 1, 3, 1, 4, 0),
    "label_studio_upstream/csv_test.json": (2, 2, 1, 2, 5, 2),
    "label_studio_upstream/csv_test2.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/csv_test_history.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/json_min_source.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/keypoints.json": (1, 1, 3, 1, 9, 0),
    "label_studio_upstream/obb.json": (3, 1, 1, 3, 25, 0),
    "label_studio_upstream/polygons.json": (1, 1, 1, 1, 1, 0),
    "label_studio_upstream/repeater.json": (1, 1, 2, 1, 2, 0),
    "label_studio_upstream/yolo_source.json": (2, 2, 1, 3, 6, 0),
    "generic/long.csv": (1, 2, 1, 2, 2, 0),
    "generic/wide.csv": (2, 3, 1, 5, 5, 0),
}
TABLES = ("items", "annotators", "questions", "annotations", "labels", "predictions")

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the shared sample files are not beside this project")


@pytest.mark.parametrize("name", COUNTS)
def test_sample_opens_with_its_counts(name):
    labels = read(ROOT / name)
    assert tuple(labels.tables[table].num_rows for table in TABLES) == COUNTS[name]


def test_both_exports_of_a_project_agree():
    full, least = read(ROOT / "label_studio/judgement.json"), read(ROOT / "label_studio/judgement_min.json")
    columns = ["item_id", "annotator_id", "question", "kind", "value", "value_num", "value_text"]
    rows = [sorted(map(str, one.frame("labels")[columns].astype(str).to_numpy().tolist())) for one in (full, least)]
    assert rows[0] == rows[1]


def test_label_studio_csv_is_a_long_table_once_mapped():
    with pytest.raises(RefusedInput, match="no column is recognised as label"):
        read(ROOT / "label_studio/judgement_export.csv")
    labels = read(ROOT / "label_studio/judgement_export.csv", mapping={"label": "safe"})
    assert labels.votes().counts.tolist() == [[2], [1]]
    assert labels.annotations["lead_time_s"].to_pylist() == [10.25, 7.25, 8.25]


def test_a_configuration_is_not_an_export():
    with pytest.raises(RefusedInput, match="no column is recognised"):
        read(ROOT / "label_studio/label_configs.json")
