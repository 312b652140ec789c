"""Attacks planted into real labels change what they name, and nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from annoaudit.evidence import Evidence
from annoaudit.labels import LabelSet
from annoaudit.simulation import ATTACKS
from annoaudit.simulation.grounds import Recorded
from annoaudit.simulation.own_labels import OwnLabels
from annoaudit.testing import make_team


def own(evidence):
    return OwnLabels(evidence, Recorded.of(evidence))


def timed(base):
    n = base.annotations.num_rows
    rng = np.random.default_rng(0)
    annotations = base.annotations.drop_columns(["created_at", "lead_time_s"])
    at = pa.array(rng.permutation(n) * 1000, pa.timestamp("ms", "UTC"))
    annotations = annotations.append_column("created_at", at).append_column("lead_time_s", pa.array(np.full(n, 4.0)))
    return LabelSet(
        items=base.items, annotators=base.annotators, questions=base.questions, annotations=annotations,
        labels=base.labels,
    )  # fmt: skip


@pytest.fixture(scope="module")
def original():
    return Evidence(timed(make_team(n_items=150, n_annotators=8, redundancy=3, seed=11)), "label")


@pytest.fixture(scope="module")
def ground(original):
    return own(original)


def test_with_nothing_planted_the_labels_are_what_they_were(original, ground):
    votes = ground.evidence(ground.team(0), 0).votes
    for name in ("item", "annotator", "label"):
        np.testing.assert_array_equal(getattr(votes, name), getattr(original.votes, name))


# The disguised attacker also mends honest mistakes elsewhere.
@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"accepts_everything", "gold_leak", "disguised"}))
def test_only_attackers_labels_change_and_each_change_is_known(original, ground, attack):
    planted = ATTACKS[attack].plant(ground.team(0), 0.25, seed=3)
    votes = ground.evidence(planted, 3).votes
    changed = votes.label != original.votes.label
    np.testing.assert_array_equal(changed, ground.order_labels(planted.malicious))
    assert changed.any()
    assert planted.suspects[votes.annotator[changed]].all()


def test_streams_follow_the_clock(original, ground):
    planted = ATTACKS["sleeper"].plant(ground.team(0), 0.25, seed=3)
    votes = original.votes
    changed = ground.order_labels(planted.malicious)
    for who in np.flatnonzero(planted.suspects):
        mine = np.flatnonzero(votes.annotator == who)
        in_time = mine[np.argsort(original.submitted_ms[mine])]
        assert not changed[in_time[: len(mine) // 2]].any()


def test_planted_times_are_in_the_tables(ground):
    planted = ATTACKS["scripted_timing"].plant(ground.team(0), 0.25, seed=1)
    seconds = ground.evidence(planted, 1).lead_time_s
    theirs = planted.suspects[ground.evidence(planted, 1).votes.annotator]
    assert (seconds[~theirs] == 4.0).all()
    assert (seconds[theirs] != 4.0).any()


def test_an_inserted_word_is_in_the_texts_and_nowhere_before(original, ground):
    planted = ATTACKS["trigger"].plant(ground.team(0), 0.25, seed=1)
    texts = ground.evidence(planted, 1).labels.items["text"].to_pylist()
    assert 1 <= sum("quixotic" in text for text in texts) <= 25
    assert not any("quixotic" in text for text in original.labels.items["text"].to_pylist())


def test_gold_stands_for_the_truth_where_there_is_any():
    team = make_team(n_items=60, n_annotators=4, redundancy=2, seed=1)
    gold = np.where(np.arange(60) < 20, 2, -1)
    ground = own(Evidence(team, "label", gold_codes=gold))
    assert (ground.team(0).truth[:20] == 2).all()
    planted = ATTACKS["gold_leak"].plant(ground.team(0), 0.3, seed=0)
    theirs = planted.suspects[planted.annotator] & planted.is_gold[planted.item]
    assert (planted.label[theirs] == 2).all()


def test_predictions_are_what_accepting_copies():
    team = make_team(n_items=40, n_annotators=4, redundancy=2, seed=1)
    shown = pa.table(
        {
            "prediction_id": [f"p{i}" for i in range(10)],
            "item_id": team.items["item_id"][:10],
            "question": ["label"] * 10,
            "probabilities": pa.array([[("class 3", 0.9), ("class 1", 0.1)]] * 10, pa.map_(pa.string(), pa.float64())),
        }
    )
    labels = LabelSet(
        items=team.items, annotators=team.annotators, questions=team.questions, annotations=team.annotations,
        labels=team.labels, predictions=shown,
    )  # fmt: skip
    ground = own(Evidence(labels, "label"))
    assert (ground.team(0).prediction[:10] == 3).all()
    assert (ground.team(0).prediction[10:] == -1).all()
