"""Answers of Argilla's questions as canonical rows: which kind a question is, is told from all its answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annoaudit.errors import RefusedInput
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.json_values import as_id, dump, shorten, whole
from annoaudit.formats.kinds import choice_or_text

__all__ = ["Answer", "Suggestion", "take_answers"]


@dataclass(frozen=True)
class Answer:
    """What one person answered to one question about one record."""

    item_id: str
    user: str | None
    question: str
    value: object
    status: str
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Suggestion:
    """What a model suggests."""

    item_id: str
    question: str
    value: object
    score: object
    agent: object


def take_answers(rows: Gathering, answers: list[Answer], suggestions: list[Suggestion]) -> None:
    """Add annotations, labels and predictions."""
    values: dict[str, list[object]] = {}
    given: list[Answer | Suggestion] = [*answers, *suggestions]
    for said in given:
        if said.value is not None:
            values.setdefault(said.question, []).append(said.value)
    kinds = {question: _kind_of(found) for question, found in values.items()}
    owners: dict[tuple[str, str | None], Row] = {}
    for answer in answers:
        key = (answer.item_id, answer.user)
        if key not in owners:
            owners[key] = rows.annotation(
                answer.item_id, answer.user, status=answer.status, created_at=answer.created_at,
                updated_at=answer.updated_at, time_kind="none",
            )  # fmt: skip
        if answer.value is not None:
            _take(rows, owners[key], answer.question, kinds[answer.question], answer.value, None)
    for one in suggestions:
        if one.value is None:
            continue
        score = float(one.score) if isinstance(one.score, (int, float)) else None
        prediction = rows.prediction(
            one.item_id, stable_key("suggestion", one.item_id, one.question), question=one.question, score=score,
            model_version=None if one.agent is None else as_id(one.agent),
        )  # fmt: skip
        _take(rows, prediction, one.question, kinds[one.question], one.value, score)
    if "choice" in kinds.values() or "text" in kinds.values():
        rows.notes.append("Whether a single text is a choice or free text was told from all answers of its question.")


def _kind_of(values: list[object]) -> str:
    """span, ranking, multichoice, rating, choice or text."""
    lists = [value for value in values if isinstance(value, list)]
    inner = [one for value in lists for one in value]
    if any(isinstance(one, dict) and "start" in one for one in inner):
        return "span"
    if any(isinstance(one, dict) and "rank" in one for one in inner):
        return "ranking"
    if lists:
        sets = {frozenset(map(str, value)) for value in lists}
        return "ranking" if len(sets) == 1 and len(next(iter(sets))) > 1 and len(lists) > 1 else "multichoice"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "rating"
    return choice_or_text({str(value) for value in values}, len(values))


def _take(rows: Gathering, owner: Row, question: str, kind: str, value: object, confidence: float | None) -> None:
    if kind == "span":
        for one in value if isinstance(value, list) else []:
            _take_span(rows, owner, question, one, confidence)
        return
    rows.question(question, kind)
    if kind == "rating" and isinstance(value, (int, float)):
        rows.label(owner, question, kind, value_num=float(value), confidence=confidence)
    elif kind == "ranking" and isinstance(value, list):
        rows.label(owner, question, kind, ranks=_ranks(value), confidence=confidence)
    elif kind == "text":
        rows.label(owner, question, kind, value_text=str(value), confidence=confidence)
    else:
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, (str, int, float, bool)):
                raise RefusedInput(
                    f"{rows.where}: an answer to {question!r} is {shorten(one)}.", hint="Export it again."
                )
            rows.question(question, kind, [as_id(one)])
            rows.label(owner, question, kind, value=as_id(one), confidence=confidence)


def _ranks(value: list[object]) -> list[list[str]]:
    """Ties share a rank; a plain list is an order, whose ties were lost when it was exported."""
    if not all(isinstance(one, dict) for one in value):
        return [[as_id(one)] for one in value]
    ranks: dict[object, list[str]] = {}
    for one in value:
        assert isinstance(one, dict)
        ranks.setdefault(one.get("rank"), []).append(as_id(one.get("value")))
    return [ranks[key] for key in sorted(ranks, key=lambda one: (one is None, str(one).zfill(12)))]


def _take_span(rows: Gathering, owner: Row, question: str, one: object, confidence: float | None) -> None:
    where = f"{rows.where}: a span of {question!r}"
    if not isinstance(one, dict):
        raise RefusedInput(f"{where} is {shorten(one)}.", hint="Export it again.")
    start, end = whole(one, "start", where), whole(one, "end", where)
    shown = rows.items[str(owner["item_id"])].get("text")
    if start is None or end is None or not 0 <= start <= end:
        raise RefusedInput(f"{where} runs from {start} to {end}.", hint="Export it again.")
    quote = shown[start:end] if isinstance(shown, str) else None
    value = None if one.get("label") is None else as_id(one["label"])
    rest = {key: found for key, found in one.items() if key not in ("start", "end", "label")}
    shape: Row = {"kind": "span", "start": float(start), "end": float(end), "unit": "char", "quote": quote}
    rows.region(owner, question, shape | ({"attributes": dump(rest)} if rest else {}), value, confidence=confidence)
