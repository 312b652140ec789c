"""Nights against a server that is busy, fails, or ends the token halfway, over real HTTP."""

import itertools
import time

import httpx
import pytest
from front_server import Front, make_tasks, serving, web_token

from annoaudit.connectors.label_studio import pulling, reading
from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from connectors.fake_server import FakeServer

SECRET = "s3cr3t" * 7
HALFWAY = 6


@pytest.fixture
def front(monkeypatch):
    monkeypatch.setattr(pulling, "SNAPSHOT_UP_TO", 0)
    monkeypatch.setattr(reading, "PAGE_SIZE", 5)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", SECRET)
    with serving(Front(FakeServer(make_tasks()))) as front:
        yield front


def night(home, front):
    home.mkdir(exist_ok=True)
    path = home / "annoaudit.yaml"
    path.write_text(
        f"projects: {{live: {{source: '{front.url}/projects/3', full_pull_days: 0, "
        "detectors: [consensus_disagreement]}}\nledger: {heads: elsewhere}\n"
    )
    front.asked.clear()
    job = read_job(path)
    return job, run_job(job, (), lambda _: None)


def found(result):
    assert not result.errors, result.errors
    record = result.nights[0].record
    return record.n_labels, sorted(record.findings["fingerprint"])


def kept(home):
    return [file.read_bytes() for file in home.rglob("*") if file.is_file()]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_or_fails_now_and_then_only_takes_longer(front, tmp_path, status):
    whole = found(night(tmp_path / "quiet", front)[1])
    turn = itertools.count()
    front.fault = lambda request, number: (
        httpx.Response(status, headers={"Retry-After": "0"}, text="busy") if next(turn) % 3 == 2 else None
    )
    _, result = night(tmp_path / "busy", front)
    assert result.exit_code == 0
    assert found(result) == whole
    assert len(front.asked) > next(turn) // 2


def test_a_429_waits_as_long_as_the_server_says(front, tmp_path):
    once = iter([httpx.Response(429, headers={"Retry-After": "1"}, text="slow down")])
    front.fault = lambda request, number: next(once, None) if number == HALFWAY else None
    began = time.perf_counter()
    assert night(tmp_path, front)[1].exit_code == 0
    assert time.perf_counter() - began >= 1


@pytest.mark.parametrize(("status", "code"), [(401, 2), (500, 3)])
def test_what_fails_halfway_for_good_has_its_code_and_the_next_night_goes_on(front, tmp_path, status, code):
    whole = found(night(tmp_path / "quiet", front)[1])
    home = tmp_path / "cut"
    front.fault = lambda request, number: (
        httpx.Response(status, headers={"Retry-After": "0"}, json={"detail": "no"}) if number >= HALFWAY else None
    )
    job, result = night(home, front)
    assert result.exit_code == code
    assert ("legacy token, or it has ended" if code == 2 else "500") in result.errors["live"].message
    assert SECRET not in str(result.errors["live"])
    with opened_past(job, "live") as past:
        assert past.seals.nights.count() == 0, "nothing is stored of a night without labels"
    front.fault = lambda request, number: None
    job, result = night(home, front)
    assert (result.exit_code, found(result)) == (0, whole)
    assert front.asked.count("GET /api/tasks") < 9, "pages that were read before are not read again"
    with opened_past(job, "live") as past:
        assert past.verify().intact
        assert past.seals.nights.count() == 1
    assert not [one for one in kept(home) if SECRET.encode() in one]


def test_an_access_token_that_ends_halfway_is_renewed_and_none_is_kept(front, tmp_path, monkeypatch):
    refresh = web_token("refresh")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", refresh)
    given: list[str] = []

    def fault(request, number):
        if request.url.path == "/api/token/refresh/":
            given.append(web_token("access", number))
            return httpx.Response(200, json={"access": given[-1]})
        valid = given and request.headers["Authorization"] == f"Bearer {given[-1]}"
        if not valid or (len(given) == 1 and number >= HALFWAY):
            return httpx.Response(401, json={"detail": "Token is expired"})
        return None

    front.fault = fault
    _, result = night(tmp_path, front)
    assert result.exit_code == 0
    assert found(result)[0] == 120
    assert len(given) == 2
    assert not [one for one in kept(tmp_path) for token in (refresh, *given) if token.encode() in one]
