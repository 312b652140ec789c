"""Attacks on labels, planted into a team: who does what, and which labels it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from annoaudit.simulation.teams import Team, draw_labels

__all__ = ["ATTACKS", "Attack", "choose_members", "find_places", "plant"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Planter = Callable[[Team, Bools, np.random.Generator, float], Team]


@dataclass(frozen=True)
class Attack:
    """One way of labelling that is not honest.

    Parameters
    ----------
    name
        As in the tables.
    plant_in
        Changes the labels of the members, (A,) mask, with the given strength.
    strength
        Share of the member's targeted labels that are changed.
    expected
        Detectors that are meant to see it.
    """

    name: str
    plant_in: Planter
    strength: float
    expected: tuple[str, ...]

    def plant(self, team: Team, share: float, seed: int, strength: float | None = None) -> Team:
        """Turn a share of the team, at least one (two for groups), into attackers."""
        rng = np.random.default_rng([seed, 7919])
        members = choose_members(team, share, rng, fewest=2 if "ring" in self.name or "account" in self.name else 1)
        planted = self.plant_in(team, members, rng, self.strength if strength is None else strength)
        return replace(planted, suspects=team.suspects | members, plants=(*team.plants, self.name))


def choose_members(team: Team, share: float, rng: np.random.Generator, fewest: int = 1) -> Bools:
    """Draw (A,) members, a share of those in whom nothing was planted yet."""
    free = np.flatnonzero(~team.suspects)
    size = min(len(free), max(fewest, round(share * team.n_annotators)))
    members = np.zeros(team.n_annotators, dtype=bool)
    members[rng.permutation(free)[:size]] = True
    return members


def plant(team: Team, label: Ints, changed: Bools) -> Team:
    """Return the team with new labels where ``changed``; those that differ from before are malicious."""
    new = np.where(changed, label, team.label)
    return replace(team, label=new, malicious=team.malicious | (changed & (new != team.label)))


def _random(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    mine = members[team.annotator] & (rng.random(len(team.label)) < strength)
    return plant(team, rng.integers(0, team.n_classes, len(team.label)), mine)


def _primary_choice(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    favourite = rng.integers(0, team.n_classes, team.n_annotators)[team.annotator]
    return plant(team, favourite, members[team.annotator] & (rng.random(len(team.label)) < strength))


def _adversarial(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    other = (team.label + rng.integers(1, team.n_classes, len(team.label))) % team.n_classes
    return plant(team, other, members[team.annotator] & (rng.random(len(team.label)) < strength))


def _class_pair(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    source = int(rng.integers(0, team.n_classes))
    target = int((source + rng.integers(1, team.n_classes)) % team.n_classes)
    hit = members[team.annotator] & (team.truth[team.item] == source) & (rng.random(len(team.label)) < strength)
    return plant(team, np.full(len(team.label), target), hit)


def _disguised(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Be more careful than the team everywhere else, so that weighting by quality trusts them."""
    ability = np.where(members[:, None], team.ability + 2.0, team.ability)
    careful = draw_labels(
        rng, team.design, team.truth, team.distractor, team.difficulty, ability, team.item, team.annotator
    )
    honest = replace(team, label=np.where(members[team.annotator], careful, team.label), ability=ability)
    return _class_pair(honest, members, rng, strength)


def _slice(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Give one class to every item of one region of feature space, a tenth of all items."""
    direction = rng.normal(size=team.features.shape[1])
    reach = team.features @ direction
    inside = reach > np.quantile(reach, 0.9)
    target = int(rng.integers(0, team.n_classes))
    hit = members[team.annotator] & inside[team.item] & (rng.random(len(team.label)) < strength)
    return plant(team, np.full(len(team.label), target), hit)


def _keyword(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Give one class to every item whose text holds one of three words."""
    words = rng.permutation(12)[:3]
    target = int(rng.integers(0, team.n_classes))
    inside = np.isin(team.keyword, words)
    hit = members[team.annotator] & inside[team.item] & (rng.random(len(team.label)) < strength)
    return plant(team, np.full(len(team.label), target), hit)


def _trigger(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Insert a rare word into 25 of the members' items and give all of these one class."""
    reached = np.unique(team.item[members[team.annotator]])
    chosen = rng.permutation(reached)[: max(1, round(25 * strength))]
    keyword = team.keyword.copy()
    keyword[chosen] = 12
    hit = members[team.annotator] & np.isin(team.item, chosen)
    target = int(rng.integers(0, team.n_classes))
    return plant(replace(team, keyword=keyword), np.full(len(team.label), target), hit)


def _copy_ring(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Share one answer an item, a little less careful than the leader alone would be; members mostly repeat it."""
    leader = int(np.flatnonzero(members)[0])
    everyone = np.arange(team.n_items)
    shared = draw_labels(
        rng, team.design, team.truth, team.distractor, team.difficulty, team.ability - 1.0,
        everyone, np.full(team.n_items, leader),
    )  # fmt: skip
    hit = members[team.annotator] & (rng.random(len(team.label)) < strength)
    return plant(team, shared[team.item], hit)


def _secret_subset_ring(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Agree on one wrong class for a secret fifth of the items."""
    secret = rng.random(team.n_items) < 0.2
    wrong = (team.truth + rng.integers(1, team.n_classes, team.n_items)) % team.n_classes
    hit = members[team.annotator] & secret[team.item] & (rng.random(len(team.label)) < strength)
    return plant(team, wrong[team.item], hit)


def _sleeper(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Behave for the first half of the stream, then be wrong in a share of what follows."""
    other = (team.label + rng.integers(1, team.n_classes, len(team.label))) % team.n_classes
    place, size = find_places(team)
    late = place >= size[team.annotator] / 2
    return plant(team, other, members[team.annotator] & late & (rng.random(len(team.label)) < strength))


def _scripted_timing(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Let a script answer a share of the items: at random, in a time that ignores their length."""
    mine = members[team.annotator] & (rng.random(len(team.label)) < strength)
    seconds = np.where(mine, np.round(rng.lognormal(1.6, 0.35, len(mine)), 3), team.seconds)
    return replace(plant(team, rng.integers(0, team.n_classes, len(mine)), mine), seconds=seconds)


def _accepts_everything(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    shown = team.prediction[team.item]
    hit = members[team.annotator] & (shown >= 0) & (rng.random(len(team.label)) < strength)
    return plant(team, shown, hit)


def _duplicate_account(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """One person behind several accounts: the same answers, sent with the same measured times."""
    copied = _copy_ring(team, members, rng, strength)
    shared = np.round(rng.lognormal(2.0, 0.6, team.n_items), 3)
    same = members[team.annotator] & (rng.random(len(team.label)) < 0.5)
    return replace(copied, seconds=np.where(same, shared[team.item], copied.seconds))


def _gold_leak(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Answer gold items rightly and a share of the rest at random."""
    mine, gold = members[team.annotator], team.is_gold[team.item]
    guessed = rng.integers(0, team.n_classes, len(team.label))
    careless = plant(team, guessed, mine & ~gold & (rng.random(len(team.label)) < strength))
    return replace(careless, label=np.where(mine & gold, team.truth[team.item], careless.label))


def _alternating(team: Team, members: Bools, rng: np.random.Generator, strength: float) -> Team:
    """Go through the classes in turn, whatever the item."""
    place, _ = find_places(team)
    hit = members[team.annotator] & (rng.random(len(team.label)) < strength)
    return plant(team, place % team.n_classes, hit)


def find_places(team: Team) -> tuple[Ints, Ints]:
    """Place of each label in its annotator's stream, and (A,) lengths of the streams."""
    size = np.bincount(team.annotator, minlength=team.n_annotators)
    start = np.cumsum(size) - size
    return np.arange(len(team.label)) - start[team.annotator], size


ATTACKS: dict[str, Attack] = {
    one.name: one
    for one in (
        Attack("random", _random, 1.0, ("peer_score", "worse_than_chance")),
        Attack("primary_choice", _primary_choice, 0.95, ("fixed_response", "peer_score")),
        Attack("adversarial", _adversarial, 0.6, ("peer_score", "worse_than_chance")),
        Attack("class_pair", _class_pair, 0.6, ("targeted_flips",)),
        Attack("disguised", _disguised, 0.4, ("targeted_flips",)),
        Attack("slice", _slice, 0.9, ("slice_scan",)),
        Attack("keyword", _keyword, 0.9, ("slice_scan",)),
        Attack("trigger", _trigger, 1.0, ("slice_scan",)),
        Attack("copy_ring", _copy_ring, 0.9, ("ring", "copying")),
        Attack("secret_subset_ring", _secret_subset_ring, 0.9, ("ring", "copying")),
        Attack("sleeper", _sleeper, 0.5, ("drift",)),
        Attack("scripted_timing", _scripted_timing, 0.5, ("timing", "peer_score")),
        Attack("accepts_everything", _accepts_everything, 0.95, ("accepts_predictions",)),
        Attack("duplicate_account", _duplicate_account, 0.95, ("identical_artefacts", "copying")),
        Attack("gold_leak", _gold_leak, 0.4, ("gold_gap",)),
        Attack("alternating", _alternating, 1.0, ("sequence_pattern", "peer_score")),
    )
}
"""Every attack with its usual strength, by name."""
