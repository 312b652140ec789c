"""A Label Studio in a few lines, for what a real one can't be made to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.connectors.label_studio.address import parse_address
from annoaudit.connectors.label_studio.client import Client
from annoaudit.connectors.label_studio.credentials import TokenAuth

BASE = "https://labels.example"
CONFIG = """<View><Text name="t" value="$text"/>
  <Choices name="mood" toName="t">{choices}</Choices></View>"""
Answer = Callable[[httpx.Request], httpx.Response | None]


def task(number: int, **more: object) -> dict[str, object]:
    result = [{"id": "r", "from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}]
    stamp = f"2026-01-05T10:00:{number % 60:02d}.000001Z"
    annotation = {"id": number, "completed_by": 2, "result": result, "created_at": stamp, "updated_at": stamp}
    return {"id": number, "data": {"text": f"text {number}"}, "annotations": [annotation], "updated_at": stamp} | more


@dataclass
class FakeServer:
    """Answers pages of tasks by id and by time; ``trouble`` answers first, where it answers at all."""

    tasks: list[dict[str, object]] = field(default_factory=list)
    trouble: Answer = lambda request: None
    log: list[str] = field(default_factory=list)
    large: bool = True
    classes: tuple[str, ...] = ("a", "b")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.log.append(f"{request.method} {request.url.path}")
        return self.trouble(request) or self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/projects/3/":
            return httpx.Response(200, json=self.project())
        if path == "/api/users/":
            return httpx.Response(200, json=[{"id": 2, "email": "ann@example.com"}])
        if path == "/api/tasks":
            return httpx.Response(200, json={"tasks": self.page(request.url.params)})
        return httpx.Response(404, json={"detail": "not found"})

    def project(self) -> dict[str, object]:
        numbers = {
            "task_number": len(self.tasks), "skipped_annotations_number": 0, "total_predictions_number": 0,
            "total_annotations_number": sum(len(one["annotations"]) for one in self.tasks),
        }  # fmt: skip
        choices = "".join(f'<Choice value="{one}"/>' for one in self.classes)
        return {"id": 3, "title": "fake", "label_config": CONFIG.format(choices=choices)} | numbers

    def page(self, params: Mapping[str, str]) -> list[dict[str, object]]:
        query = json.loads(params["query"])
        if "filters" not in query:
            return sorted(self.tasks, key=lambda one: one["updated_at"], reverse=True)[:1]
        item = query["filters"]["items"][0]
        column = item["filter"].removeprefix("filter:tasks:")
        if item["operator"] == "in_list":
            found = [one for one in self.tasks if one["id"] in item["value"]]
        elif item["operator"] == "greater":
            found = [one for one in self.tasks if one[column] > item["value"]]
        else:
            found = [one for one in self.tasks if one[column] >= item["value"]]
        size, page = int(params["page_size"]), int(params["page"])
        return sorted(found, key=lambda one: one[column])[(page - 1) * size : page * size]


def client_of(answer: Callable[[httpx.Request], httpx.Response], token: str = "t" * 40) -> tuple[Client, list[float]]:
    """A client that talks with a function, and the pauses it makes."""
    auth = TokenAuth(BASE, token)
    pauses: list[float] = []
    http = httpx.Client(auth=auth, transport=httpx.MockTransport(answer))
    return Client(BASE, auth, http, pause=pauses.append), pauses


def connector_of(server: FakeServer) -> LabelStudio:
    connector = LabelStudio(parse_address(f"{BASE}/projects/3"))
    connector.__dict__["client"] = client_of(server)[0]
    return connector
