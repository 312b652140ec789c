"""Planted errors in spans: wrong class, wrong boundary, missing and spurious ones, with the truth kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.evidence.tokens import Tokens, tokenise
from annoaudit.labels import LabelSet, Spans

__all__ = ["ERRORS", "PlantedSpan", "plant_span_errors"]

ERRORS = ("wrong class", "wrong boundary", "missing", "spurious")


@dataclass(frozen=True)
class PlantedSpan:
    """One planted error: where it is now (for a missing span, where it was) and what was done."""

    error: str
    item_id: str
    annotation_id: str
    start: float
    end: float


def plant_span_errors(
    labels: LabelSet, question: str, share: float, seed: int
) -> tuple[LabelSet, tuple[PlantedSpan, ...]]:
    """Return the labels with errors in a share of the spans, a quarter of each kind, and what was planted.

    Classes are exchanged evenly; a boundary moves by one token, in or out, so that the span keeps a token; missing
    spans are deleted; spurious ones are one or two tokens of which nobody marked any, with a class drawn as often as
    it is used. Spans of one person that overlap stay as they are.

    Parameters
    ----------
    labels
        Labels whose texts can be cut into tokens.
    question
        A question of text spans.
    share
        Of the spans, in (0, 1).
    seed
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    spans, tokens = labels.spans(question), tokenise(labels.items)
    chosen = rng.permutation(len(spans))[: round(share * len(spans))]
    by_error = {name: chosen[k :: len(ERRORS)] for k, name in enumerate(ERRORS)}
    table = labels.labels.to_pandas()
    planted = []
    names = np.array(spans.classes, dtype=object)
    for at in by_error["wrong class"]:
        other = rng.integers(1, len(names))
        table.loc[int(spans.row[at]), "value"] = names[(spans.label[at] + other) % len(names)]
        planted.append(_tell("wrong class", labels, spans, int(at)))
    for at in by_error["wrong boundary"]:
        moved = _move_edge(rng, spans, tokens, int(at))
        if moved is not None:
            table.loc[int(spans.row[at]), ["start", "end", "quote"]] = [*moved, None]
            planted.append(_tell("wrong boundary", labels, spans, int(at), moved))
    gone = spans.row[by_error["missing"]]
    planted += [_tell("missing", labels, spans, int(at)) for at in by_error["missing"]]
    extra, told = _invent(rng, labels, spans, tokens, len(by_error["spurious"]))
    schema = labels.labels.schema
    kept = pa.Table.from_pandas(table.drop(index=gone), schema=schema, preserve_index=False)
    return replace(labels, labels=pa.concat_tables([kept, pa.Table.from_pylist(extra, schema=schema)])), (
        *planted, *told,
    )  # fmt: skip


def _tell(
    error: str, labels: LabelSet, spans: Spans, at: int, extent: tuple[float, float] | None = None
) -> PlantedSpan:
    owner = int(spans.given.owner[spans.place[at]])
    start, end = extent or (float(spans.start[at]), float(spans.end[at]))
    row = labels.annotations.slice(owner, 1).to_pylist()[0]
    return PlantedSpan(error, str(row["item_id"]), str(row["annotation_id"]), start, end)


def _move_edge(rng: np.random.Generator, spans: Spans, tokens: Tokens, at: int) -> tuple[float, float] | None:
    """Move one edge by a token where there is room; a span of one token only grows."""
    item, start, end = int(spans.item[at]), float(spans.start[at]), float(spans.end[at])
    low, high = np.searchsorted(tokens.item, [item, item + 1])
    starts, ends = tokens.start[low:high], tokens.end[low:high]
    inside = np.flatnonzero((ends > start) & (starts < end))
    taken = (spans.place == spans.place[at]) & (np.arange(len(spans)) != at)
    free = ~((spans.start[taken][:, None] < ends) & (spans.end[taken][:, None] > starts)).any(axis=0)
    moves = []
    if len(inside) and inside[0] > 0 and free[inside[0] - 1]:
        moves.append((float(starts[inside[0] - 1]), end))
    if len(inside) and inside[-1] + 1 < len(starts) and free[inside[-1] + 1]:
        moves.append((start, float(ends[inside[-1] + 1])))
    if len(inside) > 1:
        moves += [(float(starts[inside[1]]), end), (start, float(ends[inside[-2]]))]
    return moves[int(rng.integers(len(moves)))] if moves else None


def _invent(
    rng: np.random.Generator, labels: LabelSet, spans: Spans, tokens: Tokens, n: int
) -> tuple[list[dict[str, object]], list[PlantedSpan]]:
    """Add spans over tokens that nobody marked, preferring words with a capital, as careless people would."""
    marked = _marked(spans, tokens)
    capital = np.array([word[:1].isupper() for word in tokens.words], dtype=bool)[tokens.word]
    wordy = np.array([word[:1].isalnum() for word in tokens.words], dtype=bool)[tokens.word]
    free = np.flatnonzero(~marked & wordy & np.isin(tokens.item, spans.given.item))
    weight = np.where(capital[free], 5.0, 1.0)
    picked = rng.choice(free, size=min(n, len(free)), replace=False, p=weight / weight.sum())
    used = spans.label[rng.integers(0, len(spans), len(picked))]
    rows: list[dict[str, object]] = []
    told = []
    first = {int(item): at for at, item in reversed(list(enumerate(spans.given.item.tolist())))}
    for number, (token, label) in enumerate(zip(picked.tolist(), used.tolist(), strict=True)):
        last = token + int(rng.integers(2))
        if last >= len(tokens) or tokens.item[last] != tokens.item[token] or marked[last]:
            last = token
        submission = first[int(tokens.item[token])]
        about = labels.annotations.slice(int(spans.given.owner[submission]), 1).to_pylist()[0]
        start, end = float(tokens.start[token]), float(tokens.end[last])
        rows.append(
            {"label_id": f"planted-{number}", "annotation_id": about["annotation_id"], "item_id": about["item_id"],
             "annotator_id": about["annotator_id"], "question": spans.question, "kind": "span",
             "value": spans.classes[label], "start": start, "end": end, "unit": "char"}
        )  # fmt: skip
        told.append(PlantedSpan("spurious", str(about["item_id"]), str(about["annotation_id"]), start, end))
    return rows, told


def _marked(spans: Spans, tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Whether anybody marked each token."""
    width = float(tokens.end.max()) + 1.0
    first = np.searchsorted(tokens.item * width + tokens.end, spans.item * width + spans.start, side="right")
    last = np.searchsorted(tokens.item * width + tokens.start, spans.item * width + spans.end, side="left")
    steps = np.zeros(len(tokens) + 1, dtype=np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, np.maximum(last, first), -1)
    return np.cumsum(steps[:-1]) > 0
