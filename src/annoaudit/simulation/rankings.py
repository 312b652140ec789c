"""Planted rankings: teams that put the answers to a question into an order, with slips and habits."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.labels import LabelSet

__all__ = ["RankingDesign", "SimulatedRankings", "simulate_rankings"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_WORDS = ("plain", "short", "long", "kind", "exact", "vague", "odd", "calm", "brisk", "dry")


@dataclass(frozen=True)
class RankingDesign:
    """A team that ranks the answers of several systems to each question, after Plackett and Luce.

    Parameters
    ----------
    n_items, n_annotators, redundancy, n_things
        Questions, annotators, rankings a question, and answers to a question.
    n_systems, system_sd
        How many systems answer, of which ``n_things`` answer each question, and how their quality varies; with 0
        systems answers have names that never come back.
    answer_sd, difficulty_sd
        How single answers vary, and the standard deviation of the logarithm of how well the answers to one question can
        be told apart: hard questions are hard for all.
    sharpness, sharpness_sd
        Factor on differences in quality, and the standard deviation of its logarithm: honest people differ.
    order_sd
        Honest people's own leanings to what was shown first, in quality from the first place to the last.
    tie_rate, partial_rate
        Share of neighbours that are tied, and of rankings that leave out the last things (at least two stay).
    n_reversed, n_random, n_keepers, n_straight
        How many people rank the worst first, at random, in the order shown, or always in one and the same order of the
        places shown; the first annotators in this sequence.
    habit_rate
        Share of their rankings in which they do.
    stray_rate, reverse_rate, swap_rate
        Share of rankings whose order is drawn at random, turned around, or in which the best and the worst thing
        change places.
    """

    n_items: int = 300
    n_annotators: int = 10
    redundancy: int = 3
    n_things: int = 5
    n_systems: int = 0
    system_sd: float = 0.8
    answer_sd: float = 1.0
    difficulty_sd: float = 0.5
    sharpness: float = 2.5
    sharpness_sd: float = 0.25
    order_sd: float = 0.0
    tie_rate: float = 0.0
    partial_rate: float = 0.0
    n_reversed: int = 0
    n_random: int = 0
    n_keepers: int = 0
    n_straight: int = 0
    habit_rate: float = 0.9
    stray_rate: float = 0.0
    reverse_rate: float = 0.0
    swap_rate: float = 0.0


@dataclass(frozen=True, eq=False)
class SimulatedRankings:
    """A simulated team and what was planted in it.

    Parameters
    ----------
    labels
        The labels, question ``order``; items hold their ``candidates`` in the order shown.
    planted
        (S,) "" or "stray", "reverse", "swap": what was done to single rankings, in the order of the labels.
    habit
        (A,) "" or "reversed", "random", "keeper", "straight".
    quality
        (N, k) of the answers in the order shown.
    """

    labels: LabelSet
    planted: npt.NDArray[np.str_]
    habit: npt.NDArray[np.str_]
    quality: Floats


def simulate_rankings(design: RankingDesign, seed: int) -> SimulatedRankings:
    """Simulate a team; the same design and seed give the same labels."""
    rng = np.random.default_rng(seed)
    n, k = design.n_items, design.n_things
    systems = np.array([rng.permutation(max(design.n_systems, k))[:k] for _ in range(n)])
    strength = rng.normal(0, design.system_sd if design.n_systems else 0.0, max(design.n_systems, k))
    spread = np.exp(rng.normal(0, design.difficulty_sd, n))[:, None]
    quality = spread * (strength[systems] + rng.normal(0, design.answer_sd, (n, k)))
    item = np.repeat(np.arange(n), design.redundancy)
    who = np.concatenate([rng.permutation(design.n_annotators)[: design.redundancy] for _ in range(n)])
    sharpness = design.sharpness * np.exp(rng.normal(0, design.sharpness_sd, design.n_annotators))
    lean = rng.normal(0, design.order_sd, design.n_annotators)[who, None] * np.linspace(0.5, -0.5, k)
    heard = sharpness[who, None] * (quality[item] + lean) + rng.gumbel(size=(len(item), k))
    order = np.argsort(-heard, axis=1)
    habit = _habits(design)
    order = _follow_habits(rng, design, habit[who], who, order)
    planted = _plant(rng, design, habit[who], order)
    return SimulatedRankings(_as_labels(rng, design, systems, item, who, order), planted, habit, quality)


def _habits(design: RankingDesign) -> npt.NDArray[np.str_]:
    counts = (design.n_reversed, design.n_random, design.n_keepers, design.n_straight)
    named = np.repeat(["reversed", "random", "keeper", "straight"], counts)
    return np.asarray(np.r_[named, np.full(design.n_annotators - len(named), "")], dtype="U8")


def _follow_habits(
    rng: np.random.Generator, design: RankingDesign, habit: npt.NDArray[np.str_], who: Ints, order: Ints
) -> Ints:
    n, k = order.shape
    random = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1)
    always = np.array([rng.permutation(k) for _ in range(design.n_annotators)])[who]
    acted = rng.random(n) < design.habit_rate
    kept = np.tile(np.arange(k), (n, 1))
    ways = {"reversed": order[:, ::-1], "random": random, "keeper": kept, "straight": always}
    for name, other in ways.items():
        order = np.where((acted & (habit == name))[:, None], other, order)
    return np.asarray(order)


def _plant(
    rng: np.random.Generator, design: RankingDesign, habit: npt.NDArray[np.str_], order: Ints
) -> npt.NDArray[np.str_]:
    """Change single rankings of those without a habit, in place, and say which."""
    draw = np.where(habit == "", rng.random(len(order)), 1.0)
    ends = np.cumsum([design.stray_rate, design.reverse_rate, design.swap_rate])
    planted = np.array(["stray", "reverse", "swap", ""])[np.searchsorted(ends, draw, side="right")]
    order[planted == "stray"] = rng.permuted(order[planted == "stray"], axis=1)
    order[planted == "reverse"] = order[planted == "reverse"][:, ::-1]
    swapped = planted == "swap"
    order[swapped] = np.c_[order[swapped][:, -1], order[swapped][:, 1:-1], order[swapped][:, 0]]
    return planted


def _as_labels(
    rng: np.random.Generator, design: RankingDesign, systems: Ints, item: Ints, who: Ints, order: Ints
) -> LabelSet:
    item_ids = np.array([f"i{one:06d}" for one in range(design.n_items)])
    names = np.array([f"w{one:03d}" for one in range(design.n_annotators)])
    keys = np.array([f"n{one:07d}" for one in range(len(item))])
    word = "system" if design.n_systems else "answer"
    shown = np.array([[f"{word} {chr(65 + one % 26)}{one // 26 or ''}" for one in row] for row in systems.tolist()])
    if not design.n_systems:
        shown = np.char.add(np.char.add(shown, "-"), np.arange(design.n_items).astype(str)[:, None])
    ranked = np.take_along_axis(shown[item], order, axis=1).tolist()
    places = np.where(rng.random(order.shape) < design.tie_rate, 0, 1)
    short = rng.random(len(item)) < design.partial_rate
    kept = np.where(short, rng.integers(2, max(design.n_things, 3), len(item)), design.n_things)
    ranks = [_group(one, fresh, n) for one, fresh, n in zip(ranked, places.tolist(), kept.tolist(), strict=True)]
    texts = rng.integers(0, len(_WORDS), (design.n_items, design.n_things, 4))
    meta = [
        json.dumps({"candidates": [{"id": name, "text": " ".join(_WORDS[one] for one in said)}
                                   for name, said in zip(row, words, strict=True)]})
        for row, words in zip(shown.tolist(), texts.tolist(), strict=True)
    ]  # fmt: skip
    owner = {"annotation_id": keys, "item_id": item_ids[item], "annotator_id": names[who]}
    said = {"label_id": keys, "question": ["order"] * len(keys), "kind": ["ranking"] * len(keys), "ranks": ranks}
    prompts = [f"Question {one}" for one in range(design.n_items)]
    return LabelSet(
        items=pa.table({"item_id": item_ids, "media": ["text"] * len(item_ids), "text": prompts, "meta_json": meta}),
        annotators=pa.table({"annotator_id": names, "kind": ["person"] * len(names)}),
        questions=pa.table({"question": ["order"], "kind": ["ranking"]}),
        annotations=pa.table(owner),
        labels=pa.table({**owner, **said}),
    )


def _group(order: list[str], fresh: list[int], n_kept: int) -> list[list[str]]:
    """An order as groups: a thing that is not fresh is tied with the one before; the last ones are left out."""
    groups: list[list[str]] = []
    for name, starts in zip(order[:n_kept], fresh, strict=False):
        if starts or not groups:
            groups.append([name])
        else:
            groups[-1].append(name)
    return groups
