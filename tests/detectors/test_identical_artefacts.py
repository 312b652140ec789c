"""identical_artefacts: copied detail is told as facts; templates, stamps and pre-annotations never are."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from annoaudit.detectors.identical_artefacts import IdenticalArtefacts
from annoaudit.errors import Unavailable
from annoaudit.policy import Policy
from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from simulated_teams import SMALL, evidence_of, odd_team, with_column, without

DENSE = TeamDesign(n_items=300, n_annotators=6, redundancy=3, repeat_share=0.0)


@pytest.fixture(scope="module")
def team():
    return simulate_team(DENSE, seed=1)


def copied(team, share=0.4):
    """(L,) True where accounts 0 and 1 have detail that is copied: a share of their common items."""
    rng = np.random.default_rng(5)
    both = np.intersect1d(team.item[team.annotator == 0], team.item[team.annotator == 1])
    chosen = both[rng.random(len(both)) < share]
    return (team.annotator < 2) & np.isin(team.item, chosen)


def add_regions(team, values, **columns):
    """The team's labels with one region or text an annotation, and no times to compare."""
    labels = without(as_labels(team), "annotations", "lead_time_s", "created_at", "prediction_id")
    old = labels.labels
    n = old.num_rows
    made = {
        "label_id": [f"region{at:06d}" for at in range(n)],
        "annotation_id": old["annotation_id"],
        "item_id": old["item_id"],
        "annotator_id": old["annotator_id"],
        "question": ["detail"] * n,
        **{name: [one] * n if np.isscalar(one) else one for name, one in columns.items()},
        **values,
    }
    questions = pa.concat_tables(
        [labels.questions.select(["question", "kind"]), pa.table({"question": ["detail"], "kind": [columns["kind"]]})]
    )
    regions = pa.table(made)
    return replace(labels, questions=questions, labels=pa.concat_tables([old, regions], promote_options="permissive"))


def boxes(team, same):
    rng = np.random.default_rng(6)
    own = rng.uniform(0, 500, (4, len(team.item)))
    shared = rng.uniform(0, 500, (4, team.n_items))[:, team.item]
    return {name: np.where(same, shared[at], own[at]) for at, name in enumerate(("x", "y", "w", "h"))}


def flagged_pairs(evidence):
    scores = IdenticalArtefacts().score(evidence)
    at = np.flatnonzero(Policy().flag(scores))
    return [tuple(scores.members[int(one)].tolist()) for one in at], scores, at


def test_copied_boxes_are_told_as_a_count(team):
    same = copied(team)
    pairs, scores, at = flagged_pairs(evidence_of(team, add_regions(team, boxes(team, same), kind="bbox")))
    assert pairs == [(0, 1)]
    (told,) = scores.explain(at)
    n_equal = int(same.sum()) // 2
    assert told.reason.startswith(f"{n_equal} of ")
    assert "a box equal to stored precision; among all other pairs it is 0 of" in told.reason
    assert told.evidence["facts"][0]["equal"] == n_equal
    assert all(one["first"] == one["second"] for one in told.evidence["examples"])
    assert all(one["first"] != one["second"] for one in told.evidence["matched"])


@pytest.mark.parametrize(
    "marks",
    [
        {"origin": "prediction"},
        {"origin": "prediction-changed"},
    ],
)
def test_boxes_of_a_prediction_do_not_count(team, marks):
    labels = add_regions(team, boxes(team, copied(team)), kind="bbox", **marks)
    with pytest.raises(Unavailable, match="no boxes, odd spans, long texts or measured times"):
        IdenticalArtefacts().score(evidence_of(team, labels))


def test_boxes_of_a_copied_annotation_do_not_count(team):
    labels = add_regions(team, boxes(team, copied(team)), kind="bbox")
    labels = with_column(labels, "annotations", "parent_id", pa.array(["x"] * labels.annotations.num_rows))
    with pytest.raises(Unavailable):
        IdenticalArtefacts().score(evidence_of(team, labels))


def test_boxes_that_occur_on_several_items_do_not_count(team):
    whole = {name: np.full(len(team.item), float(size)) for name, size in zip("xywh", (0, 0, 640, 480), strict=True)}
    with pytest.raises(Unavailable):
        IdenticalArtefacts().score(evidence_of(team, add_regions(team, whole, kind="bbox")))


def test_copied_texts_count_whatever_their_case_and_spacing(team):
    same = copied(team)
    own = [f"what annotator {who} saw on item {item}" for who, item in zip(team.annotator, team.item, strict=True)]
    shared = [f"The very same remark  about {item}" for item in team.item]
    texts = [s.upper() if who else s for s, who in zip(shared, team.annotator, strict=True)]
    values = {"value_text": [t if hit else o for t, o, hit in zip(texts, own, same, strict=True)]}
    assert flagged_pairs(evidence_of(team, add_regions(team, values, kind="text")))[0] == [(0, 1)]


def test_templates_and_short_texts_do_not_count(team):
    for text in ("There are no defects visible in this picture.", "ok"):
        labels = add_regions(team, {"value_text": [text] * len(team.item)}, kind="text")
        with pytest.raises(Unavailable):
            IdenticalArtefacts().score(evidence_of(team, labels))


@pytest.mark.parametrize(("quote", "counts"), [("word wo", True), ("word ", True), ("word", False)])
def test_only_spans_with_odd_ends_count(team, quote, counts):
    same = copied(team)
    rng = np.random.default_rng(9)
    shared, own = (5.0 * rng.integers(0, 1900, size) for size in (team.n_items, len(team.item)))
    start = np.where(same, shared[team.item], own)
    values = {"start": start, "end": start + len(quote), "quote": [quote] * len(start)}
    labels = add_regions(team, values, kind="span")
    long = pa.array(["word " * 2000] * team.n_items)
    labels = with_column(labels, "items", "text", long)
    evidence = evidence_of(team, labels, features=True)
    if counts:
        assert flagged_pairs(evidence)[0] == [(0, 1)]
    else:
        with pytest.raises(Unavailable):
            IdenticalArtefacts().score(evidence)


def test_one_person_with_two_accounts_is_told_by_the_times():
    team = ATTACKS["duplicate_account"].plant(simulate_team(replace(DENSE, n_annotators=8), seed=2), 0.25, seed=2)
    pairs, scores, at = flagged_pairs(evidence_of(team))
    assert pairs == [tuple(np.flatnonzero(team.suspects).tolist())]
    assert "measured times equal to the millisecond" in scores.explain(at)[0].reason


def test_times_that_were_not_measured_do_not_count():
    team = ATTACKS["duplicate_account"].plant(simulate_team(DENSE, seed=2), 0.25, seed=2)
    labels = with_column(as_labels(team), "annotations", "time_kind", pa.array(["derived"] * len(team.item)))
    labels = without(labels, "annotations", "created_at")
    with pytest.raises(Unavailable):
        IdenticalArtefacts().score(evidence_of(team, labels))


@pytest.mark.parametrize("step", [1.0, 5.0])
def test_quick_people_timed_in_whole_seconds_are_not_told(step):
    for seed in range(5):
        team = CONTROLS["fast_expert"](simulate_team(DENSE, seed=seed), seed)
        coarse = np.maximum(np.round(team.seconds / step) * step, step)
        labels = with_column(as_labels(team), "annotations", "lead_time_s", pa.array(coarse))
        assert flagged_pairs(evidence_of(team, labels))[0] == []


def test_submissions_replayed_with_the_same_gaps_are_told():
    team = simulate_team(replace(DENSE, n_annotators=6), seed=4)
    rng = np.random.default_rng(3)
    gaps = np.where(
        copied(team), rng.integers(10**3, 10**5, team.n_items)[team.item], rng.integers(10**3, 10**5, len(team.item))
    )
    at = np.cumsum(gaps)
    labels = without(as_labels(replace(team, submitted_ms=1_767_600_000_000 + at)), "annotations", "lead_time_s")
    pairs, scores, places = flagged_pairs(evidence_of(team, labels))
    assert pairs == [(0, 1)]
    assert "equal gaps since the submission before" in scores.explain(places)[0].reason


def test_models_are_nobodys_accomplices():
    team = ATTACKS["duplicate_account"].plant(simulate_team(DENSE, seed=2), 0.4, seed=2)
    kinds = np.where(team.suspects, "model", "person")
    labels = with_column(as_labels(team), "annotators", "kind", pa.array(kinds))
    assert flagged_pairs(evidence_of(team, labels))[0] == []


def test_the_same_time_on_every_row_is_no_detail():
    team, labels = odd_team("one time for all")
    assert flagged_pairs(evidence_of(team, labels))[0] == []


def test_it_is_told_once_a_project():
    labels = as_labels(simulate_team(SMALL, seed=1))
    second = pa.table({"question": ["label", "other"], "kind": ["choice", "choice"]})
    evidence = evidence_of(simulate_team(SMALL, seed=1), replace(labels, questions=second))
    with pytest.raises(Unavailable, match="told with the question 'label'"):
        IdenticalArtefacts().score(replace(evidence, question="other", kept={"repeated": np.ones(1)}))
