"""The twin of a team has its shape, its people are as able, and it comes with no more than the original."""

import numpy as np
import pyarrow as pa
import pytest

from annoaudit.evidence import Evidence
from annoaudit.labels import LabelSet
from annoaudit.simulation.grounds import Recorded, Twin
from annoaudit.testing import make_team


def evidence_of(labels, **options):
    return Evidence(labels, "label", **options)


@pytest.fixture(scope="module")
def original():
    return evidence_of(make_team(n_items=240, n_annotators=9, redundancy=3, accuracy=0.8, seed=5))


@pytest.fixture(scope="module")
def twin(original):
    return Twin.of(original, Recorded.of(original), seed=0)


def test_everybody_labels_the_same_items_as_their_original(original, twin):
    known = twin.evidence(twin.team(1), 1)
    pairs = [set(zip(one.item.tolist(), one.annotator.tolist(), strict=True)) for one in (original.votes, known.votes)]
    assert pairs[0] == pairs[1]
    assert known.votes.n_classes == original.votes.n_classes


def test_people_agree_as_often_as_in_the_original(original, twin):
    def agreement(votes):
        counts, total = votes.counts.astype(float), votes.counts.sum(axis=1)
        return (counts * (counts - 1)).sum() / (total * (total - 1)).sum()

    reached = np.mean([agreement(twin.evidence(twin.team(seed), seed).votes) for seed in range(5)])
    assert reached == pytest.approx(agreement(original.votes), abs=0.05)
    assert agreement(original.votes) < 0.8  # far from what an unmatched twin would come to


def test_a_model_sees_as_much_in_the_twin(original, twin):
    def telling(evidence):
        return (evidence.probabilities.matrix[evidence.votes.item].argmax(1) == evidence.votes.label).mean()

    reached = np.mean([telling(twin.evidence(twin.team(seed), seed)) for seed in range(5)])
    assert reached == pytest.approx(telling(original), abs=0.06)


def test_seeds_give_other_labels_and_the_same_seed_the_same(twin):
    first, again, other = twin.team(3), twin.team(3), twin.team(4)
    np.testing.assert_array_equal(first.label, again.label)
    assert (first.label != other.label).any()


def test_the_twin_comes_with_no_more_than_the_original(twin):
    assert twin.recorded == Recorded(
        texts=True, features=True, submitted=False, lead_times=False, predictions=False, gold=False, repeats=False
    )
    labels = twin.evidence(twin.team(1), 1).labels
    assert labels.annotations["created_at"].null_count == labels.annotations.num_rows
    assert labels.annotations["lead_time_s"].null_count == labels.annotations.num_rows
    assert labels.predictions.num_rows == 0


def test_without_content_the_twin_has_none_either():
    bare = evidence_of(make_team(n_items=60, n_annotators=4, redundancy=2, text=False))
    twin = Twin.of(bare, Recorded.of(bare), seed=0)
    known = twin.evidence(twin.team(1), 1)
    assert known.labels.items["text"].null_count == 60
    assert "probabilities" in known.kept
    assert isinstance(known.kept["probabilities"], Exception)


def test_times_gold_and_repeats_are_in_the_twin_where_they_are_in_the_original():
    base = make_team(n_items=60, n_annotators=4, redundancy=2, seed=3)
    n = base.annotations.num_rows
    annotations = base.annotations.drop_columns(["created_at", "lead_time_s"])
    annotations = annotations.append_column(
        "created_at", pa.array(np.arange(n)[::-1] * 1000, pa.timestamp("ms", "UTC"))
    )
    annotations = annotations.append_column("lead_time_s", pa.array(np.full(n, 4.0)))
    timed = LabelSet(
        items=base.items, annotators=base.annotators, questions=base.questions, annotations=annotations,
        labels=base.labels,
    )  # fmt: skip
    evidence = evidence_of(timed, gold_codes=np.where(np.arange(60) < 15, 0, -1))
    twin = Twin.of(evidence, Recorded.of(evidence), seed=0)
    assert (twin.recorded.submitted, twin.recorded.lead_times, twin.recorded.gold) == (True, True, True)
    known = twin.evidence(twin.team(2), 2)
    assert np.isfinite(known.lead_time_s).all()
    assert 4 <= (known.gold >= 0).sum() <= 30
    # The original's clock runs against its rows: the twin keeps the order of the clock.
    mine = evidence.votes.annotator == 0
    assert twin.assignment.item[0] == evidence.votes.item[mine][-1]


def test_one_label_an_item_is_judged_by_a_model_that_never_saw_the_annotator():
    single = evidence_of(make_team(n_items=160, n_annotators=6, redundancy=1, seed=8))
    twin = Twin.of(single, Recorded.of(single), seed=0)
    assert "shared items" not in twin.description
    known = twin.evidence(twin.team(0), 0)
    assert (known.probabilities.matrix.argmax(1)[known.votes.item] == known.votes.label).mean() > 0.5
