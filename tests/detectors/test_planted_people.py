"""Findings about people: the planted ones are found, with everything that must stand beside them."""

import json

import numpy as np
import pandas as pd
import pytest

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.findings import Scores
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from annoaudit.testing import make_team

PEOPLE = (
    "targeted_flips",
    "worse_than_chance",
    "fixed_response",
    "peer_score",
    "ring",
    "copying",
    "slice_scan",
    "drift",
)


def audit_of(team, *detectors, **more):
    return aa.audit(as_labels(team, texts=False), detectors=detectors, names=True, **more)


def planted(attack, share=0.05, seed=1, strength=None, **design):
    return ATTACKS[attack].plant(simulate_team(TeamDesign(**design), seed=seed), share, seed, strength)


def named(team):
    return {f"sim{who:04d}" for who in np.flatnonzero(team.suspects)}


@pytest.mark.parametrize(
    ("attack", "detector"),
    [("class_pair", "targeted_flips"), ("adversarial", "worse_than_chance"), ("primary_choice", "fixed_response")],
)
def test_planted_annotators_are_found_with_everything_that_stands_beside_them(attack, detector):
    team = planted(attack, strength=0.9, n_items=1000, n_annotators=20)
    findings = audit_of(team, detector).findings
    assert set(findings["annotator"]) == named(team)
    for row in findings.itertuples():
        facts = json.loads(row.evidence_json)
        assert 5 <= len(facts["examples"]) <= 20
        assert len(facts["matched"]) >= 5
        assert facts["innocent_explanations"]
        assert facts["would_clear"]
        assert row.effect_low <= row.effect <= row.effect_high
        assert row.n > 0
        if detector != "fixed_response":
            assert row.null
            assert row.p <= 0.05


def test_a_ring_is_one_finding_that_names_its_members():
    team = planted("secret_subset_ring", 0.2, n_items=1500, n_annotators=20, redundancy=5)
    findings = audit_of(team, "ring", "copying").findings
    ring = findings[findings["level"] == "ring"]
    assert len(ring) == 1
    assert set(ring["annotator"].iloc[0].split(" + ")) == named(team)
    assert "cannot tell apart" in ring["reason"].iloc[0]
    assert ring["severity"].iloc[0] == "L2"


def test_the_consensus_of_peers_survives_two_colluders_of_three():
    team = planted("secret_subset_ring", 0.2, n_items=4000, n_annotators=20, redundancy=3)
    evidence = Evidence(as_labels(team, texts=False), "label")
    assert evidence.ring.p <= 0.05
    votes = evidence.votes
    attacked = team.malicious[~team.again] & (np.bincount(votes.item, team.malicious[~team.again])[votes.item] == 2)
    right = evidence.peers.expected[attacked] == team.truth[votes.item[attacked]]
    majority = votes.counts.argmax(axis=1)[votes.item[attacked]] == team.truth[votes.item[attacked]]
    assert attacked.sum() > 50
    assert majority.mean() == 0
    assert right.mean() > 0.45


def test_a_slice_is_named_in_words():
    team = planted("slice", 0.1, n_items=2000, n_annotators=20, redundancy=4)
    findings = audit_of(team, "slice_scan", features=team.features, policy=Policy(annotator_cap_rate=1.0)).findings
    assert named(team) <= set(findings["annotator"])
    assert findings["reason"].str.contains("In the slice “").all()


def test_a_sleeper_is_found_and_the_state_goes_on_in_the_next_run():
    team = planted("sleeper", 0.05, n_items=2000, n_annotators=10, redundancy=2)
    audit = audit_of(team, "drift")
    assert set(audit.findings["annotator"]) == named(team)
    (scores,) = audit.scores
    kept = json.loads(json.dumps(scores.state))
    again = Evidence(as_labels(team, texts=False), "label", state={"drift": kept})
    again.kept.update(audit.evidence[0].kept)
    from annoaudit.detectors.drift import Drift

    assert Drift().score(again).state == scores.state, "labels that were seen are not seen again"


def test_at_most_one_in_twenty_is_flagged_by_all_detectors_together():
    team = planted("random", 0.3, n_items=1000, n_annotators=20)
    findings = audit_of(team, *PEOPLE).findings
    people = findings[findings["level"].isin(["annotator"])]
    assert len(set(people["annotator"])) == 1
    assert set(people["annotator"]) <= named(team)


def test_subjective_questions_do_not_hold_dissent_against_anyone():
    team = planted("class_pair", n_items=1000, n_annotators=20)
    assert audit_of(team, *PEOPLE, policy=Policy(subjective=True)).findings.empty


def frame(**columns):
    size = len(next(iter(columns.values())))
    basic = {"item_id": [f"i{n}" for n in range(size)], "label": ["a", "b"] * (size // 2)}
    return pd.DataFrame({**basic, **columns})


@pytest.mark.parametrize(
    ("labels", "lacks"),
    [
        (make_team(n_items=100, n_annotators=1, redundancy=1, text=False), "one annotator"),
        (make_team(n_items=100, n_annotators=5, redundancy=1, text=False), "one label and there are no features"),
        (make_team(n_items=100, n_annotators=5, redundancy=2, n_classes=1), "one class"),
    ],
)
def test_what_is_lacking_is_said(labels, lacks):
    audit = aa.audit(labels, detectors=PEOPLE)
    assert not audit.failures
    assert set(audit.skips) == set(PEOPLE)
    assert lacks in audit.skips["targeted_flips"]


@pytest.mark.parametrize("times", ["none", "same", "backwards"])
def test_odd_clocks_are_survived(times):
    team = simulate_team(TeamDesign(n_items=400, n_annotators=6, redundancy=2), seed=2)
    table = as_labels(team, texts=False)
    import pyarrow as pa

    at = {"none": None, "same": team.submitted_ms * 0 + 5, "backwards": team.submitted_ms[::-1]}[times]
    column = table.annotations.schema.get_field_index("created_at")
    changed = table.annotations.set_column(
        column, "created_at", pa.array(at if at is not None else [None] * len(team.item), pa.timestamp("ms", tz="UTC"))
    )
    audit = aa.audit(
        aa.LabelSet(**{**table.tables, "annotations": changed}), detectors=["drift"], features=team.features
    )
    assert not audit.failures
    assert ("drift" in audit.skips) == (times != "backwards")


def test_crowds_of_passers_by_and_somebody_who_labelled_everything_are_survived():
    design = TeamDesign(n_items=10_000, n_annotators=10_000, redundancy=3, repeat_share=0.0)
    audit = aa.audit(as_labels(simulate_team(design, seed=3), texts=False), detectors=PEOPLE)
    assert not audit.failures
    rng = np.random.default_rng(4)
    table = frame(annotator=["everything"] * 300)
    other = table.sample(frac=0.5, random_state=1).assign(annotator="other", label=rng.choice(["a", "b"], 150))
    assert not aa.audit(pd.concat([table, other]), detectors=PEOPLE).failures


def test_every_score_of_people_says_what_its_number_means():
    team = planted("class_pair", n_items=600, n_annotators=12)
    for one in audit_of(team, *PEOPLE).scores:
        assert isinstance(one, Scores)
        assert one.effect_name, one.detector
        assert (one.p is None and one.e is None) or one.null, one.detector
