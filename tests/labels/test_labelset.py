import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.labels import SCHEMAS, TABLES, LabelSet, as_tables


def rows():
    return {
        "items": [{"item_id": "1", "text": "a"}, {"item_id": "2"}],
        "annotators": [{"annotator_id": "x"}, {"annotator_id": "y"}],
        "questions": [{"question": "q", "kind": "choice"}],
        "annotations": [
            {
                "annotation_id": "n1",
                "item_id": "1",
                "annotator_id": "x",
                "created_at": dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
            },
            {"annotation_id": "n2", "item_id": "1", "annotator_id": "y"},
        ],
        "labels": [
            {
                "label_id": "l1",
                "annotation_id": "n1",
                "item_id": "1",
                "annotator_id": "x",
                "question": "q",
                "kind": "choice",
                "value": "A",
            },
            {
                "label_id": "l2",
                "annotation_id": "n2",
                "item_id": "1",
                "annotator_id": "y",
                "question": "q",
                "kind": "choice",
                "value": "B",
            },
        ],
        "predictions": [{"prediction_id": "p", "item_id": "2", "probabilities": {"A": 0.5, "B": 0.5}}],
    }


def make(**changes):
    return LabelSet.of(as_tables({**rows(), **changes}), source="a.csv")


def test_all_problems_are_named_at_once():
    bad = rows()
    bad["items"] += [{"item_id": "1", "media": "smell"}]
    bad["annotators"] += [{"annotator_id": None}]
    bad["annotations"][1] |= {"item_id": "2", "lead_time_s": -1.0, "status": "done"}
    bad["labels"] += [
        {"label_id": "l3", "item_id": "9", "question": "r", "kind": "choice"},
        {"label_id": "l4", "annotation_id": "n1", "item_id": "1", "annotator_id": "x", "question": "q", "kind": "span",
         "start": 5.0, "end": 2.0, "x": float("inf")},
    ]  # fmt: skip
    with pytest.raises(RefusedInput) as caught:
        LabelSet.of(as_tables(bad), source="a.csv")
    said = "\n".join(caught.value.problems)
    for part in (
        "items.item_id: 1 used more than once: '1'",
        "annotators.annotator_id: 1 empty, first in row 3",
        "annotations.status: 'done' is none of",
        "items.media: 'smell' is none of",
        "annotations.lead_time_s: 1 where it is below zero, first in row 2",
        "labels.item_id: 1 not in items.item_id: '9'",
        "labels.question: 1 not in questions.question: 'r'",
        "labels.item_id: 1 where it differs from its annotation's, first in row 2",
        "labels.annotation_id: 1 where it is empty, and so is prediction_id, first in row 3",
        "labels.end: 1 where it lies before its start, first in row 4",
        "labels.x: 1 where it is not a finite number, first in row 4",
    ):
        assert part in said
    assert len(caught.value.problems) == 11
    assert "11 problems in a.csv" in caught.value.message


@pytest.mark.parametrize("n", [10, 20_000])
def test_problems_are_found_in_long_tables_too(n):
    ids = [f"{number:032d}" for number in range(n)]
    items = [f"i{number // 2}" for number in range(n)]

    def build(annotation_ids, item_ids):
        tables = {
            "items": pa.table({"item_id": list(dict.fromkeys(items))}),
            "annotators": pa.table({"annotator_id": ["a"]}),
            "annotations": pa.table({"annotation_id": annotation_ids, "item_id": item_ids, "annotator_id": ["a"] * n}),
        }
        return LabelSet(**tables)

    assert build(ids, items).annotations.num_rows == n
    assert build(ids, items[::-1]).annotations.num_rows == n
    with pytest.raises(RefusedInput, match=rf"annotations.annotation_id: 1 used more than once: '{ids[0]}'"):
        build([*ids[:-1], ids[0]], items)
    with pytest.raises(RefusedInput, match=r"annotations.item_id: 1 not in items.item_id: 'nowhere'"):
        build(ids, [*items[:-2], "nowhere", "nowhere"])


def test_schema_is_kept_whatever_columns_are_given():
    labels = make()
    for name in TABLES:
        assert labels.tables[name].schema.equals(SCHEMAS[name])
    with pytest.raises(RefusedInput, match="unknown column 'colour'"):
        LabelSet(items=pa.table({"item_id": ["1"], "colour": ["red"]}))
    with pytest.raises(RefusedInput, match=r"items.width"):
        LabelSet(items=pa.table({"item_id": ["1"], "width": ["wide"]}))
    with pytest.raises(RefusedInput, match="no table 'things'"):
        LabelSet.of([("things", pa.table({"a": [1]}))])


def test_it_is_frozen():
    with pytest.raises(AttributeError):
        make().items = pa.table({})


def test_parquet_round_trip(tmp_path):
    labels = make().with_notes("a note")
    labels.to_parquet(tmp_path / "set")
    labels.to_parquet(tmp_path / "set")
    again = LabelSet.from_parquet(tmp_path / "set")
    for name in TABLES:
        assert again.tables[name].equals(labels.tables[name])
    assert (again.notes, again.source) == (("a note",), "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_damaged_folders_are_refused(tmp_path):
    make().to_parquet(tmp_path / "set")
    (tmp_path / "set/items.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(RefusedInput, match="damaged"):
        LabelSet.from_parquet(tmp_path / "set")
    (tmp_path / "set/labelset.json").write_text("{")
    with pytest.raises(RefusedInput, match="not a LabelSet"):
        LabelSet.from_parquet(tmp_path / "set")
    (tmp_path / "set/labelset.json").write_text('{"schema_version": 99, "notes": [], "source": ""}')
    with pytest.raises(RefusedInput, match="newer annoaudit"):
        LabelSet.from_parquet(tmp_path / "set")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        make().to_parquet(tmp_path / "mine")
    assert (tmp_path / "mine/thesis.txt").exists()


def test_foreign_keys_inside_a_parquet_folder_are_checked(tmp_path):
    make().to_parquet(tmp_path / "set")
    pq.write_table(SCHEMAS["items"].empty_table(), tmp_path / "set/items.parquet")
    with pytest.raises(RefusedInput, match=r"not in items.item_id"):
        LabelSet.from_parquet(tmp_path / "set")


# --- votes, rounds, selections ---------------------------------------------------------------------------------------


def team(answers, kind="choice", **columns):
    """Answers are (item, annotator, value or list of values, further columns of the annotation)."""
    items = list(dict.fromkeys(item for item, *_ in answers))
    people = list(dict.fromkeys(person for _, person, *_ in answers))
    tables = {
        "items": [{"item_id": item} for item in [*items, "nobody saw this"]],
        "annotators": [{"annotator_id": person} | columns.get(person, {}) for person in people],
        "questions": [{"question": "q", "kind": kind} | columns.get("question", {})],
        "annotations": [],
        "labels": [],
    }
    for place, (item, person, values, *more) in enumerate(answers):
        owner = {"annotation_id": f"n{place}", "item_id": item, "annotator_id": person}
        tables["annotations"].append(owner | (more[0] if more else {}))
        for k, value in enumerate(values if isinstance(values, list) else [values]):
            tables["labels"].append(owner | {"label_id": f"{place}.{k}", "question": "q", "kind": kind, "value": value})
    return LabelSet.of(as_tables(tables))


def test_votes_are_codes_and_items_without_votes_stay():
    votes = team([("1", "a", "no"), ("1", "b", "yes"), ("2", "a", "yes")]).votes()
    assert votes.classes == ("no", "yes")
    assert votes.n_items == 3
    assert votes.counts.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert votes.redundancy == 1.5
    assert votes.annotator_ids.to_pylist() == ["a", "b"]


def test_stated_options_come_first_and_in_their_order():
    votes = team([("1", "a", "no"), ("1", "b", "odd")], question={"options": ["yes", "no"]}).votes()
    assert votes.classes == ("yes", "no", "odd")


def test_only_what_counts_is_a_vote():
    answers = [("1", person, "yes", {"status": person}) for person in
               ("submitted", "accepted", "draft", "skipped", "rejected", "deleted", "superseded")]  # fmt: skip
    answers += [("1", "old", "yes", {"is_latest": False}), ("1", "truth", "yes"), ("1", "bot", "yes")]
    votes = team(answers, truth={"kind": "gold"}, bot={"kind": "model"}).votes()
    assert votes.annotator_ids.to_pylist() == ["submitted", "accepted", "bot"]


def test_rounds_follow_the_stated_round_then_time_then_place():
    at = [{"created_at": dt.datetime(2026, 1, day, tzinfo=dt.UTC)} for day in (3, 1, 2)]
    votes = team([("1", "a", "third", at[0]), ("1", "a", "first", at[1]), ("1", "a", "second", at[2])]).votes()
    assert [votes.classes[code] for code in votes.label] == ["first"]
    assert [votes.classes[code] for code in votes.later.label[np.argsort(votes.later.round)]] == ["second", "third"]
    given = team([("1", "a", "x", {"round": 1} | at[1]), ("1", "a", "y", {"round": 0} | at[0])]).votes()
    assert [given.classes[code] for code in given.label] == ["y"]
    plain = team([("1", "a", "x"), ("1", "a", "y")]).votes()
    assert [plain.classes[code] for code in plain.label] == ["x"]
    assert len(plain.later) == 1


def test_an_explicitly_empty_set_differs_from_not_seen():
    labels = team([("1", "a", ["x", "y"]), ("1", "b", []), ("2", "a", ["y"])], kind="multichoice")
    selections = labels.selections()
    assert selections.classes == ("x", "y")
    places = zip(selections.item.tolist(), selections.annotator.tolist(), strict=True)
    seen = dict(zip(places, selections.chosen.tolist(), strict=True))
    assert seen == {(0, 0): [True, True], (0, 1): [False, False], (1, 0): [False, True]}


def test_asking_for_what_is_not_there():
    labels = team([("1", "a", "x")])
    for ask in (lambda: labels.votes("r"), lambda: labels.selections(), lambda: labels.frame("things")):
        with pytest.raises(UsageError):
            ask()
