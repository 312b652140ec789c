"""Spans as votes: each submission on an item says of every span marked there which class it is, or that it is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput, Unavailable
from annoaudit.labels import Parts, Spans, Votes
from annoaudit.statistics.spans.doubts import average_tokens, cover_tokens, find_unmarked
from annoaudit.statistics.spans.extents import Extents, infer_extents
from annoaudit.statistics.spans.matching import Units, match_spans

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.probabilities import Probabilities

__all__ = [
    "ABSENT",
    "Candidates",
    "MatchedSpans",
    "absent_class",
    "infer_matched_extents",
    "judge_units",
    "mark_tokens",
    "match_marks",
    "read_matched",
    "spell_extent",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ABSENT = "(none)"
"""The class of a vote that says that nothing is there."""
MOST_QUOTE = 40
MOST_VOTES = 50_000_000


@dataclass(frozen=True, eq=False)
class Candidates:
    """Spans that a model believes in and nobody marked: (C,) item, extent and class."""

    item: Ints
    start: Floats
    end: Floats
    label: Ints


@dataclass(frozen=True, eq=False)
class MatchedSpans:
    """Spans, the units they were matched to, and the votes on these.

    ``mark`` (L,) is the position of each vote's span in ``spans``; -1 where the vote says that there is none.
    ``guessed`` (P,) is the unit of each span of a prediction. The class of absence is the last.
    """

    spans: Spans
    units: Units
    votes: Votes
    mark: Ints
    guessed: Ints


def match_marks(texts: pa.ChunkedArray, spans: Spans, candidates: Candidates | None = None) -> MatchedSpans:
    """Match spans of people, predictions and candidates, and let each submission vote on what was found on its item.

    Parameters
    ----------
    texts
        Texts of the items, for the names of units.
    spans
        The spans of one question.
    candidates
        What an out-of-source model believes in; each becomes a unit if nothing marked there is like it.
    """
    shown, n_given = spans.predicted, len(spans.given)
    extra = candidates or Candidates(shown.item[:0], shown.start[:0], shown.start[:0], shown.label[:0])
    units = match_spans(
        np.concatenate([spans.item, shown.item, extra.item]),
        np.concatenate([spans.place, n_given + shown.prediction, n_given + len(shown) + extra.item]),
        np.concatenate([spans.start, shown.start, extra.start]),
        np.concatenate([spans.end, shown.end, extra.end]),
        np.concatenate([spans.label, shown.label, extra.label]),
    )
    votes, mark = _vote(spans, units, texts)
    n = len(spans)
    return MatchedSpans(spans, units, votes, mark, units.of[n : n + len(shown)])


def _vote(spans: Spans, units: Units, texts: pa.ChunkedArray) -> tuple[Votes, Ints]:
    given, n_items = spans.given, len(spans.given.item_ids)
    per_item = np.bincount(units.item, minlength=n_items)
    first_unit = np.cumsum(per_item) - per_item
    n_votes = per_item[given.item]
    if int(n_votes.sum()) > MOST_VOTES:
        raise RefusedInput(
            f"{len(given):,} submissions on {len(units):,} spans make {int(n_votes.sum()):,} votes: too many to hold.",
            hint="Audit a part of the items.",
        )
    first_vote = np.cumsum(n_votes) - n_votes
    submission = np.repeat(np.arange(len(given)), n_votes)
    unit = np.arange(len(submission)) - first_vote[submission] + first_unit[given.item[submission]]
    mark = np.full(len(submission), -1, dtype=np.int64)
    of = units.of[: len(spans)]
    mark[first_vote[spans.place] + of - first_unit[spans.item]] = np.arange(len(spans))
    classes = (*spans.classes, absent_class(spans.classes))
    names = _name(spans.kind, units, texts)
    votes = Votes(
        question=spans.question,
        item_ids=_unit_ids(given.item_ids, units),
        annotator_ids=given.annotator_ids,
        classes=classes,
        item=unit,
        annotator=given.annotator[submission],
        label=np.append(spans.label, len(classes) - 1)[mark],
        row=np.append(spans.row, -1)[mark],
        owner=given.owner[submission],
        round=np.zeros(len(submission), dtype=np.int64),
        kind=spans.kind,
        parts=Parts(units.item, names),
    )
    return votes, mark


def absent_class(classes: tuple[str, ...]) -> str:
    """Return the word for "nothing is there", which no class has."""
    word = ABSENT
    while word in classes:
        word = f"({word})"
    return word


def spell_extent(start: float, end: float, kind: str = "span") -> str:
    """Return where a span lies as people read it: 10-20, or 1.25-3.5 s."""
    if kind == "segment":
        return f"{round(start, 3):g}-{round(end, 3):g} s"
    return f"{start:.0f}-{end:.0f}"


def _copies(units: Units) -> Ints:
    """(U,) number, from 0, of each unit among those of one item with the same extent."""
    if not len(units):
        return np.zeros(0, dtype=np.int64)
    key = np.stack([units.item, units.start, units.end])
    fresh = np.r_[True, (key[:, 1:] != key[:, :-1]).any(axis=0)]
    at = np.arange(len(units))
    return np.asarray(at - np.maximum.accumulate(np.where(fresh, at, 0)), dtype=np.int64)


def _extents(units: Units, kind: str) -> list[str]:
    copies = _copies(units)
    return [
        spell_extent(start, end, kind) + (f" #{copy + 1}" if copy else "")
        for start, end, copy in zip(units.start.tolist(), units.end.tolist(), copies.tolist(), strict=True)
    ]


def _name(kind: str, units: Units, texts: pa.ChunkedArray) -> tuple[str, ...]:
    """Names of units: what is written there, cut, and where."""
    extents = _extents(units, kind)
    if kind == "segment":
        return tuple(extents)
    items, place = np.unique(units.item, return_inverse=True)
    known = texts.take(pa.array(items)).to_pylist()
    return tuple(
        f"{quote} {extent}" if (quote := _quote(known[at], int(start), int(end))) else extent
        for at, start, end, extent in zip(
            place.tolist(), units.start.tolist(), units.end.tolist(), extents, strict=True
        )
    )


def _quote(text: str | None, start: int, end: int) -> str:
    quote = " ".join((text or "")[start : min(end, start + MOST_QUOTE + 1)].split())
    return quote if len(quote) <= MOST_QUOTE else quote[:MOST_QUOTE].rstrip() + "…"


def _unit_ids(item_ids: pa.Array, units: Units) -> pa.Array:
    """Ids of units: the item's id, a hash mark and the extent."""
    ends = [
        f"{start:.12g}-{end:.12g}" + (f"#{copy + 1}" if copy else "")
        for start, end, copy in zip(units.start.tolist(), units.end.tolist(), _copies(units).tolist(), strict=True)
    ]
    return pc.binary_join_element_wise(item_ids.take(pa.array(units.item)), pa.array(ends, pa.string()), "#")


def read_matched(evidence: Evidence) -> MatchedSpans:
    """Return the matched spans of the evidence's question, with the units that only a model believes in."""
    labels, spans = evidence.labels, evidence.spans
    return match_marks(labels.items["text"], spans, _find_candidates(evidence, spans))


def _find_candidates(evidence: Evidence, spans: Spans) -> Candidates | None:
    try:
        tokens, model = evidence.tokens, evidence.token_model
    except Unavailable:
        return None
    marked = mark_tokens(evidence, spans)
    first, last, label = find_unmarked(model.matrix, tokens.item, marked)
    return Candidates(tokens.item[first], tokens.start[first], tokens.end[last - 1], label)


def mark_tokens(evidence: Evidence, spans: Spans) -> npt.NDArray[np.bool_]:
    """(T,) whether a person or a prediction marked each token."""
    tokens, shown = evidence.tokens, spans.predicted
    first, last = cover_tokens(
        tokens.item, tokens.start, tokens.end, np.concatenate([spans.item, shown.item]),
        np.concatenate([spans.start, shown.start]), np.concatenate([spans.end, shown.end]),
    )  # fmt: skip
    steps = np.bincount(first, minlength=len(tokens) + 1) - np.bincount(last, minlength=len(tokens) + 1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)


def judge_units(evidence: Evidence) -> Probabilities:
    """Judge each unit by the tokens in it, or by the predictions in the labels where there are any.

    Raises
    ------
    Unavailable
        There are neither predictions nor texts that a model can learn from.
    """
    from annoaudit.evidence.probabilities import Probabilities

    matched = evidence.matched_spans
    if len(matched.spans.predicted):
        return Probabilities(_trust_predictions(matched), "supplied", note="as right as these predictions usually are")
    tokens, model, units = evidence.tokens, evidence.token_model, matched.units
    first, last = cover_tokens(tokens.item, tokens.start, tokens.end, units.item, units.start, units.end)
    return Probabilities(
        average_tokens(model.matrix, first, last), model.source, log_loss=model.log_loss,
        note="a linear model of words, shapes and context, averaged over tokens",
    )  # fmt: skip


def _trust_predictions(matched: MatchedSpans) -> Floats:
    """(U, K + 1) how often people give each class where a prediction gives this one, the unit's own votes left out."""
    votes, shown = matched.votes, matched.spans.predicted
    n_classes = votes.n_classes
    said = np.full(votes.n_items, n_classes - 1, dtype=np.int64)
    said[matched.guessed] = shown.label
    counts = votes.counts.astype(np.float64)
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, said, counts)
    left = table[said] - counts + 0.5 + 4.0 * np.eye(n_classes)[said]
    return np.asarray(left / left.sum(axis=1, keepdims=True))


def infer_matched_extents(matched: MatchedSpans) -> Extents:
    """Infer where each unit truly starts and ends from the spans that were matched to it."""
    spans, votes = matched.spans, matched.votes
    return infer_extents(
        matched.units.of[: len(spans)],
        spans.annotator,
        spans.start,
        spans.end,
        n_units=len(matched.units),
        n_annotators=votes.n_annotators,
    )
