"""Faults of servers and networks: tried again where that is safe, told in words that name the mend."""

from __future__ import annotations

import base64
import json
import pickle
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fake_server import BASE, client_of

from annoaudit.connectors import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.connectors.label_studio import client as client_module
from annoaudit.connectors.label_studio.client import connect
from annoaudit.connectors.label_studio.credentials import TokenAuth, find_token
from annoaudit.errors import UsageError


def jwt(claims: dict[str, object]) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


def answers(*given: httpx.Response | Exception) -> tuple[object, list[httpx.Request]]:
    seen: list[httpx.Request] = []
    waiting = iter(given)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        found = next(waiting)
        if isinstance(found, Exception):
            raise found
        return found

    return answer, seen


@pytest.mark.parametrize(
    "fault",
    [httpx.Response(code, text="oops") for code in (429, 500, 502, 503, 504)]
    + [
        httpx.ReadError("dropped"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
    ]
    + [httpx.Response(200, content=b'{"cut": [1, 2')],
    ids=str,
)
def test_reading_is_tried_again(fault: httpx.Response | Exception) -> None:
    answer, seen = answers(fault, fault, httpx.Response(200, json={"ok": 1}))
    client, pauses = client_of(answer)
    assert client.get("/api/x") == {"ok": 1}
    assert len(seen) == 3
    assert 0 < pauses[0] < pauses[1] * 2


def test_the_server_says_how_long_to_wait() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    client, pauses = client_of(answers(busy, httpx.Response(200, json=1))[0])
    assert client.get("/api/x") == 1
    assert pauses == [7.0]
    client, pauses = client_of(
        answers(httpx.Response(503, headers={"Retry-After": "999999"}), httpx.Response(200, json=1))[0]
    )
    assert client.get("/api/x") == 1
    assert pauses == [120.0]


def test_it_is_given_up_after_some_attempts_in_one_clear_error() -> None:
    answer, seen = answers(*[httpx.Response(500, json={"detail": "database is locked"})] * 9)
    client, _ = client_of(answer)
    with pytest.raises(ServerTrouble, match="answered 500 to /api/x: database is locked") as failed:
        client.get("/api/x")
    assert len(seen) == client.attempts
    assert failed.value.exit_code == 3
    assert failed.value.hint


def test_writing_is_not_repeated_unless_that_is_safe() -> None:
    answer, seen = answers(*[httpx.ReadTimeout("slow")] * 9)
    client, _ = client_of(answer)
    with pytest.raises(ServerTrouble):
        client.send("POST", "/api/x", {"a": 1})
    assert len(seen) == 1
    with pytest.raises(ServerTrouble):
        client.send("PATCH", "/api/x", {"a": 1}, repeatable=True)
    assert len(seen) == 1 + client.attempts


def test_what_took_effect_is_not_written_twice() -> None:
    answer, seen = answers(httpx.ReadTimeout("slow"), httpx.ReadTimeout("slow"), httpx.Response(201, json={"id": 9}))
    client, _ = client_of(answer)
    assert client.send("POST", "/api/x", {}, landed=lambda: {"id": 7}) == {"id": 7}
    assert len(seen) == 1
    assert client.send("POST", "/api/x", {}, landed=lambda: None) == {"id": 9}


def test_deleting_what_the_first_attempt_deleted_is_no_error() -> None:
    gone = httpx.Response(404, json={"detail": "Not found."})
    client, _ = client_of(answers(httpx.ReadError("dropped"), gone, gone)[0])
    assert client.send("DELETE", "/api/x") is None
    with pytest.raises(NotThere):
        client.send("DELETE", "/api/x")


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (httpx.Response(401, json={"detail": "Invalid token."}), RequestRefused, "does not know this legacy token"),
        (
            httpx.Response(401, json={"detail": "legacy token authentication has been disabled for this organization"}),
            RequestRefused,
            "switched legacy tokens off",
        ),
        (httpx.Response(403, json={"detail": "no"}), RequestRefused, "may not use"),
        (httpx.Response(404, json={"detail": "Not found."}), NotThere, "is not there"),
        (httpx.Response(302, headers={"Location": "/user/login/?next=x"}), RequestRefused, "sends its visitors on"),
        (httpx.Response(413, text="too large"), RequestRefused, "as large"),
        (httpx.Response(400, json={"validation_errors": {"title": ["short"]}}), RequestRefused, "short"),
        (httpx.Response(200, html="<html>welcome</html>"), RequestRefused, "not as Label Studio"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), RequestRefused, "certificate"),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version"), RequestRefused, "does not speak https"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), ServerTrouble, "can't be reached"),
    ],
)
def test_refusals_tell_the_mend(answer: httpx.Response | Exception, kind: type[Exception], said: str) -> None:
    client, _ = client_of(answers(*[answer] * 9)[0])
    with pytest.raises(kind, match=said) as refused:
        client.get("/api/x")
    assert refused.value.hint


def test_a_personal_access_token_is_renewed_early_and_after_a_refusal() -> None:
    refresh = jwt({"token_type": "refresh", "exp": time.time() + 9999})
    made: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh/":
            assert json.loads(request.content) == {"refresh": refresh}
            life_s = 10 if not made else 300
            made.append(jwt({"exp": time.time() + life_s, "n": len(made)}))
            return httpx.Response(200, json={"access": made[-1]})
        signed = request.headers["Authorization"] == f"Bearer {made[-1]}" and len(made) != 2
        return httpx.Response(200, json=len(made)) if signed else httpx.Response(401, json={"detail": "expired"})

    client, _ = client_of(answer, refresh)
    assert client.get("/api/x") == 1
    assert client.get("/api/x") == 3  # ten seconds are too few; the second one is refused, and a third made
    assert client.get("/api/x") == 3


def test_a_personal_access_token_that_has_ended_is_told() -> None:
    refresh = jwt({"token_type": "refresh"})
    client, _ = client_of(lambda request: httpx.Response(401, json={"detail": "Token is blacklisted"}), refresh)
    with pytest.raises(RequestRefused, match="does not know this personal access token") as refused:
        client.get("/api/x")
    assert refresh not in str(refused.value)


def test_other_requests_are_signed_with_the_same_token_renewed_where_that_is_due() -> None:
    refresh, asked = jwt({"token_type": "refresh"}), []
    access = jwt({"exp": time.time() + 300})

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"access": access})

    client, _ = client_of(answer, refresh)
    assert [client.sign(), client.sign()] == [f"Bearer {access}"] * 2
    assert asked == ["/api/token/refresh/"]
    legacy, _ = client_of(lambda _: httpx.Response(500), "t" * 40)
    assert legacy.sign() == f"Token {'t' * 40}"


@pytest.mark.parametrize("trouble", [httpx.Response(401), httpx.ConnectError("refused")])
def test_a_token_that_cannot_be_renewed_for_other_requests_is_told_without_showing_it(
    trouble: httpx.Response | Exception,
) -> None:
    refresh = jwt({"token_type": "refresh"})
    client, _ = client_of(answers(trouble)[0], refresh)
    with pytest.raises((RequestRefused, ServerTrouble)) as refused:
        client.sign()
    assert refused.value.hint
    assert refresh not in "".join(traceback.format_exception(refused.value))


def test_tokens_come_from_the_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_token({"LABEL_STUDIO_TOKEN": " abc "}) == "abc"
    assert find_token({"LABEL_STUDIO_TOKEN": "b", "LABEL_STUDIO_API_KEY": "a"}) == "a"
    with pytest.raises(UsageError, match="not set"):
        find_token({})
    with pytest.raises(UsageError, match="is not a token"):
        find_token({"LABEL_STUDIO_API_KEY": "two words"})
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_TOKEN", raising=False)
    with pytest.raises(UsageError, match="No Label Studio token"):
        _ = LabelStudio.of("https://host/projects/3").client


def test_no_token_shows_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = "s3cr3t" * 7

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, json={"detail": f"you sent {request.headers['Authorization']}"})

    client, _ = client_of(answer, secret)
    with pytest.raises(ServerTrouble) as failed:
        client.get("/api/x")
    shown = "".join(traceback.format_exception(failed.value)) + repr(client) + repr(client.auth) + caplog.text
    assert "s3cr3t" not in shown
    assert "s3cr3t" not in repr(
        LabelStudio.of(f"{BASE}/projects/3").__class__(LabelStudio.of(f"{BASE}/projects/3").address, token=secret)
    )
    with pytest.raises((TypeError, AttributeError)):  # a lock inside keeps it from being written to disk
        pickle.dumps(TokenAuth(BASE, secret))


def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MAX_ANSWER_BYTES", 100)
    client, _ = client_of(lambda request: httpx.Response(200, content=b"x" * 101))
    with pytest.raises(RequestRefused, match="longer than"):
        client.download("/api/x")


@contextmanager
def dropping(n_drops: int) -> Iterator[int]:
    """A server that hangs up in the middle of its first answers."""
    body = b'{"ok": true}'
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )

    def serve() -> None:
        for number in range(n_drops + 1):
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(head + (body if number == n_drops else body[:3]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)


def test_a_connection_dropped_in_the_middle_of_an_answer_is_made_again() -> None:
    with dropping(2) as port:
        client = connect(f"http://127.0.0.1:{port}", "t" * 40)
        client.pause = lambda seconds: None
        assert client.get("/api/x") == {"ok": True}
        client.close()
