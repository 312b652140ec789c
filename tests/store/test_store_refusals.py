import os
import random
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, inspect
from store_writer import make_findings, make_run

from annoaudit.errors import AnnoauditError, MissingExtra, RefusedInput, UsageError
from annoaudit.store import open_store
from annoaudit.store.engines import APPLICATION_ID
from annoaudit.store.failures import explained
from annoaudit.store.schema import SCHEMA_VERSION, prepare


@pytest.fixture
def path(tmp_path):
    with open_store(tmp_path / "annoaudit.db") as store:
        store.add_run(make_run(), make_findings(300), "{}")
    return tmp_path / "annoaudit.db"


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def refusal(path: Path) -> RefusedInput:
    before = path.read_bytes()
    with pytest.raises(RefusedInput) as caught:
        open_store(path)
    assert path.read_bytes() == before
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_file_that_is_no_database_is_refused_and_left_untouched(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("item,annotator,label\n" * 100)
    assert "not a readable store" in refusal(path).message


@pytest.mark.parametrize("number", [0, 252006673])
def test_a_database_of_another_program_is_refused_and_left_untouched(tmp_path, number):
    path = tmp_path / "firefox.db"
    change(path, f"PRAGMA application_id = {number}", "create table runs (a)", "insert into runs values (1)")
    assert "not one of annoaudit's" in refusal(path).message


def test_a_database_that_only_claims_to_be_ours_is_refused(tmp_path):
    path = tmp_path / "claims.db"
    change(path, f"PRAGMA application_id = {APPLICATION_ID}", "create table runs (a)")
    assert "not one of annoaudit's" in refusal(path).message


def test_a_store_of_a_newer_schema_is_refused_and_left_untouched(path):
    change(path, "update meta set value = '99' where key = 'schema_version'")
    error = refusal(path)
    assert "newer annoaudit (schema 99" in error.message
    assert "Upgrade annoaudit" in error.hint


def test_a_store_of_an_older_schema_without_a_way_forward_is_refused(path):
    change(path, "update meta set value = '0' where key = 'schema_version'")
    assert "can't bring up" in refusal(path).message


def test_a_store_that_lost_its_version_or_its_key_is_refused(path):
    change(path, "delete from secrets")
    with open_store(path) as store, pytest.raises(RefusedInput, match="key of the pseudonyms is missing"):
        store.pseudonym_key()
    change(path, "update meta set value = 'x' where key = 'schema_version'")
    assert "schema version" in refusal(path).message


def test_values_of_the_wrong_form_are_damage(path):
    change(path, "update sightings set suspicion = 'high'", "update runs set started_at = 'yesterday'")
    with open_store(path) as store:
        with pytest.raises(RefusedInput, match="wrong form"):
            store.findings()
        with pytest.raises(RefusedInput, match="wrong form"):
            store.runs()


@pytest.mark.parametrize("scar", [b"\xd5\xff", b"\x1b[31m\x07"])
def test_what_damage_makes_the_database_say_is_harmless_in_a_terminal(path, scar):
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE findings", b"CREATE TABL" + scar.ljust(10, b"x")))
    assert refusal(path).message.isprintable()


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match="is a folder"):
        open_store(tmp_path)


def test_damage_anywhere_in_the_file_is_refused_or_harmless(path, tmp_path):
    whole, chance = path.read_bytes(), random.Random(5)
    errors = []
    for place in range(40):
        torn = bytearray(whole)
        start = chance.randrange(len(torn))
        width = chance.choice([1, 16, 4096])
        torn[start : start + width] = chance.randbytes(len(torn[start : start + width]))
        if place % 4 == 0:
            torn = torn[: chance.randrange(1, len(torn))]
        broken = tmp_path / f"{place}.db"
        broken.write_bytes(torn)
        try:
            with open_store(broken) as store:
                store.runs(), store.findings(), store.run_json(), store.pseudonym_key()
                store.add_run(make_run(), make_findings(300, night=1), "{}")
        except AnnoauditError as error:
            errors.append(error)
    assert all(error.hint for error in errors)
    assert sum(isinstance(error, RefusedInput) for error in errors) > 10


def test_a_missing_folder_and_a_file_for_a_folder_say_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "absent" / "annoaudit.db", tmp_path / "file" / "annoaudit.db"):
        with pytest.raises(AnnoauditError, match="Cannot open or write the store") as caught:
            open_store(place)
        assert "folder exists" in caught.value.hint


def test_a_folder_that_may_not_be_written_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*_args, **_named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AnnoauditError, match="Permission denied") as caught:
        open_store(tmp_path / "annoaudit.db")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("pragma", "message"),
    [
        ("PRAGMA query_only = ON", "Cannot open or write the store"),
        ("PRAGMA max_page_count = 1", "The disk failed"),
    ],
)
def test_a_disk_that_takes_nothing_leaves_the_store_as_it_was(path, pragma, message):
    with open_store(path) as store:
        limit = lambda connection, _entry: connection.execute(pragma).close()  # noqa: E731 - removed by name
        event.listen(store.engine, "connect", limit)
        with pytest.raises(AnnoauditError, match=message) as caught:
            store.add_run(make_run(), make_findings(3_000, first=900), "{}")
        assert caught.value.hint
        event.remove(store.engine, "connect", limit)
        assert len(store.runs()) == 1
        store.add_run(make_run(), make_findings(3_000, first=900), "{}")
        assert len(store.findings()) == 3_000


def test_a_locked_store_says_so(path, monkeypatch):
    monkeypatch.setattr("annoaudit.store.engines.BUSY_TIMEOUT_S", 0)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with open_store(path) as store:
        assert len(store.runs()) == 1
        with pytest.raises(AnnoauditError, match="locked by another program") as caught:
            store.add_run(make_run(), make_findings(3), "{}")
    assert "try again" in caught.value.hint
    holder.close()


def test_no_error_shows_statements_or_values(path):
    with open_store(path) as store:
        change(path, "drop table explanations")
        with pytest.raises(AnnoauditError) as caught:
            store.add_run(make_run(), make_findings(3), "{}")
    assert "INSERT" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("mysql://root:hunter2@localhost/x", UsageError),
        ("sqlite://", UsageError),
        ("sqlite:///:memory:", UsageError),
        ("://hunter2", UsageError),
        ("postgresql+nosuchdriver://me:hunter2@localhost/x", MissingExtra),
    ],
)
def test_addresses_that_can_not_be_used_are_refused_without_their_password(location, kind):
    with pytest.raises(kind) as caught:
        open_store(location)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


def test_an_sqlite_address_is_the_same_as_its_path(path):
    with open_store(f"sqlite:///{path}") as store:
        assert len(store.runs()) == 1
        assert store.location == str(path)


def add_column(connection):
    connection.exec_driver_sql("alter table runs add column host text not null default ''")


def fail(connection):
    add_column(connection)
    connection.exec_driver_sql("insert into nowhere values (1)")


def test_an_older_store_is_taken_forward_step_by_step(path):
    taken = []
    steps = {
        SCHEMA_VERSION: lambda connection: (taken.append(1), add_column(connection)),
        SCHEMA_VERSION + 1: lambda _connection: taken.append(2),
    }
    with open_store(path) as store:
        for _ in range(2):  # the second time there is nothing left to do
            prepare(store.engine, str(path), version=SCHEMA_VERSION + 2, steps=steps)
        assert taken == [1, 2]
        assert "host" in {column["name"] for column in inspect(store.engine).get_columns("runs")}
        assert len(store.findings()) == 300
    assert f"schema {SCHEMA_VERSION + 2}" in refusal(path).message


def test_a_step_that_fails_changes_nothing(path):
    with open_store(path) as store:
        with pytest.raises(AnnoauditError, match="no such table"), explained(str(path)):
            prepare(store.engine, str(path), version=SCHEMA_VERSION + 1, steps={SCHEMA_VERSION: fail})
        assert "host" not in {column["name"] for column in inspect(store.engine).get_columns("runs")}
    with open_store(path) as store:
        assert len(store.findings()) == 300
