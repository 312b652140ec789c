"""Who is told: real HTTP servers take the message and the ping; nothing new, no message; what failed is told later."""

import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jobs import annoaudit, write_job

from annoaudit.errors import MissingExtra, UsageError
from annoaudit.job.notifying import Message, send_message
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job

# Apprise imports it where it still is, only to have it there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOKEN = "s3cr3t-t0ken-7788"
NOTIFY = "notify: {variable: TELL, ping_variable: PING, link: 'https://ci.example.org/reports'}\n"


@contextmanager
def listener(status: int = 200):
    """A server on loopback that keeps what it is sent, and answers with a status."""
    received: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            received.append((self.path, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the job in this process, with variables set."""

    def run_with(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return run_job(read_job(tmp_path / "annoaudit.yaml"), (), lambda _: None)

    return run_with


def environment(tell: str, ping: str) -> dict[str, str]:
    return {"TELL": f"json://{tell}/{TOKEN}", "PING": f"http://{ping}/{TOKEN}"}


def test_one_message_of_what_is_new_and_none_where_nothing_is(tmp_path, run):
    path = write_job(tmp_path, more=NOTIFY)
    path.write_text(path.read_text().replace("projects:\n", "projects:\n  again: {source: labels.csv}\n"))
    with listener() as (tell, messages), listener() as (ping, pings):
        codes = [run(**environment(tell, ping)).exit_code for _ in range(2)]
    assert codes == [0, 0]
    assert len(messages) == 1, "one message for both projects, none for a night without news"
    told = json.loads(messages[0][1])
    for word in ("bikes:", "again:", "new findings L0", "https://ci.example.org/reports"):
        assert word in told["message"]
    assert "ann3" not in told["message"]
    assert [path for path, _ in pings] == [f"/{TOKEN}/0", f"/{TOKEN}/0"]


def test_a_message_that_did_not_get_through_is_code_4_and_told_with_the_next(tmp_path, run):
    write_job(tmp_path, more=NOTIFY)
    with listener(500) as (tell, refused), listener() as (ping, pings):
        assert run(**environment(tell, ping)).exit_code == 4
    assert refused
    assert pings == [(f"/{TOKEN}/4", "")]
    with listener() as (tell, messages), listener() as (ping, _):
        assert run(**environment(tell, ping)).exit_code == 0
    assert len(messages) == 1
    assert "bikes (2 nights)" in json.loads(messages[0][1])["message"]


def test_a_run_that_could_not_be_done_is_told_and_pinged(tmp_path, run):
    write_job(tmp_path, more=NOTIFY)
    (tmp_path / "labels.csv").unlink()
    with listener() as (tell, messages), listener() as (ping, pings):
        assert run(**environment(tell, ping)).exit_code == 2
    assert "could not be done" in json.loads(messages[0][1])["message"]
    assert [path for path, _ in pings] == [f"/{TOKEN}/2"]


def test_a_health_check_that_does_not_answer_is_code_4(tmp_path, run):
    write_job(tmp_path, more=NOTIFY)
    with listener() as (tell, _), listener(503) as (ping, _):
        done = run(**environment(tell, ping))
    assert done.exit_code == 4
    assert "HTTP 503" in done.undelivered[0]


def test_secrets_stand_in_no_output_store_or_traceback(tmp_path):
    from base64 import b64encode

    key = b64encode(b"0123456789abcdef0123456789abcdef").decode()
    write_job(tmp_path, more=NOTIFY)
    secrets = {"LABEL_STUDIO_API_KEY": TOKEN, "ANNOAUDIT_LEDGER_KEY": key, "ANNOAUDIT_DEBUG": "1"}
    said = ""
    with listener(500) as (tell, _), listener(500) as (ping, _):
        for arguments in (["run", "--format", "github"], ["check"], ["verify"]):
            done = annoaudit(*arguments, cwd=tmp_path, **environment(tell, ping), **secrets)
            said += done.stdout + done.stderr
    for secret in (TOKEN, key, tell, ping):
        assert secret not in said
        for file in tmp_path.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file
    assert not (tmp_path / "nightly" / "bikes" / "ledger.key").exists(), "the key came from the environment"


def test_addresses_that_nobody_knows_and_variables_that_nobody_set(monkeypatch):
    monkeypatch.setenv("TELL", f"nonsense://{TOKEN}")
    with pytest.raises(UsageError) as refused:
        send_message(Message("t", "b"), "TELL")
    assert TOKEN not in str(refused.value)
    monkeypatch.delenv("TELL")
    with pytest.raises(UsageError, match="TELL is not set"):
        send_message(Message("t", "b"), "TELL")


def test_without_the_extra_the_mend_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtra, match="annoaudit\\[notify\\]"):
        send_message(Message("t", "b"), "TELL")
