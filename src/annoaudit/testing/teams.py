"""Small teams of annotators with a known truth, for tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from annoaudit.labels import LabelSet

__all__ = ["make_team"]

_WORDS = (
    ("river", "boat", "fish", "water", "bank", "harbour", "wave"),
    ("engine", "wheel", "road", "fuel", "brake", "gear", "lorry"),
    ("flour", "oven", "bread", "salt", "butter", "dough", "crust"),
    ("goal", "team", "match", "referee", "ball", "league", "coach"),
)
_PLAIN = ("the", "a", "was", "near", "and", "very", "some", "old", "then", "with")


def make_team(
    *,
    n_items: int,
    n_annotators: int,
    redundancy: int,
    n_classes: int = 4,
    accuracy: float = 0.9,
    text: bool = True,
    n_copies: int = 0,
    seed: int = 0,
) -> LabelSet:
    """Make a labelled project whose truth stands in ``labels.attributes`` as ``{"truth": class}``.

    Parameters
    ----------
    n_items, n_annotators, n_classes
        Sizes; up to four classes have words of their own.
    redundancy
        Labels an item, each of another annotator.
    accuracy
        Chance that a label is right; wrong ones are drawn evenly.
    text
        Give the items texts from which the class can be learned.
    n_copies
        The last items have the texts and classes of the first ones.
    seed
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n_items)
    truth[n_items - n_copies :] = truth[:n_copies]
    item = np.repeat(np.arange(n_items), redundancy)
    who = np.concatenate([rng.permutation(n_annotators)[:redundancy] for _ in range(n_items)])
    wrong = (truth[item] + rng.integers(1, max(n_classes, 2), len(item))) % n_classes
    label = np.where(rng.random(len(item)) < accuracy, truth[item], wrong)
    item_ids = np.array([f"i{i:04d}" for i in range(n_items)])
    annotator_ids = np.array([f"w{i:02d}" for i in range(n_annotators)])
    keys = np.array([f"n{i:05d}" for i in range(len(item))])
    texts: list[str | None] = [_write(rng, int(k)) if text else None for k in truth]
    texts[n_items - n_copies :] = texts[:n_copies]
    classes = [f"class {k}" for k in range(n_classes)]
    return LabelSet(
        items=pa.table(
            {"item_id": item_ids, "text": pa.array(texts, pa.string()), "media": pa.array(["text"] * n_items)}
        ),
        annotators=pa.table({"annotator_id": annotator_ids}),
        questions=pa.table({"question": ["label"], "kind": ["choice"], "options": [classes]}),
        annotations=pa.table({"annotation_id": keys, "item_id": item_ids[item], "annotator_id": annotator_ids[who]}),
        labels=pa.table(
            {
                "label_id": keys,
                "annotation_id": keys,
                "item_id": item_ids[item],
                "annotator_id": annotator_ids[who],
                "question": pa.array(["label"] * len(item)),
                "kind": pa.array(["choice"] * len(item)),
                "value": pa.array([classes[k] for k in label]),
                "attributes": pa.array([f'{{"truth": "{classes[truth[i]]}"}}' for i in item]),
            }
        ),
    )


def _write(rng: np.random.Generator, k: int) -> str:
    own, plain = _WORDS[k % len(_WORDS)], _PLAIN
    words = [own[i] for i in rng.integers(0, len(own), 4)] + [plain[i] for i in rng.integers(0, len(plain), 5)]
    return " ".join(words[i] for i in rng.permutation(len(words)))
