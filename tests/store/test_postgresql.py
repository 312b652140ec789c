"""What is PostgreSQL's own: schemas, waiting for each other, kills, refusals without secrets. A real server."""

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from store_writer import make_findings, make_run

from annoaudit.errors import AnnoauditError, RefusedInput, UsageError
from annoaudit.store import engines, open_store
from annoaudit.store.places import has_store, point_to, schema_of, store_of
from annoaudit.store.schema import writing
from postgres_server import PASSWORD, fresh_schema

WRITER = Path(__file__).with_name("store_writer.py")


@pytest.fixture
def address(postgres, monkeypatch):
    monkeypatch.setenv("ANNOAUDIT_STORE_PASSWORD", PASSWORD)
    return fresh_schema(postgres)


def test_two_schemas_know_nothing_of_each_other(address, postgres):
    other = fresh_schema(postgres)
    with open_store(address) as one, open_store(other) as two:
        one.add_run(make_run(), make_findings(3), "{}")
        assert (len(one.runs()), len(two.runs())) == (1, 0)
        assert one.pseudonym_key() != two.pseudonym_key()


def test_processes_that_create_and_write_at_once_both_succeed(address):
    command = [sys.executable, str(WRITER), "add", address, "3", "200"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with open_store(address) as store:
        assert len(store.runs()) == 6
        assert all(len(store.findings(run_id)) == 200 for run_id in store.runs()["run_id"])


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")
def test_a_run_that_is_killed_is_stored_whole_or_not_at_all(address):
    with open_store(address) as store:
        before = time.perf_counter()
        store.add_run(make_run(run_id="whole"), make_findings(500), "{}")
        whole_s = time.perf_counter() - before
    for place in range(4):
        child = subprocess.Popen([sys.executable, str(WRITER), "add", address, "50", "500"], stderr=subprocess.DEVNULL)
        time.sleep(1.0 + whole_s * (1 + place / 4))
        child.send_signal(signal.SIGKILL)
        child.wait()
    with open_store(address) as store:
        stored = store.runs()["run_id"].tolist()
        assert stored[0] == "whole"
        assert all(len(store.findings(run_id)) == 500 for run_id in stored)
        store.add_run(make_run(run_id="next"), make_findings(5), "{}")
        assert store.runs()["run_id"].iloc[-1] == "next"


def test_a_writer_waits_for_the_other_and_gives_up_in_words(address, monkeypatch):
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 1)
    with open_store(address) as store:
        with writing(store.engine), pytest.raises(AnnoauditError, match="is locked by another program"):
            store.add_run(make_run(), make_findings(2), "{}")
        held = threading.Event()

        def hold():
            with writing(store.engine) as connection:
                held.set()
                connection.execute(text("select pg_sleep(0.5)"))

        other = threading.Thread(target=hold)
        other.start()
        held.wait()
        store.add_run(make_run(), make_findings(2), "{}")
        other.join()
        assert len(store.runs()) == 1


def test_refusals_say_what_to_do_and_hold_no_password(address, postgres, monkeypatch):
    told = []

    def refused(location, *words):
        with pytest.raises(AnnoauditError) as caught:
            open_store(location)
        assert all(word in str(caught.value) for word in words), caught.value
        told.append("".join(traceback.format_exception(caught.value)))

    refused(address.replace("/postgres?", "/nothing?"), 'database "nothing" does not exist')
    refused("postgresql://audit@127.0.0.1:1/postgres", "reachable")
    refused(f"postgresql://audit:{PASSWORD}@127.0.0.1:1/postgres", "reachable")
    monkeypatch.setenv("ANNOAUDIT_STORE_PASSWORD", "hunter2")
    refused(postgres, "password authentication failed", "ANNOAUDIT_STORE_PASSWORD")
    assert not [one for one in told if "hunter2" in one or PASSWORD in one]


def test_a_schema_of_another_program_is_refused_and_left_untouched(address):
    with open_store(address) as store, writing(store.engine) as connection:
        connection.execute(text("create schema theirs"))
        connection.execute(text("create table theirs.runs (a int)"))
    foreign = address.split("?")[0] + "?schema=theirs"
    with pytest.raises(RefusedInput, match="not one of annoaudit's"):
        open_store(foreign)


def test_a_folder_names_its_database_and_a_history_in_a_file_is_not_left_behind(address, tmp_path):
    assert not has_store(tmp_path)
    point_to(tmp_path, address)
    assert (has_store(tmp_path), store_of(tmp_path)) == (True, address)
    assert PASSWORD not in (tmp_path / "annoaudit.store").read_text()
    (tmp_path / "annoaudit.store").write_text("nonsense")
    with pytest.raises(RefusedInput, match="names no database"):
        store_of(tmp_path)
    (tmp_path / "annoaudit.store").unlink()
    (tmp_path / "annoaudit.db").touch()
    with pytest.raises(UsageError, match="has a history"):
        point_to(tmp_path, address)


def test_names_of_schemas_are_whole_or_cut_without_a_clash():
    assert schema_of("tickets") == "annoaudit_tickets"
    long = [schema_of("x" * 63 + end) for end in "ab"]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 63
