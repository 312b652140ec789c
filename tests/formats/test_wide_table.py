import json

import pandas as pd
import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats import read


@pytest.fixture
def write(tmp_path):
    def write(content, name="wide.csv"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def test_annotators_are_the_columns_that_share_a_vocabulary(write):
    labels = read(write("item,text,alice,bob,carol,length\n01,Hi,pos,neg,,10\n2,Bye,pos,,pos,11\n3,Hm,,pos,,12\n"))
    assert labels.annotators["annotator_id"].to_pylist() == ["alice", "bob", "carol"]
    assert labels.items["item_id"].to_pylist() == ["01", "2", "3"]
    assert labels.items["text"].to_pylist() == ["Hi", "Bye", "Hm"]
    assert json.loads(labels.items["meta_json"][0].as_py()) == {"length": "10"}
    assert labels.annotations.num_rows == 5
    assert any("4 empty cells were read as not seen" in note for note in labels.notes)


def test_long_and_wide_give_the_same_ids(write):
    wide = read(write("item,alice,bob\n1,pos,neg\n2,pos,pos\n")).frame("labels")
    long = read(write("item,annotator,label\n1,alice,pos\n1,bob,neg\n2,alice,pos\n2,bob,pos\n", "long.csv")).frame(
        "labels"
    )
    pd.testing.assert_frame_equal(wide, long)


def test_a_mapping_names_the_annotators(write):
    path = write("key,r1,r2,r3\na,1,2,3\nb,4,5,6\n")
    labels = read(path, mapping={"item": "key", "annotators": "r1|r3"})
    assert labels.annotators["annotator_id"].to_pylist() == ["r1", "r3"]
    with pytest.raises(UsageError, match="no column 'r9'"):
        read(path, mapping={"item": "key", "annotators": "r1|r9"})


def test_two_vocabularies_are_not_guessed(write):
    with pytest.raises(RefusedInput, match="no column is recognised as label") as caught:
        read(write("item,a1,a2,b1,b2\n1,x,y,p,q\n2,y,x,q,p\n"))
    assert "annotators=first|second" in caught.value.hint


def test_empty_and_not_seen_differ_where_the_format_can_say_so(write):
    rows = [{"item": "1", "a": "x", "b": "y"}, {"item": "2", "a": "", "b": "x"}, {"item": "3", "a": None, "b": "y"}]
    rows.append({"item": "4", "a": "y", "b": "x"})
    path = write("\n".join(map(json.dumps, rows)), "wide.jsonl")
    labels = read(path)
    seen = labels.annotations.to_pylist()
    assert [(row["item_id"], row["annotator_id"]) for row in seen if row["item_id"] in "23"] == [
        ("2", "a"), ("2", "b"), ("3", "b"),
    ]  # fmt: skip
    assert labels.labels.num_rows == 6
    assert any('1 cells hold ""' in note for note in labels.notes)


def test_whole_numbers_lose_the_point_that_missing_cells_gave_them():
    frame = pd.DataFrame({"item": [1, 2, 3], "a": [1, float("nan"), 2], "b": [2, 1, 1]})
    assert set(read(frame).labels["value"].to_pylist()) == {"1", "2"}


def test_an_item_twice_is_a_second_round(write):
    labels = read(write("item,alice,bob\n1,pos,neg\n1,neg,neg\n2,pos,pos\n"))
    assert labels.annotations["round"].to_pylist() == [0, 0, 1, 1, 0, 0]


def test_a_wide_table_without_labels_is_refused(write):
    with pytest.raises(RefusedInput, match="no usable label"):
        read(write("item,alice,bob\n1,,\n"), mapping={"item": "item", "annotators": "alice|bob"})
    with pytest.raises(RefusedInput, match="row 2 has no item"):
        read(write("item,alice,bob\n1,a,b\n,b,a\n"))


def test_a_table_that_names_its_annotators_is_not_wide(write):
    with pytest.raises(RefusedInput, match="no column is recognised as label"):
        read(write("item,annotator,rude,false\n1,ann,yes,no\n1,bob,no,no\n2,ann,no,yes\n"))


def test_columns_with_answers_of_their_own_are_named_and_how_to_take_them(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("item,alice,bob,carol\n1,yes,no,never\n2,no,yes,never\n")
    labels = read(path)
    assert labels.annotators["annotator_id"].to_pylist() == ["alice", "bob"]
    assert [note for note in labels.notes if "'carol'" in note and "--map item=...,annotators=alice|…|carol" in note]
    named = read(path, mapping={"item": "item", "annotators": "alice|bob|carol"})
    assert named.annotators.num_rows == 3
    assert not [note for note in named.notes if "Not read" in note]
