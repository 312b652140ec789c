"""The requests that read a project: a snapshot of all of it, pages, what changed, an index, the people."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from annoaudit.connectors.failures import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.label_studio.bookmarks import filter_time, parse_server_time
from annoaudit.formats.json_values import Record

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.client import Client

__all__ = ["Counts", "Reader", "parse_tasks"]

PAGE_SIZE = 1000
N_IDS = 300
SNAPSHOT_S = 900.0
_TITLE = "annoaudit pull"
_FIELDS = (
    "id,data,meta,annotations,created_at,updated_at,result,completed_by,was_cancelled,ground_truth,lead_time,"
    "draft_created_at,import_id,last_action,updated_by,parent_prediction,parent_annotation,bulk_created,last_created_by"
)
_PREDICTIONS = ",predictions,model_version,score"
_INDEX = "id,annotations,predictions,created_at,updated_at"
_OPTIONS = {
    "drafts": {"only_id": False},
    "predictions": {"only_id": False},
    "annotations__completed_by": {"only_id": True},
    "include_annotation_history": False,
}
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)
_BLANK = " \t\r\n"


@dataclass(frozen=True)
class Counts:
    """How much there is, counted by the server from its rows."""

    tasks: int
    annotations: int
    skipped: int
    predictions: int

    @classmethod
    def of(cls, told: Record) -> Counts | None:
        """Take the counts from the server's description of a project; None where it does not tell."""
        keys = ("task_number", "total_annotations_number", "skipped_annotations_number", "total_predictions_number")
        found = [one for key in keys if isinstance(one := told.get(key), int)]
        return cls(*found) if len(found) == len(keys) else None


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads one project through a client."""

    client: Client
    project_id: int

    def users(self) -> list[Record]:
        """Everybody in the organisation; those who annotated, where the token's user may not see more."""
        for path in ("/api/users/", f"/api/projects/{self.project_id}/annotators/"):
            with suppress(RequestRefused, NotThere):
                found = self.client.get(path)
                listed = found.get("results") if isinstance(found, dict) else found
                return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return []

    def moved_at(self) -> datetime:
        """When any task was changed last, by the server's clock; long ago where there is none."""
        answer = self._page({"ordering": ["-tasks:updated_at"]}, "id,updated_at", 1)
        for task in answer:
            with suppress(ValueError):
                return parse_server_time(str(task.get("updated_at")))
        return datetime(1970, 1, 1, tzinfo=UTC)

    def pages(self, after: int = 0, *, predictions: bool = True) -> Iterator[list[Record]]:
        """Yield all tasks with an id above ``after``, by id: whatever comes or goes meanwhile shifts no page."""
        fields = _FIELDS + (_PREDICTIONS if predictions else "")
        yield from self._by_id(after, fields)

    def index(self) -> Iterator[list[Record]]:
        """Yield all tasks, with no more than ids and times of what hangs on them."""
        yield from self._by_id(0, _INDEX)

    def _by_id(self, after: int, fields: str) -> Iterator[list[Record]]:
        while page := self._page(_query("id", "greater", "Number", after), fields, PAGE_SIZE):
            after = max(_id_of(task) for task in page)
            yield page

    def changes(self, since: datetime, *, predictions: bool = True) -> Iterator[list[Record]]:
        """Yield tasks changed at or after a time, oldest change first; one may come twice."""
        fields = _FIELDS + (_PREDICTIONS if predictions else "")
        number = 1
        while True:
            query = _query("updated_at", "greater_or_equal", "Datetime", filter_time(since))
            page = self._page(query, fields, PAGE_SIZE, number)
            if page:
                yield page
            if len(page) < PAGE_SIZE:
                return
            latest = parse_server_time(str(page[-1].get("updated_at")))
            since, number = (latest, 1) if latest > since else (since, number + 1)

    def tasks(self, ids: Sequence[str], *, predictions: bool = True) -> Iterator[list[Record]]:
        """Yield the tasks with these ids, as far as they are there."""
        fields = _FIELDS + (_PREDICTIONS if predictions else "")
        for start in range(0, len(ids), N_IDS):
            wanted = [int(one) for one in ids[start : start + N_IDS]]
            yield self._page(_query("id", "in_list", "List", wanted), fields, N_IDS)

    def _page(self, query: Mapping[str, object], fields: str, size: int, number: int = 1) -> list[Record]:
        params: dict[str, str | int] = {
            "project": self.project_id, "fields": "all", "resolve_uri": "false", "include": fields,
            "page": number, "page_size": size, "query": json.dumps(query),
        }  # fmt: skip
        try:
            found = self.client.get("/api/tasks", params)
        except NotThere:
            if number > 1:  # a page beyond the end
                return []
            raise NotThere(
                f"Project {self.project_id} has gone from {self.client.base_url} while it was read.",
                hint="Was it deleted, or this user's access to it?",
            ) from None
        listed = found.get("tasks") if isinstance(found, dict) else None
        if not isinstance(listed, list):
            raise ServerTrouble("The server answered with something that is no page of tasks.", hint="Try again later.")
        return [one for one in listed if isinstance(one, dict)]

    def snapshot(self) -> tuple[bytes, datetime | None] | None:
        """Let the server make an export of everything, download and delete it.

        Returns
        -------
        bytes
            The export's JSON.
        datetime or None
            When it was begun, by the server's clock.

        None where the server could not make one in time.
        """
        base = f"/api/projects/{self.project_id}/exports/"
        self._sweep(base)
        title = f"{_TITLE} {secrets.token_hex(6)}"
        made = self._make_export(base, title)
        if made is None:
            return None
        path = f"{base}{made['id']}"
        try:
            data = self.client.download(f"{path}/download", {"exportType": "JSON"}, timeout_s=SNAPSHOT_S)
        except NotThere:
            return None
        finally:
            with suppress(ServerTrouble, NotThere, RequestRefused):
                self.client.send("DELETE", path)
        begun_at = None
        with suppress(ValueError):
            begun_at = parse_server_time(str(made.get("created_at")))
        return data, begun_at

    def _make_export(self, base: str, title: str) -> Record | None:
        """Have an export made and wait for it; None where that fails."""
        body = {"title": title, "serialization_options": _OPTIONS}
        made: object = None
        with suppress(ServerTrouble, NotThere, RequestRefused):  # it may be under way all the same: looked up below
            made = self.client.send("POST", base, body, timeout_s=SNAPSHOT_S)
        waited_s, step_s = 0.0, 1.0
        while waited_s <= SNAPSHOT_S:
            if not isinstance(made, dict):
                made = next((one for one in self._exports(base) if one.get("title") == title), {"status": "failed"})
            if made.get("status") in ("completed", "failed"):
                return made if made["status"] == "completed" else None
            self.client.pause(step_s)
            waited_s, step_s, made = waited_s + step_s, min(10.0, step_s * 1.5), None
        return None

    def _exports(self, base: str) -> list[Record]:
        found = self.client.get(base)
        listed = found.get("results") if isinstance(found, dict) else found
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    def _sweep(self, base: str) -> None:
        """Delete exports that an earlier pull left behind when it was cut off."""
        with suppress(ServerTrouble, NotThere, RequestRefused, ValueError):
            for one in self._exports(base):
                age = datetime.now(UTC) - parse_server_time(str(one.get("created_at")))
                if str(one.get("title")).startswith(_TITLE) and age > timedelta(hours=1):
                    self.client.send("DELETE", f"{base}{one['id']}")


def _query(column: str, operator: str, kind: str, value: object) -> dict[str, object]:
    item = {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}
    return {"filters": {"conjunction": "and", "items": [item]}, "ordering": [f"tasks:{column}"]}


def _id_of(task: Record) -> int:
    found = task.get("id")
    if not isinstance(found, int):
        raise ServerTrouble("The server sent a task without an id.", hint="Try again later.")
    return found


def parse_tasks(data: bytes) -> Iterator[Record]:
    """Yield the tasks of an export one by one: the whole of it is never held as objects.

    Raises
    ------
    ServerTrouble
        It is cut off, or no list of tasks.
    """
    text = data.decode("utf-8", errors="replace")
    at, first = _skip(text, 0, "["), True
    while not text.startswith("]", at):
        at, first = (at if first else _skip(text, at, ",")), False
        try:
            task, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise _cut() from None
        if not isinstance(task, dict):
            raise _cut()
        yield task
        at = _skip(text, at, "")


def _skip(text: str, at: int, sign: str) -> int:
    """Go past blanks, and one sign that must be there."""
    while at < len(text) and text[at] in _BLANK:
        at += 1
    if not text.startswith(sign, at) or at >= len(text):
        raise _cut()
    at += len(sign)
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _cut() -> ServerTrouble:
    return ServerTrouble("The server's export is cut off or damaged.", hint="Run the same command again.")
