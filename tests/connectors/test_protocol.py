"""Every installed connector has the shape that pulling and reviewing rely on."""

import inspect

import pytest

from annoaudit.connectors import Connector, Reviewable, ReviewDesk, find_media_host, list_connectors, open_connector
from annoaudit.connectors.label_studio.desk import LabelStudioDesk
from annoaudit.errors import UsageError
from annoaudit.reviewing.places import Place, opened_desk

ADDRESS = "https://host/projects/3"


def methods(kind: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(one) for name, one in found if not name.startswith("_")}


@pytest.mark.parametrize("name", list_connectors())
def test_a_connector_is_one_and_is_opened_again_by_its_own_address(name):
    connector = open_connector(f"{name}+{ADDRESS}/data?tab=2")
    assert isinstance(connector, Connector)
    assert str(connector.address) == ADDRESS
    assert str(open_connector(str(connector.address)).address) == ADDRESS


def test_the_desk_of_label_studio_takes_what_the_protocol_says():
    asked, given = methods(ReviewDesk), methods(LabelStudioDesk)
    assert len(asked) > 15
    for name, signature in asked.items():
        assert list(given[name].parameters) == list(signature.parameters), name
        assert "NotImplementedError" not in inspect.getsource(getattr(LabelStudioDesk, name))


def test_label_studio_tells_where_its_media_lie_and_files_have_no_host(monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "t" * 40)
    host = find_media_host("https://host/labels/projects/3/data?tab=2")
    assert (host.base_url, host.folders, host.sign()) == ("https://host/labels", ("/data/",), f"Token {'t' * 40}")
    assert "t" * 40 not in repr(host)
    assert find_media_host("labels.csv") is None
    assert find_media_host("https://host/labels.csv") is None


def test_label_studio_offers_reviews_and_a_platform_that_does_not_is_told(monkeypatch):
    assert isinstance(open_connector(ADDRESS), Reviewable)

    class OnlyRead:
        address = "https://elsewhere/1"

    monkeypatch.setattr("annoaudit.reviewing.places.open_connector", lambda _: OnlyRead())
    place = Place(None, None, None, None, (), "https://elsewhere/1", b"")
    with pytest.raises(UsageError, match="can be audited, but not reviewed"), opened_desk(place):
        raise AssertionError("never reached")
