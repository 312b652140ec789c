"""Taking over the leaves of records that did not change gives the same seal as hashing everything."""

from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from annoaudit.labels import LabelSet
from annoaudit.ledger import records, resealing
from annoaudit.ledger.resealing import reseal_labels
from annoaudit.ledger.sealing import seal_labels
from annoaudit.ledger.snapshots import Tables, with_pseudonyms

KEY = b"k" * 32
N = 60


def tables() -> dict[str, pa.Table]:
    ids = [f"a{k:03d}" for k in range(N)]
    item = [f"i{k // 3:03d}" for k in range(N)]
    who = [f"p{k % 4}" for k in range(N)]
    labels = LabelSet(
        items=pa.table({"item_id": sorted(set(item)), "text": [f'text "{k}" ü' for k in range(N // 3)],
                        "width": pa.array([float(k) for k in range(N // 3)])}),
        annotators=pa.table({"annotator_id": ["p0", "p1", "p2", "p3"]}),
        questions=pa.table({"question": ["q"], "kind": ["choice"], "options": [["a", "b", "c"]]}),
        annotations=pa.table({"annotation_id": ids, "item_id": item, "annotator_id": who,
                              "lead_time_s": pa.array([None if k % 5 else float(k) for k in range(N)], pa.float64())}),
        labels=pa.table({"label_id": [f"l{k}" for k in range(N)], "annotation_id": ids, "item_id": item,
                         "annotator_id": who, "question": ["q"] * N, "kind": ["choice"] * N,
                         "value": [("a", "b", "c")[k % 3] for k in range(N)]}),
    )  # fmt: skip
    told = with_pseudonyms(labels, lambda one: f"x-{one}")
    return {name: getattr(told, name) for name in ("items", "annotators", "questions", "annotations", "labels")}


def put(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))


def without(table: pa.Table, row: int) -> pa.Table:
    return table.filter(pa.array(np.arange(len(table)) != row))


def roll(table: pa.Table, by: int) -> pa.Table:
    return table.take(pa.array(np.roll(np.arange(len(table)), by)))


CHANGES = {
    "nothing": lambda one, row: one,
    "a label": lambda one, row: one | {"labels": put(one["labels"], "value", row, "z")},
    "a label becomes null": lambda one, row: one | {"labels": put(one["labels"], "value", row, None)},
    "a label moves": lambda one, row: one | {"labels": put(one["labels"], "annotation_id", row, "a007")},
    "a label goes": lambda one, row: one | {"labels": without(one["labels"], row)},
    "a label comes": lambda one, row: one | {"labels": pa.concat_tables(
        [one["labels"], put(one["labels"].slice(row, 1), "label_id", 0, "new")])},
    "an annotator": lambda one, row: one | {"annotations": put(one["annotations"], "annotator_id", row, "p0")},
    "a time": lambda one, row: one | {"annotations": put(one["annotations"], "lead_time_s", row, 3.5)},
    "zero and minus zero": lambda one, row: one | {"annotations": put(one["annotations"], "lead_time_s", 0, -0.0)},
    "not a number": lambda one, row: one | {"annotations": put(one["annotations"], "lead_time_s", row, float("nan"))},
    "an annotation goes": lambda one, row: one | {"annotations": without(one["annotations"], row)},
    "an item": lambda one, row: one | {"items": put(one["items"], "text", row // 3, "other")},
    "an item goes": lambda one, row: one | {"items": without(one["items"], row // 3)},
    "a list": lambda one, row: one | {"labels": put(one["labels"], "ranks", row, [["a"]])},
    "a pseudonym": lambda one, row: one | {"annotators": put(one["annotators"], "pseudonym", row % 4, "other")},
    "the form": lambda one, row: one | {"questions": put(one["questions"], "options", 0, ["a"])},
    "the order": lambda one, row: one | {name: roll(one[name], row) for name in ("annotations", "labels", "items")},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_seal_is_the_same_as_of_everything_hashed_anew(change):
    before, rng = tables(), Random(change)
    sealed = seal_labels(Tables(**before), KEY)
    for _ in range(6):
        now = CHANGES[change](before, rng.randrange(N - 3))
        now = CHANGES[rng.choice(list(CHANGES))](now, rng.randrange(N - 3))
        anew = seal_labels(Tables(**now), KEY)
        taken = reseal_labels(Tables(**now), KEY, Tables(**before), sealed)
        assert (taken.keys, taken.leaves, taken.rows) == (anew.keys, anew.leaves, anew.rows)
        assert taken.root == anew.root


def test_only_what_changed_is_hashed(monkeypatch):
    before = tables()
    sealed = seal_labels(Tables(**before), KEY)
    now = CHANGES["a label"](before, 5)
    hashed = []

    def note(labels, names=None):
        for key, text in records.canonical_records(labels, names):
            hashed.append(key)
            yield key, text

    monkeypatch.setattr(resealing, "canonical_records", note)
    reseal_labels(Tables(**now), KEY, Tables(**before), sealed)
    assert hashed == ["annotation/a005", "question/q"]
    assert pc.sum(pc.is_valid(now["labels"]["value"])).as_py() == N
