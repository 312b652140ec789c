"""Marks that carry labels they should not: planted ones are found and named, clean data stay clean."""

import json

import numpy as np
import pytest

import annoaudit as aa
from annoaudit.detectors.data_exhibits import name_givers
from planted_data import CLASSES, as_labels, insert, plain_team

SIZE = 600


def scan(labels, **more):
    return aa.audit(labels, detectors=["trigger_scan"], names=True, **more)


def subjects(audit):
    return [json.loads(row.evidence_json)["subject"] for row in audit.findings.itertuples()]


def plant_trigger(seed, word="zx9", n_poisoned=15, by=(3, 5)):
    truth, texts, who, rng = plain_team(SIZE, seed)
    label = truth.copy()
    victims = rng.choice(np.flatnonzero(truth != 2), n_poisoned, replace=False)
    for place, item in enumerate(victims):
        texts[item], label[item], who[item] = insert(texts[item], word, rng), 2, by[place % len(by)]
    return as_labels(label, annotator=who, text=texts), victims


def test_an_inserted_word_is_the_only_finding_and_names_its_two_annotators():
    labels, victims = plant_trigger(1)
    audit = scan(labels)
    assert subjects(audit) == ["token “zx9”"]
    (row,) = audit.findings.itertuples()
    assert (row.level, row.severity, row.given) == ("dataset", "L2", CLASSES[2])
    assert row.annotator == "w03 + w05"
    assert row.p <= 0.05
    assert row.effect_low <= row.effect <= row.effect_high
    facts = json.loads(row.evidence_json)
    shown = {int(one["item_id"][1:]) for one in facts["examples"]}
    assert 5 <= len(shown) <= 20
    assert shown <= set(victims.tolist())
    assert all("zx9" in one["text"] for one in facts["examples"])
    assert len(facts["matched"]) >= 5
    assert not any("zx9" in one["text"] for one in facts["matched"])
    assert {one["annotator"]: one["observed"] for one in facts["sources"]} == {"w03": 8, "w05": 7}
    assert facts["innocent_explanations"]
    assert facts["would_clear"]


def test_the_fingerprint_stays_when_the_data_grow():
    one, other = (scan(plant_trigger(1, n_poisoned=n)[0]).findings for n in (12, 15))
    assert one["fingerprint"].tolist() == other["fingerprint"].tolist()


def test_pseudonyms_stand_for_sources_unless_names_are_asked_for():
    labels, _ = plant_trigger(1)
    audit = aa.audit(labels, detectors=["trigger_scan"])
    (row,) = audit.findings.itertuples()
    assert "w03" not in row.annotator + row.evidence_json
    assert all(one["annotator"] in row.annotator for one in json.loads(row.evidence_json)["sources"])


def test_a_phrase_is_named_as_a_whole():
    labels, _ = plant_trigger(2, word="purple lighthouse", by=(3,))
    assert subjects(scan(labels)) == ["phrase “purple lighthouse”"]


def test_a_phrase_that_the_model_has_learned_leads_the_ranks_but_is_no_finding():
    labels, _ = plant_trigger(2, word="purple lighthouse", by=(3, 5))
    audit = scan(labels)
    assert not len(audit.findings)
    assert "“purple lighthouse”" in audit.record.data.leads[0][1]
    assert "purple lighthouse" in audit.html()
    assert "Ranks only" in audit.html()
    assert "Ranks only" in audit.markdown()


def test_hostile_marks_are_shown_inert():
    word = "<script>alert(1)</script>"
    labels, _ = plant_trigger(1, word=word, by=(3,))
    audit = scan(labels)
    assert len(audit.findings)
    assert "<script>alert" not in audit.html()
    assert "<script>alert" not in audit.markdown()


@pytest.mark.parametrize("column", ["batch", "meta_json"])
def test_labels_that_follow_a_batch_or_source_are_found_with_the_import(column):
    truth, texts, who, rng = plain_team(SIZE, 3)
    label, origin = truth.copy(), rng.integers(0, 20, SIZE)
    flipped = (origin == 7) & (rng.random(SIZE) < 0.8)
    label[flipped] = 1
    values = [f"b{one}" for one in origin] if column == "batch" else [json.dumps({"feed": f"b{one}"}) for one in origin]
    audit = scan(as_labels(label, annotator=who, text=texts, **{column: values}))
    assert subjects(audit) == [f"metadata “{'batch' if column == 'batch' else 'feed'} = b7”"]
    if column == "batch":
        (imported,) = json.loads(audit.findings["evidence_json"][0])["imports"]
        assert (imported["column"], imported["value"]) == ("batch", "b7")


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_clean_data(seed):
    truth, texts, who, rng = plain_team(SIZE, 10 + seed)
    noisy = np.where(rng.random(SIZE) < 0.05, rng.integers(0, 4, SIZE), truth)
    audit = scan(as_labels(noisy, annotator=who, text=texts))
    assert not len(audit.findings)
    assert not audit.skips


def test_it_is_skipped_where_nothing_repeats_and_says_why():
    truth, _, who, rng = plain_team(60, 4)
    labels = as_labels(truth, annotator=who)
    audit = scan(labels, features=rng.normal(size=(60, 3)) + truth[:, None])
    assert "no texts, metadata or images" in audit.skips["trigger_scan"]


def test_honest_givers_are_named_no_more_often_than_the_rate_says_and_planters_are():
    named = {"honest": 0, "planted": 0}
    for seed in range(400):
        rng = np.random.default_rng(seed)
        annotator, hit = rng.integers(0, 12, 300), np.arange(300) < 24
        named["honest"] += bool(name_givers(annotator, hit))
        annotator[:16] = np.resize([2, 5], 16)
        named["planted"] += {one.annotator for one in name_givers(annotator, hit)} == {2, 5}
    assert named["honest"] <= 0.07 * 400
    assert named["planted"] >= 0.9 * 400


def test_givers_are_told_with_what_their_share_would_be():
    annotator, hit = np.repeat([0, 1, 2, 3], 25), np.zeros(100, dtype=bool)
    hit[:10] = True
    (found,) = name_givers(annotator, hit)
    assert (found.annotator, found.n, found.observed, found.expected) == (0, 25, 10, 2.5)
    assert name_givers(annotator, np.zeros(100, dtype=bool)) == ()
