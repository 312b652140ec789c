"""Patterns in changes: planted ones are found and named, ordinary ones are not, and what is remembered is bounded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from jobs import make_labels, write_job

from annoaudit.findings import FINDING_COLUMNS
from annoaudit.formats import read
from annoaudit.job.edit_patterns import find_patterns
from annoaudit.job.edits import MOST_EDITS, Edit, EditMemory, NightCounts, Others, note_night, read_memory
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.ledger.changes import Change

CLASSES = ["bike", "dock", "fare"]
QUIET = NightCounts(1000, 5, 2, 1, 3)


@pytest.fixture(scope="module")
def labels():
    return read(make_labels(n_items=120))


def make_edits(rng, n, actor, *, lost=(-0.6, 0.3), pair=None, night=3):
    """Edits of one person; by default they move toward what the others say, as corrections do."""
    rows = []
    for _ in range(n):
        was, now = pair or tuple(rng.choice(CLASSES, 2, replace=False))
        rows.append(Edit(night, actor, "owner", "label", was, now, float(rng.uniform(*lost)), now))
    return rows


def memory_of(*groups, nights=(), n=3):
    return EditMemory(tuple(one for group in groups for one in group), tuple(nights), n=n)


def kinds(found):
    return {(row.annotator, row.evidence_json.split('"')[3].split(" ")[0]) for row in found.itertuples()}


def test_edits_that_go_against_the_others_are_found_with_their_p_value(labels):
    rng = np.random.default_rng(1)
    team = [make_edits(rng, 15, f"a{k}") for k in range(6)]
    found = find_patterns(memory_of(*team, make_edits(rng, 15, "mallory", lost=(0.2, 1.0))), labels, live=True)
    assert kinds(found) == {("mallory", "against_others")}
    row = found.iloc[0]
    assert (row["severity"], row["level"], row["detector"]) == ("L2", "annotator", "edits")
    assert row["p"] <= 0.005
    assert "away from what the items' other annotators say" in row["reason"]
    assert list(found.columns) == list(FINDING_COLUMNS)


def test_edits_that_pile_up_in_one_pair_are_found_and_the_pair_is_named(labels):
    rng = np.random.default_rng(2)
    team = [make_edits(rng, 20, f"a{k}") for k in range(6)]
    found = find_patterns(memory_of(*team, make_edits(rng, 20, "mallory", pair=("bike", "fare"))), labels, live=True)
    assert kinds(found) == {("mallory", "concentrated")}
    assert "“bike” → “fare”" in found["reason"].iloc[0]


def test_a_file_names_whose_labels_were_changed_and_accuses_nobody_of_changing(labels):
    rng = np.random.default_rng(3)
    team = [make_edits(rng, 15, f"a{k}") for k in range(6)]
    found = find_patterns(memory_of(*team, make_edits(rng, 15, "b", lost=(0.2, 1.0))), labels, live=False)
    assert found["reason"].iloc[0].startswith("Changes of this annotator's labels")


def test_removals_that_depend_on_class_or_owner_are_found(labels):
    gone = [Edit(3, "", f"ann{k % 5}", "label", "fare", None, None, "fare") for k in range(25)]
    found = find_patterns(memory_of(gone), labels, live=True)
    assert kinds(found) == {("", "missing_by_class")}
    assert "of items that most call “fare”" in found["reason"].iloc[0]
    gone = [Edit(3, "", "ann3", "label", "x", None, None, CLASSES[k % 3]) for k in range(25)]
    found = find_patterns(memory_of(gone), labels, live=True)
    assert kinds(found) == {("ann3", "missing_by_owner")}


def test_skips_of_one_class_by_one_person_are_found_and_hard_classes_are_not(labels):
    votes = labels.votes("label")
    others = Others.of(labels, "label")
    ids, best = list(others.items), others.counts.argmax(axis=1)
    sure = others.counts.max(axis=1) * 2 > others.counts.sum(axis=1)
    of = {name: [ids[k] for k in np.flatnonzero(sure & (best == code))] for code, name in enumerate(votes.classes)}

    def with_skips(pairs):
        rows = [{"annotation_id": f"s{k}", "item_id": item, "annotator_id": who, "status": "skipped"}
                for k, (who, item) in enumerate(pairs)]  # fmt: skip
        made = pa.Table.from_pylist(rows, schema=labels.annotations.schema)
        return replace(labels, annotations=pa.concat_tables([labels.annotations, made]))

    items = [*of["fare"][:20], *of["bike"][:10], *of["dock"][:10]]
    everybody = [(f"ann{k % 4 + 1}", item) for k, item in enumerate(items)]
    assert not len(find_patterns(EditMemory(), with_skips(everybody), live=True)), "all skip that class"
    selective = [("ann0", item) for item in of["dock"][:20]]
    found = find_patterns(EditMemory(), with_skips([*everybody, *selective]), live=True)
    assert kinds(found) == {("ann0", "skips_class")}
    assert "this one skipped “dock”" in found["reason"].iloc[0]


@pytest.mark.parametrize("field", ["n_removed", "n_by_others", "n_gaps"])
def test_a_night_far_beyond_all_earlier_ones_is_named_as_a_rank(labels, field):
    nights = [QUIET] * 10
    assert not len(find_patterns(memory_of(nights=[*nights, QUIET], n=12), labels, live=True))
    loud = replace(QUIET, **{field: 60})
    found = find_patterns(memory_of(nights=[*nights, loud], n=12), labels, live=True)
    assert len(found) == 1
    assert np.isnan(found["p"].iloc[0])
    assert "60" in found["reason"].iloc[0]
    assert not len(find_patterns(memory_of(nights=[QUIET, loud], n=3), labels, live=True)), (
        "two nights are no usual rate"
    )


def test_a_mass_of_edits_in_one_night_is_named(labels):
    rng = np.random.default_rng(4)
    quiet = [one for night in range(2, 12) for one in make_edits(rng, 3, "a", night=night)]
    memory = memory_of(quiet, make_edits(rng, 60, "a", night=12), nights=[QUIET] * 11, n=12)
    assert kinds(find_patterns(memory, labels, live=True)) == {("a", "mass")}


def test_few_edits_and_an_ordinary_team_give_nothing(labels):
    rng = np.random.default_rng(5)
    assert not len(find_patterns(memory_of(make_edits(rng, 9, "a"), make_edits(rng, 9, "b")), labels, live=True))
    ordinary = memory_of(*(make_edits(rng, 30, f"a{k}") for k in range(8)), nights=[QUIET] * 10, n=11)
    assert not len(find_patterns(ordinary, labels, live=True))


def test_support_is_what_the_others_say_without_the_changed_answer_itself(labels):
    others = Others.of(labels, "label")
    item = next(iter(others.items))
    counts = others.counts[others.items[item]]
    now = CLASSES[int(counts.argmax())]
    change = Change("changed", "annotation/1", item, "1", "", "label", "a", "", "", "none", now, "", "told")
    lost, say = others.judge(change, now)
    rest = int(counts.sum()) - 1
    assert lost == pytest.approx(-(counts.max() - 1) / rest)
    assert say in (now, None)
    assert others.judge(replace(change, item_id="unknown"), now) == (None, None)


def test_what_is_remembered_is_bounded_and_survives_json_and_damage(labels):
    rng = np.random.default_rng(6)
    memory = memory_of(make_edits(rng, MOST_EDITS, "a"), nights=[QUIET] * 200)
    told = [
        Change(
            "changed", f"annotation/{k}", "0001", str(k), "", "label", "a", "b", "", "bike", "fare", "edited", "told"
        )
        for k in range(5)
    ]
    after = note_night(memory, told, labels, is_first=False)
    assert (len(after.edits), len(after.nights), after.n) == (MOST_EDITS, 90, 4)
    assert after.nights[-1].n_by_others == 5
    assert read_memory(after.as_state()) == after
    for damaged in ({"edits": 3}, {"edits": [[1]]}, {"nights": None}, None, {"n": "x"}):
        assert read_memory(damaged) == EditMemory()


def test_nights_of_a_file_find_labels_that_were_changed_against_the_others(tmp_path):
    """The whole job: fifteen labels of one annotator are turned away from their peers; others correct theirs."""
    labels = make_labels(n_items=150, n_each=4)
    counts = pd.crosstab(labels["item_id"], labels["label"])
    majority = labels["item_id"].map(counts.idxmax(axis=1))
    changed = labels.copy()
    wrong = labels.index[labels["label"] != majority]
    corrected = wrong[labels.loc[wrong, "annotator"] != "ann1"][:25]
    changed.loc[corrected, "label"] = majority[corrected]
    right = labels.index[(labels["annotator"] == "ann1") & (labels["label"] == majority)][:15]
    changed.loc[right, "label"] = majority[right].map({"bike": "dock", "dock": "fare", "fare": "bike"})
    only = "    detectors: [consensus_disagreement]\n"
    for frame in (labels, changed):
        path = write_job(tmp_path, labels=frame, project=only)
        result = run_job(read_job(path), (), lambda _: None)
        assert not result.errors, result.errors
    night = result.nights[0]
    found = night.record.findings[night.record.findings["detector"] == "edits"]
    assert len(found) == 1
    assert "moved 15 answers" in found["reason"].iloc[0]
    assert night.night.new_by_severity.get("L2", 0) >= 1
    assert any("moved 15 answers" in one for one in night.night.integrity)
    assert isinstance(found, pd.DataFrame)
