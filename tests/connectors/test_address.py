from __future__ import annotations

import pytest

from annoaudit.connectors import is_address, list_connectors, open_connector
from annoaudit.connectors.label_studio import LabelStudio
from annoaudit.connectors.label_studio.address import parse_address
from annoaudit.errors import UsageError


@pytest.mark.parametrize(
    ("pasted", "base", "project"),
    [
        ("https://host/projects/3", "https://host", 3),
        ("https://host/projects/3/", "https://host", 3),
        ("https://host/projects/3/data?tab=7&task=12", "https://host", 3),
        ("https://host:8443/projects/31/settings/labeling#x", "https://host:8443", 31),
        ("https://host/label/studio/projects/3/data", "https://host/label/studio", 3),
        ("label-studio+https://host/projects/3", "https://host", 3),
        ("label_studio+http://localhost:8080/projects/3", "http://localhost:8080", 3),
        ("http://127.0.0.1:8080/projects/3/data", "http://127.0.0.1:8080", 3),
        ("http://[::1]:8080/projects/3/data", "http://[::1]:8080", 3),
        ("  https://HOST.Example/projects/3\n", "https://host.example", 3),
    ],
)
def test_pasted_addresses_are_understood(pasted: str, base: str, project: int) -> None:
    connector = open_connector(pasted)
    assert isinstance(connector, LabelStudio)
    assert (connector.address.base_url, connector.address.project_id) == (base, project)
    assert connector.address.notes == ()
    assert connector.address.task_url("7") == f"{base}/projects/{project}/data?task=7"


@pytest.mark.parametrize(
    "pasted",
    [
        "labels.csv", "https://host/", "https://host/projects/", "https://host/projects/abc", "https://host/projects/0",
        "https://host/projects/3x", "ftp://host/projects/3", "https:///projects/3", "https://host:99999/projects/3",
        "https://host/projects/3 4", "https://ho\\st/projects/3", "javascript://host/projects/3", "https://[::1/projects/3",
        "nothing+https://host/projects/3", "", "https://host/projects/99999999999999999999",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_hint(pasted: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_connector(pasted)
    assert refused.value.hint


def test_secrets_in_addresses_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="holds a user or a password") as refused:
        open_connector("label-studio+https://me:hunter2@host/projects/3?token=hunter3")
    assert "hunter" not in str(refused.value)
    with pytest.raises(UsageError) as refused:
        open_connector("https://me:hunter2@host/nothing?token=hunter3")
    assert "hunter" not in str(refused.value)


def test_plain_http_elsewhere_is_noted() -> None:
    assert "not encrypted" in parse_address("http://labels.example/projects/3").notes[0]
    assert parse_address("http://localhost/projects/3").notes == ()


def test_files_are_no_addresses() -> None:
    assert not is_address("labels.csv")
    for url in ("s3://bucket/labels.csv", "https://host/labels.csv", "file:///tmp/labels.csv", "https://host/"):
        assert not is_address(url)
    for address in ("https://host/projects/3", "https://me:pw@host/projects/3", "label-studio+https://host/projects/3"):
        assert is_address(address)
    assert "label_studio" in list_connectors()
