"""The compliance suite for detectors: what every detector must do, on small teams of known truth."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.detectors import Detector, judges_kind
from annoaudit.errors import Unavailable
from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds import AUDITED
from annoaudit.findings import LEVELS, Scores
from annoaudit.labels import LabelSet
from annoaudit.simulation import TeamDesign, simulate_team
from annoaudit.simulation.preferences import PreferenceDesign, simulate_preferences
from annoaudit.simulation.rankings import RankingDesign, simulate_rankings
from annoaudit.simulation.ratings import RatingDesign, simulate_ratings
from annoaudit.simulation.scenes import SceneDesign, simulate_scenes
from annoaudit.simulation.tables import as_labels
from annoaudit.testing.span_teams import make_span_team
from annoaudit.testing.teams import make_team

__all__ = ["check_detector"]


def check_detector(detector: Detector) -> None:
    """Check that a detector keeps the rules that annoaudit relies on.

    It is a frozen dataclass with a name, version, level and needs; the same evidence gives the same
    scores; suspicion is in [0, 1] or NaN; targets exist; what could not be judged is explained; explanations
    are one sentence and JSON; and poor data make it skip (``Unavailable``), never crash.

    Parameters
    ----------
    detector
        An instance with its default settings.

    Raises
    ------
    AssertionError
        Names the rule that was broken.
    """
    _check_declaration(detector)
    scored = 0
    for name, one, same in _evidence():
        if not judges_kind(detector, one.kind):
            continue
        first, second = _score(detector, one), _score(detector, same)
        assert (first is None) == (second is None), f"{name}: skipped once and scored once"
        if first is None or second is None:
            continue
        scored += 1
        np.testing.assert_array_equal(first.suspicion, second.suspicion, f"{name}: not the same scores twice")
        _check_scores(name, first, one)
    assert scored, "no team could be scored at all"


def _check_declaration(detector: Detector) -> None:
    assert dataclasses.is_dataclass(detector), "a detector is a dataclass: its fields are its settings"
    parameters = type(detector).__dataclass_params__
    assert parameters.frozen, "a detector is frozen"
    assert detector.name.isidentifier(), "the name is that of its file"
    assert detector.name == type(detector).__module__.rpartition(".")[2], "file and name are the same word"
    assert detector.version, "a version says when scores change"
    assert detector.level in LEVELS, f"level is one of {LEVELS}"
    assert (type(detector).__doc__ or "").strip(), "it says what it does"
    for need in detector.needs:
        assert hasattr(Evidence, need), f"there is no evidence named {need!r}"


def _score(detector: Detector, evidence: Evidence) -> Scores | None:
    try:
        for need in detector.needs:
            getattr(evidence, need)
        return detector.score(evidence)
    except Unavailable as reason:
        if not reason.message:
            raise AssertionError("a skip says what is missing") from reason
        return None


def _check_scores(name: str, scores: Scores, evidence: Evidence) -> None:
    n = len(scores)
    known = scores.suspicion[np.isfinite(scores.suspicion)]
    assert scores.suspicion.shape == (n,), f"{name}: one suspicion a target"
    assert ((known >= 0) & (known <= 1)).all(), f"{name}: suspicion lies in [0, 1]"
    assert not np.isinf(scores.suspicion).any(), f"{name}: infinite suspicion"
    if len(known) < n:
        assert scores.missing, f"{name}: could not judge {n - len(known)} targets and does not say why"
    votes = evidence.votes
    sizes = {"label": len(votes), "item": evidence.labels.items.num_rows, "annotator": votes.n_annotators}
    if scores.level in sizes and n:
        assert 0 <= scores.target.min() <= scores.target.max() < sizes[scores.level], f"{name}: no such target"
    for codes in (scores.given, scores.suggested):
        if codes is not None:
            assert codes.shape == (n,), f"{name}: one class code a target"
            assert ((codes >= -1) & (codes < votes.n_classes)).all(), f"{name}: no such class"
    if scores.p is not None:
        assert scores.null, f"{name}: a p value names its null"
    judged = np.flatnonzero(np.isfinite(scores.suspicion))[:20]
    told = scores.explain(judged)
    assert len(told) == len(judged), f"{name}: one explanation a target"
    for one in told:
        assert one.reason.endswith("."), f"{name}: a reason is a sentence: {one.reason!r}"
        assert "\n" not in one.reason, f"{name}: a reason is one line: {one.reason!r}"
        json.dumps(dict(one.evidence), allow_nan=False)


@cache
def _evidence() -> tuple[tuple[str, Evidence, Evidence], ...]:
    """Evidence of each team, gathered twice, once a process: an audit's detectors share it too."""
    found = []
    for name, labels, gold in _teams():
        question = labels.questions_of(*AUDITED)[0]
        one, same = (Evidence(labels, question, gold_codes=gold) for _ in range(2))
        found.append((name, one, same))
    return tuple(found)


def _in_batches(labels: LabelSet) -> LabelSet:
    """Put the last third of the items into a batch of its own."""
    n = labels.items.num_rows
    batch = pa.array(["second" if place >= 2 * n // 3 else "first" for place in range(n)], pa.string())
    at = labels.items.schema.get_field_index("batch")
    return dataclasses.replace(labels, items=labels.items.set_column(at, "batch", batch))


def _thinned(labels: LabelSet) -> LabelSet:
    """Leave two fifths of the items, drawn by lot, without any label."""
    ids = np.array(labels.items["item_id"].to_pylist())
    lost = pa.array(ids[np.random.default_rng(13).random(len(ids)) < 0.4])
    kept = (table.filter(pc.invert(pc.is_in(table["item_id"], value_set=lost)))
            for table in (labels.annotations, labels.labels))  # fmt: skip
    return dataclasses.replace(labels, **dict(zip(("annotations", "labels"), kept, strict=True)))


def _teams() -> Iterator[tuple[str, LabelSet, npt.NDArray[np.int64] | None]]:
    """Teams by what is special about them, with gold codes where they have some."""
    yield "a team with three labels an item", make_team(n_items=120, n_annotators=8, redundancy=3, seed=1), None
    yield "two batches", _in_batches(make_team(n_items=120, n_annotators=8, redundancy=1, seed=9)), None
    yield "labels missing by lot", _thinned(make_team(n_items=120, n_annotators=8, redundancy=2, seed=14)), None
    yield "items labelled twice", make_team(n_items=80, n_annotators=6, redundancy=2, n_copies=20, seed=7), None
    yield "one label an item", make_team(n_items=120, n_annotators=8, redundancy=1, seed=2), None
    yield "one annotator", make_team(n_items=60, n_annotators=1, redundancy=1, seed=3), None
    yield "one class", make_team(n_items=60, n_annotators=4, redundancy=2, n_classes=1, seed=4), None
    yield "nothing but ids", make_team(n_items=60, n_annotators=4, redundancy=2, text=False, seed=5), None
    yield "four labels", make_team(n_items=4, n_annotators=2, redundancy=1, seed=6), None
    yield "spans marked by three", make_span_team(n_items=60, n_annotators=5, redundancy=3, seed=9), None
    yield "spans marked by one", make_span_team(n_items=60, n_annotators=5, redundancy=1, seed=10), None
    yield "spans missing by lot", _thinned(make_span_team(n_items=120, n_annotators=5, redundancy=2, seed=15)), None
    yield "spans without texts", make_span_team(n_items=20, n_annotators=3, redundancy=2, text=False, seed=11), None
    rich = TeamDesign(n_items=240, n_annotators=6, redundancy=3, gold_share=0.3, repeat_share=0.3)
    team = simulate_team(rich, seed=8)
    yield "times, predictions, repeats and gold", as_labels(team), np.where(team.is_gold, team.truth, -1)
    for n_images, redundancy, model in ((40, 3, False), (40, 2, True), (40, 1, True), (2, 1, False)):
        scenes = SceneDesign(n_images=n_images, n_annotators=4, redundancy=redundancy, model=model)
        words = f"boxes on {n_images} images, {redundancy} an image{', with predictions' * model}"
        yield words, simulate_scenes(scenes, seed=9).labels, None
    pairs = PreferenceDesign(n_items=80, n_annotators=4)
    yield "pairs", simulate_preferences(pairs, seed=9).labels, None
    ranked = RankingDesign(n_items=100, n_annotators=4, n_systems=5, stray_rate=0.05)
    yield "rankings", simulate_rankings(ranked, seed=13).labels, None
    sparse = RankingDesign(n_items=60, n_annotators=3, redundancy=2, tie_rate=0.2, partial_rate=0.4)
    yield "rankings with ties and gaps", simulate_rankings(sparse, seed=14).labels, None
    yield "one ranking an item", simulate_rankings(RankingDesign(n_items=30, redundancy=1), seed=15).labels, None
    yield "ratings", simulate_ratings(RatingDesign(n_items=120, n_annotators=5, stray_rate=0.05), seed=10).labels, None
    yield "numbers", simulate_ratings(RatingDesign(n_items=80, n_annotators=4, n_steps=0), seed=11).labels, None
    yield "one rating an item", simulate_ratings(RatingDesign(n_items=90, redundancy=1), seed=12).labels, None
