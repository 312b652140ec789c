"""From answers to verdicts: consistency checks, and what counts as the same label."""

from datetime import UTC, datetime

import pytest

from annoaudit.connectors.desk import Answer
from annoaudit.connectors.label_studio.address import parse_address
from annoaudit.connectors.label_studio.client import connect
from annoaudit.connectors.label_studio.desk import LabelStudioDesk
from annoaudit.connectors.label_studio.verdicts import clean_result, content_of
from annoaudit.reviewing.deciding import ASK_AGAIN, as_verdict, decide
from annoaudit.store.review_rows import ReceiptRow


@pytest.mark.parametrize(
    ("said", "changed", "decision", "warned"),
    [
        ("fixed", True, "fixed", False),
        ("fixed", False, "skipped", True),
        ("confirmed", False, "confirmed", False),
        ("confirmed", True, "fixed", True),
        ("ambiguous", True, "ambiguous", False),
        ("bad_data", False, "bad_data", False),
        ("skipped", False, "skipped", False),
        ("answered", True, "fixed", False),
        ("answered", False, "confirmed", False),
        ("", True, "skipped", True),
        ("something else", False, "skipped", True),
    ],
)
def test_what_was_said_is_checked_against_what_was_done(said, changed, decision, warned):
    decided = decide(said, changed=changed)
    assert decided.decision == decision
    assert bool(decided.warning) == warned


def test_a_blinded_answer_that_is_empty_is_asked_again():
    decided = decide("answered", changed=True, answered=False)
    assert decided.decision == "skipped"
    assert decided.warning.startswith(ASK_AGAIN)


def choice(label: str, name: str = "s", **more: object) -> dict[str, object]:
    return {"id": "x", "from_name": name, "to_name": "t", "type": "choices", "value": {"choices": [label]}, **more}


def test_labels_are_compared_by_content_never_by_id_order_or_origin():
    box = {
        "id": "a",
        "from_name": "b",
        "type": "rectanglelabels",
        "value": {"x": 1.00001, "y": 2, "rectanglelabels": ["C"]},
    }
    one = [choice("Yes", origin="manual"), box]
    other = [
        {
            **box,
            "id": "zz",
            "value": {"x": 1.00002, "y": 2, "rectanglelabels": ["C"]},
            "meta": {"text": ["annoaudit: why"]},
        },
        choice("Yes", id="y", origin="prediction"),
    ]
    assert content_of(one) == content_of(other)
    assert content_of(one) != content_of([choice("No"), box])
    assert content_of(one, ["s"]) == content_of([choice("Yes")], ["s"])
    assert content_of([choice("fixed", "annoaudit_verdict")]) == ""


def test_what_goes_back_to_the_source_has_nothing_of_ours_in_it():
    result = [
        choice("fixed", "annoaudit_verdict"),
        choice("Yes", origin="prediction-changed", meta={"text": ["annoaudit: why", "own"]}, score=0.5),
        choice("No", "q", meta={"text": ["annoaudit: why"]}),
    ]
    assert clean_result(result) == (choice("Yes", meta={"text": ["own"]}), choice("No", "q"))


def test_a_verdict_row_names_the_findings_it_answers_and_the_correction():
    details = {
        "target": "3-9-x", "values": {"s": "No"}, "questions": ["s"], "original": [choice("No")], "blind": False,
        "task_id": "5", "annotation_id": "9", "remarks": [{"fingerprint": "f1"}, {"fingerprint": "f2"}],
    }  # fmt: skip
    receipt = ReceiptRow("https://h/projects/3", "7", "task", "k", "12", "made", details)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    answer = Answer("k", "12", "40", "fixed", "note", (choice("Yes<b>\x1b"),), "6", at, 3.5)
    desk = LabelStudioDesk(connect("https://h", "0" * 40), parse_address("https://h/projects/3"))
    row = as_verdict(answer, receipt, desk, lambda who: f"a-{who}")
    assert (row.decision, row.corrected, row.reviewer, row.fingerprints) == (
        "fixed",
        "Yes<b>\\x1b",
        "a-6",
        ("f1", "f2"),
    )
    assert row.answer_id == as_verdict(answer, receipt, desk, str).answer_id
    later = Answer("k", "12", "40", "confirmed", "note", (choice("No"),), "6", at, 3.5)
    assert as_verdict(later, receipt, desk, str).answer_id != row.answer_id
