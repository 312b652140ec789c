"""One medium fetched from the web: bounded, without secrets, and never from a forbidden address."""

from __future__ import annotations

import http.client
import io
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from annoaudit.media.intake import Facts, take_in
from annoaudit.media.limits import Limits
from annoaudit.media.platform import Platform
from annoaudit.media.refusals import Gone, Truncated, Unchecked
from annoaudit.media.route import Deadline, Route

__all__ = ["fetch"]

_CHUNK = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def fetch(
    url: str, limits: Limits, route: Route, *, allow_http: bool = False, platform: Platform | None = None
) -> Facts:
    """Fetch an address and tell what it serves.

    Every redirect is treated like a new address. No cookie and no proxy is used, and no credential but the platform's,
    which goes with media that lie on the platform itself, and with no address that a redirect from elsewhere leads to.
    The platform may have an address of any kind, and no encryption: it was named by whoever runs this.

    Raises
    ------
    Unchecked
        It could not be looked at; says why.
    Gone
        The server says that it is not there.
    Truncated
        Less arrived than the server announced.
    """
    deadline, started_there = Deadline.after(limits.max_seconds), platform is not None and platform.owns(url)
    for _ in range(limits.max_redirects + 1):
        platform = platform if platform is not None and platform.owns(url) else None
        found = _ask(url, limits, route, deadline, allow_http=allow_http, platform=platform)
        if isinstance(found, Facts):
            return _without_query(found) if started_there else found
        url = found
    raise Unchecked(f"it redirects more than {limits.max_redirects} times")


def _without_query(facts: Facts) -> Facts:
    """What is kept of where a medium was found: a platform's storage signs addresses in their query."""
    return replace(facts, final_url=urlsplit(facts.final_url)._replace(query="").geturl())


def _anywhere(_: object) -> bool:
    return True


def _ask(
    url: str, limits: Limits, route: Route, deadline: Deadline, *, allow_http: bool, platform: Platform | None
) -> Facts | str:
    """What is there, or the address that the server redirects to."""
    parts = _parse(url, allow_http=allow_http or platform is not None)
    signed = "" if platform is None else platform.host.sign()
    route = route if platform is None else replace(route, allows=_anywhere)
    host, secure = parts.hostname or "", parts.scheme == "https"
    name = _name(host)
    port = parts.port or (443 if secure else 80)
    with closing(route.connect(name, port, secure=secure, deadline=deadline)) as connection:
        try:
            return _converse(connection, parts, _request(parts, name, signed), limits, deadline)
        except (OSError, http.client.HTTPException, zlib.error) as error:
            raise Unchecked(f"{name} does not answer as a web server should: {error or type(error).__name__}") from None


def _name(host: str) -> str:
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name):
        raise Unchecked("its host is not a name")
    return name


def _parse(url: str, *, allow_http: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Unchecked("it is not a web address") from None
    if parts.scheme == "http" and not allow_http:
        raise Unchecked("it is not encrypted (http): only fetched where that is allowed")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unchecked("it is not a web address")
    if "@" in parts.netloc:
        raise Unchecked("its address holds a user or a password: not fetched")
    return parts


def _converse(
    connection: socket.socket, parts: SplitResult, request: bytes, limits: Limits, deadline: Deadline
) -> Facts | str:
    connection.settimeout(deadline.left())
    connection.sendall(request)
    answer = http.client.HTTPResponse(_Wire(connection, deadline), method="GET")  # type: ignore[arg-type]
    answer.begin()
    if answer.status in _REDIRECTS:
        where = answer.getheader("Location")
        if not where:
            raise Unchecked("it redirects to nowhere")
        return urljoin(parts.geturl(), where)
    if answer.status in _GONE:
        raise Gone(f"the server says {answer.status}")
    if answer.status != http.client.OK:
        raise Unchecked(f"the server says {answer.status}")
    coding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    declared, final = answer.getheader("Content-Type") or "", parts._replace(fragment="").geturl()
    return take_in(_decoded(_body(answer, limits), coding, limits), limits, declared_type=declared, final_url=final)


def _request(parts: SplitResult, name: str, signed: str) -> bytes:
    target = quote(parts.path or "/", safe=_SAFE) + ("?" + quote(parts.query, safe=_SAFE) if parts.query else "")
    shown = f"[{name}]" if ":" in name else name
    host = shown + (f":{parts.port}" if parts.port else "")
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: annoaudit",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        *([f"Authorization: {signed}"] if signed else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _body(answer: http.client.HTTPResponse, limits: Limits) -> Iterator[bytes]:
    n_bytes = 0
    while True:
        try:
            chunk = answer.read(_CHUNK)
        except http.client.IncompleteRead:
            raise Truncated("the connection ended before its content did") from None
        if not chunk:
            break
        n_bytes += len(chunk)
        if n_bytes > limits.max_bytes:
            raise Unchecked(f"it has more than {limits.max_bytes:,} bytes")
        yield chunk
    if answer.length:
        raise Truncated(f"{answer.length:,} of the announced bytes did not arrive")


def _decoded(chunks: Iterator[bytes], coding: str, limits: Limits) -> Iterator[bytes]:
    if coding == "identity":
        yield from chunks
        return
    if coding not in _WINDOWS:
        raise Unchecked(f"it is compressed in a way that is not known: {coding[:40]}")
    unpacking, n_in, n_out = zlib.decompressobj(_WINDOWS[coding]), 0, 0
    for chunk in chunks:
        n_in += len(chunk)
        rest = chunk
        while rest:
            plain = unpacking.decompress(rest, _CHUNK)
            rest, n_out = unpacking.unconsumed_tail, n_out + len(plain)
            if n_out > limits.max_ratio * n_in + _CHUNK:
                raise Unchecked(f"it unpacks to more than {limits.max_ratio:g} times its size: not read on")
            yield plain
    yield unpacking.flush()
    if not unpacking.eof:
        raise Truncated("its compressed content ends too early")


@dataclass(frozen=True)
class _Wire:
    """What http.client reads from: a connection on which every read ends at the deadline."""

    connection: socket.socket
    deadline: Deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(self.connection, self.deadline), _CHUNK)


class _Reader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self.connection, self.deadline = connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self.connection.settimeout(self.deadline.left())
        try:
            return self.connection.recv_into(buffer)
        except TimeoutError:
            raise Unchecked("it took longer than the limit on time") from None
