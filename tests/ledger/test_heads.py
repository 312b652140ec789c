"""Heads: what is written comes back, what is no head is refused, and no name in one leads out of the folder."""

import json
import stat
from base64 import b64encode

import pytest

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.ledger.heads import Sealed, Statement, append_head, read_head
from annoaudit.ledger.signing import VARIABLE, check_signature, open_signer

ROOT = "ab" * 32


@pytest.fixture
def signer(tmp_path):
    return open_signer(tmp_path / "ledger.key", {})


@pytest.fixture
def head(signer):
    sealed = {kind: Sealed(ROOT, 3) for kind in ("labels", "findings", "verdicts")}
    told = Statement(
        "p", 1, "2026-03-01T02:00:00+00:00", "0.1.0", "c" * 32, ROOT, "d" * 24, {"a.parquet": ROOT}, sealed
    )
    return append_head([], told, signer)


def test_a_head_comes_back_as_it_was_and_its_signature_holds(head):
    again = read_head(head.as_line(), "it")
    assert again == head
    assert again.as_line() == head.as_line()
    assert check_signature(again.public_key, again.signature, again.signed_bytes())
    assert "\n" not in head.as_line()


CHANGES = {
    "a snapshot outside": {"snapshot": "../../../etc"},
    "an absolute snapshot": {"snapshot": "/etc"},
    "removal outside": {"removed": ["../../../home"]},
    "a run that is none": {"run_id": "x' or 1"},
    "a root outside": {"sealed": {kind: {"root": "../x", "n": 1} for kind in ("labels", "findings", "verdicts")}},
    "a kind missing": {"sealed": {"labels": {"root": ROOT, "n": 1}}},
    "no time": {"at": "yesterday"},
    "no number": {"number": "1"},
    "another format": {"format": "x"},
    "an unknown key": {"more": 1},
    "no files": {"files": 3},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_head_of_ours_is_refused_in_one_sentence(head, name):
    told = json.loads(head.as_line())
    told["statement"] |= CHANGES[name]
    with pytest.raises(RefusedInput, match="Head 7 is not a head"):
        read_head(json.dumps(told), "Head 7")


@pytest.mark.parametrize("text", ["", "3", "null", "[]", "{}", '{"statement": 1}', "[" * 100_000, "\udc80"])
def test_text_that_is_no_head_is_refused(text):
    with pytest.raises(RefusedInput):
        read_head(text, "it")


def test_the_key_is_made_once_and_is_for_its_owner_only(tmp_path, signer):
    file = tmp_path / "ledger.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_signer(file, {}).public_key == signer.public_key
    assert file.read_text().strip() not in repr(signer)


def test_the_key_in_the_environment_goes_before_the_file(tmp_path, signer):
    told = b64encode(b"k" * 32).decode()
    other = open_signer(tmp_path / "none.key", {VARIABLE: told})
    assert other.public_key != signer.public_key
    assert not (tmp_path / "none.key").exists()


@pytest.mark.parametrize("told", ["short", b64encode(b"k" * 31).decode(), "ü"])
def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path, told):
    with pytest.raises(UsageError) as refused:
        open_signer(tmp_path / "key", {VARIABLE: told})
    assert told not in str(refused.value)


@pytest.mark.parametrize("part", ["public_key", "signature"])
@pytest.mark.parametrize("value", ["", "x", "AAAA", "ü", b64encode(b"x" * 32).decode()])
def test_signatures_that_are_none_do_not_hold(head, part, value):
    told = {"public_key": head.public_key, "signature": head.signature, part: value}
    assert not check_signature(told["public_key"], told["signature"], head.signed_bytes())
