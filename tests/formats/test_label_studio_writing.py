"""Label Studio: masks decoded, and exports that read back the same."""

import json

import numpy as np
import pytest
from label_studio_samples import annotation, image, result, task  # beside this file

from annoaudit.formats import read, write
from annoaudit.formats.label_studio.brush import decode_brush
from annoaudit.formats.masks import decode_mask

BRUSH = [
    0, 0, 1, 128, 57, 27, 254, 107, 0, 194, 255, 248, 92, 3, 11, 255, 225, 112, 12, 47, 255, 133, 192, 48, 191, 254,
    107, 0, 0,
]  # fmt: skip
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAwAAAAICAAAAADoj0EtAAAAGUlEQVR4nGNgwAUYGRgY/sNYTMgyuDm4AQBL6AEIlMUe"
    "XQAAAABJRU5ErkJggg=="
)
SMALL = {"original_width": 12, "original_height": 8}


def open_tasks(folder, *tasks, name="export.json"):
    (folder / name).write_text(json.dumps(list(tasks)), encoding="utf-8")
    return read(folder / name)


def test_brushes_and_bitmasks_of_one_picture_are_one_mask(tmp_path):
    results = [
        result("brushlabels", {"format": "rle", "rle": BRUSH, "brushlabels": ["dog"]}, rid="r1", **SMALL),
        result("bitmasklabels", {"imageDataURL": PNG, "bitmasklabels": ["dog"]}, rid="r2", name="q2", **SMALL),
    ]
    first, second = open_tasks(tmp_path, task([annotation(results)])).labels.to_pylist()
    mask = np.zeros((8, 12), dtype=bool)
    mask[2:6, 3:9] = True
    for row in (first, second):
        assert np.array_equal(decode_mask(row["rle"], 8, 12), mask)


@pytest.mark.parametrize("packed", [[], BRUSH[:9], [255] * 40, ["x"], [0, 0, 1, 128, 57, 27, 254, 107, 300]])
def test_broken_brushes_are_kept_undecoded(tmp_path, packed):
    assert decode_brush(packed, 384) is None
    one = result("brushlabels", {"rle": packed, "brushlabels": ["dog"]}, **SMALL)
    labels = open_tasks(tmp_path, task([annotation([one])]))
    assert labels.labels["rle"].to_pylist() == [None]
    assert any("not decoded: brushlabels" in note for note in labels.notes)


RESULTS = [
    result("choices", {"choices": ["a"]}, name="one", rid="r1"),
    result("choices", {"choices": ["a", "b"]}, name="many", rid="r2"),
    result("rating", {"rating": 4}, name="stars", rid="r3"),
    result("textarea", {"text": ["x", "y"]}, name="why", rid="r4"),
    result("taxonomy", {"taxonomy": [["A", "B"], ["C"]]}, name="tax", rid="r5"),
    result("pairwise", {"selected": "left"}, name="pw", rid="r6"),
    result("ranker", {"ranker": {"_": ["x"], "best": ["y", "z"]}}, name="rank", rid="r7"),
    result("labels", {"start": 0, "end": 8, "text": "Ada Park", "labels": ["PER"]}, name="ner", rid="r8"),
    result("choices", {"choices": ["sure"], "start": 0, "end": 8}, name="per_region", rid="r8"),
    result(
        "timelinelabels",
        {"ranges": [{"start": 1, "end": 5}, {"start": 9, "end": 9}], "timelinelabels": ["t"]},
        name="tl",
    ),
    result("labels", {"start": 18, "end": 27, "text": "Northwind", "labels": ["ORG"]}, name="ner", rid="r9"),
    {"type": "relation", "from_id": "r8", "to_id": "r9", "direction": "right", "labels": ["works at"]},
]
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["c"]}
ELLIPSE = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 0, "ellipselabels": ["c"]}
RING = {"points": [[1, 2], [30, 4], [5, 60]], "closed": True, "polygonlabels": ["c"]}
SHAPES = [
    image("rectanglelabels", BOX, rid="s1"),
    image("rectanglelabels", BOX | {"rotation": 30}, name="turned", rid="s2"),
    image("polygonlabels", RING, name="poly", rid="s3"),
    image("keypointlabels", {"x": 5, "y": 6, "width": 0.5, "keypointlabels": ["c"]}, name="kp", rid="s4"),
    image("ellipselabels", ELLIPSE, name="e", rid="s5"),
    image("brushlabels", {"format": "rle", "rle": BRUSH, "brushlabels": ["c"]}, name="brush", rid="s6"),
]


@pytest.mark.parametrize("results", [RESULTS, SHAPES], ids=["answers", "shapes"])
def test_what_is_written_reads_back_the_same(tmp_path, results):
    data = {"text": "Ada Park joined 😊 Northwind."} if results is RESULTS else {"image": "a.jpg"}
    more = [annotation([], native=8, by=2), annotation([], native=9, by=3, was_cancelled=True)]
    labels = open_tasks(tmp_path, task([annotation(results), *more], data=data, project=3))
    assert write(labels, tmp_path / "again.json", format="label_studio") == ()
    again = read(tmp_path / "again.json")
    assert again.annotations.drop_columns(["unique_id"]).equals(labels.annotations.drop_columns(["unique_id"]))
    columns = [
        "question",
        "kind",
        "value",
        "value_num",
        "value_text",
        "ranks",
        "start",
        "end",
        "quote",
        "rle",
        "origin",
    ]
    assert again.labels.select(columns).to_pylist() == labels.labels.select(columns).to_pylist()
    for column in ("x", "y", "w", "h", "rotation"):
        assert again.labels[column].to_pylist() == pytest.approx(labels.labels[column].to_pylist())
    assert [bool(one) for one in again.labels["parent_label_id"].to_pylist()] == [
        bool(one) for one in labels.labels["parent_label_id"].to_pylist()
    ]


def test_labels_of_other_formats_become_tasks(tmp_path):
    (tmp_path / "a.conll").write_text("Ada B-PER\nlives O\n")
    write(read(tmp_path / "a.conll"), tmp_path / "tasks.json", format="label_studio")
    again = read(tmp_path / "tasks.json")
    assert again.labels.select(["kind", "value", "quote", "start", "end"]).to_pylist() == [
        {"kind": "span", "value": "PER", "quote": "Ada", "start": 0, "end": 3}
    ]
