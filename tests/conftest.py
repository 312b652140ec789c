import pytest

from postgres_server import PASSWORD, fresh_schema, postgres_server


@pytest.fixture(scope="session")
def postgres():
    """Address of a real PostgreSQL server; skipped by name where none is installed, failed with CI=true."""
    with postgres_server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store_location(request, tmp_path, monkeypatch):
    """Where a new store can be made: a file, and a schema of a real server."""
    if request.param == "sqlite":
        return tmp_path / "annoaudit.db"
    address = request.getfixturevalue("postgres")
    monkeypatch.setenv("ANNOAUDIT_STORE_PASSWORD", PASSWORD)
    return fresh_schema(address)
