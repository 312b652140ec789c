"""Writing a review project: make it, fill it, keep it in step, give it one tab. Touches no other project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from annoaudit.connectors.desk import JsonObject, ReviewProject, ReviewTask
from annoaudit.connectors.failures import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.label_studio.originals import (
    as_object,
    as_objects,
    batched,
    ids_filter,
    is_last_page,
)
from annoaudit.connectors.label_studio.review_config import fit_title

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.client import Client

__all__ = [
    "CURRENT",
    "change_form",
    "create_review_project",
    "ensure_tab",
    "find_review_project",
    "import_review_tasks",
    "list_review_tasks",
    "withdraw_review_tasks",
]

CURRENT = "current label"
"""Model version under which the flagged label is pre-filled."""

OPEN_TAB, BLIND_TAB = "Highest first", "To label"
N_LISTED = 5000
N_WITHDRAWN = 400
IMPORT_S = 300.0
_HIDDEN = (
    "inner_id", "completed_at", "cancelled_annotations", "total_predictions", "annotators", "annotations_results",
    "annotations_ids", "predictions_score", "predictions_model_versions", "predictions_results", "file_upload",
    "storage_filename", "created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists", "data.annoaudit_key",
    "data.annoaudit_title", "data.annoaudit_source", "data.annoaudit_order",
)  # fmt: skip
_UNTOUCHED: tuple[JsonObject, ...] = (
    {"filter": "filter:tasks:annotators", "operator": "empty", "type": "List", "value": True},
    {"filter": "filter:tasks:draft_exists", "operator": "equal", "type": "Boolean", "value": False},
)


def find_review_project(client: Client, marker: str, native_id: str = "") -> ReviewProject | None:
    """Return the review project whose description carries our marker, or None if there is none any more.

    Parameters
    ----------
    native_id
        Where it was last; a project there without the marker is somebody else's, since ids are used again.
    """
    if native_id:
        try:
            found = as_object(client.get(f"/api/projects/{native_id}/"), "a project")
        except NotThere:
            found = {}
        if marker in str(found.get("description") or ""):
            return _as_project(found)
    page = 1
    while True:
        params: dict[str, str | int] = {"page": page, "page_size": 200, "include": "id,title,description"}
        answer = as_object(client.get("/api/projects/", params=params), "a page of projects")
        for one in as_objects(answer.get("results"), "a list of projects"):
            if marker in str(one.get("description") or ""):
                return _as_project(as_object(client.get(f"/api/projects/{one['id']}/"), "a project"))
        if not answer.get("next"):
            return None
        page += 1


def create_review_project(client: Client, title: str, config: str, marker: str, *, blind: bool) -> ReviewProject:
    """Make a review project. Its marker lets a later run find it, should this one be killed here."""
    body = {
        "title": fit_title(title),
        "description": f"Made by annoaudit; `annoaudit unpush` removes it. {marker}",
        "label_config": config,
        "maximum_annotations": 1,
        "show_collab_predictions": not blind,
        "enable_empty_annotation": False,
        "sampling": "Sequential sampling",
    }
    return _as_project(as_object(client.send("POST", "/api/projects/", body), "a project"))


def change_form(client: Client, project: ReviewProject, config: str) -> bool:
    """Give the review project another form; False if its answers use labels that the new form lacks."""
    try:
        client.send("PATCH", f"/api/projects/{project.project_id}/", {"label_config": config}, repeatable=True)
    except RequestRefused:
        return False
    return True


def list_review_tasks(client: Client, project: ReviewProject) -> list[ReviewTask]:
    """List the tasks of a review project that annoaudit made."""
    touched = {int(str(row["id"])) for row in _list_tasks(client, project, "id", _touched())}
    tasks = []
    for row in _list_tasks(client, project, "id,meta", None):
        meta = row.get("meta")
        ours = meta.get("annoaudit") if isinstance(meta, dict) else None
        if isinstance(ours, dict):
            number = int(str(row["id"]))
            tasks.append(ReviewTask(number, str(ours.get("key")), str(ours.get("content")), number in touched))
    return tasks


def import_review_tasks(client: Client, project: ReviewProject, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Import tasks in one request and return their ids in the order of the rows.

    Not sent again if the connection breaks: it may have arrived. The next run lists what is there.
    """
    answer = as_object(
        client.send(
            "POST",
            f"/api/projects/{project.project_id}/import",
            list(rows),
            params={"return_task_ids": "true"},
            timeout_s=IMPORT_S,
        ),
        "an import",
    )
    ids = answer.get("task_ids")
    if answer.get("task_count") != len(rows) or not isinstance(ids, list) or len(ids) != len(rows):
        raise ServerTrouble(
            f"The server took {answer.get('task_count')!r} of {len(rows)} review tasks.",
            hint="Run push again: it adds what is missing and doubles nothing.",
        )
    return [str(one) for one in ids]


def withdraw_review_tasks(client: Client, project: ReviewProject, task_ids: Sequence[int]) -> set[int]:
    """Delete review tasks on which nobody has worked; return those that are still there.

    The server itself checks, in the request that deletes, that a task has neither an answer nor anybody's draft:
    a reviewer who began a second ago loses nothing.
    """
    left: set[int] = set()
    for ids in batched(task_ids, N_WITHDRAWN):
        body = {
            "project": project.project_id,
            "filters": {"conjunction": "and", "items": [*_UNTOUCHED, ids_filter(ids)]},
            "selectedItems": {"all": True, "excluded": []},
            "ordering": [],
        }
        action: dict[str, str | int] = {"id": "delete_tasks", "project": project.project_id}
        client.send("POST", "/api/dm/actions", body, params=action, repeatable=True)
        still: JsonObject = {"conjunction": "and", "items": [ids_filter(ids)]}
        left |= {int(str(row["id"])) for row in _list_tasks(client, project, "id", still)}
    return left


def ensure_tab(client: Client, project: ReviewProject, keys: Sequence[str], *, blind: bool) -> str:
    """Give the project its one tab, sorted, and pre-fill the current labels unless blind; return the tab's id.

    Parameters
    ----------
    keys
        Keys of the source's task data, shown beside the reason.
    """
    if not blind and project.model_version != CURRENT:
        with suppress(RequestRefused):  # refused where nothing could be pre-filled
            client.send("PATCH", f"/api/projects/{project.project_id}/", {"model_version": CURRENT}, repeatable=True)
    title = BLIND_TAB if blind else OPEN_TAB
    found = as_objects(client.get("/api/dm/views/", params={"project": project.project_id}), "tabs")
    for one in found:
        data = one.get("data")
        if isinstance(data, dict) and data.get("title") == title:
            return str(one["id"])
    made = as_object(
        client.send("POST", "/api/dm/views/", {"project": project.project_id, "data": _tab(title, keys, blind)}),
        "a tab",
    )
    return str(made["id"])


def _tab(title: str, keys: Sequence[str], blind: bool) -> JsonObject:
    order = "tasks:data.annoaudit_order" if blind else "tasks:data.annoaudit_severity"
    hidden = [f"tasks:{name}" for name in (*_HIDDEN, *(("data.annoaudit_why",) if blind else ()))]
    widths = {
        "tasks:data.annoaudit_why": 480,
        "tasks:data.annoaudit_severity": 150,
        **{f"tasks:data.{key}": 240 for key in keys[:3]},
    }
    return {
        "title": title,
        "type": "list",
        "target": "tasks",
        "filters": {"conjunction": "and", "items": []},
        "ordering": [order if blind else f"-{order}"],
        "columnsDisplayType": {order: "Number"},
        "columnsWidth": widths,
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
    }


def _touched() -> JsonObject:
    items: list[JsonObject] = [
        {**_UNTOUCHED[0], "value": False},
        {**_UNTOUCHED[1], "value": True},
    ]
    return {"conjunction": "or", "items": items}


def _list_tasks(client: Client, project: ReviewProject, include: str, filters: JsonObject | None) -> list[JsonObject]:
    rows: list[JsonObject] = []
    while True:
        params: dict[str, str | int] = {
            "project": project.project_id,
            "fields": "task_only",
            "resolve_uri": "false",
            "page": len(rows) // N_LISTED + 1,
            "page_size": N_LISTED,
            "include": include,
        }
        if filters is not None:
            params["query"] = json.dumps({"filters": filters})
        answer = as_object(client.get("/api/tasks", params=params), "a page of tasks")
        page = as_objects(answer.get("tasks"), "a list of tasks")
        rows += page
        if is_last_page(answer, page, len(rows), N_LISTED):
            return rows


def _as_project(found: JsonObject) -> ReviewProject:
    return ReviewProject(
        int(str(found["id"])),
        str(found.get("title") or ""),
        str(found.get("label_config") or ""),
        str(found.get("model_version") or ""),
    )
