"""A real web server over TLS on loopback, whose certificate only these tests trust, and a listener nobody may reach."""

from __future__ import annotations

import io
import ipaddress
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from annoaudit.media.addresses import is_public
from annoaudit.media.limits import Limits
from annoaudit.media.pinning import Access
from annoaudit.media.route import Route

HERE, FORBIDDEN = "127.0.0.1", "127.0.0.2"
NAMES = ("media.example.org", "cdn.example.org", "other.example.net")
SMALL = Limits(max_bytes=3_000_000, max_seconds=5.0)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """Answers by path; counts what was asked."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.certificate = make_certificate(folder)
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.asked[self.path] += 1
                web.headers.append(dict(self.headers.items()))
                self.close_connection = True
                web.answers.get(self.path, lambda one: one.send_error(404))(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = QuietServer((HERE, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]

    def url(self, path: str, host: str = NAMES[0]) -> str:
        return f"https://{host}:{self.port}{path}"

    def serve(self, path: str, content: bytes, media_type: str = "image/png", **headers: str) -> str:
        def answer(one: BaseHTTPRequestHandler) -> None:
            one.send_response(200)
            one.send_header("Content-Type", media_type)
            for name, value in {"Content_Length": str(len(content)), **headers}.items():
                one.send_header(name.replace("_", "-"), value)
            one.end_headers()
            one.wfile.write(content)

        self.answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, to: str) -> str:
        def answer(one: BaseHTTPRequestHandler) -> None:
            one.send_response(302)
            one.send_header("Location", to)
            one.send_header("Content-Length", "0")
            one.end_headers()

        self.answers[path] = answer
        return self.url(path)

    def route(self, resolve: Callable[[str, int], list[str]] | None = None) -> Route:
        return Route(
            resolve=resolve or look_up,
            allows=lambda one: str(one) == HERE or is_public(one),
            trust=lambda: ssl.create_default_context(cafile=self.certificate),
        )

    def access(self, limits: Limits = SMALL, **more: object) -> Access:
        return Access(limits=limits, route=self.route(), **more)


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that hang up are what these tests are about


def look_up(host: str, _: int) -> list[str]:
    """Names of the tests lead to the server; addresses to themselves."""
    return [HERE] if host in NAMES else [host]


@contextmanager
def running(web: Web) -> Iterator[Web]:
    thread = threading.Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.server.shutdown()
        web.server.server_close()
        thread.join()


@contextmanager
def untouched(port: int = 0, address: str = FORBIDDEN) -> Iterator[int]:
    """A listener that fails the test if anybody connects while the block runs."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError:
        listener.close()
        pytest.skip(f"this machine has no address {address}")
    with listener:
        listener.listen()
        listener.setblocking(False)
        yield listener.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listener.accept()


def make_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests of annoaudit")])
    now = datetime.now(UTC)
    names = [x509.DNSName(one) for one in NAMES] + [x509.IPAddress(ipaddress.ip_address(HERE))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem"


def picture(seed: int = 0, kind: str = "PNG", side: int = 200, **options: object) -> bytes:
    """A smooth random picture: the same for the same seed, whatever its size and encoding."""
    coarse = np.random.default_rng(seed).integers(0, 255, (7, 7, 3), dtype=np.uint8)
    image = PIL.Image.fromarray(coarse).resize((side, side), PIL.Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
