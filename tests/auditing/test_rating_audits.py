"""Ratings and numbers, audited: severity, straight lines, strays, and files end to end."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest

import annoaudit as aa
from annoaudit.simulation.ratings import RatingDesign, simulate_ratings

DESIGN = RatingDesign(n_severe=1, severity=2.0, n_straight=1, stray_rate=0.04, item_sd=1.5, noise=0.4, n_steps=9)


@pytest.fixture(scope="module")
def audited():
    planted = simulate_ratings(DESIGN, 5001)
    return aa.audit(planted.labels, names=True), planted


def scores_of(audit, detector):
    return next(one for one in audit.scores if one.detector == detector)


def test_strays_lead_the_queue(audited):
    audit, planted = audited
    assert not audit.failures
    stray = set(np.array(planted.labels.labels["label_id"].to_pylist())[planted.stray])
    queue = audit.findings[audit.findings["rank"] > 0].head(15)
    assert np.mean([one in stray for one in queue["label_id"]]) > 0.7
    assert "lead to expect" in queue["reason"].iloc[0]


def test_the_harsh_and_the_flat_annotator_stand_out(audited):
    audit, planted = audited
    severity = scores_of(audit, "rater_severity")
    assert severity.suspicion.argmax() == 0
    assert severity.suspicion[0] > 0.99
    assert severity.effect[0] < 0
    flat = scores_of(audit, "straight_lining")
    assert flat.suspicion[1] >= 0.995
    assert (np.delete(flat.suspicion, 1) < 0.995).all()
    assert np.corrcoef(severity.effect, planted.severity)[0, 1] > 0.9


def test_honest_teams_are_flagged_by_neither():
    for seed in range(5010, 5014):
        audit = aa.audit(simulate_ratings(RatingDesign(), seed).labels, detectors=["rater_severity", "straight_lining"])
        assert not len(audit.findings)


def test_the_report_shows_the_scale_and_how_each_annotator_rates(audited):
    audit, _ = audited
    names = set(audit.agreement["coefficient"])
    assert {"krippendorff_alpha_ordinal", "krippendorff_alpha_interval", "icc_2_1", "icc_2_k"} <= names
    assert audit.agreement[["low", "high"]].notna().all(axis=None)
    page = audit.html()
    assert 'class="rating"' in page
    assert "How each annotator rates" in page
    (table,) = json.loads(audit.json())["questions"][0]["tables"]
    assert {"severity", "severity_low", "scale", "reliability"} <= set(table["rows"][0])


def test_numbers_without_steps_are_audited():
    audit = aa.audit(simulate_ratings(RatingDesign(n_items=150, n_steps=0, stray_rate=0.05), 5002).labels)
    assert not audit.failures
    assert len(audit.record.questions[0].by_class) <= 10
    assert "percent_agreement" not in set(audit.agreement["coefficient"])


def test_one_rating_an_item_is_judged_by_features_alone_or_not_at_all():
    labels = simulate_ratings(RatingDesign(n_items=300, redundancy=1, stray_rate=0.05), 5003).labels
    assert scores_of(aa.audit(labels), "rating_residual").n_judged == 300
    bare = dataclasses.replace(labels, items=labels.items.set_column(
        labels.items.schema.get_field_index("text"), "text", pa.nulls(300, pa.string())
    ))  # fmt: skip
    assert "one rating" in aa.audit(bare).skips["rating_residual"]


def test_label_studio_stars_and_numbers_are_audited(tmp_path):
    rng = np.random.default_rng(5004)
    tasks = []
    for k in range(40):
        worth = rng.integers(1, 6)
        annotations = []
        for who in range(3):
            stars = int(np.clip(worth + rng.integers(-1, 2), 1, 5))
            common = {"id": f"r{k}-{who}", "to_name": "text"}
            result = [
                {**common, "from_name": "stars", "type": "rating", "value": {"rating": stars}},
                {**common, "from_name": "minutes", "type": "number", "value": {"number": stars * 2.5}},
            ]
            annotations.append({"id": 10 * k + who + 1, "completed_by": who + 1, "result": result})
        tasks.append({"id": k + 1, "data": {"text": f"review {k}"}, "annotations": annotations})
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    audit = aa.audit(path)
    assert not audit.failures
    assert {one.question for one in audit.record.questions} == {"stars", "minutes"}


def test_ordered_choices_get_ordinal_coefficients():
    from annoaudit.testing.teams import make_team

    labels = make_team(n_items=60, n_annotators=4, redundancy=3, seed=5005)
    ordered = labels.questions.set_column(
        labels.questions.schema.get_field_index("ordered"), "ordered", pa.array([True])
    )
    plain = aa.audit(labels, detectors=["consensus_disagreement"])
    audit = aa.audit(dataclasses.replace(labels, questions=ordered), detectors=["consensus_disagreement"])
    assert "krippendorff_alpha_ordinal" in set(audit.agreement["coefficient"])
    assert "krippendorff_alpha_ordinal" not in set(plain.agreement["coefficient"])
