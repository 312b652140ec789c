from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from annoaudit.reporting.text import (
    count,
    fold,
    interval,
    number,
    percent,
    plural,
    reveal_controls,
    shorten,
    spell_seconds,
    spell_time,
    well_formed,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("क्\u200dष 👩\u200d🔬 नमस्ते עברית", "क्\u200dष 👩\u200d🔬 नमस्ते עברית"),
    ],
)
def test_controls_are_written_out_and_languages_are_kept(text, shown):
    assert reveal_controls(text) == shown


def test_folding_makes_one_line():
    assert fold("  a\r\n\t b\u2028c ") == "a b \\u2028 c"


def test_shortening_counts_what_is_shown():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten("a" + " " * 10_000 + "b", 6) == "a…"
    assert len(shorten("\x1b" * 10_000, 50)) == 50


def test_well_formed_text_can_be_encoded():
    assert well_formed("\ud800x").encode() == b"\\ud800x"


def test_numbers():
    assert (count(1234567), count(math.nan)) == ("1,234,567", "–")  # noqa: RUF001 the dash is what is shown
    assert (plural(1, "label"), plural(2, "entry", "entries")) == ("1 label", "2 entries")
    assert percent(0.0412) == "4.1 %"
    assert number(-0.001) == "0.00"
    assert number(-0.25) == "\u22120.25"
    assert interval(0.021, 0.064) == "2.1 to 6.4"
    assert interval(math.nan, 0.1) == ""
    assert [spell_seconds(s) for s in (0.03, 14.21, 240.0)] == ["30 ms", "14.2 s", "4.0 min"]


def test_times_are_utc_or_say_that_they_are_not_known():
    moment = datetime(2026, 3, 14, 4, 15, tzinfo=timezone(timedelta(hours=2)))
    assert spell_time(moment) == spell_time(moment.astimezone(UTC)) == "2026-03-14 02:15 UTC"
    assert "not known" in spell_time(datetime(2026, 3, 14, 4, 15))
