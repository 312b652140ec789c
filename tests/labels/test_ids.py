import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annoaudit.labels import stable_ids

TEXTS = st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=30)


def test_ids_are_the_same_on_every_machine():
    ids = stable_ids([pa.array(["a", None, ""]), pa.array(["x", "x", "x"])], "p-")
    assert ids.to_pylist() == [
        "p-f080277249cb75938622c38b94abf28d",
        "p-db6d40303c2e62335eac214f724dc29d",
        "p-c1c7b65132586d8c92f6b3d4d14c9348",
    ]
    longer = stable_ids([pa.array(["a" * 100, "é"])])
    assert longer.to_pylist() == ["db58ac7e559472800f7dea7a376559c8", "9de640f0d0ca2fba8284ac2682adfd29"]


@settings(max_examples=60, deadline=None)
@given(first=TEXTS, data=st.data())
def test_rows_are_equal_exactly_where_their_ids_are(first, data):
    second = data.draw(st.lists(st.sampled_from([None, "", "a"]), min_size=len(first), max_size=len(first)))
    ids = stable_ids([pa.array(first, pa.string()), pa.array(second, pa.string())]).to_pylist()
    rows = list(zip(first, second, strict=True))
    assert len(set(ids)) == len(set(rows))
    assert all(len(one) == 32 for one in ids)


@pytest.mark.parametrize("length", [0, 1, 16_383, 16_384, 16_385, 40_000])
def test_length_chunks_and_encoding_do_not_matter(length):
    texts = [f"i{number % 1000}" for number in range(length)]
    array = pa.array(texts, pa.string())
    ids = stable_ids([array])
    assert len(ids) == length
    assert ids.equals(stable_ids([array.dictionary_encode()]))
    assert ids.equals(stable_ids([pa.chunked_array([array[: length // 3], array[length // 3 :]], pa.string())]))
    assert len(ids.unique()) == min(length, 1000)


def test_columns_do_not_run_into_each_other():
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("c", "ab")]
    ids = stable_ids([pa.array([one for one, _ in pairs]), pa.array([two for _, two in pairs])])
    assert len(set(ids.to_pylist())) == len(pairs)


def test_a_million_rows_do_not_collide():
    n = 200_000
    item = pa.array(np.arange(n).astype(str))
    assert len(stable_ids([item, pa.array(["q"] * n)]).unique()) == n
