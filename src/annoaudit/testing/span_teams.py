"""Small teams that mark names in texts, with a known truth, for tests."""

from __future__ import annotations

import numpy as np

from annoaudit.labels import LabelSet, as_tables

__all__ = ["make_span_team"]

PLACES = ("Oslo", "Lagos", "New York", "Quito", "San Marino", "Delhi")
PEOPLE = ("Ada Long", "Kofi", "Mei Tan", "Ruth", "Omar Said", "Ines")
PLAIN = ("the", "boat", "left", "early", "with", "bread", "and", "old", "maps", "again", "near", "a", "harbour")


def make_span_team(
    *, n_items: int, n_annotators: int, redundancy: int, slip: float = 0.1, text: bool = True, seed: int = 0
) -> LabelSet:
    """Make texts with two names each, marked as places and people, with slips of four kinds.

    Parameters
    ----------
    n_items, n_annotators, redundancy
        Sizes; ``redundancy`` annotators mark each text.
    slip
        Chance that a mark has the other class, one word more, or is missing; ``attributes`` of a label say which. As
        often, something is marked that is no name.
    text
        Give the items their texts.
    seed
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in ("items", "annotations", "labels")}
    rows["annotators"] = [{"annotator_id": f"u{k}", "kind": "person"} for k in range(n_annotators)]
    rows["questions"] = [{"question": "names", "kind": "span", "options": ["place", "person"]}]
    for i in range(n_items):
        words, truth = _write(rng)
        starts = np.cumsum([0] + [len(word) + 1 for word in words]).tolist()
        rows["items"].append({"item_id": f"i{i}", "media": "text", "text": " ".join(words) if text else None})
        for u in rng.permutation(n_annotators)[:redundancy].tolist():
            name = f"i{i}-u{u}"
            rows["annotations"].append({"annotation_id": name, "item_id": f"i{i}", "annotator_id": f"u{u}"})
            for k, (first, last, label, error) in enumerate(_mark(rng, truth, len(words), slip)):
                rows["labels"].append(
                    {"label_id": f"{name}-{k}", "annotation_id": name, "item_id": f"i{i}", "annotator_id": f"u{u}",
                     "question": "names", "kind": "span", "value": ("place", "person")[label],
                     "start": float(starts[first]), "end": float(starts[last] - 1), "unit": "char",
                     "attributes": f'{{"error": "{error}"}}'}
                )  # fmt: skip
    return LabelSet.of(as_tables(rows))


def _write(rng: np.random.Generator) -> tuple[list[str], list[tuple[int, int, int]]]:
    """Return words of a text, and its two names as (first word, word after the last, class)."""
    words: list[str] = []
    truth = []
    for label in rng.permutation(2).tolist():
        words += [PLAIN[k] for k in rng.integers(0, len(PLAIN), int(rng.integers(2, 5)))]
        name = (PLACES, PEOPLE)[label][int(rng.integers(6))].split()
        words += ["in"] if label == 0 else ["says"]
        truth.append((len(words), len(words) + len(name), label))
        words += name
    words += [PLAIN[k] for k in rng.integers(0, len(PLAIN), 3)]
    return words, truth


def _mark(
    rng: np.random.Generator, truth: list[tuple[int, int, int]], n_words: int, slip: float
) -> list[tuple[int, int, int, str]]:
    marks = []
    for first, last, label in truth:
        error = ("class", "boundary", "missing")[int(rng.integers(3))] if rng.random() < slip else ""
        if error == "class":
            label = 1 - label
        if error == "boundary":
            last = last + 1
        if error != "missing":
            marks.append((first, last, label, error))
    if rng.random() < slip:
        marks.append((n_words - 1, n_words, int(rng.integers(2)), "spurious"))
    return marks
