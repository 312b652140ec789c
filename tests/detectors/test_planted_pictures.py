"""Poison planted into scikit-learn's digits: patches at one place, and a cluster of rightly labelled items."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import annoaudit as aa
from planted_data import as_labels

CLASSES = tuple(str(k) for k in range(10))
POINTS, TRUTH = load_digits(return_X_y=True)
CORNER = [54, 55, 62, 63]


def draw(seed, n=900):
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(TRUTH))[:n]
    return POINTS[chosen].copy(), TRUTH[chosen].copy(), rng.integers(0, 8, n), rng


def plant_patch(seed, n_poisoned, by):
    points, label, who, rng = draw(seed)
    victims = rng.choice(np.flatnonzero(label != 3), n_poisoned, replace=False)
    points[np.ix_(victims, CORNER)] = 16
    label[victims], who[victims] = 3, np.resize(by, n_poisoned)
    return points, label, who, victims


def write_images(points, folder, quality=None):
    names = [f"{place:04d}.{'png' if quality is None else 'jpg'}" for place in range(len(points))]
    for name, row in zip(names, points, strict=True):
        picture = Image.fromarray((row.reshape(8, 8) * 15).astype(np.uint8)).resize((64, 64), Image.Resampling.NEAREST)
        picture.save(folder / name, **({} if quality is None else {"quality": quality}))
    return names


def subjects(audit):
    return [json.loads(text)["subject"] for text in audit.findings["evidence_json"]]


@pytest.mark.parametrize("quality", [None, 85])
def test_a_patch_is_found_at_its_place_with_the_annotator_who_planted_it(tmp_path, quality):
    points, label, who, victims = plant_patch(1, 24, by=(2,))
    labels = as_labels(label, annotator=who, classes=CLASSES, uri=write_images(points, tmp_path, quality))
    found = aa.audit(labels, detectors=["trigger_scan"], media_root=tmp_path, names=True).findings
    assert set(found["given"]) == {"3"}
    assert "8x8 at (24, 24) of 32x32" in json.loads(found["evidence_json"][0])["subject"]
    assert found["annotator"][0] == "w02"
    shown = {int(one["item_id"][1:]) for one in json.loads(found["evidence_json"][0])["examples"]}
    assert len(shown & set(victims.tolist())) >= 0.9 * len(shown)


def test_a_patch_that_two_planted_and_the_model_learned_leads_the_ranks_with_their_names(tmp_path):
    points, label, who, _ = plant_patch(1, 24, by=(2, 5))
    labels = as_labels(label, annotator=who, classes=CLASSES, uri=write_images(points, tmp_path))
    audit = aa.audit(labels, detectors=["trigger_scan"], media_root=tmp_path, names=True)
    first = audit.record.data.leads[0][1]
    assert "8x8 at (24, 24) of 32x32" in first
    assert [name for name in sorted(f"w{one:02d}" for one in range(8)) if name in first] == ["w02", "w05"]
    hidden = aa.audit(labels, detectors=["trigger_scan"], media_root=tmp_path).record.data.leads[0][1]
    assert "w02" not in hidden
    assert "8x8 at (24, 24) of 32x32" in hidden


def test_clean_pictures_have_no_finding(tmp_path):
    points, label, who, _ = draw(2)
    labels = as_labels(label, annotator=who, classes=CLASSES, uri=write_images(points, tmp_path))
    assert not len(aa.audit(labels, detectors=["trigger_scan"], media_root=tmp_path).findings)


def test_a_cluster_of_rightly_labelled_items_is_named_with_its_source():
    points, label, who, rng = draw(3)
    made = rng.choice(np.flatnonzero(label == 3), 16, replace=False)
    points[made, :16], points[made, 48:], who[made] = 16, 16, 2
    audit = aa.audit(
        as_labels(label, annotator=who, classes=CLASSES), features=points, names=True,
        detectors=["embedding_poison"],
    )  # fmt: skip
    (row,) = audit.findings.itertuples()
    facts = json.loads(row.evidence_json)
    assert (facts["subject"], row.level, row.severity, row.annotator) == ("class “3”", "dataset", "L1", "w02")
    assert {int(one["item_id"][1:]) for one in facts["examples"]} == set(made.tolist())
    assert np.isnan(row.p)
    assert "rank only" in facts["how to read"]


def test_classes_with_too_few_items_could_not_be_judged():
    points, label, who, _ = draw(4, n=200)
    audit = aa.audit(as_labels(label, annotator=who, classes=CLASSES), features=points, detectors=["embedding_poison"])
    assert "no class has 50 items" in audit.skips["embedding_poison"]
