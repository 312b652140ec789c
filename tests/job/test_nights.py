"""Nights of a project of files: what is compared, judged, written and stored."""

import json
import sqlite3
from datetime import UTC, datetime

import pandas as pd
import pytest
from jobs import WORDS, annoaudit, flip, make_labels, write_job

from annoaudit.errors import AnnoauditError
from annoaudit.findings import FINDING_COLUMNS
from annoaudit.job.comparing import keep_identities
from annoaudit.job.locking import locked
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.reporting.night import FindingCounts
from annoaudit.store import NightRow, RunRow, StateRow, open_store
from annoaudit.store.nights import Nights

FILES = {"report.html", "run.json", "findings.parquet", "findings.jsonl", "metrics.prom", "annoaudit.db"}


def run(run_id):
    counts = dict.fromkeys(("n_items", "n_labels", "n_annotators", "n_flagged", "n_queued"), 0)
    return RunRow(started_at=datetime.now(UTC), seconds=1, version="1", source="x", run_id=run_id, **counts)


def night(path):
    result = run_job(read_job(path), (), lambda _: None)
    assert not result.errors
    return result


def test_a_night_writes_everything_and_the_next_one_knows_it(tmp_path):
    path = write_job(tmp_path)
    first, second = night(path).nights[0], night(path).nights[0]
    assert {one.name for one in first.folder.iterdir()} >= FILES
    n = len(first.record.findings)
    assert n > 0
    assert first.night.counts == FindingCounts(new=n)
    assert second.night.counts == FindingCounts(known=n)
    assert len(list((first.folder / "snapshots").iterdir())) == 1, "equal nights share a snapshot"
    document = json.loads((first.folder / "run.json").read_text())
    assert document["night"]["findings"]["known"] == n
    assert document["night"]["gate"]["passed"] is True


def test_findings_go_and_come_back(tmp_path):
    labels = make_labels()
    path = write_job(tmp_path, labels=labels)
    before = set(night(path).nights[0].record.findings["fingerprint"])
    write_job(tmp_path, labels=flip(labels, [3, 30, 60, 90]))
    changed = night(path).nights[0]
    now = set(changed.record.findings["fingerprint"])
    assert changed.night.counts.new == len(now - before) > 0
    assert changed.night.counts.gone == len(before - now)
    write_job(tmp_path, labels=labels)
    back = night(path).nights[0]
    assert back.night.counts.new == 0
    assert back.night.counts.reopened == len(before - now)
    assert back.night.counts.gone == len(now - before)


def test_a_detector_that_did_not_run_loses_nothing_and_reopens_nothing(tmp_path):
    only = "    detectors: [consensus_disagreement]\n"
    path = write_job(tmp_path)
    first = night(path).nights[0]
    n_own = int((first.record.findings["detector"] == "consensus_disagreement").sum())
    assert 0 < n_own < len(first.record.findings)
    write_job(tmp_path, project=only)
    assert night(path).nights[0].night.counts == FindingCounts(known=n_own)
    write_job(tmp_path)
    assert night(path).nights[0].night.counts.known == len(first.record.findings)


def test_states_of_detectors_are_stored_with_the_run_and_those_of_finished_nights_come_back(tmp_path):
    def state(value):
        return [StateRow("p", "drift", "q", "1", {"wealth": value})]

    empty = pd.DataFrame({name: [] for name in FINDING_COLUMNS})
    with open_store(tmp_path / "annoaudit.db") as store:
        nights = Nights(store, "p")
        nights.add(run("a"), empty, "{}", NightRow("p", "", ()), states=state(1.5))
        assert nights.states() == {}
        nights.finish("a", datetime.now(UTC), 0)
        nights.add(run("b"), empty, "{}", NightRow("p", "", ()), states=state(2.5))
        assert nights.states()["drift", "q"].state == {"wealth": 1.5}, "night b was cut off"
        assert store.states("p")["drift", "q"].state == {"wealth": 2.5}
        assert store.states("p", "a")["drift", "q"].state == {"wealth": 1.5}
        assert store.states("other") == {}
        store.add_run(run("c"), empty, "{}", states=state(3.5))
        assert store.states("p")["drift", "q"].state == {"wealth": 3.5}


def test_a_store_of_schema_2_is_brought_forward(tmp_path):
    path = write_job(tmp_path)
    night(path)
    file = tmp_path / "nightly" / "bikes" / "annoaudit.db"
    raw = sqlite3.connect(file)
    for table in ("states", "nights", "measures", "heads"):
        raw.execute(f"drop table {table}")
    raw.execute("update meta set value = '2' where key = 'schema_version'")
    raw.commit()
    raw.close()
    found = night(path).nights[0]
    assert found.night.counts.known == 0, "the old run was no night"
    with open_store(file) as store:
        assert len(store.runs()) == 2
        assert len(Nights(store, "bikes").finished()) == 1


def test_two_runs_at_once(tmp_path):
    path = write_job(tmp_path)
    night(path)
    folder = read_job(path).folder("bikes")
    with locked(folder):
        done = annoaudit("run", cwd=tmp_path)
        assert done.returncode == 3
        assert "Another run is under way" in done.stdout
        assert "Traceback" not in done.stderr
    with pytest.raises(AnnoauditError, match="under way"), locked(folder), locked(folder):
        pass
    assert annoaudit("run", cwd=tmp_path).returncode == 0


def test_one_project_that_fails_keeps_no_other_from_running(tmp_path):
    path = write_job(tmp_path)
    path.write_text(path.read_text() + "  gone:\n    source: none.csv\n")
    done = annoaudit("run", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] == 2
    assert list(told["projects"]) == ["bikes"]
    assert "none.csv" in told["errors"]["gone"]
    assert annoaudit("run", "bikes", cwd=tmp_path).returncode == 0
    assert annoaudit("run", "nobody", cwd=tmp_path).returncode == 2


def test_names_stand_in_no_output_but_the_snapshots(tmp_path):
    path = write_job(tmp_path)
    found = night(path).nights[0]
    for file in found.folder.rglob("*"):
        if file.is_file() and "snapshots" not in file.parts:
            assert b"ann3" not in file.read_bytes(), file


def test_trend_and_report(tmp_path):
    write_job(tmp_path)
    assert annoaudit("trend", cwd=tmp_path).returncode == 2
    assert annoaudit("run", cwd=tmp_path).returncode == 0
    only_one = annoaudit("diff", cwd=tmp_path)
    assert (only_one.returncode, "There is only one night" in only_one.stderr) == (2, True)
    assert annoaudit("run", cwd=tmp_path).returncode == 0
    table = json.loads(annoaudit("trend", "--json", cwd=tmp_path).stdout)
    assert [row["n_new"] > 0 for row in table] == [True, False]
    assert all(row["agreement_low"] < row["agreement"] < row["agreement_high"] for row in table)
    shown = annoaudit("trend", "--last", "1", cwd=tmp_path).stdout.splitlines()
    assert len(shown) == 2
    assert [line.split()[0] for line in shown] == ["night", "2"]
    assert [row["night"] for row in table] == [1, 2]
    assert annoaudit("report", cwd=tmp_path).stdout.strip().endswith("report.html")


def test_a_watched_stream_goes_on_in_the_next_night_under_a_pseudonym(tmp_path):
    labels = make_labels(n_items=200)
    labels["created_at"] = pd.date_range("2026-03-02", periods=len(labels), freq="1min", tz="UTC").astype(str)
    only = "    detectors: [drift]\n"
    path = write_job(tmp_path, labels=labels[:450], project=only)
    night(path)
    write_job(tmp_path, labels=labels, project=only)
    last = night(path).nights[0]
    with open_store(last.folder / "annoaudit.db") as store:
        row = Nights(store, "bikes").states()["drift", "label"]
    seen = labels["annotator"].value_counts()
    assert sorted(one["n"] for one in row.state.values()) == sorted(seen)
    assert not set(row.state) & set(seen.index), "states are kept by pseudonym"
    assert all(one["log_m"] for one in row.state.values())


def test_of_the_memory_of_changes_only_the_last_is_kept(tmp_path):
    labels = make_labels()
    for rows in ([], [1, 2], [5]):
        path = write_job(tmp_path, labels=flip(labels, rows), project="    detectors: [consensus_disagreement]\n")
        last = night(path).nights[0]
    with open_store(last.folder / "annoaudit.db") as store:
        kept = store.states("bikes")["edits", ""]
        with store.engine.connect() as connection:
            n = connection.exec_driver_sql("select count(*) from states where detector = 'edits'").scalar_one()
    assert n == 1
    assert len(kept.state["edits"]) == 5, "two, then those back and a third: all are remembered"
    assert kept.state["n"] == 3


def test_a_group_that_changes_a_little_keeps_its_identity(tmp_path):
    path = write_job(tmp_path)
    last = night(path).nights[0]
    rows = last.record.findings.head(3).assign(detector="ring", level="ring", question="label", rank=0)
    rows["annotator"] = ["a + b + c", "x + y", "a + z"]
    rows["fingerprint"] = ["one", "two", "three"]
    with open_store(last.folder / "annoaudit.db") as store:
        nights = Nights(store, "bikes")
        nights.add(run("b"), rows.head(2), "{}", NightRow("bikes", "", (("ring", "label"),)))
        nights.finish("b", datetime.now(UTC), 0)
        rows["annotator"] = ["b + a + c + d", "x + k + l", "p + q"]
        rows["fingerprint"] = ["four", "five", "six"]
        kept = keep_identities(rows, nights)
    assert kept["fingerprint"].tolist() == ["one", "five", "six"]


def test_the_threat_page_says_from_the_second_night_on_that_the_ledger_was_checked(tmp_path):
    path = write_job(tmp_path)
    first, second = (night(path).nights[0].record.threats.risks[-1] for _ in range(2))
    assert first.title == "Tampered data"
    assert "first night" in dict(first.not_checked)["ledger"]
    assert {one.name: one.n_found for one in second.checked} == {"ledger": 0, "edits": 0}


def test_pinned_media_are_looked_at_every_night_and_what_differs_is_a_finding(tmp_path):
    import annoaudit as aa
    from annoaudit.media import Access, pin_media

    labels, root = make_labels(), tmp_path / "media"
    root.mkdir()
    labels["uri"] = labels["item_id"].astype(str) + ".txt"
    for uri in labels["uri"].unique():
        (root / uri).write_text(f"what {uri} was")
    pin_media(aa.read(labels), tmp_path / "pins.parquet", Access(media_root=root))
    path = write_job(tmp_path, labels=labels, project="    media_root: media\n    media: {pins: pins.parquet}\n")
    first = night(path).nights[0]
    assert "Media: 0.0 % of 60 media differ from their pins." in first.night.integrity
    changed, gone = sorted(labels["uri"].unique())[:2]
    (root / changed).write_text("something else")
    (root / gone).unlink()
    second = night(path).nights[0]
    found = second.record.findings[second.record.findings["detector"].str.startswith("media_")]
    assert sorted(found["detector"]) == ["media_changed", "media_gone"]
    assert set(found["level"] + found["severity"]) == {"itemL0"}
    fetching = next(one for one in second.record.threats.risks if one.title == "Data fetching attacks")
    assert {one.name: (one.n_judged, one.n_found) for one in fetching.checked}["media_gone"] == (60, 1)
    assert not fetching.not_checked
    third = night(path).nights[0]
    assert (third.night.counts.new, third.night.counts.reopened) == (0, 0)


def test_how_labels_are_read_is_a_matter_of_the_project(tmp_path):
    words = WORDS["bike"].split()
    said = [" ".join(words[k % 3 :] + words[: k % 3]) + f" {k}" for k in range(20)]
    rows = [(k, f"ann{who}", said[k] if who < 2 else said[k].upper()) for k in range(20) for who in range(3)]
    table = pd.DataFrame(rows, columns=["item_id", "annotator", "transcript"])
    flagged = {}
    for reading in ("words", "exact"):
        folder = tmp_path / reading
        folder.mkdir()
        write_job(folder, labels=table, project=f"    reading: {reading}\n    detectors: [text_distance]\n")
        assert annoaudit("run", cwd=folder).returncode == 0
        record = json.loads(next(folder.rglob("run.json")).read_text(encoding="utf-8"))
        flagged[reading] = record["counts"]["n_flagged"]
    assert flagged == {"words": 0, "exact": 20}
