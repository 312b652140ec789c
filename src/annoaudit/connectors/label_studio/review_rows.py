"""Review tasks as Label Studio imports them: our fields first, the source's data, the current label pre-filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annoaudit.connectors.label_studio.natives import resolve_addresses
from annoaudit.connectors.label_studio.pushing import CURRENT

if TYPE_CHECKING:
    from annoaudit.connectors.desk import JsonObject, NewTask
    from annoaudit.connectors.label_studio.review_config import Form

__all__ = ["as_import_row", "explain_regions"]


def as_import_row(task: NewTask, form: Form) -> tuple[JsonObject, bool]:
    """Return a review task as the import takes it, and whether all of the current label could be pre-filled."""
    data = resolve_addresses(task.data, task.task_id)
    meta = {"annoaudit": {"key": task.key, "content": task.content}}
    # columns of ours come first, and win
    row: JsonObject = {"data": {**task.fields, **data, **task.fields}, "meta": meta}
    shown = [one for one in explain_regions(task.result, task.regions) if form.accepts(one)]
    if shown:
        row["predictions"] = [{"model_version": CURRENT, "result": shown}]
    return row, len(shown) == len(task.result)


def explain_regions(
    result: Sequence[Mapping[str, object]], regions: Mapping[str, Sequence[str]]
) -> list[dict[str, object]]:
    """Return a result in which flagged regions carry their reasons, as the editor's Info panel shows them."""
    explained = []
    for item in result:
        reasons = regions.get(str(item.get("id")))
        meta = item.get("meta")
        kept = dict(meta) if isinstance(meta, dict) else {}
        texts = kept.get("text")
        before = list(texts) if isinstance(texts, list) else []
        explained.append({**item, "meta": {**kept, "text": [*before, *reasons]}} if reasons else dict(item))
    return explained
