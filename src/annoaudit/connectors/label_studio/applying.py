"""Adding a reviewer's correction to the source project as a new annotation, and taking it back. Never replaces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from annoaudit.connectors.desk import Applied, JsonObject
from annoaudit.connectors.failures import NotThere
from annoaudit.connectors.label_studio.originals import as_object, as_objects
from annoaudit.connectors.label_studio.verdicts import clean_result, content_of

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.client import Client

__all__ = ["add_correction", "find_correction", "remove_correction"]


def add_correction(
    client: Client,
    task_id: str,
    parent_id: str,
    result: Sequence[Mapping[str, object]],
    reviewer_id: str,
    *,
    lead_time_s: float | None = None,
    ground_truth: bool = False,
) -> Applied:
    """Create an annotation with the flagged one as its parent; both stand side by side.

    Raises
    ------
    NotThere
        The task or the flagged annotation has gone meanwhile.
    """
    cleaned = clean_result(result)
    body: JsonObject = {
        "result": list(cleaned),
        "completed_by": int(reviewer_id) if reviewer_id.isdigit() else None,
        "parent_annotation": int(parent_id),
        "lead_time": lead_time_s,
        "ground_truth": ground_truth,
    }

    def landed() -> object:
        found = find_correction(client, task_id, parent_id, reviewer_id, cleaned)
        return None if found is None else {"id": found.annotation_id}

    made = as_object(client.send("POST", f"/api/tasks/{task_id}/annotations/", body, landed=landed), "an annotation")
    return Applied(str(made["id"]), _hash(cleaned))


def find_correction(
    client: Client, task_id: str, parent_id: str, reviewer_id: str, result: Sequence[Mapping[str, object]]
) -> Applied | None:
    """Return a correction that is there already, from a run that was killed before it could write it down."""
    task = as_object(client.get(f"/api/tasks/{task_id}/", {"resolve_uri": "false"}), "a task")
    wanted = _hash(clean_result(result))
    for one in as_objects(task.get("annotations") or [], "a list of annotations"):
        by = one.get("completed_by")
        who = str(by.get("id") if isinstance(by, dict) else by)
        same = _hash(as_objects(one.get("result") or [], "a result")) == wanted
        if str(one.get("parent_annotation")) == parent_id and who == reviewer_id and same:
            return Applied(str(one["id"]), wanted)
    return None


def remove_correction(
    client: Client, task_id: str, parent_id: str, applied: Applied
) -> Literal["removed", "gone", "conflict"]:
    """Delete an annotation that annoaudit created, if it still says what it said then.

    Returns
    -------
    str
        ``conflict``: somebody changed it since, or its id belongs to another annotation now; it is left alone.
    """
    path = f"/api/annotations/{applied.annotation_id}/"
    try:
        found = as_object(client.get(path), "an annotation")
        ours = str(found.get("task")) == task_id and str(found.get("parent_annotation")) == parent_id
        result = as_objects(found.get("result") or [], "a result")
        if not ours or _hash(result) != applied.content:
            return "conflict"
        client.send("DELETE", path)
    except NotThere:
        return "gone"
    return "removed"


def _hash(result: Sequence[Mapping[str, object]]) -> str:
    return hashlib.sha256(content_of(result).encode("utf-8")).hexdigest()[:32]
