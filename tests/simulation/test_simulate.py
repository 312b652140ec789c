"""simulate(): what is planted is found where it can be, and what cannot be found says so."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import annoaudit as aa
from annoaudit.errors import RefusedInput, UsageError
from annoaudit.findings import Scores
from annoaudit.testing import make_team


@pytest.fixture(scope="module")
def team():
    return make_team(n_items=240, n_annotators=12, redundancy=3, accuracy=0.92, seed=2)


@pytest.fixture(scope="module")
def result(team):
    return aa.simulate(team, attacks=["random", "copy_ring"], runs=6, detectors=["peer_score"])


def test_random_answers_are_found_and_copies_are_not(result):
    verdicts = dict(zip(result.table["attack"], result.table["verdict"], strict=True))
    assert verdicts == {"random": "detectable", "copy_ring": "not detectable"}


def test_what_is_not_found_has_its_mend_and_what_is_found_none(result):
    mends = dict(zip(result.table["attack"], result.table["mend"], strict=True))
    assert mends["random"] == ""
    assert "10.9 items" in mends["copy_ring"]  # 240 x 3 x 2 / (12 x 11)
    assert "66 shared items" in mends["copy_ring"]


def test_every_number_has_its_interval(result):
    for low, value, high in (
        ("found_low", "found", "found_high"),
        ("auroc_low", "auroc", "auroc_high"),
        ("label_precision_low", "label_precision", "label_precision_high"),
    ):
        assert (result.table[low] <= result.table[value]).all()
        assert (result.table[value] <= result.table[high]).all()
    assert result.table["n_runs"].tolist() == [6, 6]


def test_the_same_seed_gives_the_same_result(team, result):
    again = aa.simulate(team, attacks=["random", "copy_ring"], runs=6, detectors=["peer_score"])
    assert again.table.equals(result.table)


def test_a_stronger_and_larger_attack_is_as_asked(team):
    result = aa.simulate(team, attacks=["class_pair"], shares=(0.1, 0.4), strength=0.9, runs=1, detectors=[])
    assert result.table["n_members"].tolist() == [1, 5]
    assert result.table["strength"].tolist() == [0.9, 0.9]


def test_attacks_that_cannot_be_planted_are_named_with_their_reason(team):
    names = ["gold_leak", "accepts_everything", "random"]
    left_out = dict(aa.simulate(team, attacks=names, runs=1, detectors=[]).record.left_out)
    assert left_out == {
        "gold_leak": "there are no gold labels",
        "accepts_everything": "no predictions are shown to annotators",
    }
    bare = make_team(n_items=60, n_annotators=4, redundancy=2, text=False)
    left_out = dict(aa.simulate(bare, attacks=["keyword", "trigger", "slice"], runs=1, detectors=[]).record.left_out)
    assert set(left_out) == {"keyword", "trigger", "slice"}


def test_the_own_labels_keep_their_people_and_are_audited_once_unplanted(team):
    result = aa.simulate(team, into=True, attacks=["random"], runs=6, detectors=["peer_score"])
    assert result.table["verdict"].tolist() == ["detectable"]
    assert result.record.honest.any_flag.n == 1
    assert "These labels themselves" in result.record.ground


@dataclass(frozen=True)
class Crashing:
    name: str = "crashing"
    version = "1"
    level = "annotator"
    needs = ()

    def score(self, evidence):
        raise ZeroDivisionError("in here")


def test_a_crash_is_shown_and_sets_the_exit_code(team):
    result = aa.simulate(team, attacks=["random"], runs=1, detectors=[Crashing(), "peer_score"])
    assert result.exit_code == 3
    assert "crashing" in repr(result)
    assert "ZeroDivisionError" in result.html()
    assert len(result.table) == 1


@dataclass(frozen=True)
class Everyone:
    """Flags all people, always."""

    name: str = "everyone"
    version = "1"
    level = "annotator"
    needs = ()

    def score(self, evidence):
        n = evidence.votes.n_annotators
        return Scores(self.name, "1", "annotator", evidence.question, np.arange(n), np.ones(n), lambda at: [])


def test_flags_that_honest_people_get_too_prove_nothing(team):
    rules = aa.Policy(annotator_cap_rate=1.0)
    result = aa.simulate(team, attacks=["random"], runs=8, detectors=[Everyone()], policy=rules)
    assert result.table["n_found"].tolist() == [8]
    assert result.table["chance"].tolist() == [1.0]
    assert result.table["verdict"].tolist() == ["sometimes"]
    assert result.record.honest.flagged.value == 12


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"attacks": ["copyring"]}, "copyring"),
        ({"shares": (1.5,)}, "1.5"),
        ({"shares": ()}, "nothing to run"),
        ({"strength": 0.0}, "strength"),
        ({"runs": 0}, "nothing to run"),
        ({"question": "other"}, "other"),
    ],
)
def test_what_cannot_be_run_is_refused(team, options, word):
    with pytest.raises(UsageError, match=word):
        aa.simulate(team, **options)


def test_too_few_people_are_refused():
    with pytest.raises(RefusedInput, match="2 annotators"):
        aa.simulate(make_team(n_items=40, n_annotators=2, redundancy=2))


def test_progress_counts_every_audit(team):
    seen = []
    aa.simulate(
        team,
        attacks=["random"],
        runs=2,
        detectors=[],
        progress=lambda what, done, total: seen.append((what, done, total)),
    )
    assert seen == [
        ("reading the team", 0, 4),
        ("nothing planted", 0, 4),
        ("nothing planted", 1, 4),
        ("random", 2, 4),
        ("random", 3, 4),
    ]


def test_it_saves_a_page_and_json(result, tmp_path):
    result.save(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "blind_spots.json").read_text("ascii"))
    assert document["schema"] == "annoaudit/blind_spots"
    assert document["attacks"][0]["found"]["n"] == 6
    assert (tmp_path / "out" / "blind_spots.html").read_text("utf-8") == result.html()
    result.save(tmp_path / "one.html")
    with pytest.raises(UsageError, match=r"\.html or \.json"):
        result.save(tmp_path / "one.md")


def test_it_shows_itself_in_a_notebook(result):
    html = result._repr_html_()
    assert "copy_ring" in html
    assert "not detectable" in html
    assert "<script" not in html


def test_few_runs_say_that_they_decide_nothing(team):
    result = aa.simulate(team, attacks=["copy_ring"], runs=1, detectors=["peer_score"])
    assert result.table["verdict"].tolist() == ["undecided"]
    assert "1 runs are too few" in repr(result)
