import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from store_writer import make_findings, make_run

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.store import Store, open_store


@pytest.fixture
def store(store_location):
    with open_store(store_location) as opened:
        yield opened


def by_fingerprint(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(FINDING_COLUMNS)].sort_values("fingerprint", ignore_index=True)


def test_an_empty_store_has_no_runs_and_no_findings(store):
    assert len(store.runs()) == 0
    assert len(store.findings()) == 0
    assert list(store.findings().columns)[: len(FINDING_COLUMNS)] == list(FINDING_COLUMNS)
    with pytest.raises(UsageError, match="no runs yet"):
        store.run_json()


def test_what_is_stored_comes_back_exactly(store):
    frame, run = make_findings(200), make_run()
    frame.loc[3, ["suspicion", "effect", "p", "e"]] = [np.nan, np.inf, 1e-300, 1e300]
    frame.loc[4, ["given", "item_id", "reason"]] = ["Grüße 🙂", "007", "=1+1 <script>\x1b[31m\n'; drop table runs"]
    run_id = store.add_run(run, frame, '{"schema": 1}')
    assert run_id == run.run_id
    pd.testing.assert_frame_equal(by_fingerprint(store.findings()), by_fingerprint(frame))
    assert store.run_json(run_id) == store.run_json() == '{"schema": 1}'
    row = store.runs().iloc[0]
    assert row.to_dict() == {name: getattr(run, name) for name in store.runs().columns}
    assert row["started_at"].tzinfo is not None


def test_findings_without_any_rows_have_the_types_of_those_with_rows(store):
    empty = store.findings().dtypes
    store.add_run(make_run(), make_findings(3), "{}")
    pd.testing.assert_series_equal(empty, store.findings().dtypes)


def test_the_queue_comes_first_by_rank_and_then_the_rest_by_suspicion(store):
    frame = make_findings(40).sample(frac=1, random_state=3)
    frame.loc[20, "suspicion"] = np.nan
    store.add_run(make_run(), frame, "{}")
    read = store.findings()
    assert read["rank"].tolist() == [*range(1, 16), *[0] * 25]
    assert read["suspicion"][15:-1].is_monotonic_decreasing
    assert np.isnan(read["suspicion"].iloc[-1])


def test_a_second_run_adds_a_run_and_loses_nothing(store):
    first, second = make_findings(60), make_findings(60, first=30, night=1)
    second.loc[0, ["severity", "suggested", "version"]] = ["L2", "neutral", "2"]
    one = store.add_run(make_run(started_at=datetime(2026, 3, 1, tzinfo=UTC)), first, "{}")
    two = store.add_run(make_run(started_at=datetime(2026, 3, 2, tzinfo=UTC)), second, "{}")
    pd.testing.assert_frame_equal(by_fingerprint(store.findings(one)), by_fingerprint(first))
    pd.testing.assert_frame_equal(by_fingerprint(store.findings(two)), by_fingerprint(second))
    pd.testing.assert_frame_equal(store.findings(), store.findings(two))
    assert store.runs()["run_id"].tolist() == [one, two]
    known = store.findings(two).set_index("fingerprint")
    assert (known.loc[first["fingerprint"][30:], "first_run_id"] == one).all()
    assert (known.loc[second["fingerprint"][30:], "first_run_id"] == two).all()
    assert known["first_seen_at"].min() == pd.Timestamp("2026-03-01", tz="UTC")


def test_the_latest_run_is_the_last_stored_even_if_a_clock_jumped_back(store):
    store.add_run(make_run(started_at=datetime(2031, 1, 1, tzinfo=UTC)), make_findings(2), "{}")
    later = store.add_run(make_run(started_at=datetime(2026, 1, 1, tzinfo=UTC)), make_findings(5), "{}")
    assert len(store.findings()) == 5
    assert store.runs()["run_id"].iloc[-1] == later


def test_times_are_kept_in_utc(store):
    local = datetime(2026, 3, 1, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    store.add_run(make_run(started_at=local), make_findings(1), "{}")
    assert str(store.runs()["started_at"].iloc[0]) == "2026-02-28 20:45:00+00:00"
    with pytest.raises(UsageError, match="time zone"):
        make_run(started_at=datetime(2026, 3, 1))


def test_a_run_without_findings_is_a_run(store):
    store.add_run(make_run(), make_findings(2), "{}")
    store.add_run(make_run(n_flagged=0), make_findings(0), "{}")
    assert len(store.runs()) == 2
    assert len(store.findings()) == 0


def test_a_run_can_be_stored_once_only(store):
    run = make_run()
    store.add_run(run, make_findings(2), "{}")
    with pytest.raises(UsageError, match="in the store already"):
        store.add_run(run, make_findings(4), "{}")
    assert len(store.findings()) == 2


def test_a_run_that_is_not_there_is_named(store):
    with pytest.raises(UsageError, match="no run 'nightly'"):
        store.findings("nightly")
    with pytest.raises(UsageError, match="no run 'nightly'"):
        store.run_json("nightly")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns=["reason", "rank"]), "lack columns: reason, rank"),
        (lambda f: pd.concat([f, f.tail(1)]), "Two findings of one run"),
        (lambda f: f.assign(fingerprint=""), "no fingerprint"),
        (lambda f: f.assign(rank=np.nan), "lack values in 'rank'"),
    ],
)
def test_frames_that_are_no_findings_are_refused_whole(store, change, message):
    with pytest.raises(UsageError, match=message):
        store.add_run(make_run(), change(make_findings(5)), "{}")
    assert len(store.runs()) == 0


def test_text_that_no_database_takes_is_written_out(store):
    frame = make_findings(2).astype(object)
    frame.loc[0, ["given", "reason"]] = ["a\0b", "half \ud83d of a pair"]
    frame.loc[1, ["given", "suggested"]] = [None, np.nan]
    store.add_run(make_run(source="x\0y"), frame, "{}")
    read = store.findings()
    assert read.loc[0, "given"] == "a\\x00b"
    assert read.loc[0, "reason"] == "half \\ud83d of a pair"
    assert read.loc[1, ["given", "suggested"]].tolist() == ["", ""]
    assert store.runs()["source"].iloc[0] == "x\\x00y"


def test_the_key_of_the_pseudonyms_is_drawn_once_and_never_shown(tmp_path, caplog):
    path = tmp_path / "annoaudit.db"
    with caplog.at_level("DEBUG"), open_store(path) as store:
        key = store.pseudonym_key()
        shown = f"{store!r} {store} {store.engine!r} {vars(store)}"
    assert len(key) == 32
    assert key.hex() not in shown + caplog.text
    assert repr(key)[2:-1] not in shown + caplog.text
    with open_store(path) as again:
        assert again.pseudonym_key() == key
    with open_store(tmp_path / "other.db") as other:
        assert other.pseudonym_key() != key


@pytest.mark.skipif(os.name != "posix", reason="file modes are of POSIX systems")
@pytest.mark.parametrize("exists", [False, True])
def test_only_its_owner_can_read_a_store(tmp_path, exists):
    path = tmp_path / "annoaudit.db"
    if exists:
        path.touch(mode=0o644)
    with open_store(path) as store, store.engine.connect() as held:
        held.exec_driver_sql("select 1")
        store.add_run(make_run(), make_findings(2), "{}")
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["annoaudit.db", "annoaudit.db-shm", "annoaudit.db-wal"], 0o600)


def test_a_closed_store_is_one_file_with_write_ahead_logging(tmp_path):
    path = tmp_path / "annoaudit.db"
    with open_store(str(path)) as store:
        store.add_run(make_run(), make_findings(2), "{}")
        with store.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["annoaudit.db"]
    assert isinstance(store, Store)


def test_a_finding_costs_less_than_1500_bytes_and_is_stored_once_over_many_nights(tmp_path):
    path, n = tmp_path / "annoaudit.db", 2_000
    frame = make_findings(n)
    with open_store(path) as store:
        store.add_run(make_run(), frame, "{}")
        first = path.stat().st_size / n
        for _ in range(3):
            store.add_run(make_run(), frame, "{}")
    each_further = (path.stat().st_size / n - first) / 3
    assert first < 1500
    assert each_further < 250


def test_importing_annoaudit_or_its_store_imports_no_sqlalchemy():
    code = "import sys, annoaudit, annoaudit.store; print({'sqlalchemy', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_store_room_knows_its_names_and_no_others():
    import annoaudit.store

    assert all(hasattr(annoaudit.store, name) for name in annoaudit.store.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Manager'"):
        _ = annoaudit.store.Manager


def test_every_table_and_query_compiles_for_postgresql():
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    from annoaudit.store.database import _findings_of
    from annoaudit.store.tables import METADATA

    dialect = postgresql.dialect()
    text = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables)
    assert "TIMESTAMP WITH TIME ZONE" in text
    assert "BYTEA" in text
    assert "ORDER BY" in str(_findings_of(1).compile(dialect=dialect))


def test_docs_name_every_table_and_column():
    from annoaudit.store.tables import METADATA

    text = (Path(__file__).resolve().parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
    for table in METADATA.sorted_tables:
        assert f"`{table.name}`" in text
        for column in table.c:
            assert f"`{column.name}`" in text
