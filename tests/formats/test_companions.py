import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import join_features, join_gold, join_probabilities, read

IDS = pa.array(["07", "8", "9"])
FRAME = pd.DataFrame({"item": ["8", "07"], "no": [0.25, 1.0], "yes": [0.75, 0.0]})
EXPECTED = np.array([[0.0, 1.0], [0.75, 0.25], [np.nan, np.nan]])


def forms(tmp_path):
    FRAME.to_csv(tmp_path / "p.csv", index=False)
    pq.write_table(pa.Table.from_pandas(FRAME), tmp_path / "p.parquet")
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, FRAME.to_dict("records"))))
    np.savez(
        tmp_path / "p.npz", p=FRAME[["no", "yes"]], item_ids=np.array(["8", "07"]), classes=np.array(["no", "yes"])
    )
    return [FRAME, *(tmp_path / f"p.{kind}" for kind in ("csv", "parquet", "jsonl", "npz"))]


def test_probabilities_join_by_item_and_class(tmp_path):
    for source in forms(tmp_path):
        np.testing.assert_array_equal(join_probabilities(source, IDS, ["yes", "no"]), EXPECTED)


def test_arrays_follow_the_order_of_items(tmp_path):
    array = np.array([[0.0, 1.0], [0.75, 0.25], [0.5, 0.5]], dtype=np.float32)
    np.save(tmp_path / "p.npy", array)
    for source in (array, tmp_path / "p.npy"):
        np.testing.assert_allclose(join_probabilities(source, IDS, ["a", "b"]), array)
    with pytest.raises(RefusedInput, match="2 rows for 3 items"):
        join_probabilities(array[:2], IDS, ["a", "b"])
    with pytest.raises(RefusedInput, match="2 columns for 3 classes"):
        join_probabilities(array, IDS, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"yes": [0.6, 0.0]}, "row 1 .item '8'. sums to 0.85, not 1"),
        ({"yes": [1.1, 0.0], "no": [-0.1, 1.0]}, "row 1 .item '8'. has a probability below zero in column 'no'"),
        ({"yes": [np.nan, 0.0]}, "has NaN, infinity or no number in column 'yes'"),
        ({"yes": [np.inf, 0.0]}, "row 1 .item '8'. has NaN, infinity"),
        ({"item": ["8", "8"]}, "item '8' comes twice"),
        ({"item": ["x", "y"]}, "none of its items is among the labelled ones"),
        ({"maybe": [0.0, 0.0]}, "columns that are no class: 'maybe'"),
        ({"yes": ["a", "b"]}, "column 'yes' has a cell that is no number"),
    ],
)
def test_what_is_no_distribution_is_refused(change, said, tmp_path):
    frame = FRAME.assign(**change)
    frame.to_csv(tmp_path / "p.csv", index=False)
    for source in (frame, tmp_path / "p.csv"):
        with pytest.raises(RefusedInput, match=said) as caught:
            join_probabilities(source, IDS, ["no", "yes"])
        assert caught.value.hint


def test_an_unknown_class_or_a_missing_item_column_is_refused():
    with pytest.raises(RefusedInput, match="no column for class 'maybe'"):
        join_probabilities(FRAME, IDS, ["no", "yes", "maybe"])
    with pytest.raises(RefusedInput, match="has no item column"):
        join_probabilities(FRAME[["no", "yes"]], IDS, ["no", "yes"])
    with pytest.raises(UsageError):
        join_probabilities(3, IDS, ["no", "yes"])


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(RefusedInput, match="never unpickled"):
        join_features(tmp_path / "x.npy", IDS)
    np.savez(tmp_path / "x.npz", a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RefusedInput, match="never unpickled"):
        join_features(tmp_path / "x.npz", IDS)
    (tmp_path / "y.npy").write_bytes(b"\x93NUMPY" + b"\x01" * 40)
    with pytest.raises(RefusedInput, match="damaged NumPy"):
        join_features(tmp_path / "y.npy", IDS)
    (tmp_path / "z.npy").write_bytes(b"item,x\n1,2\n")
    with pytest.raises(RefusedInput, match="no NumPy file"):
        join_features(tmp_path / "z.npy", IDS)


def test_features(tmp_path):
    frame = pd.DataFrame({"item_id": ["9", "07"], "a": [1, 2], "b": [0.5, -1]})
    np.testing.assert_array_equal(join_features(frame, IDS), [[2, -1], [np.nan, np.nan], [1, 0.5]])
    np.testing.assert_array_equal(join_features(np.arange(3), IDS), [[0], [1], [2]])
    for wrong in (np.array(["a"]), np.zeros((3, 2, 2)), np.zeros((0, 2)), np.array([[1, np.nan]] * 3)):
        with pytest.raises(RefusedInput):
            join_features(wrong, IDS)
    np.savez(tmp_path / "two.npz", a=np.zeros((3, 2)), b=np.zeros((3, 2)))
    with pytest.raises(RefusedInput, match="holds 2 arrays"):
        join_features(tmp_path / "two.npz", IDS)


def test_gold(tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text("item,label\n07,yes\n9,no\nelsewhere,maybe\n8,\n")
    assert join_gold(path, IDS, ["no", "yes"]).tolist() == [1, -1, 0]
    assert join_gold(pd.DataFrame({"item": ["8"], "gold": ["no"]}), IDS, ["no", "yes"]).tolist() == [-1, 0, -1]
    for frame, said in [
        ({"item": ["8"], "label": ["maybe"]}, "gold label 'maybe' of item '8' is none of the classes"),
        ({"item": ["8", "8"], "label": ["no", "yes"]}, "row 2 gives item '8' a second gold label"),
        ({"item": ["x"], "label": ["no"]}, "none of its items"),
        ({"item": ["8"], "mood": ["no"]}, "needs an item and a label column"),
    ]:
        with pytest.raises(RefusedInput, match=said) as caught:
            join_gold(pd.DataFrame(frame), IDS, ["no", "yes"])
        assert caught.value.hint


def test_companions_of_a_set_that_was_read(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("item,annotator,label\n8,a,yes\n07,a,no\n")
    votes = read(path).votes()
    joined = join_probabilities(FRAME, votes.item_ids, votes.classes)
    np.testing.assert_array_equal(joined, [[0.25, 0.75], [1.0, 0.0]])
