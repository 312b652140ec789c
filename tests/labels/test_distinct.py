import numpy as np
import pyarrow as pa
import pytest

from annoaudit.labels.distinct import all_different, distinct_values, number_values, run_heads

SHAPES = {
    "grouped": np.repeat(np.arange(5_000), 4),
    "shuffled": np.random.default_rng(0).permutation(np.repeat(np.arange(5_000), 4)),
    "one value": np.zeros(20_000, dtype=int),
    "all different": np.arange(20_000),
    "short": np.array([3, 3, 1, 2, 1]),
    "grouped, then back": np.r_[np.repeat(np.arange(5_000), 4), np.repeat(np.arange(100), 4)],
}


@pytest.mark.parametrize("name", SHAPES)
def test_values_and_their_numbers(name):
    texts = [f"item {number}" for number in SHAPES[name].tolist()]
    array = pa.array(texts)
    expected = list(dict.fromkeys(texts))
    assert distinct_values(pa.chunked_array([array])).to_pylist() == expected
    words, codes = number_values(array)
    assert words.to_pylist() == expected
    assert words.take(pa.array(codes)).equals(array)


def test_runs_are_only_used_where_they_are_long():
    grouped = pa.array([str(number) for number in SHAPES["grouped"].tolist()])
    heads = run_heads(grouped)
    assert heads is not None
    assert len(heads[0]) == 5_000
    assert run_heads(pa.array([str(number) for number in range(20_000)])) is None


def test_nulls_are_no_value():
    column = pa.chunked_array([pa.array([None, "a", None, "a"]), pa.array(["b", None])])
    assert distinct_values(column).to_pylist() == ["a", "b"]
    assert distinct_values(pa.chunked_array([pa.nulls(3, pa.string())])).to_pylist() == []


@pytest.mark.parametrize("width", [3, 16, 32, 40])
def test_all_different_is_exact(width):
    texts = [f"{number:0{width}d}" if width > 5 else str(number) for number in range(20_000)]
    assert all_different(pa.array(texts))
    assert all_different(pa.array(["skipped", *texts])[1:])
    texts[17_000] = texts[3]
    assert not all_different(pa.array(texts))


def test_equal_endings_do_not_make_equal_texts():
    tail = "0123456789abcdef"
    assert all_different(pa.array([f"{number:016d}{tail}" for number in range(20_000)]))
