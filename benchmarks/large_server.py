"""A Label Studio that holds very many labels and answers what a pull asks: the project, its people, pages of tasks.

    python benchmarks/large_server.py FOLDER

The labels lie as codes in FOLDER/labels.npy, four a task, and the numbers of the tasks that changed later in
FOLDER/changed.npy; both are read anew with each request for the project. The address goes to standard output.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np

CLASSES = ("bike", "dock", "fare", "lost", "other")
N_ANNOTATORS, EACH = 200, 4
BEGAN, CHANGED = datetime(2026, 1, 5, 10, tzinfo=UTC), "2026-02-06T10:00:00.000001Z"
STEP_S = 10
CONFIG = '<View><Text name="text" value="$text"/><Choices name="mood" toName="text">{}</Choices></View>'


class Project:
    """The labels as they are now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read()

    def read(self) -> None:
        self.label = np.load(self.folder / "labels.npy").reshape(-1, EACH)
        self.changed = np.load(self.folder / "changed.npy")
        self.is_changed = np.zeros(len(self.label), dtype=bool)
        self.is_changed[self.changed] = True

    def describe(self) -> str:
        self.read()
        choices = "".join(f'<Choice value="{one}"/>' for one in CLASSES)
        numbers = {"task_number": len(self.label), "total_annotations_number": self.label.size}
        nothing = {"skipped_annotations_number": 0, "total_predictions_number": 0}
        return json.dumps({"id": 3, "title": "large", "label_config": CONFIG.format(choices), **numbers, **nothing})

    def page(self, query: dict, size: int, number: int) -> str:
        if "filters" not in query:
            places = self.changed[:1] if len(self.changed) else np.array([len(self.label) - 1])
        else:
            wanted = query["filters"]["items"][0]
            if wanted["operator"] == "greater":
                places = np.arange(int(wanted["value"]), min(int(wanted["value"]) + size, len(self.label)))
            else:
                since = datetime.fromisoformat(str(wanted["value"]).replace("Z", "+00:00"))
                first = max(0, math.ceil((since - BEGAN).total_seconds() / STEP_S))
                late = np.arange(min(first, len(self.label)), len(self.label))
                order = np.concatenate([late[~self.is_changed[late]], self.changed])
                places = order[(number - 1) * size : number * size]
        return '{"tasks": [' + ", ".join(self.task(int(one)) for one in places) + "]}"

    def task(self, place: int) -> str:
        made_at = f"{BEGAN + timedelta(seconds=STEP_S * place):%Y-%m-%dT%H:%M:%S}.000001Z"
        at = CHANGED if self.is_changed[place] else made_at
        who = place * 2654435761 % N_ANNOTATORS
        made = ", ".join(
            f'{{"id": {place * EACH + k + 1}, "completed_by": {(who + step) % N_ANNOTATORS + 1}, '
            f'"created_at": "{made_at}", "updated_at": "{at}", "lead_time": 4.0, "result": [{{"id": "r", '
            '"from_name": "mood", "to_name": "text", "type": "choices", '
            f'"value": {{"choices": ["{CLASSES[self.label[place, k]]}"]}}}}]}}'
            for k, step in enumerate((0, 7, 31, 77))
        )
        times = f'"created_at": "{made_at}", "updated_at": "{at}"'
        return f'{{"id": {place + 1}, "data": {{}}, {times}, "annotations": [{made}]}}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    project: Project

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        told = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/projects/3/":
            self.send(200, self.project.describe())
        elif parts.path == "/api/users/":
            people = [{"id": k + 1, "email": f"ann{k}@example.com"} for k in range(N_ANNOTATORS)]
            self.send(200, json.dumps(people))
        elif parts.path == "/api/tasks":
            query = json.loads(told["query"])
            self.send(200, self.project.page(query, int(told["page_size"]), int(told["page"])))
        elif parts.path.endswith("/exports/"):
            self.send(200, "[]")
        else:
            self.send(404, '{"detail": "not found"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send(201, '{"id": 1, "status": "failed"}')  # exports: so that pages are read

    def send(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main(folder: Path) -> None:
    Handler.project = Project(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/projects/3", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
