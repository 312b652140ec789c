"""Which buckets of Label Studio's Ranker are an order."""

from __future__ import annotations

import pytest

from annoaudit.formats.label_studio.buckets import bucket_lists, order_buckets, rank_things


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["rest", "best"], ["best", "rest"]),
        (["rank_10", "rank_2"], ["rank_2", "rank_10"]),
        (["2nd", "1st"], ["1st", "2nd"]),
        (["good", "bad"], None),
        (["relevant", "biased"], None),
        (["tier1", "level2"], None),
        (["first", "winner"], None),
        (["only"], ["only"]),
    ],
)
def test_names_state_an_order_or_none(names, order):
    assert order_buckets(names) == order


def test_a_bare_list_and_a_single_bucket_are_orders():
    assert rank_things(bucket_lists(["x", "y"]), ["rank"]) == [["x"], ["y"]]
    assert rank_things({"picked": ["y"], "_": ["x", "z"]}, ["picked", "_"]) == [["y"]]
