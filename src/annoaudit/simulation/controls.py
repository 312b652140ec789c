"""Innocent people who look unusual: what no detector may hold against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from annoaudit.simulation.attacks import choose_members, find_places
from annoaudit.simulation.teams import Team, draw_labels

__all__ = ["CONTROLS", "Control"]

Bools = npt.NDArray[np.bool_]
Control = Callable[[Team, int], Team]
MEMBERS = 0.2


def _redraw(team: Team, members: Bools, rng: np.random.Generator) -> Team:
    """Let members label again, with what they can do now."""
    fresh = draw_labels(
        rng, team.design, team.truth, team.distractor, team.difficulty, team.ability, team.item, team.annotator
    )
    return replace(team, label=np.where(members[team.annotator], fresh, team.label))


def honest(team: Team, seed: int) -> Team:
    """Nothing unusual."""
    del seed
    return team


def specialist(team: Team, seed: int) -> Team:
    """A fifth of the team works almost only on the hard half of the items."""
    rng = np.random.default_rng([seed, 101])
    members = choose_members(team, MEMBERS, rng)
    hard = np.flatnonzero(team.difficulty > np.median(team.difficulty))
    return replace(_give_items(team, members, hard, 0.9, rng), suspects=members, plants=("specialist",))


def sloppy(team: Team, seed: int) -> Team:
    """A fifth of the team makes several times as many honest mistakes."""
    rng = np.random.default_rng([seed, 102])
    members = choose_members(team, MEMBERS, rng)
    ability = np.where(members[:, None], team.ability - 1.5, team.ability)
    return replace(_redraw(replace(team, ability=ability), members, rng), suspects=members, plants=("sloppy",))


def minority_view(team: Team, seed: int) -> Team:
    """A tenth of the team reads a contested kind of item otherwise than the rest, as their own view."""
    rng = np.random.default_rng([seed, 103])
    members = choose_members(team, 0.1, rng)
    source = int(rng.integers(0, team.n_classes))
    contested = (team.truth == source) & (rng.random(team.n_items) < 0.3)
    other = int((source + rng.integers(1, team.n_classes)) % team.n_classes)
    hit = members[team.annotator] & contested[team.item] & (rng.random(len(team.item)) < 0.7)
    return replace(team, label=np.where(hit, other, team.label), suspects=members, plants=("minority_view",))


def fast_expert(team: Team, seed: int) -> Team:
    """A fifth of the team is quick, and right more often than the rest."""
    rng = np.random.default_rng([seed, 104])
    members = choose_members(team, MEMBERS, rng)
    ability = np.where(members[:, None], team.ability + 1.0, team.ability)
    seconds = np.where(members[team.annotator], np.round(team.seconds * 0.3, 3), team.seconds)
    fast = replace(team, ability=ability, seconds=seconds)
    return replace(_redraw(fast, members, rng), suspects=members, plants=("fast_expert",))


def blocked_order(team: Team, seed: int) -> Team:
    """Items are served class by class."""
    rng = np.random.default_rng([seed, 105])
    key = team.truth[team.item] + rng.normal(0, 0.2, len(team.item))
    order = np.lexsort((key, team.again, team.annotator))
    columns = {name: getattr(team, name)[order] for name in ("item", "label", "again", "malicious", "seconds")}
    return replace(team, **columns, plants=("blocked_order",))


def guideline_change(team: Team, seed: int) -> Team:
    """Half-way through their streams everybody starts to give some items of one class another class."""
    rng = np.random.default_rng([seed, 106])
    source = int(rng.integers(0, team.n_classes))
    other = int((source + rng.integers(1, team.n_classes)) % team.n_classes)
    affected = (team.truth == source) & (rng.random(team.n_items) < 0.3)
    place, size = find_places(team)
    late = place >= size[team.annotator] / 2
    hit = late & affected[team.item] & (rng.random(len(team.item)) < 0.9)
    return replace(team, label=np.where(hit, other, team.label), plants=("guideline_change",))


def prior_shift(team: Team, seed: int) -> Team:
    """A fifth of the team mostly gets items of one class."""
    rng = np.random.default_rng([seed, 107])
    members = choose_members(team, MEMBERS, rng)
    common = np.flatnonzero(team.truth == int(rng.integers(0, team.n_classes)))
    return replace(_give_items(team, members, common, 0.6, rng), suspects=members, plants=("prior_shift",))


def _give_items(
    team: Team, members: Bools, pool: npt.NDArray[np.int64], share: float, rng: np.random.Generator
) -> Team:
    """Exchange a share of the members' items for others of a pool, which they label afresh and only once."""
    item = team.item.copy()
    for who in np.flatnonzero(members):
        mine = np.flatnonzero((team.annotator == who) & ~team.again)
        moved = mine[rng.random(len(mine)) < share]
        free = np.setdiff1d(pool, item[team.annotator == who])
        moved = moved[: len(free)]
        item[moved] = rng.permutation(free)[: len(moved)]
    kept = ~(team.again & members[team.annotator])
    return _redraw(_keep(replace(team, item=item), kept), members, rng)


def _keep(team: Team, kept: Bools) -> Team:
    names = ("item", "annotator", "label", "seconds", "submitted_ms", "again", "malicious")
    return replace(team, **{name: getattr(team, name)[kept] for name in names})


CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        one.__name__: one
        for one in (
            honest, specialist, sloppy, minority_view, fast_expert, blocked_order, guideline_change, prior_shift,
        )
    }
)  # fmt: skip
"""Every innocent condition, by name."""
