"""What is remembered of changes from night to night, so that patterns in them can be told from chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.changes import Change

__all__ = ["DETECTOR", "VERSION", "Edit", "EditMemory", "NightCounts", "Others", "note_night", "read_memory"]

DETECTOR, VERSION = "edits", "1"
MOST_EDITS, MOST_NIGHTS = 5_000, 90


@dataclass(frozen=True)
class Edit:
    """One change of one answer, or its removal (``now`` is then None).

    ``lost`` is the share of the item's other annotators who agreed with what it was, less that of those who agree
    with what it is: above 0, the change went against the others. None where nobody else answered.
    """

    night: int
    actor: str
    owner: str
    question: str
    was: str
    now: str | None
    lost: float | None
    others_say: str | None


@dataclass(frozen=True)
class NightCounts:
    """What happened in one night, in counts."""

    n_annotations: int
    n_edits: int
    n_by_others: int
    n_removed: int
    n_gaps: int


@dataclass(frozen=True)
class EditMemory:
    """The edits and nights that are looked at together: the latest, so many of each."""

    edits: tuple[Edit, ...] = ()
    nights: tuple[NightCounts, ...] = ()
    last_id: int = 0
    n: int = 0

    def as_state(self) -> dict[str, object]:
        """Return it as JSON values."""
        edits, nights = ([list(asdict(one).values()) for one in rows] for rows in (self.edits, self.nights))
        return {"edits": edits, "nights": nights, "last_id": self.last_id, "n": self.n}


def read_memory(state: Mapping[str, object] | None) -> EditMemory:
    """Read what the last finished night left; nothing where it is of another shape."""
    try:
        told = state or {}
        edits = tuple(Edit(*one) for one in told.get("edits", ()))  # type: ignore[attr-defined] # JSON, checked here
        nights = tuple(NightCounts(*one) for one in told.get("nights", ()))  # type: ignore[attr-defined]
        last_id, n = (int(told.get(name, 0)) for name in ("last_id", "n"))  # type: ignore[call-overload]
        return EditMemory(edits, nights, last_id, n)
    except (TypeError, ValueError):
        return EditMemory()


def note_night(memory: EditMemory, changes: Sequence[Change], labels: LabelSet, *, is_first: bool) -> EditMemory:
    """Return the memory with tonight's changes: what is explained by a rename or by annoaudit itself is left out."""
    number = memory.n + 1
    told = [one for one in changes if one.record.startswith("annotation/") and "renamed" not in one.why]
    tonight = list(_edits_of(told, labels, number))
    last_id, n_gaps = _count_gaps(labels, memory.last_id)
    counts = NightCounts(
        n_annotations=labels.annotations.num_rows,
        n_edits=sum(one.what == "changed" and one.was != one.now for one in told),
        n_by_others=sum(one.what == "changed" and bool(one.by) and one.by != one.annotator for one in told),
        n_removed=sum(one.what == "removed" for one in told),
        n_gaps=n_gaps if memory.last_id else 0,
    )
    nights = memory.nights if is_first else (*memory.nights, counts)
    return EditMemory((*memory.edits, *tonight)[-MOST_EDITS:], nights[-MOST_NIGHTS:], last_id, number)


def _edits_of(changes: Sequence[Change], labels: LabelSet, night: int) -> Iterator[Edit]:
    """Edits of single choices, and removals, each with what the item's others say."""
    single = set(labels.questions_of("choice"))
    by_question: dict[str, list[Change]] = {}
    for one in changes:
        question = one.question or (next(iter(single)) if len(single) == 1 else "")
        if question in single and one.what in ("changed", "removed") and one.was and one.was != one.now:
            by_question.setdefault(question, []).append(one)
    for question, found in by_question.items():
        others = Others.of(labels, question)
        for one in found:
            now = one.now if one.what == "changed" else None
            lost, say = others.judge(one, now)
            if now is None and say is None:
                continue  # the item went, too, or nobody else answered it
            actor = one.by or one.annotator if one.what == "changed" else ""
            yield Edit(night, actor, one.annotator, question, one.was, now, lost, say)


@dataclass(frozen=True, eq=False)
class Others:
    """What the annotators of each item say: (N, K) answers by class."""

    classes: Mapping[str, int]
    items: Mapping[str, int]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, labels: LabelSet, question: str) -> Others:
        """Count the answers to a question."""
        votes = labels.votes(question)
        items = {str(name): place for place, name in enumerate(votes.item_ids.to_pylist())}
        counts = np.zeros((len(items), votes.n_classes), dtype=np.int64)
        np.add.at(counts, (votes.item, votes.label), 1)
        return cls({name: place for place, name in enumerate(votes.classes)}, items, counts)

    def judge(self, change: Change, now: str | None) -> tuple[float | None, str | None]:
        """How much support a change lost, and what most of the others say, if they agree."""
        place = self.items.get(change.item_id)
        if place is None:
            return None, None
        counts = self.counts[place].copy()
        if now is not None and now in self.classes:
            counts[self.classes[now]] = max(counts[self.classes[now]] - 1, 0)  # the changed answer itself
        n = int(counts.sum())
        if not n:
            return None, None
        best = int(counts.argmax())
        say = tuple(self.classes)[best] if 2 * counts[best] > n else None
        if now is None:
            return None, say
        was, is_now = (counts[self.classes[one]] / n if one in self.classes else 0.0 for one in (change.was, now))
        return float(was - is_now), say


def _count_gaps(labels: LabelSet, last_id: int) -> tuple[int, int]:
    """The greatest numeric id of an annotation, and how many since the last one were given but are not there."""
    native = labels.annotations["native_id"].drop_null()
    if not len(native) or not pc.all(pc.match_substring_regex(native, "^[0-9]{1,18}$")).as_py():
        return last_id, 0
    numbers = np.asarray(native.cast("int64"))
    fresh = np.unique(numbers[numbers > last_id])
    return max(last_id, int(numbers.max())), int(fresh[-1] - last_id - len(fresh)) if len(fresh) else 0
