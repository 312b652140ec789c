"""What lies in the source project now: its form, and which flagged tasks are there or have changed. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from annoaudit.connectors.desk import JsonObject, SourceProject, SourceTask
from annoaudit.connectors.failures import ServerTrouble
from annoaudit.connectors.label_studio.review_config import read_form

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.client import Client

__all__ = [
    "as_moment",
    "as_object",
    "as_objects",
    "batched",
    "ids_filter",
    "is_last_page",
    "read_source_project",
    "read_source_tasks",
    "read_task_times",
]

T = TypeVar("T")

N_IDS = 400
_FIELDS = "id,data,annotations,result"


def read_source_project(client: Client, project_id: int) -> SourceProject:
    """Read title and form of the audited project."""
    found = as_object(client.get(f"/api/projects/{project_id}/"), "a project")
    config = str(found.get("label_config") or "<View></View>")
    return SourceProject(project_id, str(found.get("title") or ""), config, read_form(config))


def read_task_times(client: Client, project_id: int, task_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when each of these tasks last changed; those that have gone are missing."""
    times = {}
    for ids in batched(sorted(set(task_ids)), N_IDS):
        for row in _read_page(client, project_id, ids, "task_only", "id,updated_at"):
            times[str(row["id"])] = as_moment(row.get("updated_at"))
    return times


def read_source_tasks(client: Client, project_id: int, task_ids: Sequence[str]) -> dict[str, SourceTask]:
    """Read tasks with their annotations by id, storage addresses unresolved; those that have gone are missing."""
    tasks: dict[str, SourceTask] = {}
    for ids in batched(sorted(set(task_ids)), N_IDS):
        tasks |= {str(row["id"]): _as_task(row) for row in _read_page(client, project_id, ids, "all", _FIELDS)}
    return tasks


def ids_filter(ids: Sequence[str | int]) -> JsonObject:
    """Return a filter of the Data Manager for tasks with these ids. For single requests; its page can't show it."""
    return {"filter": "filter:tasks:id", "operator": "in_list", "type": "Number", "value": [int(one) for one in ids]}


def batched(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield slices of at most ``size`` values."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def is_last_page(answer: Mapping[str, object], page: Sequence[object], n_read: int, page_size: int) -> bool:
    """Whether there is nothing behind this page: asking for the page after the last one is an error."""
    total = answer.get("total")
    return len(page) < page_size or (isinstance(total, int) and n_read >= total)


def as_object(value: object, what: str) -> JsonObject:
    """Return an answer that must be a JSON object."""
    if not isinstance(value, dict):
        raise ServerTrouble(f"The server answered with something that is not {what}.", hint="Try again later.")
    return value


def as_objects(value: object, what: str) -> list[JsonObject]:
    """Return an answer that must be a list of JSON objects."""
    if not isinstance(value, list):
        raise ServerTrouble(f"The server answered with something that is not {what}.", hint="Try again later.")
    return [as_object(one, what) for one in value]


def as_moment(value: object) -> datetime:
    """Return a time of an answer, which is in UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ServerTrouble("The server sent something without a readable time.", hint="Try again later.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_page(client: Client, project_id: int, ids: Sequence[str], fields: str, include: str) -> list[JsonObject]:
    query = {"filters": {"conjunction": "and", "items": [ids_filter(ids)]}}
    params: dict[str, str | int] = {
        "project": project_id,
        "fields": fields,
        "resolve_uri": "false",
        "page": 1,
        "page_size": len(ids),
        "include": include,
        "query": json.dumps(query, separators=(",", ":")),
    }
    answer = as_object(client.get("/api/tasks", params), "a page of tasks")
    return as_objects(answer.get("tasks"), "a list of tasks")


def _as_task(row: JsonObject) -> SourceTask:
    results = {
        str(one["id"]): tuple(as_objects(one.get("result") or [], "a result"))
        for one in as_objects(row.get("annotations") or [], "a list of annotations")
    }
    return SourceTask(str(row["id"]), as_object(row.get("data") or {}, "task data"), results)
