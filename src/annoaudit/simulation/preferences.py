"""Planted preferences: teams that compare answers two by two, with flips, leanings and honest taste."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit

from annoaudit.labels import LabelSet

__all__ = ["PreferenceDesign", "Preferences", "simulate_preferences"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GOOD = ("clear", "correct", "because", "therefore", "example", "precise", "helpful", "source")
_POOR = ("maybe", "whatever", "stuff", "unsure", "sorry", "cannot", "vague", "repeat")
_PLAIN = ("the", "answer", "is", "that", "this", "with", "some", "for", "one", "and", "it", "was", "then", "when")


@dataclass(frozen=True)
class PreferenceDesign:
    """A team that compares answers of models two by two.

    Parameters
    ----------
    n_items, n_annotators, redundancy
        Comparisons, annotators, and choices on each comparison.
    n_models, model_sd, answer_sd
        How many models answer, and how their quality and that of single answers varies.
    sharpness
        Factor on the difference in quality: how well annotators tell answers apart; 2 gives about 80 % agreement.
    sharpness_sd
        Of its logarithm: honest people differ.
    tie_rate
        Share of choices that are a tie.
    side_sd, length_sd
        Honest people's own leanings, in log odds.
    n_side_biased, side_bias, n_length_biased, length_bias
        How many people choose the left side, or the longer answer, and by how many log odds; the first annotators are
        side-biased, the next ones length-biased.
    flip_rate
        Share of all choices of a side that are turned into the other one.
    side_share
        Chance that the better answer stands on the left.
    """

    n_items: int = 600
    n_annotators: int = 12
    redundancy: int = 3
    n_models: int = 6
    model_sd: float = 0.8
    answer_sd: float = 0.6
    sharpness: float = 2.0
    sharpness_sd: float = 0.3
    tie_rate: float = 0.08
    side_sd: float = 0.0
    length_sd: float = 0.0
    n_side_biased: int = 0
    side_bias: float = 1.5
    n_length_biased: int = 0
    length_bias: float = 1.5
    flip_rate: float = 0.0
    side_share: float = 0.5


@dataclass(frozen=True, eq=False)
class Preferences:
    """A simulated team and what was planted in it.

    Parameters
    ----------
    labels
        The labels, question ``preference``; items hold ``response_a``, ``response_b``, ``model_a`` and ``model_b``.
    flipped
        (L,) choices that were turned, in the order of the labels.
    better_left
        (N,) whether the left answer is the better one.
    strength
        (S,) quality of each model.
    sharpness
        (A,) factor of each annotator.
    """

    labels: LabelSet
    flipped: Bools
    better_left: Bools
    strength: Floats
    sharpness: Floats


def simulate_preferences(design: PreferenceDesign, seed: int) -> Preferences:
    """Simulate a team; the same design and seed give the same labels."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(0, design.model_sd, design.n_models)
    pair = np.array([rng.choice(design.n_models, 2, replace=False) for _ in range(design.n_items)])
    quality = strength[pair] + rng.normal(0, design.answer_sd, pair.shape)
    turn = (quality[:, 0] > quality[:, 1]) != (rng.random(design.n_items) < design.side_share)
    pair[turn], quality[turn] = pair[turn][:, ::-1], quality[turn][:, ::-1]
    n_words = rng.integers(8, 40, pair.shape)
    longer = np.sign(n_words[:, 0] - n_words[:, 1]) * (np.abs(np.log(n_words[:, 0] / n_words[:, 1])) > 0.1)
    item = np.repeat(np.arange(design.n_items), design.redundancy)
    who = np.concatenate([rng.permutation(design.n_annotators)[: design.redundancy] for _ in range(design.n_items)])
    sharpness = design.sharpness * np.exp(rng.normal(0, design.sharpness_sd, design.n_annotators))
    side, length = _draw_leanings(rng, design)
    gap = quality[:, 0] - quality[:, 1]
    left = rng.random(len(item)) < expit(sharpness[who] * gap[item] + side[who] + length[who] * longer[item])
    tie = rng.random(len(item)) < design.tie_rate
    flipped = ~tie & (rng.random(len(item)) < design.flip_rate)
    word = np.where(tie, "tie", np.where(left ^ flipped, "a", "b"))
    labels = _as_labels(rng, design, pair, quality, n_words, item, who, word)
    return Preferences(labels, flipped, gap > 0, strength, sharpness)


def _draw_leanings(rng: np.random.Generator, design: PreferenceDesign) -> tuple[Floats, Floats]:
    side = rng.normal(0, design.side_sd, design.n_annotators)
    length = rng.normal(0, design.length_sd, design.n_annotators)
    side[: design.n_side_biased] += design.side_bias
    length[design.n_side_biased : design.n_side_biased + design.n_length_biased] += design.length_bias
    return side, length


def _as_labels(
    rng: np.random.Generator, design: PreferenceDesign, pair: Ints, quality: Floats, n_words: Ints, item: Ints,
    who: Ints, word: npt.NDArray[np.str_],
) -> LabelSet:  # fmt: skip
    item_ids = np.array([f"i{k:06d}" for k in range(design.n_items)])
    names = np.array([f"w{k:03d}" for k in range(design.n_annotators)])
    keys = np.array([f"n{k:07d}" for k in range(len(item))])
    said = [
        json.dumps(
            {
                "response_a": _write(rng, quality[k, 0], int(n_words[k, 0])),
                "response_b": _write(rng, quality[k, 1], int(n_words[k, 1])),
                "model_a": f"model {pair[k, 0]}",
                "model_b": f"model {pair[k, 1]}",
            }
        )
        for k in range(design.n_items)
    ]
    prompts = [f"Question {k // 3}: {_write(rng, 0.0, 6)}" for k in range(design.n_items)]
    annotations = {"annotation_id": keys, "item_id": item_ids[item], "annotator_id": names[who]}
    return LabelSet(
        items=pa.table({"item_id": item_ids, "media": ["pair"] * design.n_items, "text": prompts, "meta_json": said}),
        annotators=pa.table({"annotator_id": names, "kind": ["person"] * len(names)}),
        questions=pa.table({"question": ["preference"], "kind": ["pair"], "options": [["a", "b", "tie"]]}),
        annotations=pa.table(annotations),
        labels=pa.table(
            {
                **annotations,
                "label_id": keys,
                "question": ["preference"] * len(keys),
                "kind": ["pair"] * len(keys),
                "value": pa.array(word.tolist(), pa.string()),
            }
        ),
    )


def _write(rng: np.random.Generator, quality: float, n_words: int) -> str:
    """A text of so many words, whose telling ones are good with a chance that grows with quality."""
    telling = rng.random(n_words) < 0.25
    good = rng.random(n_words) < expit(1.5 * quality)
    at = rng.integers(0, 1000, n_words)
    return " ".join(
        _PLAIN[k % len(_PLAIN)] if not tells else (_GOOD if is_good else _POOR)[k % 8]
        for k, tells, is_good in zip(at.tolist(), telling.tolist(), good.tolist(), strict=True)
    )
