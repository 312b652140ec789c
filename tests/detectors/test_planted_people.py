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
    assert named(team) <= set(" + ".join(findings["annotator"]).split(" + "))
    assert findings["reason"].str.contains("In the slice “").all()


def test_several_who_depart_in_one_slice_are_one_finding_that_names_them():
    team = planted("slice", 0.2, n_items=2000, n_annotators=20, redundancy=4)
    findings = audit_of(team, "slice_scan", features=team.features).findings
    together = findings[findings["annotator"].str.contains(" + ", regex=False)]
    assert len(together) == 1
    members = set(together["annotator"].iloc[0].split(" + "))
    assert len(members & named(team)) >= 3
    assert len(members - named(team)) <= 1
    assert "annotators all give" in together["reason"].iloc[0]
    assert not set(findings["annotator"]) & members  # nobody of the group is told of apart


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


def uneven_batches(seed):
    """Twelve honest people with batches of very different classes, of which one label in twenty is a second one."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(12):
        mix = rng.dirichlet([6.0, 3.0, 1.0]) if who else np.array([0.02, 0.03, 0.95])
        truth = rng.choice(3, 300, p=mix)
        for number, k in enumerate(truth):
            for second in {who, (who + 1) % 12 if number < 15 else who}:
                given = k if rng.random() < 0.95 else (k + 1) % 3
                rows.append((f"{who}-{number}", f"p{second}", "abc"[given]))
    return pd.DataFrame(rows, columns=["item_id", "annotator", "label"])


@pytest.mark.parametrize("seed", range(3))
def test_labels_that_nobody_else_gave_are_held_against_nobody(seed):
    audit = aa.audit(uneven_batches(seed), detectors=[*PEOPLE, "label_fusion"])
    assert not audit.failures
    assert not (audit.findings["level"] != "label").any(), audit.findings["reason"].tolist()
    (fusion,) = [one for one in audit.scores if one.detector == "label_fusion"]
    alone = np.bincount(audit.evidence[0].votes.item)[audit.evidence[0].votes.item] == 1
    assert alone.mean() > 0.8
    np.testing.assert_array_equal(np.isnan(fusion.suspicion), alone)


def nights_of_a_sleeper():
    team = planted("sleeper", 0.05, n_items=2000, n_annotators=10, redundancy=2)
    labels = as_labels(team, texts=False)
    sleeper = next(iter(named(team)))
    return labels, sleeper


def keep_annotations(labels, keep):
    import pyarrow as pa

    mask = pa.array(keep)
    return aa.LabelSet(
        **{
            **labels.tables,
            "annotations": labels.annotations.filter(mask),
            "labels": labels.labels.filter(mask),
        }
    )


def test_the_next_night_tells_of_the_same_change_and_forgets_nobody():
    labels, sleeper = nights_of_a_sleeper()
    first = aa.audit(labels, detectors=["drift"], names=True)
    left = {("drift", "label"): json.loads(json.dumps(first.scores[0].state))}
    again = aa.audit(labels, detectors=["drift"], names=True, states=left)
    assert again.findings["reason"].tolist() == first.findings["reason"].tolist()
    assert again.findings["effect"].tolist() == first.findings["effect"].tolist()
    who = labels.annotations["annotator_id"].to_pylist()
    without = aa.audit(keep_annotations(labels, [one != sleeper for one in who]), detectors=["drift"], states=left)
    assert without.scores[0].state[sleeper] == left["drift", "label"][sleeper]
    last = len(who) - 1 - who[::-1].index(sleeper)
    one_left = [one != sleeper or place == last for place, one in enumerate(who)]
    single = aa.audit(keep_annotations(labels, one_left), detectors=["drift"], names=True, states=left)
    assert not single.failures
    assert set(single.findings["annotator"]) == {sleeper}


def test_every_score_of_people_says_what_its_number_means():
    team = planted("class_pair", n_items=600, n_annotators=12)
    for one in audit_of(team, *PEOPLE).scores:
        assert isinstance(one, Scores)
        assert one.effect_name, one.detector
        assert (one.p is None and one.e is None) or one.null, one.detector
