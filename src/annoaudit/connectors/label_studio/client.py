"""HTTP with a Label Studio server: signed, retried where that is safe, and refused in words that tell the mend.

The SDK's own client (``Client.sdk``) shares connection and token; it serves typed calls. What must be fast (pages
of tasks, snapshots, bulk import, Data Manager actions) goes through :meth:`Client.get` and :meth:`Client.send`.
"""

from __future__ import annotations

import json
import random
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, TypeVar, cast

import httpx

from annoaudit.connectors.failures import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.label_studio.credentials import TokenAuth, find_token
from annoaudit.connectors.label_studio.refusals import broken_json, explain_answer, explain_failure
from annoaudit.errors import MissingExtra

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as Sdk

T = TypeVar("T")

__all__ = ["ATTEMPTS", "Client", "connect"]

Params = Mapping[str, str | int]
Landed = Callable[[], object]
"""Looks whether an earlier attempt took effect: its result, or None where it did not."""

ATTEMPTS = 5
MAX_ANSWER_BYTES = 1 << 30
_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")
_LONGEST_PAUSE_S = 30.0
_CONNECT_S = 10.0
_READ_S = 120.0


def connect(base_url: str, token: str | None = None) -> Client:
    """Make a client; no request is sent yet.

    Parameters
    ----------
    base_url
        Address of the server without a slash at its end, sub-path included.
    token
        A legacy or a personal access token; from the environment if None.

    Raises
    ------
    UsageError
        There is no token in the environment.
    """
    auth = TokenAuth(base_url, token or find_token())
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))  # a session would outlive and overrule the token
    http = httpx.Client(auth=auth, timeout=timeout, cookies=cookies, follow_redirects=False)
    client = Client(base_url, auth, http)
    weakref.finalize(client, http.close)
    return client


@dataclass(eq=False)
class Client:
    """A signed connection to one server.

    Parameters
    ----------
    base_url
        Address of the server, sub-path included.
    auth
        Signs requests; shows no token.
    http
        The connection; shared with the SDK.
    attempts
        How often a request is tried that may be tried again.
    pause
        Waits some seconds; tests pass another.
    """

    base_url: str
    auth: TokenAuth = field(repr=False)
    http: httpx.Client = field(repr=False)
    attempts: int = ATTEMPTS
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    @cached_property
    def sdk(self) -> Sdk:
        """The SDK's client, for typed calls; imported when first asked for.

        Raises
        ------
        MissingExtra
            It is not installed.
        """
        try:
            from label_studio_sdk import LabelStudio as Sdk
        except ImportError:
            raise MissingExtra(
                "The Label Studio SDK is not installed.", hint='pip install "annoaudit[label-studio]"'
            ) from None
        return Sdk(base_url=f"{self.base_url}/", api_key="signed by the connection", httpx_client=self.http)  # type: ignore[no-untyped-call] # its __init__ has no types

    def get(self, path: str, params: Params | None = None, *, timeout_s: float | None = None) -> object:
        """Read JSON; tried again where the server is busy, fails or drops the connection.

        Raises
        ------
        RequestRefused, ServerTrouble, NotThere
            See :mod:`annoaudit.connectors.failures`.
        """
        return self.send("GET", path, params=params, timeout_s=timeout_s)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Params | None = None,
        repeatable: bool | None = None,
        landed: Landed | None = None,
        timeout_s: float | None = None,
    ) -> object:
        """Send a request, and return the answer's JSON (None where it is empty).

        Parameters
        ----------
        path
            Below the server's address, such as ``/api/projects/3/``.
        body
            JSON value; none is sent for None.
        repeatable
            Whether the request may be sent twice to the same effect; by default so for GET, PUT and DELETE.
        landed
            Where it may not: called before another attempt, to look whether the last one took effect all the
            same; what it returns (if not None) is then the result.
        timeout_s
            How long the server may be silent.

        Raises
        ------
        RequestRefused, ServerTrouble, NotThere
            See :mod:`annoaudit.connectors.failures`.
        """
        return self._repeat(
            lambda: self._decode(self._once(method, path, body, params, timeout_s), path),
            (method in _REPEATABLE) if repeatable is None else repeatable,
            landed,
            method == "DELETE",
        )

    def download(self, path: str, params: Params | None = None, *, timeout_s: float | None = None) -> bytes:
        """Read bytes, bounded; tried again as :meth:`get` is."""
        return self._repeat(lambda: self._once("GET", path, None, params, timeout_s).content, True, None, False)

    def sign(self) -> str:
        """Return the header ``Authorization`` for a request that another part of this program makes.

        Raises
        ------
        RequestRefused, ServerTrouble
            The server refuses the token, or can't be reached to renew it.
        """
        try:
            found = self.auth.sign(lambda request: self.http.send(request, auth=None))
        except httpx.HTTPError as error:
            raise explain_failure(error, self, "/api/token/refresh/") from None
        if found is None:
            raise RequestRefused(
                f"{self.base_url} does not renew the token.", hint="Make a new personal access token in Label Studio."
            )
        return found

    def _repeat(self, attempt: Callable[[], T], safe: bool, landed: Callable[[], T | None] | None, delete: bool) -> T:
        for number in range(1, self.attempts + 1):
            try:
                return attempt()
            except ServerTrouble as error:
                if number == self.attempts or not (safe or landed):
                    raise
                pause_s = error.pause_s
            except NotThere:
                if delete and number > 1:  # the attempt before this one took effect
                    return cast(T, None)
                raise
            self.pause(_backoff_s(number) if pause_s is None else pause_s)
            if landed is not None and (found := landed()) is not None:
                return found
        raise AssertionError("unreachable")

    def _once(
        self, method: str, path: str, body: object, params: Params | None, timeout_s: float | None
    ) -> httpx.Response:
        timeout = httpx.Timeout(timeout_s or _READ_S, connect=_CONNECT_S)
        content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        url = f"{self.base_url}{path}"
        try:
            with self.http.stream(
                method, url, content=content, headers=headers, params=params, timeout=timeout
            ) as answer:
                _read_bounded(answer, path)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise explain_failure(error, self, path) from None  # the cause may carry the signed request
        if answer.status_code >= 300:
            raise explain_answer(answer, self, path)
        return answer

    def _decode(self, answer: httpx.Response, path: str) -> object:
        if not answer.content:
            return None
        try:
            return json.loads(answer.content)
        except ValueError:
            raise broken_json(answer, self, path) from None


def _read_bounded(answer: httpx.Response, path: str) -> None:
    """Read the body, as far as it is reasonably long."""
    parts, length = [], 0
    for part in answer.iter_bytes():
        length += len(part)
        if length > MAX_ANSWER_BYTES:
            raise RequestRefused(
                f"The answer to {path} is longer than {MAX_ANSWER_BYTES >> 20:,} MiB.",
                hint="This project is too large for one request; it is then pulled in pages.",
            )
        parts.append(part)
    answer._content = b"".join(parts)  # what answer.read() does, bounded


def _backoff_s(attempt: int) -> float:
    """Seconds to wait after an attempt: twice as long each time, and never two clients at once."""
    return min(_LONGEST_PAUSE_S, 0.5 * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 # no secret
