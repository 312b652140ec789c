import json
from importlib.metadata import entry_points

import pytest

from annoaudit.formats import list_formats, load_formats
from annoaudit.testing.formats import SAMPLES, check_format

COUNTS = {
    "coco": {"items": 2, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "conll": {"items": 2, "annotators": 1, "questions": 1, "annotations": 2, "labels": 1},
    "cvat": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "pascal_voc": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "yolo": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 2},
    "brat": {"items": 1, "annotators": 1, "questions": 2, "annotations": 1, "labels": 3},
    "labelbox": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "argilla": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "hugging_face": {"items": 2, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "mturk": {"items": 1, "annotators": 2, "questions": 1, "annotations": 2, "labels": 2},
    "toloka": {"items": 1, "annotators": 2, "questions": 1, "annotations": 2, "labels": 2},
    "conllu": {"items": 1, "annotators": 1, "questions": 2, "annotations": 1, "labels": 6},
    "labelme": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "via": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "webanno_tsv": {"items": 1, "annotators": 1, "questions": 2, "annotations": 1, "labels": 3},
    "sagemaker": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "coco_panoptic": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "doccano": {"items": 2, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "preference": {"items": 1, "annotators": 2, "questions": 1, "annotations": 2, "labels": 2},
    "rankings": {"items": 1, "annotators": 2, "questions": 1, "annotations": 2, "labels": 2},
    "prodigy": {"items": 1, "annotators": 2, "questions": 2, "annotations": 2, "labels": 2},
    "label_studio": {"items": 1, "annotators": 1, "questions": 1, "annotations": 1, "labels": 1},
    "long_table": {"items": 2, "annotators": 2, "questions": 1, "annotations": 3, "labels": 3},
    "wide_table": {"items": 2, "annotators": 3, "questions": 1, "annotations": 5, "labels": 5},
}


@pytest.mark.parametrize("format_", load_formats(), ids=lambda one: one.name)
def test_each_format_keeps_the_rules(format_):
    suffix, sample = SAMPLES[format_.name]
    check_format(format_, sample, counts=COUNTS[format_.name], suffix=suffix)


def test_json_lines_of_long_rows_keep_the_rules():
    rows = [{"item": 1, "annotator": "a", "label": "x"}, {"item": 2, "annotator": "b", "label": "y"}]
    sample = "\n".join(json.dumps(row) for row in rows).encode()
    (long_table,) = load_formats(["long_table"])
    check_format(long_table, sample, counts={"items": 2, "labels": 2}, suffix=".jsonl")


def test_every_installed_format_is_listed_and_loads_by_name():
    assert set(list_formats()) >= set(SAMPLES)
    assert [one.name for one in load_formats(list_formats())] == list(list_formats())


def test_each_format_is_named_as_its_file_and_no_connector_is_one():
    for format_ in load_formats():
        assert type(format_).__module__.rsplit(".", 1)[-1] == format_.name
    homes = [point.value for point in entry_points(group="annoaudit.connectors")]
    assert not [home for home in homes if home.startswith("annoaudit.formats")]
