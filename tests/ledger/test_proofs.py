"""Proofs of one record: made by a real night, checked by themselves, and broken in every part."""

import json

import pytest
from planting import folder, run_nights

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.ledger.proofs import check_proof, read_proof


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return run_nights(tmp_path_factory.mktemp("proofs"))


@pytest.fixture(scope="module")
def told(home):
    """A proof about a record of the second night of four, as JSON."""
    with opened_past(read_job(home / "annoaudit.yaml"), "bikes") as past:
        keys = past.seals.load_leaves(past.seals.heads()[1]).keys
        return json.loads(past.prove(keys[17], "2").as_json())


def problems(told) -> list[str]:
    return check_proof(read_proof(json.dumps(told), "proof.json"))


def test_a_proof_holds_by_itself_and_shows_one_record(told):
    assert problems(told) == []
    assert told["record"].startswith("annotation/")
    assert told["text"].count("annotator_id") == 1
    assert len(told["path"]) == 8, "151 records make a tree of 8 levels"


def test_every_record_of_every_night_can_be_proved(home):
    with opened_past(read_job(home / "annoaudit.yaml"), "bikes") as past:
        for number in ("1", "4"):
            for key in past.seals.load_leaves(past.seals.heads()[int(number) - 1]).keys[::25]:
                assert check_proof(past.prove(key, number)) == []


def flip(digits: str) -> str:
    return ("0" if digits[0] != "0" else "1") + digits[1:]


BROKEN = {
    "text": lambda t: t.update(text=t["text"].replace('"value":', '"value" :')),
    "record": lambda t: t.update(record=t["record"] + "0"),
    "salt": lambda t: t.update(salt=flip(t["salt"])),
    "index": lambda t: t.update(index=t["index"] + 1),
    "path": lambda t: t["path"].__setitem__(3, flip(t["path"][3])),
    "shorter path": lambda t: t["path"].pop(),
    "root": lambda t: t["head"]["statement"]["sealed"]["labels"].update(root=flip("a" * 64)),
    "time": lambda t: t["head"]["statement"].update(at="2020-01-01T00:00:00+00:00"),
    "log": lambda t: t["last"].update(log_root=flip(t["last"]["log_root"])),
    "consistency": lambda t: t["consistency"].pop(),
    "signature": lambda t: t["head"].update(signature=t["last"]["signature"]),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_proof_with_any_part_changed_does_not_hold(told, part):
    broken = json.loads(json.dumps(told))
    BROKEN[part](broken)
    assert problems(broken), part


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "annoaudit/proof 1"}', "[" * 100_000])
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(RefusedInput, match=r"proof\.json"):
        read_proof(text, "proof.json")


def test_digits_that_are_none_are_refused(told):
    with pytest.raises(RefusedInput, match="no proof"):
        read_proof(json.dumps({**told, "salt": "zz"}), "proof.json")


def test_a_record_that_no_night_sealed(home):
    with opened_past(read_job(home / "annoaudit.yaml"), "bikes") as past:
        with pytest.raises(UsageError, match="sealed no record"):
            past.prove("annotation/none", "last")
        with pytest.raises(UsageError, match="no night '9'"):
            past.prove("annotation/none", "9")


def test_the_commands(home, tmp_path, capsys):
    from annoaudit.cli.app import main

    config = str(home / "annoaudit.yaml")
    with pytest.raises(SystemExit) as left:
        main(["prove", "item/i003", "--night", "1", "--config", config])
    assert left.value.code == 0
    file = tmp_path / "proof.json"
    file.write_text(capsys.readouterr().out)
    with pytest.raises(SystemExit) as left:
        main(["prove", "--check", str(file)])
    assert left.value.code == 0
    assert "item/i003 was sealed" in capsys.readouterr().out
    file.write_text(file.read_text().replace("item/i003", "item/i004"))
    with pytest.raises(SystemExit) as left:
        main(["prove", "--check", str(file)])
    assert left.value.code == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out
    assert folder(home).is_dir()
