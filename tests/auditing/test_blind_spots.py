"""What labels cannot show, from closed forms."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

import annoaudit as aa
from annoaudit.auditing.blind_spots import Overlap, advise_overlap, list_blind_spots, tell_flips, tell_overlap
from annoaudit.evidence import Evidence
from annoaudit.testing import make_team


def overlap(**changes):
    usual = {"n_annotators": 40, "redundancy": 3.0, "shared": 7.7, "labels_each": 150.0}
    return Overlap(**{**usual, "labels_by_class": (("a", 30.0), ("b", 40.0)), **changes})


def test_shared_items_are_the_mean_over_all_pairs():
    votes = make_team(n_items=90, n_annotators=7, redundancy=3, seed=2).votes()
    seen = [set(votes.item[votes.annotator == who].tolist()) for who in range(7)]
    by_hand = np.mean([len(a & b) for a, b in itertools.combinations(seen, 2)])
    assert Overlap.of(votes).shared == pytest.approx(by_hand)
    assert by_hand == pytest.approx(90 * 3 * 2 / (7 * 6))  # N R (R - 1) / (A (A - 1))


@pytest.mark.parametrize(
    ("shared", "said"),
    [(80.0, "pair by pair"), (25.0, "rings of a fifth"), (7.7, "cannot be told from agreement"), (0.0, "at all")],
)
def test_copying_is_as_visible_as_the_overlap_allows(shared, said):
    assert said in tell_overlap(overlap(shared=shared))


def test_the_advised_groups_reach_the_needed_overlap():
    advice = advise_overlap(overlap(labels_each=200.0))
    assert "fixed groups of at most 7" in advice  # 200 labels x 2 others / 6 members = 67 shared items
    assert "at least 66 each" in advise_overlap(overlap(labels_each=20.0))


@pytest.mark.parametrize(("n", "said"), [(300.0, "10 %"), (60.0, "20 %"), (20.0, "40 %"), (9.0, "60 %")])
def test_flips_show_from_the_share_that_the_labels_of_a_class_allow(n, said):
    assert f"from about {said}" in tell_flips(overlap(labels_by_class=(("a", n),)))


def test_too_few_labels_of_a_class_say_how_many_it_takes():
    said = tell_flips(overlap(labels_by_class=(("rare", 1.0), ("b", 3.0), ("c", 4.0))))
    assert "cannot be seen" in said
    assert "1 of “rare”" in said
    assert "8 to see 60 %" in said


def test_what_was_not_recorded_is_named():
    (said,) = [one for one in list_blind_spots([Evidence(make_team(n_items=30, n_annotators=3, redundancy=2), "label")])
               if one.startswith("Not recorded")]  # fmt: skip
    for what in ("submission times", "how long", "second answers", "gold", "predictions"):
        assert what in said


def test_what_was_recorded_is_not_named():
    team = make_team(n_items=30, n_annotators=3, redundancy=2)
    times = pa.array(np.arange(60) * 1000, pa.timestamp("ms", tz="UTC"))
    annotations = team.annotations.set_column(
        team.annotations.schema.get_field_index("created_at"), "created_at", times
    )
    timed = aa.LabelSet(
        items=team.items, annotators=team.annotators, questions=team.questions, annotations=annotations,
        labels=team.labels,
    )  # fmt: skip
    said = " ".join(list_blind_spots([Evidence(timed, "label")]))
    assert "submission times" not in said
    assert "how long" in said


def test_one_annotator_and_small_teams_say_so():
    assert "one annotator" in " ".join(
        list_blind_spots([Evidence(make_team(n_items=30, n_annotators=1, redundancy=1), "label")])
    )
    assert "With 3 annotators" in " ".join(
        list_blind_spots([Evidence(make_team(n_items=30, n_annotators=3, redundancy=2), "label")])
    )


def test_the_audit_carries_them_with_the_pointer():
    people = aa.audit(make_team(n_items=60, n_annotators=4, redundancy=2), detectors=[]).record.people
    assert "annoaudit simulate --like" in people.blind_spots[-1]
    assert 2 <= len(people.blind_spots) <= 5
