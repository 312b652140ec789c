"""The real Label Studio server that live tests talk to."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from review_scene import Scene
    from server import LabelStudioServer


def start_or_skip(data: Path) -> LabelStudioServer:
    """Start a server; where that can't be, skip the test by name, or fail it under CI=true."""
    if importlib.util.find_spec("label_studio_sdk") is None:
        give_up("the extra label-studio is not installed")
    from server import NoServer, start_server

    try:
        return start_server(data)
    except NoServer as error:
        give_up(str(error))


def give_up(reason: str) -> NoReturn:
    """Skip, saying why; under CI=true a test that needs a server and has none has failed."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"no Label Studio server: {reason}")
    pytest.skip(f"no Label Studio server: {reason}")


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """Give the one server that the live tests of this run share."""
    server = start_or_skip(tmp_path_factory.mktemp("label-studio"))
    yield server
    server.stop()


@pytest.fixture
def token(label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the administrator's token where annoaudit looks for it."""
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.token)
    return label_studio.token


@pytest.fixture
def scene(label_studio: LabelStudioServer, token: str, tmp_path: Path) -> Scene:
    """Give a project worth reviewing, pulled and audited."""
    from review_scene import make_scene

    made = make_scene(label_studio, tmp_path / "out")
    made.audit(budget=12)
    return made
