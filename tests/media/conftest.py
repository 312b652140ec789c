import pytest
from web import Web, running


@pytest.fixture
def web(tmp_path_factory):
    with running(Web(tmp_path_factory.mktemp("web"))) as one:
        yield one
