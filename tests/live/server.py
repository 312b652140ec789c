"""A real Label Studio server: installed once into its own environment, started on loopback from a migrated template.

Nothing here touches the environment annoaudit runs in. Telemetry is off, the server is bound to 127.0.0.1,
and only the process started here is ever stopped.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

REQUIREMENT = os.environ.get("ANNOAUDIT_LS_REQUIREMENT", "label-studio==1.23.*")
ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = 1  # raise it when the users below change

PASSWORD = "secret-for-tests-1"
TOKEN = "abcdef0123456789abcdef0123456789abcdef01"
ADMIN = "admin@example.com"
REVIEWER = "reviewer@example.com"
ANNOTATORS = ("ann1@example.com", "ann2@example.com", "ann3@example.com", "ann4@example.com")

START_S = 300.0


class NoServer(Exception):
    """Label Studio can't be installed or started here."""


@dataclass(frozen=True)
class User:
    """A person on the server; ``password`` is empty where the person can't log in."""

    id: int
    email: str
    password: str = ""


def environment() -> Path:
    """Return the folder of Label Studio's own environment, which may not exist yet."""
    return Path(os.environ.get("ANNOAUDIT_LS_VENV") or ROOT / ".venv-label-studio").resolve()


def install(folder: Path | None = None) -> Path:
    """Install Label Studio into its own environment, once; return the environment's folder.

    Raises
    ------
    NoServer
        pip could not install it; the message ends with what pip said.
    """
    folder = folder or environment()
    stamp = folder / ".annoaudit-installed"
    with _locked(folder):
        if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == REQUIREMENT:
            return folder
        if not (folder / "bin" / "python").exists():
            _run([sys.executable, "-m", "venv", str(folder)], "create an environment")
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, REQUIREMENT], f"install {REQUIREMENT}")
        stamp.write_text(REQUIREMENT, encoding="utf-8")
    return folder


def version_of(folder: Path) -> str:
    """Return the installed version of Label Studio."""
    code = "from importlib.metadata import version; print(version('label-studio'))"
    return _run([str(folder / "bin" / "python"), "-c", code], "ask for Label Studio's version").strip()


def template(folder: Path) -> Path:
    """Return a data folder with a migrated database and all users, built once for each version."""
    with _locked(folder):
        ready = folder / f"template-{version_of(folder)}-{TEMPLATE}"
        if ready.is_dir():
            return ready
        scratch = folder / f"building-{os.getpid()}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        server = LabelStudioServer(folder, scratch)
        server.start()
        try:
            for number, email in enumerate(ANNOTATORS, start=1):
                server.add_user(email, first_name="Ann", last_name=f"Otator {number}")
            server.sign_up(REVIEWER, PASSWORD)
        finally:
            server.stop()
        (scratch / "server.log").unlink(missing_ok=True)
        scratch.rename(ready)
    return ready


def start_server(data: Path) -> LabelStudioServer:
    """Start a server with its own copy of the template in ``data`` (an empty or absent folder).

    Raises
    ------
    NoServer
        It could not be installed or started.
    """
    folder = install()
    shutil.copytree(template(folder), data, dirs_exist_ok=True)
    server = LabelStudioServer(folder, data)
    server.start()
    return server


@dataclass
class LabelStudioServer:
    """A running Label Studio: its address, users and tokens, and ways to stop it gently or not.

    ``token`` is the administrator's legacy token; :meth:`pat` makes personal access tokens.
    """

    folder: Path
    data: Path
    port: int = 0
    token: str = TOKEN
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def version(self) -> str:
        """Version of Label Studio."""
        return version_of(self.folder)

    def start(self) -> None:
        """Start and wait until it answers; the port stays the same over restarts."""
        self.port = self.port or _free_port()
        command = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(self.port)]
        self.log = (self.data / "server.log").open("ab")
        self.process = subprocess.Popen(
            [str(self.folder / "bin" / "label-studio"), *command, "--log-level", "WARNING"],
            env=_environment_variables(self.data),
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()

    def _wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise NoServer(f"label-studio ended with {self.process.returncode}: {self._tail()}")
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            time.sleep(0.25)
        self.kill()
        raise NoServer(f"label-studio did not answer within {START_S:.0f} s: {self._tail()}")

    def _tail(self) -> str:
        text = (self.data / "server.log").read_text(encoding="utf-8", errors="replace")
        return text[-800:].strip()

    def stop(self) -> None:
        """Stop the process that was started, gently, and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
        self.process = None
        if self.log is not None:
            self.log.close()
            self.log = None

    def restart(self) -> None:
        """Start again on the same port with the same data."""
        self.stop()
        self.start()

    # -- what tests ask of it ---------------------------------------------------------------------------

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a bare HTTP client of the administrator, for setting scenes and for comparing."""
        headers = {"Authorization": f"Token {token or self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=300, trust_env=False)

    def call(self, method: str, path: str, body: object = None, **params: str | int) -> object:
        """Send one request as the administrator and return the JSON of its answer (None where there is none)."""
        with self.client() as client:
            answer = client.request(method, path, json=body, params=params or None)
        if answer.status_code >= 400:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    @property
    def users(self) -> dict[str, User]:
        """Everybody in the organisation, by e-mail address."""
        found = self.call("GET", "/api/users/")
        assert isinstance(found, list)
        known = {ADMIN: PASSWORD, REVIEWER: PASSWORD}
        return {one["email"]: User(one["id"], one["email"], known.get(one["email"], "")) for one in found}

    def add_user(self, email: str, first_name: str = "", last_name: str = "") -> User:
        """Add a person who can be an annotator but can't log in."""
        names = {"first_name": first_name, "last_name": last_name}
        made = self.call("POST", "/api/users/", {"email": email, "username": email.split("@")[0], **names})
        assert isinstance(made, dict)
        return User(made["id"], email)

    def sign_up(self, email: str, password: str) -> None:
        """Add a person who can log in, through the sign-up form."""
        with self._browse() as client:
            form = {"email": email, "password": password, "allow_newsletters": "false"}
            answer = client.post("/user/signup/", data={**form, **_csrf(client, "/user/signup/")})
        if answer.status_code != 302:
            raise NoServer(f"{email} could not sign up: {answer.status_code}")

    @contextmanager
    def session(self, email: str = ADMIN, password: str = PASSWORD) -> Iterator[httpx.Client]:
        """Log in as a browser does; writing requests need the header that the client then carries."""
        with self._browse() as client:
            form = {"email": email, "password": password, "persist_session": "on"}
            answer = client.post("/user/login/", data={**form, **_csrf(client, "/user/login/")})
            if answer.status_code != 302:
                raise NoServer(f"{email} could not log in: {answer.status_code}")
            client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
            yield client

    @contextmanager
    def _browse(self) -> Iterator[httpx.Client]:
        with httpx.Client(
            base_url=self.url, headers={"Referer": self.url}, timeout=60, trust_env=False, follow_redirects=False
        ) as client:
            yield client

    def pat(self, email: str = ADMIN, password: str = PASSWORD) -> str:
        """Make a personal access token for a person who can log in; an earlier one of theirs ends."""
        with self.session(email, password) as client:
            made = client.post("/api/token/")
            if made.status_code == 409:
                for old in client.get("/api/token/").json():
                    client.post("/api/token/blacklist/", json={"refresh": old["token"]})
                made = client.post("/api/token/")
            return str(made.json()["token"])

    def create_project(
        self,
        config: str,
        tasks: Sequence[Mapping[str, object]] = (),
        *,
        title: str = "annoaudit test",
        **settings: object,
    ) -> int:
        """Create a project with tasks as the import endpoint takes them; return its id.

        Annotations without ``ground_truth`` would become ground truth; here they do not.
        """
        made = self.call("POST", "/api/projects/", {"title": title, "label_config": config, **settings})
        assert isinstance(made, dict)
        project = int(made["id"])
        for start in range(0, len(tasks), 1000):
            part = [_import_row(task) for task in tasks[start : start + 1000]]
            self.call("POST", f"/api/projects/{project}/import", part)
        return project


def _import_row(task: Mapping[str, object]) -> dict[str, object]:
    annotations = task.get("annotations")
    listed = annotations if isinstance(annotations, list) else []
    return {**task, "annotations": [{"ground_truth": False, **one} for one in listed]}


def _csrf(client: httpx.Client, page: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page).text)
    return {"csrfmiddlewaretoken": found.group(1)} if found else {}


def _environment_variables(data: Path) -> dict[str, str]:
    """Telemetry off in server and browser, no look for newer versions, loopback allowed."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LABEL_STUDIO_", "HEARTEX_", "DJANGO_", "COV_", "PYTEST_"))
    }
    return kept | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_USERNAME": ADMIN,
        "LABEL_STUDIO_PASSWORD": PASSWORD,
        "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "false",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "SSRF_PROTECTION_ENABLED": "false",
        "PYTHONDONTWRITEBYTECODE": "",
    }


def _free_port() -> int:
    """A port that is free now; the server would silently take the next one if it were not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: Sequence[str], what: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NoServer(f"Could not {what}: {' '.join(said[-3:])[-600:]}")
    return done.stdout


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time install or build; the others wait and find the work done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
