"""A synthetic team: items with shared difficulty, people of different ability, and everything they did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from annoaudit.simulation.designs import Assignment, TeamDesign

__all__ = ["Team", "draw_labels", "simulate_team"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

START_MS = 1_767_600_000_000  # a Monday in January 2026


@dataclass(frozen=True, eq=False)
class Team:
    """What a team was given and what it did, with the truth beside it.

    N items, A annotators, K classes, L labels. Labels are sorted by annotator and time.

    Parameters
    ----------
    truth, distractor, difficulty, features, length, prediction, is_gold, keyword
        (N,) of the items; ``features`` is (N, D), ``length`` in words, ``prediction`` -1 where none was
        shown, ``keyword`` the code of a word in the item's text, -1 where it has none.
    item, annotator, label, seconds, submitted_ms
        (L,) who labelled what how, how long it took and when it was submitted (milliseconds, UTC).
    again
        (L,) True for the second answer of one annotator to one item.
    ability
        (A, K) log odds of each annotator in each class.
    suspects
        (A,) True for those in whom something was planted.
    malicious
        (L,) True for labels that an attack changed from what the annotator would have honestly given.
    plants
        Names of what was planted.
    """

    design: TeamDesign
    truth: Ints
    distractor: Ints
    difficulty: Floats
    features: Floats
    length: Ints
    prediction: Ints
    is_gold: Bools
    keyword: Ints
    item: Ints
    annotator: Ints
    label: Ints
    seconds: Floats
    submitted_ms: Ints
    again: Bools
    ability: Floats
    suspects: Bools
    malicious: Bools
    plants: tuple[str, ...] = field(default=())

    @property
    def n_items(self) -> int:
        """N."""
        return len(self.truth)

    @property
    def n_annotators(self) -> int:
        """A."""
        return len(self.ability)

    @property
    def n_classes(self) -> int:
        """K."""
        return self.design.n_classes


def simulate_team(design: TeamDesign | None = None, *, seed: int = 0, assignment: Assignment | None = None) -> Team:
    """Simulate an honest team.

    Parameters
    ----------
    design
        Sizes and habits.
    seed
        Of everything random.
    assignment
        Who labels what, where it is taken from a real project; drawn evenly by default.

    References
    ----------
    Whitehill et al. (2009). Whose vote should count more. NeurIPS 22 (ability against difficulty).
    """
    design = design or TeamDesign()
    rng = np.random.default_rng(seed)
    n, k = design.n_items, design.n_classes
    truth = rng.choice(k, n, p=design.shares())
    distractor = (truth + rng.integers(1, k, n)) % k
    difficulty = rng.normal(0.0, design.difficulty_spread, n)
    given = assignment or design.assign(rng)
    ability = _draw_ability(design, rng)
    label = draw_labels(rng, design, truth, distractor, difficulty, ability, given.item, given.annotator)
    item, annotator, label, again = _repeat(rng, design, given, label, truth, distractor, difficulty, ability)
    length = np.maximum(1, rng.lognormal(2.5, 0.6, n)).astype(np.int64)
    seconds = _take_time(rng, design, length[item], annotator)
    return Team(
        design, truth, distractor, difficulty,
        _place(rng, design, truth, distractor, difficulty), length,
        _predict(rng, design, truth, distractor),
        rng.random(n) < design.gold_share,
        np.where(rng.random(n) < 0.3, rng.integers(0, 12, n), -1),
        item, annotator, label, seconds, _submit(rng, annotator, seconds, design.n_annotators), again, ability,
        suspects=np.zeros(design.n_annotators, dtype=bool), malicious=np.zeros(len(item), dtype=bool),
    )  # fmt: skip


def draw_labels(
    rng: np.random.Generator,
    design: TeamDesign,
    truth: Ints,
    distractor: Ints,
    difficulty: Floats,
    ability: Floats,
    item: Ints,
    annotator: Ints,
) -> Ints:
    """Draw (L,) honest labels: right with the odds of ability less difficulty, else mostly the distractor."""
    odds = ability[annotator, truth[item]] - difficulty[item]
    is_right = rng.random(len(item)) < 1.0 / (1.0 + np.exp(-odds))
    other = (truth[item] + rng.integers(1, design.n_classes, len(item))) % design.n_classes
    wrong = np.where(rng.random(len(item)) < design.distractor_share, distractor[item], other)
    return np.where(is_right, truth[item], wrong).astype(np.int64)


def _draw_ability(design: TeamDesign, rng: np.random.Generator) -> Floats:
    own = rng.normal(design.ability, design.ability_spread, (design.n_annotators, 1))
    return np.asarray(own + rng.normal(0.0, design.class_spread, (design.n_annotators, design.n_classes)))


def _repeat(
    rng: np.random.Generator, design: TeamDesign, given: Assignment, label: Ints,
    truth: Ints, distractor: Ints, difficulty: Floats, ability: Floats,
) -> tuple[Ints, Ints, Ints, Bools]:  # fmt: skip
    """Append second answers at the end of each annotator's stream."""
    twice = rng.random(len(label)) < design.repeat_share
    item, annotator = given.item[twice], given.annotator[twice]
    fresh = draw_labels(rng, design, truth, distractor, difficulty, ability, item, annotator)
    same = rng.random(len(fresh)) < 0.6  # people partly decide as they did before
    second = np.where(same, label[twice], fresh)
    who = np.r_[given.annotator, annotator]
    order = np.argsort(who, kind="stable")
    again = np.r_[np.zeros(len(label), dtype=bool), np.ones(len(item), dtype=bool)]
    return np.r_[given.item, item][order], who[order], np.r_[label, second][order], again[order]


def _place(rng: np.random.Generator, design: TeamDesign, truth: Ints, distractor: Ints, difficulty: Floats) -> Floats:
    """(N, D) item vectors: class means on a sphere, hard items moved toward their distractor."""
    means = rng.normal(size=(design.n_classes, design.n_features))
    means *= design.separation / np.sqrt(2.0) / np.linalg.norm(means, axis=1, keepdims=True)
    toward = 0.5 / (1.0 + np.exp(2.0 - difficulty))
    centre = (1.0 - toward)[:, None] * means[truth] + toward[:, None] * means[distractor]
    return np.asarray(centre + rng.normal(size=centre.shape))


def _predict(rng: np.random.Generator, design: TeamDesign, truth: Ints, distractor: Ints) -> Ints:
    if design.prediction_accuracy <= 0:
        return np.full(len(truth), -1, dtype=np.int64)
    return np.where(rng.random(len(truth)) < design.prediction_accuracy, truth, distractor).astype(np.int64)


def _take_time(rng: np.random.Generator, design: TeamDesign, length: Ints, annotator: Ints) -> Floats:
    """Seconds: log-normal, growing with length, at each annotator's own pace."""
    pace = rng.normal(0.5, 0.4, design.n_annotators)
    slope = rng.normal(0.6, 0.1, design.n_annotators)
    noise = rng.normal(0.0, 0.5, len(length))
    return np.asarray(np.round(np.exp(pace[annotator] + slope[annotator] * np.log(length) + noise), 3))


def _submit(rng: np.random.Generator, annotator: Ints, seconds: Floats, n_annotators: int) -> Ints:
    """Submission times: one after the other, with short pauses, from a start of each annotator's own."""
    gap = ((seconds + rng.exponential(1.5, len(seconds))) * 1000).astype(np.int64) + 1
    total = np.cumsum(gap)
    first = np.r_[True, annotator[1:] != annotator[:-1]]
    base = np.repeat((total - gap)[first], np.diff(np.r_[np.flatnonzero(first), len(annotator)]))
    start = START_MS + rng.integers(0, 8 * 3600 * 1000, n_annotators)
    return np.asarray(start[annotator] + total - base, dtype=np.int64)
