"""Preferences between two answers: chosen and rejected, A or B with a judge, arena votes, and ratings of one answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.json_values import Record, as_id, dump, number, shorten
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.source import Source
from annoaudit.formats.texts.preference_writing import write_preferences
from annoaudit.labels import LabelSet

__all__ = ["Preference"]

QUESTION = "preference"
OPTIONS = ("a", "b", "tie", "both bad")
_WORDS = {
    "a": "a", "model_a": "a", "1": "a", "left": "a", "answer_a": "a", "response_a": "a", "output_1": "a",
    "b": "b", "model_b": "b", "2": "b", "right": "b", "answer_b": "b", "response_b": "b", "output_2": "b",
    "tie": "tie", "0": "tie", "draw": "tie", "both good": "tie", "equal": "tie",
    "tie (bothbad)": "both bad", "both bad": "both bad", "bothbad": "both bad",
}  # fmt: skip
_SIDES = (
    ("conversation_a", "conversation_b"), ("response_a", "response_b"), ("answer_a", "answer_b"),
    ("output_1", "output_2"), ("response_0", "response_1"), ("model_a", "model_b"),
)  # fmt: skip
_WINNERS = ("winner", "preference", "label", "verdict")
_JUDGES = ("judge", "annotator", "annotator_id", "worker_id", "user_id", "rater")
_TIMES = ("tstamp", "timestamp", "created_at")
_KEYS = ("item_id", "question_id", "prompt_id", "id")
_PROMPTS = ("prompt", "question", "instruction", "input")
_RATINGS = (
    "helpfulness",
    "correctness",
    "coherence",
    "complexity",
    "verbosity",
    "honesty",
    "truthfulness",
    "harmlessness",
)
_MAX_TEXT = 10_000


@dataclass(frozen=True)
class Preference:
    """Preference pairs as JSON Lines or JSON: chosen and rejected, A or B with a judge, arena, ratings.

    See ``docs/formats/preference.md``.
    """

    carries: ClassVar[Carries] = Carries("judge, where stated", "where stated", "no", "documentation")
    name: str = "preference"

    def sniff(self, source: Source) -> bool:
        """Say whether records hold two answers and which is better, or an answer and its ratings."""
        if source.kind not in ("json", "jsonl") or not source.sample:
            return False
        return all(_shape_of(one) is not None for one in source.sample)

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a pair of answers, a label a preference.

        Raises
        ------
        RefusedInput
            A record is none of the known shapes, or its winner is none of the known words.
        """
        rows = Gathering(source.name, source.notes)
        shapes: dict[str, int] = {}
        for place, one in enumerate(source.documents, start=1):
            where = f"{source.name}, record {place:,}"
            shape = _shape_of(one) if isinstance(one, dict) else None
            if shape is None or not isinstance(one, dict):
                raise RefusedInput(f"{where} has no two answers and no winner.", hint="See docs/formats/preference.md.")
            shapes[shape] = shapes.get(shape, 0) + 1
            {"chosen": _take_chosen, "sides": _take_sides, "ratings": _take_ratings}[shape](one, rows, where)
        if "chosen" in shapes:
            source.notes.append(
                "Chosen and rejected do not tell on which side each answer was shown: a is the one that comes first in "
                "the alphabet, so that answers to one pair can be compared. No bias for a side can be told."
            )
        yield from rows.finish(nobody_named="Records name no judge")

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write one record a preference, A or B with its judge; return what could not be carried."""
        return write_preferences(labels, target)


def _shape_of(one: Record) -> str | None:
    if "chosen" in one and "rejected" in one:
        return "chosen"
    if _winner_key(one) is not None and _sides_of(one) is not None:
        return "sides"
    if "response" in one and {"prompt", "instruction"} & set(one) and any(key in one for key in _RATINGS):
        return "ratings"
    return None


def _sides_of(one: Record) -> tuple[str, str] | None:
    return next(((a, b) for a, b in _SIDES if a in one and b in one), None)


def _winner_key(one: Record) -> str | None:
    return next((key for key in _WINNERS if key in one), None)


def _take_chosen(one: Record, rows: Gathering, where: str) -> None:
    texts = {side: _text(one[side]) for side in ("chosen", "rejected")}
    prompt = _prompt_of(one)
    first, second = sorted(texts.values())
    item_id = _key_of(one) or stable_key(prompt, first, second)
    rest = _rest(one, "chosen", "rejected")
    rows.item(
        item_id, media="pair", text=prompt or _common(first, second), meta_json=dump({"a": first, "b": second, **rest})
    )
    scores = {key: one[key] for key in ("score_chosen", "score_rejected", "margin") if key in one}
    value = "a" if texts["chosen"] == first else "b"
    _prefer(one, rows, item_id, value, scores, where)


def _take_sides(one: Record, rows: Gathering, where: str) -> None:
    sides = _sides_of(one)
    key = _winner_key(one)
    assert sides is not None
    assert key is not None
    word = as_id(one[key]).strip().lower() if isinstance(one[key], (str, int, float)) else shorten(one[key])
    if word not in _WORDS:
        raise RefusedInput(
            f"{where}: {key} is {shorten(one[key])}, which says neither side.",
            hint="Known: model_a, model_b, a, b, 1, 2, tie, tie (bothbad).",
        )
    rest = _rest(one, key)
    turn = "" if one.get("turn") is None else f" turn {one['turn']}"
    models = " ".join(as_id(one[side]) for side in ("model_a", "model_b") if isinstance(one.get(side), (str, int)))
    native = _key_of(one)
    identity = f"{native}{turn} {models}".strip() if native else stable_key(dump(rest))
    prompt = _prompt_of(one) or _first_turn(one.get(sides[0]))
    rows.item(identity, media="pair", text=prompt, group=native, meta_json=dump(rest))
    _prefer(one, rows, identity, _WORDS[word], {"native": one[key]}, where)


def _take_ratings(one: Record, rows: Gathering, where: str) -> None:
    prompt, response = _prompt_of(one), _text(one["response"])
    rest = _rest(one, *_RATINGS)
    item_id = rows.item(_key_of(one) or stable_key(prompt, response), media="text", text=prompt, meta_json=dump(rest))
    owner = _owner(one, rows, item_id, where)
    for key in _RATINGS:
        value = number(one, key, where)
        if value is not None:
            rows.question(key, "rating")
            rows.label(owner, key, "rating", value_num=value)


def _prefer(one: Record, rows: Gathering, item_id: str, value: str, native: Record, where: str) -> None:
    rows.question(QUESTION, "pair", OPTIONS)
    owner = _owner(one, rows, item_id, where)
    rows.label(owner, QUESTION, "pair", value=value, attributes=dump(native) if native else None)


def _owner(one: Record, rows: Gathering, item_id: str, where: str) -> Row:
    judge = next((one[key] for key in _JUDGES if one.get(key) not in (None, "")), None)
    name = " ".join(map(str, judge)) if isinstance(judge, list) else None if judge is None else as_id(judge)
    naive: list[str] = []
    key = next((key for key in _TIMES if key in one), None)
    at = time_of(one, key, where, naive) if key else None
    rows.count_naive(bool(naive))
    return rows.annotation(item_id, name, created_at=at)


def _key_of(one: Record) -> str | None:
    return next((as_id(one[key]) for key in _KEYS if isinstance(one.get(key), (str, int)) and one[key] != ""), None)


def _prompt_of(one: Record) -> str | None:
    found = next((one[key] for key in _PROMPTS if one.get(key)), None)
    return None if found is None else _text(found)


def _rest(one: Record, *taken: str) -> Row:
    """What a record says of its item."""
    left = {*taken, *_JUDGES, *_TIMES, *_KEYS, "score_chosen", "score_rejected", "margin"}
    return {key: value for key, value in one.items() if key not in left}


def _text(value: object) -> str:
    """A text as it is; messages line by line, as role and content."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and "content" in one for one in value):
        return "\n".join(f"{one.get('role', 'user')}: {one['content']}" for one in value)
    return dump(value)


def _first_turn(value: object) -> str | None:
    first = value[0] if isinstance(value, list) and value else None
    content = first.get("content") if isinstance(first, dict) else None
    return content if isinstance(content, str) else None


def _common(first: str, second: str) -> str | None:
    """The dialogue that both answers share, where they hold it."""
    length = next(
        (k for k, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    shared = first[:length].strip()[:_MAX_TEXT]
    return shared or None
