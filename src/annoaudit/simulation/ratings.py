"""Planted ratings: teams that rate items on a scale, harsh and mild, with strays and straight-liners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit

from annoaudit.labels import LabelSet

__all__ = ["RatingDesign", "Ratings", "simulate_ratings"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GOOD = ("lovely", "fresh", "warm", "quick", "bright", "kind", "clean", "smooth")
_POOR = ("stale", "rude", "slow", "broken", "dirty", "loud", "cold", "late")
_PLAIN = ("the", "room", "was", "and", "we", "stayed", "there", "for", "a", "week", "with", "our", "two", "friends")


@dataclass(frozen=True)
class RatingDesign:
    """A team that rates items on a scale from 1 to ``n_steps``.

    Parameters
    ----------
    n_items, n_annotators, redundancy, n_steps
        Items, annotators, ratings an item, and steps of the scale; 0 steps leaves numbers as they are.
    item_sd, noise
        Standard deviations of what items deserve and of ratings around it, in steps.
    severity_sd, scale_sd, noise_sd
        How honest people differ: in steps, and of logarithms.
    n_severe, severity
        The first annotators rate lower by so many steps more.
    n_straight, straight_rate
        The next ones give the middle of the scale for so large a share of their items, in a row.
    stray_rate
        Share of ratings taken from another rating of the project.
    """

    n_items: int = 400
    n_annotators: int = 10
    redundancy: int = 3
    n_steps: int = 5
    item_sd: float = 1.0
    noise: float = 0.5
    severity_sd: float = 0.25
    scale_sd: float = 0.1
    noise_sd: float = 0.2
    n_severe: int = 0
    severity: float = 1.2
    n_straight: int = 0
    straight_rate: float = 0.9
    stray_rate: float = 0.0


@dataclass(frozen=True, eq=False)
class Ratings:
    """A simulated team and what was planted in it.

    Parameters
    ----------
    labels
        The labels, question ``stars``; of kind rating, or number without steps.
    stray
        (L,) ratings of another item, in the order of the labels.
    severity
        (A,) what each annotator adds, against their mean.
    worth
        (N,) what each item deserves.
    """

    labels: LabelSet
    stray: Bools
    severity: Floats
    worth: Floats


def simulate_ratings(design: RatingDesign, seed: int) -> Ratings:
    """Simulate a team; the same design and seed give the same labels."""
    rng = np.random.default_rng(seed)
    n_annotators, middle = design.n_annotators, (design.n_steps + 1) / 2
    item = np.repeat(np.arange(design.n_items), design.redundancy)
    who = np.concatenate([rng.permutation(n_annotators)[: design.redundancy] for _ in range(design.n_items)])
    worth = rng.normal(middle, design.item_sd, design.n_items)
    severity = rng.normal(0, design.severity_sd, n_annotators)
    severity[: design.n_severe] -= design.severity
    scale = np.exp(rng.normal(0, design.scale_sd, n_annotators))
    noise = design.noise * np.exp(rng.normal(0, design.noise_sd, n_annotators))
    value = severity[who] + middle + scale[who] * (worth[item] - middle) + noise[who] * rng.normal(size=len(item))
    for one in range(design.n_severe, design.n_severe + design.n_straight):
        mine = np.flatnonzero(who == one)
        value[mine[: int(design.straight_rate * len(mine))]] = middle
    if design.n_steps:
        value = np.clip(np.round(value), 1, design.n_steps)
    stray = rng.random(len(item)) < design.stray_rate
    value[stray] = rng.permutation(value)[: int(stray.sum())]
    labels = _as_labels(rng, design, worth, item, who, value)
    return Ratings(labels, stray, severity - severity.mean(), worth)


def _as_labels(
    rng: np.random.Generator, design: RatingDesign, worth: Floats, item: npt.NDArray[np.int64],
    who: npt.NDArray[np.int64], value: Floats,
) -> LabelSet:  # fmt: skip
    item_ids = np.array([f"i{k:06d}" for k in range(design.n_items)])
    names = np.array([f"w{k:03d}" for k in range(design.n_annotators)])
    keys = np.array([f"n{k:07d}" for k in range(len(item))])
    kind = "rating" if design.n_steps else "number"
    owner = {"annotation_id": keys, "item_id": item_ids[item], "annotator_id": names[who]}
    created = pa.array(1_700_000_000_000 + 20_000 * np.arange(len(item))).cast(pa.timestamp("ms", tz="UTC"))
    said = {"label_id": keys, "question": ["stars"] * len(keys), "kind": [kind] * len(keys), "value_num": value}
    texts = [_write(rng, float(one - worth.mean())) for one in worth]
    return LabelSet(
        items=pa.table({"item_id": item_ids, "media": ["text"] * len(item_ids), "text": texts}),
        annotators=pa.table({"annotator_id": names, "kind": ["person"] * len(names)}),
        questions=pa.table({"question": ["stars"], "kind": [kind]}),
        annotations=pa.table({**owner, "created_at": created}),
        labels=pa.table({**owner, **said}),
    )


def _write(rng: np.random.Generator, worth: float) -> str:
    """A text of twenty words, whose telling ones are good with a chance that grows with worth."""
    telling, good, at = rng.random(20) < 0.4, rng.random(20) < expit(1.5 * worth), rng.integers(0, 1000, 20)
    return " ".join(
        _PLAIN[k % len(_PLAIN)] if not tells else (_GOOD if is_good else _POOR)[k % 8]
        for k, tells, is_good in zip(at.tolist(), telling.tolist(), good.tolist(), strict=True)
    )
