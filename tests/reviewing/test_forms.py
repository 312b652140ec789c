"""The labelling form of a review project, and what a reviewer reads in it."""

import xml.etree.ElementTree as ET

import pytest

from annoaudit.connectors.label_studio.review_config import compose_form, fit_title, read_form
from annoaudit.connectors.label_studio.review_rows import explain_regions
from annoaudit.errors import RefusedInput
from annoaudit.reviewing.targets import Remark, Target
from annoaudit.reviewing.wording import blind_fields, open_fields, tell_regions

CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="s" toName="t" choice="single">'
    '<Choice value="Yes" alias="y" hotkey="F"/><Choice value="No"/></Choices></View>'
)


def hotkeys(form: str) -> list[str]:
    return [str(one.get("hotkey")).lower() for one in ET.fromstring(form).iter() if one.get("hotkey")]


def test_the_source_form_stands_below_unchanged():
    inner = ET.fromstring(compose_form(CONFIG))[1]
    assert ET.tostring(inner) == ET.tostring(ET.fromstring(CONFIG))


def test_hotkeys_of_the_source_win():
    keys = hotkeys(compose_form(CONFIG))
    assert sorted(keys) == ["a", "b", "c", "f"]
    assert hotkeys(compose_form(CONFIG.replace(' hotkey="F"', ""))).count("f") == 1


def test_the_verdict_is_required_and_the_reason_is_plain_text():
    form = ET.fromstring(compose_form(CONFIG))
    verdict = next(one for one in form.iter("Choices") if one.get("name") == "annoaudit_verdict")
    assert verdict.get("required") == "true"
    assert [one.get("alias") for one in verdict] == ["fixed", "confirmed", "ambiguous", "bad_data"]
    why = next(one for one in form.iter() if one.get("name") == "annoaudit_why")
    assert why.tag == "Text"
    assert not list(form.iter("HyperText"))
    assert list(form.iter("Style")) == []


def test_a_blinded_form_asks_for_an_answer_not_for_a_judgement():
    form = ET.fromstring(compose_form(CONFIG, blind=True))
    verdict = next(one for one in form.iter("Choices") if one.get("name") == "annoaudit_verdict")
    assert [one.get("alias") for one in verdict] == ["answered", "ambiguous", "bad_data"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "entities"),
        ("<View><Text", "no XML"),
        (CONFIG.replace('name="s"', 'name="annoaudit_verdict"'), "annoaudit_verdict"),
        ("<View>" + " " * 1_000_001 + "</View>", "million"),
    ],
)
def test_forms_that_cannot_be_trusted_are_refused(config, words):
    with pytest.raises(RefusedInput, match=words):
        compose_form(config)


def test_a_form_knows_which_results_it_can_still_show():
    form = read_form(CONFIG)
    assert form.shown == {"text"}
    item = {"from_name": "s", "type": "choices", "value": {"choices": ["y"]}}
    assert form.accepts(item)
    assert not form.accepts({**item, "value": {"choices": ["Yes"]}})  # stored by its alias
    assert not form.accepts({**item, "from_name": "gone"})
    assert form.accepts({"type": "relation", "from_id": "a", "to_id": "b"})


@pytest.mark.parametrize(("title", "fitted"), [("a", "a.."), ("x" * 60, "x" * 49 + "…"), ("a\nb\x1b  c", "a b c")])
def test_titles_are_as_long_as_label_studio_wants_them(title, fitted):
    assert fit_title(title) == fitted
    assert 3 <= len(fit_title(title)) <= 50


def remark(reason: str = "r", region: str = "", suspicion: float = 0.9, severity: str = "L0") -> Remark:
    return Remark("f" * 24, "d", severity, "s", "Yes", "No", suspicion, reason, region)


def target(*remarks: Remark) -> Target:
    return Target("k", "t", "5", "9", "a-abc", {"s": "Yes"}, remarks, queued=True)


def test_hostile_reasons_come_out_as_visible_text():
    fields = open_fields(
        target(remark("a\x1b[31m\u202e\0<script>{{7*7}}</script>\n=1+1")), "https://h/projects/1/data?task=5"
    )
    why = str(fields["annoaudit_why"])
    assert why == "a\\x1b[31m\\u202e\\x00<script>{{7*7}}</script> =1+1"
    assert fields["annoaudit_current"] == "Yes"
    assert fields["annoaudit_severity"] == 0.9


def test_the_gravest_finding_counts_for_the_order():
    assert target(remark(), remark(severity="L2", suspicion=0.3)).severity == 2.9
    assert target(remark(suspicion=float("nan"))).severity == 0


def test_blinded_fields_hold_neither_reason_nor_severity_nor_label():
    shown = blind_fields(target(remark("secret")), 17)
    other = blind_fields(target(), 17)
    assert shown == other
    assert set(shown) == {"annoaudit_key", "annoaudit_order", "annoaudit_title", "annoaudit_why"}


def test_a_flagged_region_carries_its_reason_and_the_others_stay_as_they_are():
    result = [{"id": "r1", "value": {}}, {"id": "r2", "value": {}, "meta": {"text": ["own"]}}]
    told = explain_regions(result, tell_regions(target(remark("too small", region="r2"), remark("elsewhere"))))
    assert told[0] == result[0]
    assert told[1]["meta"] == {"text": ["own", "annoaudit: too small"]}
    assert result[1]["meta"] == {"text": ["own"]}


def test_a_long_suggestion_is_told_in_full_where_it_can_be_copied():
    long = "the boat left early " * 6 + "and never came back"
    one = Remark("f" * 24, "text_distance", "L0", "said", "the boat", long, 0.9, "r.")
    fields = open_fields(target(one), "https://h/projects/1/data?task=5")
    assert str(fields["annoaudit_why"]).splitlines() == ["r.", f"Suggested: {long}"]
    assert long not in str(fields["annoaudit_title"])
    assert str(open_fields(target(remark()), "")["annoaudit_why"]) == "r"
