"""Multiple choice, audited: sets as votes on options, agreement of sets, and what a reader sees."""

from __future__ import annotations

import json

import numpy as np
import pytest

import annoaudit as aa
from annoaudit.labels import as_tables
from annoaudit.statistics.set_agreement import jaccard, masi, measure_set_agreement

TOPICS = ("sports", "politics", "economy", "culture")


def team(n_items=150, flip=0.05, seed=5001):
    """Three of six annotators an item; each option is flipped with a small chance; (labels, planted flips)."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n_items, len(TOPICS))) < 0.35
    rows = {"items": [], "annotators": [], "questions": [], "annotations": [], "labels": []}
    rows["annotators"] = [{"annotator_id": f"u{k}", "kind": "person"} for k in range(6)]
    rows["questions"] = [{"question": "topics", "kind": "multichoice", "options": list(TOPICS)}]
    flipped = set()
    for i in range(n_items):
        words = [f"{TOPICS[k]}{rng.integers(8)}" for k in np.flatnonzero(truth[i]) for _ in range(3)] or ["nothing"]
        rows["items"].append({"item_id": f"i{i}", "media": "text", "text": " ".join(words)})
        for u in rng.choice(6, 3, replace=False):
            wrong = rng.random(len(TOPICS)) < flip
            flipped |= {(f"i{i}", f"u{u}", TOPICS[k]) for k in np.flatnonzero(wrong)}
            name = f"i{i}-u{u}"
            rows["annotations"].append({"annotation_id": name, "item_id": f"i{i}", "annotator_id": f"u{u}"})
            for k in np.flatnonzero(truth[i] ^ wrong):
                rows["labels"].append(
                    {
                        "label_id": f"{name}-{k}",
                        "annotation_id": name,
                        "item_id": f"i{i}",
                        "annotator_id": f"u{u}",
                        "question": "topics",
                        "kind": "multichoice",
                        "value": TOPICS[k],
                    }
                )
    return aa.LabelSet.of(as_tables(rows)), flipped


@pytest.fixture(scope="module")
def audited():
    labels, flipped = team()
    return aa.audit(labels, names=True), flipped


def test_planted_flips_lead_the_queue_missing_options_as_well_as_wrong_ones(audited):
    audit, flipped = audited
    queue = audit.findings[audit.findings["rank"] > 0].drop_duplicates("rank").head(len(flipped))
    seen = [(row.item_id, row.annotator, row.given.split(": ")[0]) for row in queue.itertuples()]
    assert sum(one in flipped for one in seen) / len(seen) > 0.85
    answers = {row.given.split(": ")[1] for row in queue.itertuples()}
    assert answers == {"yes", "no"}


def test_a_missing_option_has_an_annotation_but_no_label(audited):
    audit, _ = audited
    absent = audit.findings[audit.findings["given"].str.endswith(": no")]
    present = audit.findings[audit.findings["given"].str.endswith(": yes")]
    assert len(absent)
    assert (absent["label_id"] == "").all()
    assert (absent["annotation_id"] != "").all()
    assert (present["label_id"] != "").all()
    assert audit.findings["fingerprint"].is_unique


def test_an_empty_set_is_an_answer():
    labels, _ = team(n_items=30)
    empty = labels.annotations.num_rows - len(set(labels.labels["annotation_id"].to_pylist()))
    assert empty > 0
    votes = aa.audit(labels).evidence[0].votes
    assert len(votes) == labels.annotations.num_rows * len(TOPICS)


def test_the_report_shows_sets_and_agreement_on_each_option(audited):
    audit, _ = audited
    names = set(audit.agreement["coefficient"])
    assert names == {"exact_agreement", "alpha_masi", "alpha_jaccard"}
    assert audit.agreement[["low", "high"]].notna().all(axis=None)
    document = json.loads(audit.json())
    table, _ = document["questions"][0]["tables"]
    assert {row["option"] for row in table["rows"]} == set(TOPICS)
    page = audit.html()
    assert "Agreement on each option" in page
    assert 'class="ticks"' in page
    assert "Agreement on each option" in audit.markdown()


def test_similarity_of_sets_by_hand():
    sets = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(jaccard(sets)[0], [1, 1 / 2, 1 / 3, 0])
    np.testing.assert_allclose(masi(sets)[0], [1, 1 / 3, 1 / 9, 0])
    np.testing.assert_allclose(np.diag(masi(sets)), 1)


def test_sets_drawn_alike_agree_by_chance_alone():
    rng = np.random.default_rng(5002)
    item, annotator = np.repeat(np.arange(400), 3), np.tile(np.arange(3), 400)
    chosen = rng.random((1200, 4)) < 0.4
    measured = {one.name: one for one in measure_set_agreement(item, annotator, chosen)}
    assert abs(measured["alpha_masi"].value) < 0.06
    assert measured["alpha_masi"].low < 0 < measured["alpha_masi"].high


def test_the_annotator_who_leaves_out_an_option_heads_the_table():
    labels, _ = team(n_items=200, flip=0.02)
    rows = labels.labels.to_pylist()
    rng = np.random.default_rng(5003)
    kept = [
        one for one in rows if not (one["annotator_id"] == "u2" and one["value"] == "economy" and rng.random() < 0.6)
    ]
    tables = {"items": labels.items, "annotators": labels.annotators, "questions": labels.questions}
    thinned = aa.LabelSet(
        **tables, annotations=labels.annotations, labels=labels.labels.take([rows.index(one) for one in kept])
    )
    audit = aa.audit(thinned, names=True, detectors=["consensus_disagreement"])
    table = next(one for one in audit.record.questions[0].tables if "leaves out" in one.title)
    first = table.frame.iloc[0]
    assert (first["annotator"], first["option"]) == ("u2", "economy")
    assert 0.4 < first["missed_share_low"] < first["missed_share"] < first["missed_share_high"] < 0.8
    others = table.frame.iloc[1:]
    assert (others["missed_share"].dropna() < 0.3).all()
    assert (others["added_share"].dropna() < 0.2).all()
    assert "leaves out and adds" in audit.html()
