import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from store_writer import make_findings, make_run

from annoaudit.errors import RefusedInput
from annoaudit.store import open_store
from annoaudit.store.review_rows import ReceiptRow, VerdictRow
from annoaudit.store.reviews import Reviews
from annoaudit.store.schema import writing

SOURCE = "https://host/projects/3"


@pytest.fixture
def reviews(store_location):
    with open_store(store_location) as store:
        yield Reviews(store, SOURCE)


def verdict(answer: str, decision: str = "fixed", minutes: int = 0, key: str = "k1") -> VerdictRow:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC) + timedelta(minutes=minutes)
    return VerdictRow(
        answer, SOURCE, "7", key, "t1", ("f1", "f2"), decision, decision, "a-x", at, "Grüße", "n\0te", "", {"x": [1]}
    )


def test_receipts_are_kept_once_by_name_with_their_latest_state(reviews):
    planned = ReceiptRow(SOURCE, "7", "task", "k1", "", "planned", {"original": [{"a": "ü"}]})
    reviews.save_receipts([planned, ReceiptRow(SOURCE, "7", "task", "k2")])
    made = ReceiptRow(SOURCE, "7", "task", "k1", "99", "made", planned.details)
    reviews.save_receipts([made], "imported", n=1)
    assert reviews.receipts("task") == {"k1": made, "k2": ReceiptRow(SOURCE, "7", "task", "k2")}
    assert reviews.receipts("task", "8") == {}
    assert Reviews(reviews.store, "https://other/projects/3").receipts("task") == {}
    assert [(one.action, one.details) for one in reviews.journal()] == [("imported", {"n": 1})]


def test_the_latest_project_of_a_key_wins_where_none_is_named(reviews):
    reviews.save_receipts([ReceiptRow(SOURCE, "7", "task", "k1", "1")])
    reviews.save_receipts([ReceiptRow(SOURCE, "9", "task", "k1", "2")])
    assert reviews.receipts("task")["k1"].project == "9"
    assert reviews.receipts("task", "7")["k1"].native_id == "1"


def test_verdicts_are_only_ever_appended_and_reading_one_again_adds_nothing(reviews):
    first = verdict("a1")
    assert reviews.append_verdicts([first, verdict("a2", "confirmed", 5)]) == 2
    assert reviews.append_verdicts([first, verdict("a1", "ambiguous")]) == 0
    stored = reviews.verdicts()
    assert [one.decision for one in stored] == ["fixed", "confirmed"]
    assert stored[0].fingerprints == ("f1", "f2")
    assert stored[0].note == "n\\x00te"
    assert stored[0].at == first.at
    assert stored[0].details == {"x": [1]}


def test_ten_thousand_receipts_come_back(reviews):
    rows = [ReceiptRow(SOURCE, "7", "task", f"k{number}", str(number)) for number in range(10_000)]
    reviews.save_receipts(rows)
    reviews.save_receipts(rows)
    assert len(reviews.receipts("task", "7")) == 10_000
    wanted = {f"k{number}" for number in range(0, 10_000, 9)} | {"unknown"}
    assert set(reviews.receipts("task", "7", wanted)) == wanted - {"unknown"}
    assert reviews.receipts("task", keys=()) == {}


def test_a_store_of_the_first_schema_is_brought_forward_and_loses_nothing(tmp_path):
    path = tmp_path / "annoaudit.db"
    with open_store(path) as store:
        store.add_run(make_run(), make_findings(5), "{}")
        key = store.pseudonym_key()
    with sqlite3.connect(path) as raw:  # as the first version left it
        for table in ("receipts", "journal", "verdicts"):
            raw.execute(f"drop table {table}")
        raw.execute("update meta set value = '1' where key = 'schema_version'")
    raw.close()
    with open_store(path) as store:
        assert len(store.findings()) == 5
        assert store.pseudonym_key() == key
        assert Reviews(store, SOURCE).append_verdicts([verdict("a1")]) == 1
    with open_store(path) as store:
        assert len(Reviews(store, SOURCE).verdicts()) == 1


def test_a_damaged_row_is_refused_in_one_sentence(reviews):
    reviews.save_receipts([ReceiptRow(SOURCE, "7", "task", "k1")])
    with writing(reviews.store.engine) as connection:
        connection.exec_driver_sql("update receipts set details_json = '[1'")
    with pytest.raises(RefusedInput, match="wrong form"):
        reviews.receipts("task")
