"""Marks in the audited project itself, only on request: a tab of flagged annotations, predictions without labels.

Neither changes a task, an annotation or a time of change. Both are known by names that begin with ``annoaudit``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annoaudit.connectors.failures import NotThere, ServerTrouble
from annoaudit.connectors.label_studio.originals import as_object, as_objects

if TYPE_CHECKING:
    from annoaudit.connectors.desk import JsonObject
    from annoaudit.connectors.label_studio.client import Client

__all__ = ["MOST_IN_TAB", "TAB_TITLE", "add_predictions", "add_tab", "remove_predictions", "remove_tab"]

TAB_TITLE = "annoaudit: flagged"
DEFAULT_TITLE = "Default"
MOST_IN_TAB = 300
"""The Data Manager takes seconds to open a tab that names more annotations."""

IMPORT_S = 600.0
_HIDDEN = tuple(
    f"tasks:{name}"
    for name in (
        "inner_id", "completed_at", "cancelled_annotations", "total_predictions", "annotations_results",
        "annotations_ids", "predictions_score", "predictions_model_versions", "predictions_results", "file_upload",
        "storage_filename", "created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists",
    )
)  # fmt: skip


def add_tab(client: Client, project_id: int, annotation_ids: Sequence[str]) -> dict[str, str]:
    """Show annotations in a tab of their own, or bring that tab up to date; return the ids of the tabs made by name.

    A project that nobody has opened yet has no stored tabs, and ours would replace the one it shows by itself; the
    usual one is then made first.
    """
    tabs = _tabs(client, project_id)
    made = {}
    if not tabs:
        made["default_tab"] = _make_tab(client, project_id, {"title": DEFAULT_TITLE, "type": "list", "target": "tasks"})
    ours = next((str(one["id"]) for one in tabs if _title_of(one) == TAB_TITLE), "")
    data = _tab(annotation_ids[:MOST_IN_TAB])
    if ours:
        client.send("PATCH", f"/api/dm/views/{ours}/", {"project": project_id, "data": data}, repeatable=True)
    return {**made, "tab": ours or _make_tab(client, project_id, data)}


def remove_tab(client: Client, project_id: int, made: Mapping[str, str]) -> bool:
    """Remove the tabs that :func:`add_tab` made; False if there was none any more.

    A tab is ours by its name, since ids are used again. The usual tab goes only if it is the one that was made, says
    what it said then, and no other tab would be left.
    """
    try:
        client.get(f"/api/projects/{project_id}/")
    except NotThere:  # gone with the whole project
        return False
    tabs = _tabs(client, project_id)
    ours = [one for one in tabs if _title_of(one) == TAB_TITLE]
    rest = [one for one in tabs if _title_of(one) != TAB_TITLE]
    if len(rest) == 1 and str(rest[0]["id"]) == made.get("default_tab") and _is_plain(rest[0]):
        ours += rest
    for one in ours:
        client.send("DELETE", f"/api/dm/views/{one['id']}/")
    return bool(ours)


def add_predictions(client: Client, project_id: int, version: str, scores: Mapping[str, float]) -> int:
    """Give tasks a prediction without labels whose score is their suspicion; return how many.

    Those of an earlier push go first, since the server only ever appends.

    Raises
    ------
    ServerTrouble
        The server took fewer than were sent.
    """
    remove_predictions(client, project_id, version)
    if not scores:
        return 0
    rows = [
        {"task": int(task), "model_version": version, "score": score, "result": []} for task, score in scores.items()
    ]
    answer = client.send("POST", f"/api/projects/{project_id}/import/predictions", rows, timeout_s=IMPORT_S)
    created = as_object(answer, "an import").get("created")
    if created != len(rows):
        raise ServerTrouble(
            f"The server took {created!r} of {len(rows)} predictions.", hint="Push again: it begins them anew."
        )
    return len(rows)


def remove_predictions(client: Client, project_id: int, version: str) -> bool:
    """Remove all predictions of our version and no others; False if there are none.

    The server may reset the project's model version while deleting another: it is put back.
    """
    base = f"/api/projects/{project_id}/"
    try:
        versions = client.get(f"{base}model-versions/")
    except NotThere:
        return False
    if version not in (versions if isinstance(versions, (dict, list)) else ()):
        return False
    before = as_object(client.get(base), "a project").get("model_version")
    client.send("DELETE", f"{base}model-versions/", {"model_version": version}, timeout_s=IMPORT_S)
    if as_object(client.get(base), "a project").get("model_version") != before:
        client.send("PATCH", base, {"model_version": before}, repeatable=True)
    return True


def _tabs(client: Client, project_id: int) -> list[JsonObject]:
    return as_objects(client.get("/api/dm/views/", params={"project": project_id}), "tabs")


def _make_tab(client: Client, project_id: int, data: JsonObject) -> str:
    made = client.send("POST", "/api/dm/views/", {"project": project_id, "data": data})
    return str(as_object(made, "a tab")["id"])


def _tab(annotation_ids: Sequence[str]) -> JsonObject:
    """A tab whose filter the Data Manager's page can show; one that it can't would make all tabs unusable."""
    shown = {"filter": "filter:tasks:annotations_ids", "operator": "contains", "type": "String"}
    item: JsonObject = {**shown, "value": ",".join(annotation_ids)}
    filters = {"conjunction": "and", "items": [item]}
    hidden = {"explore": list(_HIDDEN), "labeling": list(_HIDDEN)}
    return {"title": TAB_TITLE, "type": "list", "target": "tasks", "filters": filters, "hiddenColumns": hidden}


def _title_of(tab: JsonObject) -> object:
    data = tab.get("data")
    return data.get("title") if isinstance(data, dict) else None


def _is_plain(tab: JsonObject) -> bool:
    data = tab.get("data")
    if not isinstance(data, dict):
        return False
    filters = data.get("filters")
    return _title_of(tab) == DEFAULT_TITLE and not (filters.get("items") if isinstance(filters, dict) else filters)
