"""Detectors of habits: who is flagged, who is not, and what the reason says."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from annoaudit.detectors.accepts_predictions import AcceptsPredictions
from annoaudit.detectors.gold_gap import GoldGap
from annoaudit.detectors.self_consistency import SelfConsistency
from annoaudit.detectors.timing import Timing
from annoaudit.errors import Unavailable
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from simulated_teams import evidence_of, with_column, without

DESIGN = TeamDesign(n_items=800, n_annotators=16, redundancy=3, gold_share=0.3, repeat_share=0.3)
PLAIN = simulate_team(DESIGN, seed=11)
CASES = (
    (AcceptsPredictions(), "accepts_everything", "predictions that peers would not expect were accepted unchanged"),
    (GoldGap(), "gold_leak", "labels on gold items are what peers expect"),
    (Timing(), "scripted_timing", "this annotator's time is"),
)


@pytest.mark.parametrize(("detector", "attack", "words"), CASES, ids=lambda one: getattr(one, "name", ""))
def test_the_attacker_is_flagged_and_nobody_else(detector, attack, words):
    team = ATTACKS[attack].plant(PLAIN, 0.06, seed=3, strength=1.0 if attack == "scripted_timing" else None)
    scores = detector.score(evidence_of(team))
    assert np.array_equal(Policy().flag(scores), team.suspects)
    (told,) = scores.explain(np.flatnonzero(team.suspects))
    assert words in told.reason
    assert told.evidence["examples"]
    assert told.evidence["matched"]
    assert told.evidence["would_clear"]


@pytest.mark.parametrize("detector", [one[0] for one in CASES] + [SelfConsistency()], ids=lambda one: one.name)
def test_nobody_is_flagged_in_an_honest_team(detector):
    assert not Policy().flag(detector.score(evidence_of(PLAIN))).any()


def test_fast_experts_are_no_finding_however_fast():
    for seed in range(3):
        team = CONTROLS["fast_expert"](simulate_team(DESIGN, seed=seed), seed)
        fastest = np.where(team.suspects[team.annotator], np.minimum(team.seconds * 0.1, 1.0), team.seconds)
        scores = Timing().score(evidence_of(replace(team, seconds=fastest)))
        assert not Policy().flag(scores).any()
        assert np.nanmax(scores.suspicion[team.suspects]) < 0.9


def test_the_same_times_are_a_finding_where_agreement_falls_short():
    team = CONTROLS["fast_expert"](simulate_team(DESIGN, seed=1), 1)
    rng = np.random.default_rng(4)
    who = int(np.flatnonzero(team.suspects)[0])
    mine = team.annotator == who
    guessed = np.where(mine & (rng.random(len(mine)) < 0.6), rng.integers(0, 4, len(mine)), team.label)
    quick = np.where(mine, 0.5, team.seconds)
    scores = Timing().score(evidence_of(replace(team, label=guessed, seconds=quick)))
    assert np.flatnonzero(Policy().flag(scores)).tolist() == [who]


def test_without_texts_the_usual_time_of_others_stands_for_the_work():
    scores = Timing().score(evidence_of(PLAIN))
    assert scores.effect_name == "growth of log time with log usual time"
    with_texts = Timing().score(evidence_of(PLAIN, features=True))
    assert with_texts.effect_name == "growth of log time with log text length"
    assert np.median(with_texts.effect) == pytest.approx(0.6, abs=0.15)


def test_timing_without_times_says_so():
    evidence = evidence_of(PLAIN, without(as_labels(PLAIN), "annotations", "lead_time_s"))
    with pytest.raises(Unavailable, match="no lead times"):
        Timing().score(evidence)


def test_timing_does_without_submission_times():
    evidence = evidence_of(PLAIN, without(as_labels(PLAIN), "annotations", "created_at"))
    scores = Timing().score(evidence)
    assert "bursts of labels" not in scores.explain(np.array([0]))[0].evidence["signs"]


def test_what_was_shown_is_the_prediction_of_the_annotation():
    evidence = evidence_of(PLAIN)
    assert np.array_equal(evidence.shown, PLAIN.prediction[evidence.votes.item])


def test_a_label_taken_from_a_prediction_shows_its_own_class():
    labels = without(as_labels(PLAIN), "annotations", "prediction_id")
    origin = np.where(np.arange(labels.labels.num_rows) % 2, "prediction", "manual")
    evidence = evidence_of(PLAIN, with_column(labels, "labels", "origin", pa.array(origin)))
    taken = evidence.votes.row % 2 == 1
    assert np.array_equal(evidence.shown, np.where(taken, evidence.votes.label, -1))


def test_the_rows_of_a_prediction_say_what_it_showed():
    labels = as_labels(PLAIN)
    ids, classes = labels.predictions["prediction_id"], [f"class {(k + 1) % 4}" for k in PLAIN.prediction]
    rows = pa.table(
        {
            "label_id": [f"of {one}" for one in ids.to_pylist()], "prediction_id": ids,
            "item_id": labels.predictions["item_id"], "question": ["label"] * len(ids), "kind": ["choice"] * len(ids),
            "value": classes,
        }
    )  # fmt: skip
    bare = without(labels, "predictions", "probabilities")
    told = replace(bare, labels=pa.concat_tables([labels.labels, rows], promote_options="permissive"))
    evidence = evidence_of(PLAIN, told)
    assert np.array_equal(evidence.shown, (PLAIN.prediction[evidence.votes.item] + 1) % 4)


def test_without_predictions_nothing_was_shown():
    team = simulate_team(replace(DESIGN, prediction_accuracy=0.0), seed=1)
    with pytest.raises(Unavailable, match="no label was made with a prediction on show"):
        AcceptsPredictions().score(evidence_of(team))


def test_too_few_gold_items_are_said():
    few = replace(PLAIN, is_gold=np.arange(PLAIN.n_items) < 10)
    with pytest.raises(Unavailable, match="20 labels on gold items"):
        GoldGap().score(evidence_of(few))


def test_who_answers_at_random_contradicts_themselves():
    team = ATTACKS["random"].plant(PLAIN, 0.06, seed=5)
    scores = SelfConsistency().score(evidence_of(team))
    assert np.array_equal(Policy().flag(scores), team.suspects)
    (told,) = scores.explain(np.flatnonzero(team.suspects))
    assert told.reason.endswith("high self-consistency with dissent is a view, low is noise.")
    assert all(one["first"] != one["second"] for one in told.evidence["examples"])
    assert all(one["first"] == one["second"] for one in told.evidence["matched"])


def test_a_view_of_ones_own_held_steadily_is_not_flagged():
    team = PLAIN
    mine = team.annotator == 3
    moved = np.where(mine, (team.truth[team.item] + 1) % 4, team.label)
    scores = SelfConsistency().score(evidence_of(replace(team, label=moved)))
    assert scores.suspicion[3] < 0.5
    assert scores.effect[3] == pytest.approx(1.0)


def test_kappa_pairs_the_right_answers():
    evidence = evidence_of(PLAIN)
    scores = SelfConsistency().score(evidence)
    who = 2
    first = {
        int(i): int(k)
        for i, k, a, r in zip(PLAIN.item, PLAIN.label, PLAIN.annotator, PLAIN.again, strict=True)
        if a == who and not r
    }
    pairs = [
        (first[int(i)], int(k))
        for i, k, a, r in zip(PLAIN.item, PLAIN.label, PLAIN.annotator, PLAIN.again, strict=True)
        if a == who and r
    ]
    assert scores.n[who] == len(pairs)
    equal = sum(one == two for one, two in pairs)
    assert scores.explain(np.array([who]))[0].reason.startswith(f"{equal} of {len(pairs)} items")


def test_nobody_met_an_item_again():
    team = simulate_team(replace(DESIGN, repeat_share=0.0), seed=1)
    with pytest.raises(Unavailable, match="nobody answered an item twice"):
        SelfConsistency().score(evidence_of(team))
