"""From coded columns, one entry a label, to the canonical tables; long and wide tables both end here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.formats.kinds import are_written
from annoaudit.labels import stable_ids
from annoaudit.labels.distinct import number_values

__all__ = ["Coded", "Given", "canonical_tables", "code"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of text (L,) and its different words (U,) in order of first appearance; no nulls."""

    column: pa.Array
    words: pa.Array
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, codes: npt.NDArray[np.int32], words: pa.Array) -> Coded:
        """Build it from codes (L,) into words (U,)."""
        return cls(words.take(pa.array(codes)), words, codes)

    @property
    def dictionary(self) -> pa.DictionaryArray:
        """The column, dictionary-encoded."""
        return pa.DictionaryArray.from_arrays(self.codes, self.words)


@dataclass(frozen=True, eq=False)
class Given:
    """What a table says, one entry a label, L entries.

    ``label`` is null where the annotator explicitly gave none. ``items`` has one row for each word of
    ``item``, in order; ``gold`` has one text for each such row, null where none is known. ``kinds`` are those of
    ``question.words``, choice or text; None leaves them to be told from the answers.
    """

    item: Coded
    annotator: Coded
    question: Coded
    label: pa.Array
    items: pa.Table
    seconds: pa.Array | None = None
    created_at: pa.Array | None = None
    gold: pa.Array | None = None
    kinds: tuple[str, ...] | None = None

    @cached_property
    def told_kinds(self) -> tuple[str, ...]:
        """Kind of each question: as stated, else text where answers are written freely, else choice."""
        if self.kinds is not None:
            return self.kinds
        if len(self.question.words) == 1:
            return ("text" if are_written(self.label, self.item.codes) else "choice",)
        found = []
        for k in range(len(self.question.words)):
            rows = np.flatnonzero(self.question.codes == k)
            written = are_written(self.label.take(pa.array(rows)), self.item.codes[rows])
            found.append("text" if written else "choice")
        return tuple(found)

    @property
    def is_text(self) -> pa.Array:
        """(L,) whether each answer is a free text."""
        return pa.array(np.array([one == "text" for one in self.told_kinds])[self.question.codes])


def code(column: pa.Array) -> Coded:
    """Number the different texts of a column without nulls."""
    return Coded(column, *number_values(column))


def canonical_tables(given: Given, notes: list[str]) -> Iterator[tuple[str, pa.Table]]:
    """Yield the canonical tables; what was assumed goes into ``notes``."""
    rounds = _number_rounds(given)
    n_copies = _count_copies(given, rounds) if rounds.any() else 0
    if n_copies:
        notes.append(f"{n_copies:,} rows repeat an earlier row exactly; they are kept as later answers.")
    words = pa.array([str(number) for number in range(int(rounds.max(initial=0)) + 1)])
    ids = stable_ids(
        [
            given.item.dictionary,
            given.annotator.dictionary,
            given.question.dictionary,
            pa.DictionaryArray.from_arrays(rounds.astype(np.int32), words),
        ]
    )
    notes.extend(_tell_texts(given))
    notes.extend(_tell_stray_spaces(given.label.filter(pc.invert(given.is_text))))
    yield "items", given.items
    yield "annotators", _annotators(given.annotator.words, "person")
    yield "questions", pa.table({"question": given.question.words, "kind": given.told_kinds})
    yield "annotations", _annotations(given, ids, rounds)
    yield "labels", _labels(given, ids)
    if given.gold is not None and given.gold.null_count < len(given.gold):
        yield from _gold_tables(given, given.gold)


def _tell_stray_spaces(label: pa.Array) -> Iterator[str]:
    """Name labels that are the same but for spaces: each is a class of its own."""
    words = pc.unique(label.drop_null())
    bare = pc.utf8_trim_whitespace(words)
    stray = words.filter(pc.not_equal(words, bare))
    if len(stray):
        shown = ", ".join(repr(one[:60]) for one in stray.to_pylist()[:5]) + (" …" if len(stray) > 5 else "")
        yield f"Spaces around labels make classes of their own; they were kept: {shown}. Trim them in the source."


def _number_rounds(given: Given) -> Ints:
    """(L,) 0 for an annotator's first answer to a question on an item, then 1, 2, ...: by time, then by place."""
    key = given.item.codes.astype(np.int64)
    for other in (given.annotator, given.question):
        if len(other.words) > 1:
            key *= len(other.words)
            key += other.codes
    rounds = np.zeros(len(key), dtype=np.int64)
    rows = _repeated_rows(key)
    if len(rows):
        order = rows[np.lexsort((rows, _sort_keys(given, rows), key[rows]))]
        starts = np.flatnonzero(np.r_[True, key[order][1:] != key[order][:-1]])
        lengths = np.diff(np.r_[starts, len(order)])
        rounds[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    return rounds


def _repeated_rows(key: Ints) -> Ints:
    """Rows whose key comes more than once."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    return order[np.union1d(same, same + 1)]


def _sort_keys(given: Given, rows: Ints) -> Ints:
    if given.created_at is None:
        return np.zeros(len(rows), dtype=np.int64)
    times = pc.fill_null(given.created_at.take(pa.array(rows)).cast(pa.int64()), np.iinfo(np.int64).max)
    return np.asarray(times)


def _count_copies(given: Given, rounds: Ints) -> int:
    """Number of rows that repeat an earlier row in every column that is read."""
    words = set(given.item.codes[rounds > 0].tolist())
    rows = np.flatnonzero(np.isin(given.item.codes, np.fromiter(words, dtype=np.int32)))
    place = pa.array(rows)
    columns = {"item": given.item.codes[rows], "annotator": given.annotator.codes[rows]}
    columns |= {"question": given.question.codes[rows], "label": given.label.take(place)}
    if given.seconds is not None:
        columns["seconds"] = given.seconds.take(place)
    if given.created_at is not None:
        columns["created_at"] = given.created_at.take(place)
    table = pa.table(columns)
    return int(len(rows) - table.group_by(table.column_names).aggregate([]).num_rows)


def _annotators(ids: pa.Array, kind: str) -> pa.Table:
    return pa.table({"annotator_id": ids, "kind": pa.repeat(kind, len(ids))})


def _annotations(given: Given, ids: pa.Array, rounds: Ints) -> pa.Table:
    columns = {
        "annotation_id": ids,
        "item_id": given.item.column,
        "annotator_id": given.annotator.column,
        "status": pa.repeat("submitted", len(ids)),
        "round": pa.array(rounds),
    }
    if given.created_at is not None:
        columns["created_at"] = given.created_at
    if given.seconds is not None:
        columns["lead_time_s"] = given.seconds
        measured = pa.repeat("measured", len(ids))
        columns["time_kind"] = (
            pc.if_else(pc.is_valid(given.seconds), measured, "none") if given.seconds.null_count else measured
        )
    return pa.table(columns)


def _labels(given: Given, ids: pa.Array) -> pa.Table:
    table = pa.table(
        {
            "label_id": ids,
            "annotation_id": ids,
            "item_id": given.item.column,
            "annotator_id": given.annotator.column,
            "question": given.question.column,
            **_answers(given.label, given.is_text),
        }
    )
    return table.filter(pc.is_valid(given.label)) if given.label.null_count else table


def _answers(said: pa.Array | pa.ChunkedArray, is_text: pa.Array) -> dict[str, pa.Array]:
    """Kind and value of answers; free texts stand in a column of their own."""
    if not pc.any(is_text).as_py():
        return {"kind": pa.repeat("choice", len(said)), "value": said}
    none = pa.scalar(None, pa.string())
    return {
        "kind": pc.if_else(is_text, "text", "choice"),
        "value": pc.if_else(is_text, none, said),
        "value_text": pc.if_else(is_text, said, none),
    }


def _tell_texts(given: Given) -> Iterator[str]:
    """Name questions whose answers were taken for free texts."""
    if given.kinds is None:
        for name, kind in zip(given.question.words.to_pylist(), given.told_kinds, strict=True):
            if kind == "text":
                yield (
                    f"The answers to {name!r} are of several words and hardly ever the same on two items: they were "
                    "taken for free texts."
                )


def _gold_tables(given: Given, gold: pa.Array) -> Iterator[tuple[str, pa.Table]]:
    """One annotation of a source named "gold" for each item whose answer is known."""
    known = given.items.select(["item_id"]).append_column("value", gold).filter(pc.is_valid(gold))
    taken = set(given.annotator.words.to_pylist())
    name = next(name for name in ("gold", *(f"gold {k}" for k in range(2, len(taken) + 3))) if name not in taken)
    n = known.num_rows
    who, question = pa.repeat(name, n), pa.repeat(given.question.words[0], n)
    ids = stable_ids([known["item_id"], who, question], "gold-")
    yield "annotators", _annotators(pa.array([name]), "gold")
    yield (
        "annotations",
        pa.table(
            {
                "annotation_id": ids,
                "item_id": known["item_id"],
                "annotator_id": who,
                "status": pa.repeat("submitted", n),
                "is_gold": pa.repeat(True, n),
            }
        ),
    )
    yield (
        "labels",
        pa.table(
            {
                "label_id": ids,
                "annotation_id": ids,
                "item_id": known["item_id"],
                "annotator_id": who,
                "question": question,
                **_answers(known["value"], pa.repeat(given.told_kinds[0] == "text", n)),
            }
        ),
    )
