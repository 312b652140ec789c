"""What each submission answers to a question, in words: to tell whether a label has changed since somebody looked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.labels.rankings import spell_order
from annoaudit.labels.submissions import owners_of, select_submissions
from annoaudit.labels.votes import MEASURED, NOMINAL

if TYPE_CHECKING:
    from annoaudit.labels.labelset import LabelSet

__all__ = ["NOTHING", "tell_answers"]

NOTHING = "nothing"
"""The answer of a submission that says that there is nothing."""
MOST_WORDS = 200
PLACE = ("start", "end", "x", "y", "w", "h", "rotation", "polygon", "points", "rle", "ranks", "value_text", "value_num")


def tell_answers(labels: LabelSet, question: str) -> dict[str, str]:
    """Return the answer of each annotation that counts, by its id; the same words as long as it stays the same.

    Of a choice it is the class; of a text its words; of a set or of regions, each with where it lies, sorted. Long
    answers end in a hash of the whole.
    """
    kind = labels.kind_of(question)
    if kind in (*NOMINAL, *MEASURED):
        votes = labels.votes(question)
        ids = labels.annotations["annotation_id"].take(pa.array(votes.owner)).to_pylist()
        return {str(one): votes.classes[code] for one, code in zip(ids, votes.label.tolist(), strict=True)}
    if kind == "text":
        texts = labels.texts(question)
        ids = labels.annotations["annotation_id"].take(pa.array(texts.owner)).to_pylist()
        return {str(one): _shorten(said) or NOTHING for one, said in zip(ids, texts.text.tolist(), strict=True)}
    given = select_submissions(labels)
    mask = pc.and_(pc.equal(labels.labels["question"], question), pc.is_valid(labels.labels["annotation_id"]))
    rows = np.asarray(pc.indices_nonzero(pc.fill_null(mask, False)), dtype=np.int64)
    place = given.of_rows(owners_of(labels)[rows])
    rows, place = rows[place >= 0], place[place >= 0]
    told: list[list[str]] = [[] for _ in range(len(given))]
    for at, row in zip(
        place.tolist(), labels.labels.select(["value", *PLACE]).take(pa.array(rows)).to_pylist(), strict=True
    ):
        told[at].append(_tell(row))
    ids = labels.annotations["annotation_id"].take(pa.array(given.owner)).to_pylist()
    return {str(one): _shorten(", ".join(sorted(said))) or NOTHING for one, said in zip(ids, told, strict=True)}


def _tell(row: Mapping[str, object]) -> str:
    if row["ranks"] is not None:
        return spell_order([[str(one) for one in group or ()] for group in row["ranks"]])  # type: ignore[attr-defined]
    place = {name: row[name] for name in PLACE if row[name] is not None}
    if set(place) == {"start", "end"}:
        return f"{row['value']} {row['start']:g}-{row['end']:g}"
    if not place:
        return str(row["value"])
    return f"{row['value']} at {_digest(json.dumps(place, default=_encode, sort_keys=True))}"


def _encode(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _shorten(text: str) -> str:
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}… {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
