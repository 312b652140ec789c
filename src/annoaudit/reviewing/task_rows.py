"""Review tasks as Label Studio imports them, made of what was pulled and of what has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.connectors.label_studio.natives import native_data, native_result, resolve_addresses
from annoaudit.connectors.label_studio.originals import read_source_tasks, read_task_times
from annoaudit.connectors.label_studio.pushing import CURRENT
from annoaudit.reviewing.sampling import shuffled_place
from annoaudit.reviewing.wording import blind_fields, explain_regions, open_fields

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.review_config import Form
    from annoaudit.labels import LabelSet
    from annoaudit.reviewing.places import Source
    from annoaudit.reviewing.targets import Target

__all__ = ["Original", "as_import_row", "content_hash", "find_originals"]

JsonObject = dict[str, object]


@dataclass(frozen=True)
class Original:
    """What stood in the source when the review task was made."""

    data: Mapping[str, object]
    result: tuple[JsonObject, ...]


def find_originals(
    source: Source, labels: LabelSet, targets: Sequence[Target]
) -> tuple[dict[str, Original], tuple[str, ...]]:
    """Return the originals of targets by key, and notes on those that are left out.

    They come from the pull; tasks that have changed since are read again. A target is left out if its task or
    its annotation has gone, or if its audited label is another one now: the next audit judges that one.
    """
    times = read_task_times(source.client, source.address.project_id, [one.task_id for one in targets])
    known_until = _newest(labels)
    stale = [task_id for task_id, at in times.items() if known_until is None or at > known_until]
    fresh = read_source_tasks(source.client, source.address.project_id, stale)
    data, results = _pulled(labels, targets)
    originals: dict[str, Original] = {}
    gone = changed = 0
    for one in targets:
        if one.task_id not in times:
            gone += 1
            continue
        if one.task_id in fresh:
            now = fresh[one.task_id]
            if one.annotation_id and one.annotation_id not in now.results:
                gone += 1
                continue
            result = now.results.get(one.annotation_id, ())
            if not _still_says(result, one.values):
                changed += 1
                continue
            originals[one.key] = Original(now.data, result)
        else:
            originals[one.key] = Original(data.get(one.task_id, {}), results.get(one.target, ()))
    return originals, _tell(gone, changed)


def as_import_row(
    target: Target, original: Original, form: Form, source: Source, secret: bytes, *, blind: bool
) -> tuple[JsonObject, bool]:
    """Return a review task as the import takes it, and whether all of the current label could be pre-filled."""
    data = resolve_addresses(original.data, target.task_id)
    url = source.address.task_url(target.task_id)
    ours = blind_fields(target, shuffled_place(target.key, secret)) if blind else open_fields(target, url)
    meta = {"annoaudit": {"key": target.key, "content": content_hash(target, blind=blind)}}
    row: JsonObject = {"data": {**ours, **data, **ours}, "meta": meta}  # columns of ours come first, and win
    if blind:
        return row, True
    shown = [one for one in explain_regions(original.result, target) if form.accepts(one)]
    if original.result and not shown:
        return row, False
    if shown:
        row["predictions"] = [{"model_version": CURRENT, "result": shown}]
    return row, len(shown) == len(original.result)


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


def _pulled(
    labels: LabelSet, targets: Sequence[Target]
) -> tuple[dict[str, JsonObject], dict[str, tuple[JsonObject, ...]]]:
    tasks = pa.array(sorted({one.task_id for one in targets}), pa.string())
    names = pa.array(sorted({one.target for one in targets}), pa.string())
    items, annotations = labels.items, labels.annotations
    items = items.filter(pc.is_in(items["item_id"], value_set=tasks))
    annotations = annotations.filter(pc.is_in(annotations["annotation_id"], value_set=names))
    data = {
        str(row["item_id"]): native_data(row["meta_json"]) for row in items.select(["item_id", "meta_json"]).to_pylist()
    }
    results = {
        str(row["annotation_id"]): tuple(native_result(row["meta_json"]))
        for row in annotations.select(["annotation_id", "meta_json"]).to_pylist()
    }
    return data, results


def _still_says(result: Sequence[Mapping[str, object]], values: Mapping[str, str]) -> bool:
    """Whether the audited choices are still what was audited."""
    now: dict[str, list[object]] = {}
    for item in result:
        value = item.get("value")
        if item.get("type") == "choices" and isinstance(value, dict):
            now[str(item.get("from_name"))] = list(value.get("choices") or [])
    return all(now.get(question) == [label] for question, label in values.items())


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
