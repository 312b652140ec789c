"""Media behind Label Studio's login are pinned and verified with the token, and with nothing else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import numpy as np
import PIL.Image
import pytest
from server import LabelStudioServer
from typer.testing import CliRunner

from annoaudit.cli.app import app
from annoaudit.media.pins import Pins

CONFIG = (
    '<View><Image name="image" value="$image"/><Choices name="kind" toName="image">'
    '<Choice value="a"/><Choice value="b"/></Choices></View>'
)


def picture(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    out = io.BytesIO()
    PIL.Image.fromarray(coarse).resize((96, 96), PIL.Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def uploaded(label_studio: LabelStudioServer) -> tuple[str, list[str]]:
    """A project of three uploaded pictures: its address, and where the pictures lie."""
    project = label_studio.create_project(CONFIG)
    with label_studio.client() as client:
        for seed in range(3):
            file = {"file": (f"{seed}.png", picture(seed), "image/png")}
            client.post(f"/api/projects/{project}/import", files=file).raise_for_status()
        rows = client.get("/api/tasks/", params={"project": project, "fields": "all", "page_size": 10}).json()
    return f"{label_studio.url}/projects/{project}", sorted(one["data"]["image"] for one in rows["tasks"])


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["media", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


@pytest.mark.parametrize("kind", ["legacy token", "personal access token"])
def test_uploads_are_pinned_with_the_token_and_a_swap_on_the_server_is_told(
    label_studio: LabelStudioServer,
    uploaded: tuple[str, list[str]],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, places = uploaded
    token = label_studio.token if kind == "legacy token" else label_studio.pat()
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    assert httpx.get(f"{label_studio.url}{places[0]}", trust_env=False).status_code in (401, 403)

    pins = tmp_path / "pins.parquet"
    code, said = run("pin", address, "--out", str(pins))
    assert (code, "3 of 3 media are pinned" in said) == (0, True), said
    known = {pin.uri: pin for pin in Pins(pins).read().values()}
    assert sorted(known) == places
    assert {pin.media_type for pin in known.values()} == {"image/png"}
    assert token.encode() not in pins.read_bytes()

    code, said = run("verify", address, str(pins))
    assert (code, "0 differ" in said) == (0, True), said

    stored = label_studio.data / "media" / places[0].removeprefix("/data/")
    stored.write_bytes(picture(99))
    code, said = run("verify", address, str(pins), "--json")
    told = json.loads(said[said.index("{") :])
    assert (code, told["counts"]) == (1, {"media_changed": 1, "same": 2})
    assert [one["uri"] for one in told["checks"]] == [places[0]]


def test_a_token_that_the_server_refuses_leaves_media_unchecked_and_says_so(
    label_studio: LabelStudioServer, uploaded: tuple[str, list[str]], tmp_path: Path, token: str
) -> None:
    from annoaudit.connectors import MediaHost, pull
    from annoaudit.media import Access, Platform, pin_media

    address, _ = uploaded
    labels = pull(address)
    host = MediaHost(label_studio.url, ("/data/",), lambda: "Token 0000000000000000000000000000000000000000")
    result = pin_media(labels, tmp_path / "pins.parquet", Access(platform=Platform(host)))
    assert len(result.failed) == 3
    assert {one.why for one in result.failed} <= {"the server says 401", "the server says 403"}
