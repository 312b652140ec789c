"""Whatever the bytes, reading ends in labels or in one refusal."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import join_features, join_gold, read
from annoaudit.testing.formats import SAMPLES

CELLS = st.one_of(
    st.sampled_from(["", "1", "007", "nan", "NaN", "1e400", "-1", "2026-01-05", "x,y", '"', "'", "\n", "\r", "\t", "\0",
                     "=1+1", "😊", "\ud800", "9" * 400, "0001-01-01T00:00:00+23:59", "a|b"]),
    st.text(max_size=8),
)  # fmt: skip
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["id", "data", "text", "annotations", "predictions", "drafts", "result", "value", "type", "choices",
                 "labels", "start", "end", "points", "x", "y", "width", "height", "rotation", "completed_by", "item",
                 "label", "annotator", "lead_time", "created_at", "annotation_id", "sequence", "ranges", "ranker",
                 "taxonomy", "original_width", "original_height", "rectanglelabels", "polygonlabels", "globalOffsets"]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)  # fmt: skip
KINDS = st.sampled_from(
    ["choices", "labels", "taxonomy", "rating", "textarea", "ranker", "rectanglelabels", "polygonlabels", "ellipse",
     "brushlabels", "videorectangle", "timelinelabels", "paragraphlabels", "hypertextlabels", "relation", "pairwise",
     "chatmessage", "vectorlabels", "keypoint", "number", "nonsense"]
)  # fmt: skip
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def attempt(path, data):
    path.write_bytes(data)
    for how in (read, join_features_of, join_gold_of):
        with contextlib.suppress(RefusedInput, UsageError):
            how(path)


def join_features_of(path):
    join_features(path, ["1", "2"])


def join_gold_of(path):
    join_gold(path, ["1", "2"], ["a"])


def encode(text):
    return text.encode("utf-8", errors="surrogatepass")


@FEW
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=6), max_size=6), extra=st.lists(CELLS, max_size=3))
def test_tables_of_odd_cells(tmp_path, rows, extra):
    head = ",".join(["item", "annotator", "label", "seconds", "created_at", *extra])
    attempt(tmp_path / "t.csv", encode("\n".join([head, *(",".join(row) for row in rows)])))


@FEW
@given(data=st.binary(max_size=200), ending=st.sampled_from([".csv", ".json", ".parquet", ".npy", ".csv.gz", ""]))
def test_any_bytes(tmp_path, data, ending):
    attempt(tmp_path / f"b{ending}", data)


@FEW
@given(kind=st.sampled_from(sorted(SAMPLES)), place=st.integers(0, 400), junk=st.binary(max_size=6))
def test_samples_with_bytes_replaced(tmp_path, kind, place, junk):
    ending, data = SAMPLES[kind]
    place %= len(data)
    attempt(tmp_path / f"s{ending}", data[:place] + junk + data[place + len(junk) :])


@FEW
@given(document=JSON, ending=st.sampled_from([".json", ".jsonl"]))
def test_any_json(tmp_path, document, ending):
    attempt(tmp_path / f"j{ending}", json.dumps(document).encode())


@FEW
@given(
    value=JSON, kind=KINDS, more=st.dictionaries(st.sampled_from(["original_width", "id", "from_name", "score"]), JSON)
)
def test_any_result_in_an_export(tmp_path, value, kind, more):
    result = {"type": kind, "value": value} | more
    task = {"id": 1, "data": {"text": "abc"}, "annotations": [{"id": 1, "result": [result]}]}
    attempt(tmp_path / "e.json", json.dumps([task]).encode())


@FEW
@given(
    fields=st.dictionaries(
        st.sampled_from(
            [
                "id",
                "completed_by",
                "lead_time",
                "created_at",
                "project",
                "reviews",
                "history",
                "prediction",
                "parent_annotation",
                "updated_by",
            ]
        ),
        JSON,
    ),
    more=st.dictionaries(
        st.sampled_from(["id", "data", "drafts", "predictions", "meta", "project", "created_at"]), JSON
    ),
)
def test_any_annotation_in_an_export(tmp_path, fields, more):
    result = {"type": "choices", "from_name": "q", "value": {"choices": ["a"]}}
    task = {"id": 1, "data": {"text": "abc"}, "annotations": [{"id": 1, "result": [result]} | fields]} | more
    attempt(tmp_path / "e.json", json.dumps([task, task]).encode())


@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl", ".parquet", ".npz"])
def test_every_cut_of_a_sample(tmp_path, ending):
    for _, data in SAMPLES.values():
        for place in range(0, len(data), 17):
            attempt(tmp_path / f"c{ending}", data[:place])
