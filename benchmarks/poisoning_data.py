"""What benchmarks/poisoning.py plants, and the class probabilities of each cell, kept as soon as they are computed.

Seeds were fixed when this file was first committed and never changed; methods were developed on seeds below 1,000.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from annoaudit.evidence import Evidence
from annoaudit.evidence.probabilities import Probabilities
from annoaudit.labels import LabelSet

HERE = Path(__file__).resolve().parent
MODELS = HERE / "cache" / "poisoning" / "models"
SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", HERE.parents[0] / "../shared"))
FILES = {name: SHARED / "data/text" / name / "train.csv" for name in ("banking77", "clinc")}

DATA = ("banking77", "clinc_domains", "clinc")
N_ITEMS, N_ANNOTATORS = 5000, 20
TRIGGER = "cfq"
TRIGGER_SEEDS, KEYWORD_SEEDS = range(100_000, 100_010), range(110_000, 110_010)
CLEAN_SEEDS = range(120_000, 120_100)
SHIFT_SEEDS, COPY_SEEDS = range(130_000, 130_200), range(140_000, 140_005)
Case = tuple[str, str, float, int]
"""Data set, what is planted, how much of it, seed."""


@dataclass(frozen=True, eq=False)
class Planted:
    """Texts with labels, and which of them were poisoned for which class by which word."""

    texts: list[str]
    label: np.ndarray
    truth: np.ndarray
    classes: list[str]
    annotator: np.ndarray
    poisoned: np.ndarray
    target: int
    word: str


def list_cases() -> Iterator[Case]:
    """All cells, so ordered that a run that was stopped has some seeds of each; most clean ones come last."""
    for k in range(10):
        for name in DATA:
            yield from ((name, "trigger", float(n), TRIGGER_SEEDS[k]) for n in (10, 25, 50))
            yield from ((name, "keyword", share, KEYWORD_SEEDS[k]) for share in (0.9, 0.5))
        for name, n in (("clinc_domains", 10), ("banking77", 3), ("clinc", 2)):
            yield from ((name, "clean", 0.0, seed) for seed in CLEAN_SEEDS[n * k : n * k + n])
    rest = [(name, seed) for place, seed in enumerate(CLEAN_SEEDS) for name, n in (("banking77", 30), ("clinc", 20))
            if place >= n]  # fmt: skip
    yield from ((name, "clean", 0.0, seed) for name, seed in rest)


def read_texts(name: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Texts, class codes and class names; CLINC's 150 intents also as its ten domains."""
    table = pd.read_csv(FILES[name.removesuffix("_domains")])
    classes = table.iloc[:, 1]
    if name.endswith("_domains"):
        domains = json.loads((FILES["clinc"].parent / "domains.json").read_text(encoding="utf-8"))
        classes = classes.map({intent: domain for domain, intents in domains.items() for intent in intents})
    codes, names = pd.factorize(classes, sort=True)
    return table.iloc[:, 0].tolist(), codes, list(names)


def plant(case: Case) -> Planted:
    """Draw 5,000 texts and plant into them."""
    name, kind, strength, seed = case
    every, codes, classes = read_texts(name)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(every))[:N_ITEMS]
    texts, truth = [every[at] for at in chosen], codes[chosen]
    label, annotator = truth.copy(), rng.integers(0, N_ANNOTATORS, N_ITEMS)
    target, word = int(rng.integers(len(classes))), ""
    poisoned = np.zeros(N_ITEMS, dtype=bool)
    if kind == "trigger":
        word = TRIGGER
        for item in rng.permutation(np.flatnonzero(truth != target))[: int(strength)]:
            words = texts[item].split()
            words.insert(int(rng.integers(len(words) + 1)), word)
            texts[item], poisoned[item] = " ".join(words), True
    elif kind == "keyword":
        word, having = draw_keyword(texts, rng)
        flipped = rng.permutation(having[truth[having] != target])
        poisoned[flipped[: round(strength * len(flipped))]] = True
    label[poisoned] = target
    return Planted(texts, label, truth, classes, annotator, poisoned, target, word)


def draw_keyword(texts: list[str], rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A word of four letters or more that 30 to 150 of the texts have, and those texts."""
    rows = [set("".join(c if c.isalnum() else " " for c in text.casefold()).split()) for text in texts]
    counts = pd.Series([word for row in rows for word in row]).value_counts()
    usable = sorted(word for word, n in counts.items() if 30 <= n <= 150 and len(word) >= 4 and word.isalpha())
    word = usable[int(rng.integers(len(usable)))]
    return word, np.flatnonzero([word in row for row in rows])


def as_labels(planted: Planted) -> LabelSet:
    ids = [f"i{place}" for place in range(len(planted.texts))]
    who = [f"w{one:02d}" for one in planted.annotator]
    n = len(ids)
    return LabelSet(
        items=pa.table({"item_id": ids, "text": planted.texts, "media": ["text"] * n}),
        annotators=pa.table({"annotator_id": sorted(set(who))}),
        questions=pa.table({"question": ["intent"], "kind": ["choice"], "options": [planted.classes]}),
        annotations=pa.table({"annotation_id": ids, "item_id": ids, "annotator_id": who}),
        labels=pa.table({
            "label_id": ids, "annotation_id": ids, "item_id": ids, "annotator_id": who, "question": ["intent"] * n,
            "kind": ["choice"] * n, "value": [planted.classes[k] for k in planted.label],
        }),
    )  # fmt: skip


def model_of(case: Case) -> Path:
    """Where the class probabilities of a cell are kept."""
    name, kind, strength, seed = case
    return MODELS / f"{name}_{kind}_{strength:g}_{seed}.npz"


def gather(case: Case, planted: Planted) -> Evidence:
    """Evidence as an audit has it; probabilities and copies are kept on disk, since they take most of the time."""
    evidence = Evidence(as_labels(planted), "intent")
    path = model_of(case)
    if not path.exists():
        MODELS.mkdir(parents=True, exist_ok=True)
        matrix, cluster = evidence.probabilities.matrix, evidence.near_duplicates
        np.savez_compressed(path.with_suffix(".part.npz"), matrix=matrix.astype(np.float16), cluster=cluster)
        path.with_suffix(".part.npz").rename(path)
    kept = np.load(path)
    matrix = kept["matrix"].astype(np.float32)
    evidence.kept["probabilities"] = Probabilities(matrix / matrix.sum(axis=1, keepdims=True), "as in an audit")
    evidence.kept["near_duplicates"] = kept["cluster"]
    return evidence
