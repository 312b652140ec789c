"""From flags on people to what a report says about them."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import annoaudit as aa
from annoaudit.detectors.exhibits import exhibit
from annoaudit.findings import Explanation, Scores
from annoaudit.testing import make_team


@pytest.fixture(scope="module")
def team():
    return make_team(n_items=200, n_annotators=9, redundancy=3, accuracy=0.9, seed=21)


@dataclass(frozen=True)
class Planted:
    """Says what it is told to say."""

    name: str
    level: str
    suspicion: tuple[float, ...]
    members: tuple[tuple[int, ...], ...] = ()
    values: dict = field(default_factory=dict)
    evidence: dict = field(default_factory=dict)

    version = "1"
    needs = ()

    def score(self, evidence):
        shown = exhibit(
            evidence, np.arange(6), statistic="odd share", value=0.5, innocent=("a new guideline",),
            would_clear="ask them",
        )  # fmt: skip

        def explain(at):
            return [Explanation(f"Target {int(one)} stands out.", {**shown, **self.evidence}) for one in at]

        return Scores(
            self.name, self.version, self.level, evidence.question, np.arange(len(self.suspicion)),
            np.array(self.suspicion), explain, n=np.full(len(self.suspicion), 60),
            members=[np.array(one) for one in self.members], **self.values,
        )  # fmt: skip


RING = Planted("ring", "ring", (0.99,), ((0, 2, 5),), {"null": "honest", "p": np.array([0.01]), "family": "the team"})
PAIRS = Planted(
    "copying", "pair", (0.9, 0.9, 0.2), ((1, 2), (3, 4), (5, 6)),
    {"null": "honest", "e": np.array([400.0, 90.0, 0.1]), "family": "pairs"}, {"shared items": 31, "copied": True},
)  # fmt: skip
PEOPLE = Planted("worse_than_chance", "annotator", tuple(np.linspace(0.1, 0.9, 9)))
EXACT = Planted("identical_artefacts", "pair", (0.8,), ((7, 8),))


def people_of(team, *detectors, **options):
    return aa.audit(team, detectors=detectors, names=True, **options).record.people


def test_gravest_first_then_most_suspicious(team):
    people = people_of(team, PEOPLE, RING, EXACT)
    assert [one.severity for one in people.patterns] == ["L3", "L2", "L2"]
    assert [one.detector for one in people.patterns] == ["identical_artefacts", "ring", "worse_than_chance"]
    assert people.patterns[0].meaning == "an integrity violation"


def test_members_of_a_group_are_named_each(team):
    (ring,) = people_of(team, RING).patterns
    assert ring.who == ("w00", "w02", "w05")
    assert "coordination; cannot be told apart from labels" in ring.caution
    assert ring.p == 0.01


def test_ties_keep_each_finding_with_its_own_people_and_values(team):
    first, second = people_of(team, PAIRS).patterns
    assert (first.who, second.who) == (("w01", "w02"), ("w03", "w04"))
    assert first.sentence.startswith("Target 0")
    assert (first.e, second.e) == (400.0, 90.0)
    assert first.adjusted == pytest.approx(3 / 400 / 1)
    assert second.adjusted == pytest.approx(3 / 90 / 2)
    assert np.isnan(first.p)
    assert first.facts == (("shared items", "31"),)


def test_examples_and_what_clears_come_from_the_detector(team):
    (ring,) = people_of(team, RING).patterns
    assert len(ring.examples) == 6
    assert ring.innocent == ("a new guideline",)
    assert ring.would_clear == "ask them"
    assert (ring.statistic, ring.value) == ("odd share", 0.5)
    assert 0 <= ring.examples[0].probability <= 1


def test_what_the_cap_held_back_is_counted_and_said(team):
    audit = aa.audit(team, detectors=[PEOPLE], names=True)
    assert audit.record.people.n_held_back == 4  # five are above .5, one in nine may be flagged
    assert any(limit.startswith("4 flags on annotators were held back") for limit in audit.record.limits)


def test_the_headline_counts_each_annotator_once_at_the_gravest(team):
    headline = aa.audit(team, detectors=[PEOPLE, RING, EXACT]).record.headline
    assert headline.endswith(
        "the labels of 5 annotators are worth asking about: an integrity violation (2), a systematic pattern (3)."
    )


def test_one_kind_is_not_counted_twice_in_the_headline(team):
    headline = aa.audit(team, detectors=[PEOPLE]).record.headline
    assert headline.endswith("the labels of 1 annotator are worth asking about: a systematic pattern.")


def test_nothing_about_people_is_not_in_the_headline(team):
    audit = aa.audit(team, detectors=["consensus_disagreement"])
    assert audit.record.headline.endswith("worth a second look.")
    assert audit.record.people.looked_for == ()


def test_members_of_groups_are_marked_in_the_table_of_annotators(team):
    table = aa.audit(team, detectors=[RING], names=True).annotators
    assert set(table.loc[table["flagged"], "annotator"]) == {"w00", "w02", "w05"}


def test_a_detector_without_its_evidence_is_named_as_not_judging():
    lonely = make_team(n_items=40, n_annotators=2, redundancy=1, seed=4)
    people = aa.audit(lonely, detectors=["peer_score"]).record.people
    assert people.not_judged[0][0] == "peer_score"
    assert "three annotators" in people.not_judged[0][1]


def test_opinions_hold_disagreement_against_nobody(team):
    audit = aa.audit(team, detectors=[PEOPLE, RING, EXACT], subjective=True)
    assert [one.detector for one in audit.record.people.patterns] == ["identical_artefacts"]
    assert audit.record.people.subjective
    assert any("asks for opinions" in limit for limit in audit.record.limits)
    assert audit.record.settings["subjective"] is True


def test_only_pseudonyms_are_shown_by_default(team):
    audit = aa.audit(team, detectors=[RING])
    assert all(name.startswith("a-") for name in audit.record.people.patterns[0].who)


def test_the_next_step_is_to_clear_before_anyone_is_spoken_to(team):
    step = aa.audit(team, detectors=["consensus_disagreement", RING]).record.next_step
    assert "Before anyone is spoken to" in step
