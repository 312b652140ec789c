"""Verdicts feed back: what reviewers answered is not asked again, and the next report says how right the flags were."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import annoaudit as aa
from annoaudit.auditing.history import History, record_review
from annoaudit.labels import LabelSet
from annoaudit.reviewing.targets import key_of
from annoaudit.store import open_store
from annoaudit.store.review_rows import ReceiptRow, VerdictRow
from annoaudit.store.reviews import Reviews
from annoaudit.testing import make_team

SOURCE = "https://host/projects/3"
DETECTORS = ("consensus_disagreement", "duplicate_conflict")


@pytest.fixture
def team():
    made = make_team(n_items=120, n_annotators=6, redundancy=3, accuracy=0.9, n_copies=10, seed=4)
    urls = pa.array([f"{SOURCE}/data?task={one}" for one in made.annotations["item_id"].to_pylist()])
    annotations = made.annotations.set_column(made.annotations.schema.get_field_index("native_url"), "native_url", urls)
    return LabelSet(**{**made.tables, "annotations": annotations})


def audited(labels, out, budget=10, **more):
    result = aa.audit(labels, budget=budget, detectors=DETECTORS, history=out, pseudonym_key=b"k" * 32, **more)
    result.save(out)
    return result


def queue_of(result):
    return result.findings[result.findings["rank"] > 0]


def answer(out, rows, decision, *, minutes=0, values=None, source=SOURCE):
    """Write down verdicts as the review loop does."""
    with open_store(out / "annoaudit.db") as store:
        reviews = Reviews(store, source)
        for target, told in rows.groupby("annotation_id"):
            remarks = told[["fingerprint", "detector", "severity"]].to_dict("records")
            details = {"values": values or {"label": told["given"].iloc[0]}, "blind": False}
            key = key_of(3, str(target))
            reviews.save_receipts([ReceiptRow(source, "7", "task", key, "1", "made", {"remarks": remarks})])
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
            reviews.append_verdicts(
                [VerdictRow(f"{key}{minutes}", source, "7", key, str(target), tuple(told["fingerprint"]), decision,
                            decision, "a-x", at, details=details)]
            )  # fmt: skip


def relabelled(labels, annotation_id):
    """Give one label a class that nobody chose for its item."""
    table = labels.tables["labels"].to_pandas()
    mine = table["annotation_id"] == annotation_id
    taken = set(table.loc[table["item_id"] == table.loc[mine, "item_id"].iloc[0], "value"])
    table.loc[mine, "value"] = next(one for one in sorted(set(table["value"])) if one not in taken)
    column = pa.array(table["value"], pa.string())
    old = labels.tables["labels"]
    return LabelSet(**{**labels.tables, "labels": old.set_column(old.schema.get_field_index("value"), "value", column)})


def test_answered_labels_leave_the_queue_and_are_counted_in_every_output(team, tmp_path):
    first = audited(team, tmp_path)
    queued = queue_of(first)
    names = list(dict.fromkeys(queued["annotation_id"]))
    right, wrong, skipped = names[:3], names[3:5], names[5]
    answer(tmp_path, first.findings[first.findings["annotation_id"].isin(right)], "confirmed")
    answer(tmp_path, first.findings[first.findings["annotation_id"].isin(wrong)], "fixed")
    answer(tmp_path, first.findings[first.findings["annotation_id"] == skipped], "skipped")
    second = audited(team, tmp_path)
    again = queue_of(second)
    assert not set(again["annotation_id"]) & {*right, *wrong}
    assert skipped in set(again["annotation_id"])
    assert len(set(again["annotation_id"])) == 10  # others moved up
    assert set(second.findings["fingerprint"]) == set(first.findings["fingerprint"])  # nothing is dropped
    assert second.record.n_flagged == first.record.n_flagged
    assert second.record.review.suppressed == {"confirmed": 3, "fixed": 2}
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["counts"]["n_suppressed"] == 5
    assert run["review"]["suppressed"] == {"confirmed": 3, "fixed": 2}
    said = pd.read_parquet(tmp_path / "findings.parquet").groupby("annotation_id")["verdict"].first()
    assert set(said[right]) == {"confirmed"}
    assert set(said[wrong]) == {"fixed"}
    for text in (second.html(), second.markdown(), repr(second), second._repr_html_()):
        shown = " ".join(text.split())
        assert "5 flagged labels were answered by reviewers before and not changed since: suppressed" in shown
        assert "3 confirmed as right" in shown
    worth = int(second.record.headline.split(" ")[0].replace(",", ""))
    assert worth == second.record.n_flagged - 5


def test_a_label_that_changed_comes_back_and_one_that_changed_back_is_settled_again(team, tmp_path):
    first = audited(team, tmp_path)
    target = queue_of(first)["annotation_id"].iloc[0]
    answer(tmp_path, first.findings[first.findings["annotation_id"] == target], "confirmed")
    changed = relabelled(team, target)
    second = audited(changed, tmp_path)
    assert target in set(second.findings["annotation_id"])  # it is still unlike the others
    assert second.record.review.n_changed == 1
    assert second.record.review.suppressed == {}
    assert "1 flagged label with an earlier answer has changed since" in " ".join(second.markdown().split())
    assert audited(team, tmp_path).record.review.suppressed == {"confirmed": 1}
    now = second.findings[second.findings["annotation_id"] == target]
    answer(tmp_path, now, "fixed", minutes=5)  # the verdict on the other label does not take back the first
    assert audited(changed, tmp_path).record.review.suppressed == {"fixed": 1}
    assert audited(team, tmp_path).record.review.suppressed == {"confirmed": 1}


def test_another_detector_does_not_ask_again_what_reviewers_confirmed(team, tmp_path):
    first = audited(team, tmp_path)
    target = queue_of(first)["annotation_id"].iloc[0]
    told = first.findings[first.findings["annotation_id"] == target]
    answer(tmp_path, told.assign(fingerprint="of another detector"), "confirmed")
    assert target not in set(queue_of(audited(team, tmp_path))["annotation_id"])


def test_verdicts_on_another_project_settle_nothing_here(team, tmp_path):
    first = audited(team, tmp_path)
    answer(tmp_path, queue_of(first), "confirmed", source="https://host/projects/30")
    assert audited(team, tmp_path).record.review is None


def test_the_next_report_says_how_right_the_flags_were_and_of_which(team, tmp_path):
    first = audited(team, tmp_path)
    told = first.findings[first.findings["detector"] == "consensus_disagreement"]
    names = list(dict.fromkeys(told.sort_values("suspicion", ascending=False)["annotation_id"]))
    answer(tmp_path, told[told["annotation_id"].isin(names[:4])], "fixed")
    second = audited(team, tmp_path)
    row = second.record.review.figures.set_index("detector").loc["consensus_disagreement"]
    assert (row["basis"], row["fixed"], row["precision"]) == ("among the 4 reviewed, highest first", 4, 1.0)
    assert np.isnan(row["low"])
    for text in (second.html(), second.markdown(), repr(second)):
        shown = " ".join(text.split())
        assert "among the 4 reviewed, highest first" in shown
        assert "Open review: the reviewers saw the reasons" in shown
    assert json.loads(second.json())["review"]["by_detector"][0]["low"] is None
    answer(tmp_path, told[told["annotation_id"].isin(names[4:])], "confirmed")
    third = audited(team, tmp_path)
    row = third.record.review.figures.set_index("detector").loc["consensus_disagreement"]
    assert row["basis"] == f"all {len(told)} flags"
    assert row["low"] < row["precision"] == 4 / len(names) < row["high"]


def test_flags_that_were_corrected_stay_in_the_figures(team, tmp_path):
    """Today's flags alone would be those that nobody corrected: all wrong flags, by selection."""
    first = audited(team, tmp_path)
    told = first.findings[first.findings["detector"] == "consensus_disagreement"]
    names = list(dict.fromkeys(told["annotation_id"]))
    answer(tmp_path, told[told["annotation_id"].isin(names[:2])], "fixed")
    answer(tmp_path, told[told["annotation_id"].isin(names[2:])], "confirmed")
    others = [one for one in team.labels["annotation_id"].to_pylist() if one not in names[:2]]
    kept = pa.array(others)
    smaller = LabelSet(
        **{
            **team.tables,
            "labels": team.labels.filter(pc.is_in(team.labels["annotation_id"], value_set=kept)),
            "annotations": team.annotations.filter(pc.is_in(team.annotations["annotation_id"], value_set=kept)),
        }
    )
    figures = audited(smaller, tmp_path).record.review.figures.set_index("detector")
    assert figures.loc["consensus_disagreement", "fixed"] == 2


def test_without_a_store_or_verdicts_there_is_no_section(team, tmp_path):
    result = audited(team, tmp_path / "new")
    assert result.record.review is None
    assert "Verdicts of reviewers" not in result.html()
    assert json.loads(result.json())["review"] is None


def test_pseudonyms_come_from_the_history(team, tmp_path):
    aa.audit(team, detectors=[]).save(tmp_path)
    runs = [aa.audit(team, detectors=["consensus_disagreement"], history=tmp_path) for _ in range(2)]
    with open_store(tmp_path / "annoaudit.db") as store:
        keyed = aa.audit(team, detectors=["consensus_disagreement"], pseudonym_key=store.pseudonym_key())
    assert list(runs[0].annotators["annotator"]) == list(keyed.annotators["annotator"])


def test_findings_on_items_are_suppressed_by_the_very_finding_that_was_answered():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = VerdictRow("1", SOURCE, "7", "k", "item 5", ("f1",), "confirmed", "confirmed", "a-x", at)
    history = History(
        b"", pd.DataFrame({name: [] for name in ("fingerprint", "detector", "level", "severity")}), (row,)
    )
    columns = {"fingerprint": ["f1", "f2", "f3"], "level": ["item", "item", "annotator"], "label_id": [""] * 3}
    findings = pd.DataFrame({**columns, "item_id": ["5", "5", ""], "detector": "d", "severity": "L0"})
    labels = make_team(n_items=4, n_annotators=3, redundancy=2)
    review = record_review(history, labels, [], [], [findings])
    assert review.by_fingerprint == {"f1": "confirmed"}
    assert review.suppressed == {"confirmed": 1}
