"""A Label Studio of a few lines behind a real HTTP server on loopback, with faults at chosen requests.

The real server can't be made to answer 429 or to end a token at a chosen request; tests/live runs the job on it.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from connectors.fake_server import FakeServer, task

Fault = Callable[[httpx.Request, int], httpx.Response | None]
"""Answers a request itself, given how many came before it; None lets it through."""


@dataclass
class Front:
    """The server behind, and what happens before it."""

    behind: FakeServer
    fault: Fault = lambda request, number: None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, request: httpx.Request) -> httpx.Response:
        number = len(self.asked)
        self.asked.append(f"{request.method} {request.url.path}")
        return self.fault(request, number) or self.behind(request)


@contextmanager
def serving(front: Front) -> Iterator[Front]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            request = httpx.Request(self.command, f"http://front{self.path}", headers=dict(self.headers), content=body)
            answer = front.answer(request)
            self.send_response(answer.status_code)
            for name in ("Retry-After", "Content-Type"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    front.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield front
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_tasks(n: int = 40) -> list[dict[str, object]]:
    """Three annotations each, one in ten of them another class than the rest."""
    return [task(k, annotations=[annotation(k, who, "ab"[(k + (who * k) % 10 == 9) % 2]) for who in (2, 3, 4)])
            for k in range(1, n + 1)]  # fmt: skip


def annotation(item: int, who: int, value: str) -> dict[str, object]:
    result = [{"id": "r", "from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": [value]}}]
    stamp = f"2026-01-05T10:{item % 60:02d}:{who:02d}.000001Z"
    return {"id": 10 * item + who, "completed_by": who, "result": result, "created_at": stamp, "updated_at": stamp}


def web_token(kind: str, number: int = 0, ends: float = 4e9) -> str:
    """A JSON Web Token as Label Studio's are, unsigned."""
    claims = {"token_type": kind, "exp": ends, "jti": number}
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "none"}, claims)
    ]
    return ".".join([*parts, "x"])
