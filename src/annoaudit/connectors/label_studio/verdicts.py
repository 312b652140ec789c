"""Reading what reviewers answered in a review project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annoaudit.connectors.desk import Answer, JsonObject
from annoaudit.connectors.label_studio.originals import as_moment, as_object, as_objects, is_last_page
from annoaudit.connectors.label_studio.review_config import NOTE, PREFIX, VERDICT

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.client import Client

__all__ = ["chosen_options", "clean_result", "content_of", "read_answers"]

N_ANSWERS = 1000
_FIELDS = "id,meta,annotations,result,completed_by,was_cancelled,created_at,updated_at,lead_time"


def read_answers(client: Client, project_id: int) -> list[Answer]:
    """Read all answers given so far, skips included.

    The tasks are found by their annotations themselves, not by the server's counters, which can be wrong.
    """
    answers: dict[str, Answer] = {}
    items = [{"filter": "filter:tasks:annotators", "operator": "empty", "type": "List", "value": False}]
    query = json.dumps({"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]})
    page, n_read = 1, 0
    while True:
        params: dict[str, str | int] = {
            "project": project_id,
            "fields": "all",
            "resolve_uri": "false",
            "page": page,
            "page_size": N_ANSWERS,
            "include": _FIELDS,
            "query": query,
        }
        found = as_object(client.get("/api/tasks", params), "a page of tasks")
        rows = as_objects(found.get("tasks"), "a list of tasks")
        n_read += len(rows)
        for row in rows:
            answers |= {one.annotation_id: one for one in _answers_of(row)}
        if is_last_page(found, rows, n_read, N_ANSWERS):
            return list(answers.values())
        page += 1


def clean_result(result: Sequence[Mapping[str, object]]) -> tuple[JsonObject, ...]:
    """Return labels fit for the source project: without annoaudit's questions, its notes on regions, and origins."""
    return tuple(
        {key: value for key, value in item.items() if key not in ("origin", "meta", "score", "readonly", "hidden")}
        | _foreign_meta(item)
        for item in result
        if not str(item.get("from_name", "")).startswith(PREFIX)
    )


def content_of(result: Sequence[Mapping[str, object]], questions: Sequence[str] | None = None) -> str:
    """Return the content of labels as text that is equal where they say the same, whatever their ids and order.

    Parameters
    ----------
    questions
        Compare these controls only.
    """
    parts = []
    for item in clean_result(result):
        if questions is not None and item.get("from_name") not in questions:
            continue
        value = item.get("value")
        plain = _plain(value) if isinstance(value, dict) else value
        kept = {key: item.get(key) for key in ("from_name", "to_name", "type", "direction", "labels") if key in item}
        parts.append(json.dumps({**kept, "value": plain}, sort_keys=True))
    return "\n".join(sorted(parts))


def chosen_options(result: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Return the options chosen in a result, by control."""
    found: dict[str, list[str]] = {}
    for item in result:
        value = item.get("value")
        chosen = value.get(str(item.get("type"))) if isinstance(value, dict) else None
        if isinstance(chosen, list):
            found.setdefault(str(item.get("from_name")), []).extend(str(one) for one in chosen)
    return found


def _plain(value: Mapping[str, object]) -> JsonObject:
    """A value without what the editor adds, coordinates rounded to a thousandth of a percent."""
    return {key: _rounded(one) for key, one in value.items() if key != "globalOffsets"}


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return value


def _foreign_meta(item: Mapping[str, object]) -> JsonObject:
    meta = item.get("meta")
    if not isinstance(meta, dict):
        return {}
    texts = meta.get("text")
    kept = [one for one in texts if not str(one).startswith("annoaudit: ")] if isinstance(texts, list) else texts
    left = {key: value for key, value in {**meta, "text": kept}.items() if value}
    return {"meta": left} if left else {}


def _answers_of(row: JsonObject) -> list[Answer]:
    meta = row.get("meta")
    ours = meta.get("annoaudit") if isinstance(meta, dict) else None
    if not isinstance(ours, dict):
        return []
    return [
        _as_answer(one, str(ours.get("key")), str(row["id"]))
        for one in as_objects(row.get("annotations") or [], "a list of annotations")
    ]


def _as_answer(one: JsonObject, key: str, task_id: str) -> Answer:
    result = as_objects(one.get("result") or [], "a result")
    said = _chosen(result, VERDICT, "choices")
    cleaned = clean_result(result)
    lead = one.get("lead_time")
    by = one.get("completed_by")
    return Answer(
        key=key,
        task_id=task_id,
        annotation_id=str(one["id"]),
        said="skipped" if one.get("was_cancelled") is True else (said[0] if said else ""),
        note="\n".join(_chosen(result, NOTE, "text")),
        result=cleaned,
        reviewer_id=str(by.get("id") if isinstance(by, dict) else by),
        at=as_moment(one.get("updated_at") or one.get("created_at")),
        lead_time_s=float(lead) if isinstance(lead, (int, float)) else None,
        content=content_of(cleaned),
    )


def _chosen(result: Sequence[JsonObject], name: str, kind: str) -> list[str]:
    found: list[str] = []
    for item in result:
        value = item.get("value")
        if item.get("from_name") == name and isinstance(value, dict):
            chosen = value.get(kind)
            found += [str(one) for one in (chosen if isinstance(chosen, list) else [chosen])]
    return found
