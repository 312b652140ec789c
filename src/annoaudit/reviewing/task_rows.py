"""Review tasks, made of what was pulled and of what has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from annoaudit.connectors.desk import JsonObject, NewTask
from annoaudit.reviewing.sampling import shuffled_place
from annoaudit.reviewing.wording import blind_fields, open_fields, tell_regions

if TYPE_CHECKING:
    from annoaudit.connectors.desk import ReviewDesk
    from annoaudit.labels import LabelSet
    from annoaudit.reviewing.targets import Target

__all__ = ["Original", "as_new_task", "content_hash", "find_originals"]


@dataclass(frozen=True)
class Original:
    """What stood in the source when the review task was made."""

    data: Mapping[str, object]
    result: tuple[JsonObject, ...]


def find_originals(
    desk: ReviewDesk, labels: LabelSet, targets: Sequence[Target]
) -> tuple[dict[str, Original], tuple[str, ...]]:
    """Return the originals of targets by key, and notes on those that are left out.

    They come from the pull; tasks that have changed since are read again. A target is left out if its task or
    its annotation has gone, or if its audited label is another one now: the next audit judges that one.
    """
    times = desk.task_times([one.task_id for one in targets])
    known_until = _newest(labels)
    fresh = desk.source_tasks([task_id for task_id, at in times.items() if known_until is None or at > known_until])
    pulled = desk.pulled_tasks(labels, [one.task_id for one in targets])
    originals: dict[str, Original] = {}
    gone = changed = 0
    for one in targets:
        now = fresh.get(one.task_id) or pulled.get(one.task_id)
        if one.task_id not in times or now is None or (one.annotation_id and one.annotation_id not in now.results):
            gone += 1
            continue
        result = now.results.get(one.annotation_id, ())
        if one.task_id in fresh and not _still_says(desk.chosen(result), one.values):
            changed += 1
            continue
        originals[one.key] = Original(now.data, result)
    return originals, _tell(gone, changed)


def as_new_task(target: Target, original: Original, desk: ReviewDesk, secret: bytes, *, blind: bool) -> NewTask:
    """Return a review task: what is said of the target, the source's data, and the current label unless blind."""
    place, url = shuffled_place(target.key, secret), desk.task_url(target.task_id)
    return NewTask(
        key=target.key,
        content=content_hash(target, blind=blind),
        task_id=target.task_id,
        fields=blind_fields(target, place) if blind else open_fields(target, url),
        data=original.data,
        result=() if blind else original.result,
        regions={} if blind else tell_regions(target),
    )


def content_hash(target: Target, *, blind: bool) -> str:
    """Return a hash of what the reviewer is shown of the findings; suspicion counts to a tenth."""
    shown: list[object] = (
        ["blind"]
        if blind
        else [
            [one.detector, one.severity, one.given, one.suggested, one.reason, f"{one.suspicion:.1f}"]
            for one in target.remarks
        ]
    )
    text = json.dumps([shown, sorted(target.values.items())])
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _newest(labels: LabelSet) -> datetime | None:
    newest: datetime | None = pc.max(labels.annotations["updated_at"]).as_py()
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)


def _still_says(chosen: Mapping[str, Sequence[str]], values: Mapping[str, str]) -> bool:
    """Whether the audited choices are still what was audited."""
    return all(list(chosen.get(question, ())) == [label] for question, label in values.items())


def _tell(gone: int, changed: int) -> tuple[str, ...]:
    notes = []
    if gone:
        notes.append(f"{gone:,} flagged labels have been deleted in the source since the audit; they were left out.")
    if changed:
        notes.append(
            f"{changed:,} flagged labels have been changed in the source since the audit; they were left out, and the "
            "next audit judges them as they are now."
        )
    return tuple(notes)
