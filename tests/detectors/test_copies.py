"""Copies that matter: across splits, in bursts, in batches that lie too close."""

import json

import numpy as np

import annoaudit as aa
from planted_data import as_labels, plain_team, write_texts

SIZE = 400


def found(labels):
    audit = aa.audit(labels, detectors=["near_duplicates"])
    assert not audit.skips
    return {json.loads(row.evidence_json)["subject"]: row for row in audit.findings.itertuples()}


def edit(text, rng):
    words = text.split()
    words[int(rng.integers(len(words)))] = "indeed"
    return " ".join(words)


def test_items_without_copies_give_no_finding():
    truth, texts, who, rng = plain_team(SIZE, 1)
    batch = [f"b{one}" for one in rng.integers(0, 4, SIZE)]
    assert not found(as_labels(truth, annotator=who, text=texts, batch=batch, split=batch))


def test_a_burst_of_near_copies_is_named_with_its_batch():
    truth, texts, who, rng = plain_team(SIZE, 2)
    long = " ".join(write_texts([1, 1], rng))
    batch = [f"b{one}" for one in rng.integers(0, 5, SIZE)]
    for item in range(40, 55):
        texts[item], batch[item] = edit(long, rng), "b9"
    rows = found(as_labels(truth, annotator=who, text=texts, batch=batch))
    burst = rows["15 copies of item i00040"]
    facts = json.loads(burst.evidence_json)
    assert {one["item_id"] for one in facts["examples"]} == {f"i{item:05d}" for item in range(40, 55)}
    assert (facts["imports"][0]["value"], facts["imports"][0]["n"]) == ("b9", 15)
    assert burst.severity == "L1"


def test_the_fingerprint_of_a_burst_stays_when_it_grows():
    prints = []
    for n in (12, 18):
        truth, texts, who, _ = plain_team(SIZE, 3)
        texts[40 : 40 + n] = [texts[40]] * n
        (row,) = found(as_labels(truth, annotator=who, text=texts)).values()
        prints.append(row.fingerprint)
    assert prints[0] == prints[1]


def test_one_copy_across_splits_is_a_finding_with_both_items():
    truth, texts, who, _ = plain_team(SIZE, 4)
    split = ["test" if place < 80 else "train" for place in range(SIZE)]
    texts[10] = texts[200].upper()
    (row,) = found(as_labels(truth, annotator=who, text=texts, split=split)).values()
    assert "1 of 80 items of the split “test”" in row.reason
    assert {one["item_id"] for one in json.loads(row.evidence_json)["examples"]} == {"i00010", "i00200"}


def test_a_batch_from_one_template_lies_too_close():
    truth, texts, who, rng = plain_team(SIZE, 5)
    batch = [f"b{one}" for one in rng.integers(0, 4, SIZE)]
    frame = "dear team we would like to know whether the {} could be sent to the {} of {} in time".format
    own = "parcel letter box crate bag chair table lamp phone screen book map key ring coat hat shoe".split()  # noqa: SIM905 - reads better
    for item in range(60):
        batch[item] = "made"
        texts[item] = frame(*(f"{rng.choice(own)}{rng.choice(own)} {rng.choice(own)}" for _ in range(3)))
    rows = found(as_labels(truth, annotator=who, text=texts, batch=batch))
    assert "batch “made”" in rows
    assert not [name for name in rows if name.startswith("batch “b")]


def test_clusters_cannot_be_told_without_anything_to_compare():
    truth, _, who, _ = plain_team(60, 6)
    audit = aa.audit(as_labels(truth, annotator=who), detectors=["near_duplicates"])
    assert "no text, no images and no table columns" in audit.skips["near_duplicates"]
    assert np.isfinite(audit.record.n_items)
