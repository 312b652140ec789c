"""A real PostgreSQL server on loopback, started from installed binaries; each store gets a schema of its own.

Debian: apt-get install postgresql. Where there is none, tests that need it are skipped by name; with CI=true they fail.
"""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "Pg5ECRETtest"
_NUMBERS = itertools.count(1)


def find_binaries() -> Path | None:
    """Folder of initdb and pg_ctl: the newest that is installed, or what PATH names."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[4]))
    found = packaged[-1] if packaged else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server and give the address of its database, without the password."""
    binaries = find_binaries()
    if binaries is None:
        message = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    owner = "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="annoaudit-pg-", dir="/tmp"))
    (folder / "password").write_text(PASSWORD)
    if owner:
        for path in (folder, folder / "password"):
            shutil.chown(path, owner, owner)
    port = _free_port()

    def run(name: str, *arguments: object) -> None:
        command = [str(binaries / name), *map(str, arguments)]
        subprocess.run(command, user=owner, cwd=folder, check=True, capture_output=True, timeout=120)

    data = folder / "data"
    try:
        run("initdb", "-D", data, "-U", "audit", "--auth=scram-sha-256", "--pwfile", folder / "password", "-E", "UTF8",
            "--no-sync")  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=30"
        run("pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        yield f"postgresql://audit@127.0.0.1:{port}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def fresh_schema(address: str) -> str:
    """Address of a store that nobody has used."""
    return f"{address}?schema=test_{next(_NUMBERS)}_{time.time_ns()}"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
