"""Who annoaudit is on a Label Studio server: a token from the environment, kept out of every message."""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping

import httpx

from annoaudit.errors import UsageError

__all__ = ["VARIABLES", "TokenAuth", "find_token"]

VARIABLES = ("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_TOKEN")
_EARLY_S = 30.0
_REFRESH = "/api/token/refresh/"


def find_token(environment: Mapping[str, str] = os.environ) -> str:
    """Return the token from the environment.

    Raises
    ------
    UsageError
        There is none, or it has characters that no token has.
    """
    for name in VARIABLES:
        token = environment.get(name, "").strip()
        if token:
            if not token.isascii() or any(sign.isspace() for sign in token):
                raise UsageError(f"{name} is not a token.", hint="Copy it again from Account & Settings.")
            return token
    raise UsageError(
        "No Label Studio token: LABEL_STUDIO_API_KEY is not set.",
        hint="In Label Studio, open Account & Settings > Personal Access Token, and put the token into that variable.",
    )


class TokenAuth(httpx.Auth):
    """Signs requests with a legacy token, or with access tokens made from a personal access token.

    Access tokens live for minutes: they are renewed shortly before they end, and once more where the server
    refuses one all the same.
    """

    requires_response_body = True

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._token = token
        self._refreshable = _claims(token).get("token_type") == "refresh"
        self._access = ""
        self._ends_at = 0.0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"TokenAuth({self._base_url!r}, {self.kind})"

    @property
    def kind(self) -> str:
        """What the token is, for messages."""
        return "personal access token" if self._refreshable else "legacy token"

    def hide(self, text: str) -> str:
        """Return a text in which no token stands."""
        for secret in (self._token, self._access):
            text = text.replace(secret, "…") if secret else text
        return text

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request; renew the access token first where it is about to end, and after a 401."""
        if not self._refreshable:
            request.headers["Authorization"] = f"Token {self._token}"
            yield request
            return
        if time.time() > self._ends_at - _EARLY_S and not (yield from self._renew()):
            return
        request.headers["Authorization"] = f"Bearer {self._access}"
        answer = yield request
        if answer.status_code == 401 and (yield from self._renew()):
            request.headers["Authorization"] = f"Bearer {self._access}"
            yield request

    def sign(self, send: Callable[[httpx.Request], httpx.Response]) -> str | None:
        """Return the header ``Authorization``, renewed over ``send`` where that is due; None where it is refused."""
        flow = self.auth_flow(httpx.Request("GET", self._base_url))
        request = next(flow)
        try:
            while "Authorization" not in request.headers:
                request = flow.send(send(request))
        except StopIteration:
            return None
        return request.headers["Authorization"]

    def _renew(self) -> Generator[httpx.Request, httpx.Response, bool]:
        """Ask for a new access token; where that fails, the refusal is the answer that the caller sees."""
        answer = yield httpx.Request("POST", f"{self._base_url}{_REFRESH}", json={"refresh": self._token})
        try:
            access = str(answer.json()["access"]) if answer.status_code == 200 else ""
        except (ValueError, KeyError, TypeError):
            access = ""
        if not access:
            return False
        ends = _claims(access).get("exp")
        with self._lock:
            self._access = access
            self._ends_at = float(ends) if isinstance(ends, (int, float)) else time.time() + _EARLY_S
        return True


def _claims(token: str) -> dict[str, object]:
    """What a JSON Web Token says of itself, unverified; {} where it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}
