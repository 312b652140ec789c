"""Hostile content in texts: instructions to models and annotators, active content, formulas, characters that deceive.

Characters are told exactly. Instructions and active content are told by patterns, which is a heuristic: text about an
attack looks like one, and an attack in other words does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KINDS", "Sign", "find_candidates", "find_rare_scripts", "scan_text", "spell_out"]

KINDS: dict[str, tuple[str, float]] = {
    "bidi": ("a control that turns the direction of writing", 0.95),
    "invisible": ("an invisible character", 0.9),
    "mixed_script": ("a word of letters from two scripts that look alike", 0.9),
    "active": ("active content", 0.9),
    "formula": ("a spreadsheet formula", 0.8),
    "rare_script": ("letters of a script that hardly any other item has", 0.5),
    "instruction": ("words that address a model or an annotator as instructions (heuristic)", 0.7),
}
"""What each kind of sign is, in words, and the suspicion of one."""

_MOST_SIGNS = 20
_FEWEST_TEXTS = 1000
_RARE_SHARE = 0.001
_SCRIPTS = (
    "Arabic", "Armenian", "Bengali", "Cherokee", "Coptic", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek",
    "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao", "Latin",
    "Malayalam", "Mongolian", "Myanmar", "Ogham", "Runic", "Sinhala", "Tamil", "Telugu", "Thai", "Tibetan",
)  # fmt: skip
_MOST_TEXT = 100_000
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_OVERRIDES = "\u202d\u202e"
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d"
    "\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
_JOINED = re.compile("[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]")
_ALIKE = dict(
    zip(
        "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅοινρκΑΒΕΖΗΙΚΜΝΟΡΤΥΧՕօցսհոԍᏢᎪᏴᏟᎬ",
        "aeopcyxijshdqwABEKMHOPCTYXIJSoivpkABEZHIKMNOPTYXOoguhnGPABCE",
        strict=True,
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_FORMULA = re.compile(
    r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20](?:[A-Za-z][A-Za-z0-9.]{1,30}\(|[^\s|]{1,40}\|[^!\n]{0,200}!)"
)
_WHO = (
    r"(?:annotators?|labell?ers?|raters?|graders?|crowd ?workers?|language models?|llms?|chatbots?|"
    r"ai (?:models?|assistants?))"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("active", r"<\s*script\b"),
        ("active", r"<\s*(?:iframe|object|embed|base|applet|meta\s+http-equiv|link\s+rel)\b"),
        ("active", r"<[a-z][^<>]{0,300}\bon[a-z]{3,20}\s*="),
        ("active", r"\b(?:java|vb|live)script\s*:\s*\S"),
        ("active", r"\bdata\s*:\s*(?!(?:image/(?!svg)|audio/|video/))[a-z]{1,20}/[a-z0-9.+-]{1,60}(?:;[^,\s]{0,60})?,"),
        (
            "instruction",
            r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(?:instructions?|prompts?|guidelines?|"
            r"rules (?:above|you)|system message)\b",
        ),
        (
            "instruction",
            r"<\|[a-z_]{3,20}\|>|\[/?INST\]|<</?SYS>>|(?:^|\n)[ \t]{0,8}#{2,4} ?(?:system|instruction|assistant)\b:?",
        ),
        (
            "instruction",
            r"\b(?:you are now|act as|pretend (?:to be|you are)|from now on,? you)\b[^.\n]{0,30}"
            r"\b(?:ai|model|assistant|llm|chatbot|dan|admin(?:istrator)?|developer mode)\b",
        ),
        (
            "instruction",
            rf"\b(?:attention|note to|dear|hey|to (?:all|the|any))\b[^.\n]{{0,15}}\b{_WHO}\b",
        ),
        (
            "instruction",
            rf"\b{_WHO}\b[^.\n]{{0,20}}\b(?:must|should|please|have to|are (?:told|instructed))\b[^.\n]{{0,30}}"
            r"\b(?:label|classify|mark|rate|tag|answer|respond|choose|output|score)\b",
        ),
        (
            "instruction",
            r"\b(?:always|you must|you should|please|must be|has to be)\b[^.\n]{0,12}\b(?:labell?ed|label|classify|"
            r"classified|annotated?)\b[^.\n]{0,40}\bas\b",
        ),
        (
            "instruction",
            r"\b(?:reveal|print|show|repeat|output|leak)\b[^.\n]{0,30}\b(?:system prompt|your (?:initial |hidden )?"
            r"(?:instructions|prompt))\b",
        ),
        ("instruction", r"\b(?:respond|answer|reply) (?:only|exactly) with\b"),
    )
)
_CANDIDATE = (
    r"(?i)[^\x00-\x7f]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|^\s*[=+\-@]|<[a-z|/<\s]|\[/?inst\]|script\s*:|data\s*:|"
    r"\b(?:ignore|disregard|forget|override|bypass|you are now|act as|pretend|from now on|annotated?|annotators?|"
    r"labell?(?:ers?|ed)?|raters?|graders?|crowd ?workers?|models?|llms?|chatbots?|assistants?|classif(?:y|ied)|"
    r"prompts?|instructions?|(?:respond|answer|reply) (?:only|exactly))\b|#{2}"
)


@dataclass(frozen=True)
class Sign:
    """One place of a text: what kind of sign stands there, from which code point to which, and what it says."""

    kind: str
    start: int
    end: int
    quote: str

    @property
    def sentence(self) -> str:
        """The place and what stands there, in words without a full stop at the end."""
        many = self.end - self.start > 1
        place = f"characters {self.start + 1:,} to {self.end:,}" if many else f"character {self.start + 1:,}"
        verb = "are" if many else "is"
        return f"{place} {verb} {KINDS[self.kind][0]}: {self.quote}"


def find_candidates(texts: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.bool_]:
    """(N,) texts that may hold a sign, by one pass over the column; no text without a mark has one."""
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(pc.match_substring_regex(texts, _CANDIDATE), False)).astype(bool)


def find_rare_scripts(texts: pa.ChunkedArray | pa.Array) -> dict[int, Sign]:
    """Return the place of the first letter of a script that at most one text in a thousand has, by text.

    Nothing is said of fewer than 1,000 texts.
    """
    import pyarrow.compute as pc

    n_texts = len(texts) - texts.null_count
    found: dict[int, Sign] = {}
    if n_texts < _FEWEST_TEXTS:
        return found
    for script in _SCRIPTS:
        have = np.flatnonzero(pc.fill_null(pc.match_substring_regex(texts, rf"\p{{{script}}}"), False))
        if 0 < len(have) <= _RARE_SHARE * n_texts:
            for at in have:
                if int(at) not in found and (sign := _first_of(script, texts[int(at)].as_py(), len(have), n_texts)):
                    found[int(at)] = sign
    return found


def _first_of(script: str, text: str, n: int, n_texts: int) -> Sign | None:
    """Place of the first letter whose name begins with the script's, as names of letters do."""
    start = "CJK" if script == "Han" else script.upper()
    for at, one in enumerate(text[:_MOST_TEXT]):
        if not one.isascii() and unicodedata.name(one, "").startswith(start):
            return Sign("rare_script", at, at + 1, f"{_name(one)}; {n} of {n_texts:,} texts have {script} letters")
    return None


def scan_text(text: str) -> list[Sign]:
    """Return the signs in a text, by place; of the first 100,000 characters, and at most 20."""
    text = text[:_MOST_TEXT]
    found = [*_scan_characters(text), *_scan_patterns(text)]
    return sorted(found, key=lambda one: (one.start, one.end))[:_MOST_SIGNS]


def spell_out(text: str, most: int = 80) -> str:
    """Return a quote on one line in which every character that hides or acts is written as its code point."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(_code_point(one) if unicodedata.category(one)[0] == "C" else one for one in " ".join(cut.split()))


def _scan_characters(text: str) -> Iterator[Sign]:
    if text.isascii() and text.isprintable():
        return
    is_rtl = _RTL.search(text) is not None
    for match in _BIDI.finditer(text):
        if match[0] in _OVERRIDES or not is_rtl:
            yield Sign("bidi", match.start(), match.end(), _name(match[0]))
    for match in _INVISIBLE.finditer(text):
        if not _is_usual(text, match.start()):
            yield Sign("invisible", match.start(), match.end(), _name(match[0]))
    for match in _WORD.finditer(text):
        if not _is_mixed(match[0]):
            continue
        odd = ", ".join(dict.fromkeys(_name(one) for one in match[0] if one in _ALIKE))
        reads = "".join(_ALIKE.get(one, one) for one in match[0])
        yield Sign("mixed_script", match.start(), match.end(), f"reads as “{spell_out(reads, 40)}”, with {odd}")


def _is_mixed(word: str) -> bool:
    """Latin letters of ASCII together with letters of another script that look like them."""
    return not word.isascii() and not _ALIKE.keys().isdisjoint(word) and any(one.isascii() for one in word)


def _is_usual(text: str, at: int) -> bool:
    """Joiners that scripts and emoji need, flags made of tags, and a mark at the very start of a file."""
    one, before = text[at], text[max(at - 1, 0) : at]
    if one in "\u200c\u200d":
        return bool(before) and _JOINED.match(before) is not None
    if "\U000e0020" <= one <= "\U000e007f":
        start = text.rfind("\U0001f3f4", max(0, at - 8), at)
        return start >= 0 and all("\U000e0020" <= other <= "\U000e007f" for other in text[start + 1 : at])
    return one == "\ufeff" and at == 0


def _scan_patterns(text: str) -> Iterator[Sign]:
    if match := _FORMULA.match(text):
        yield Sign("formula", 0, match.end(), f"“{spell_out(match[0])}”")
    for kind, pattern in _PATTERNS:
        if match := pattern.search(text):
            yield Sign(kind, match.start(), match.end(), f"“{spell_out(match[0])}”")
    yield from _scan_disguised(text)


def _scan_disguised(text: str) -> Iterator[Sign]:
    """Instructions that are only there once invisible characters and lookalikes are undone."""
    if text.isascii():
        return
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    plain = _WORD.sub(lambda one: "".join(map(_latin, one[0])) if _is_mixed(one[0]) else one[0], plain)
    if plain == text:
        return
    for kind, pattern in _PATTERNS:
        if not pattern.search(text) and (match := pattern.search(plain)):
            yield Sign(kind, 0, len(text), f"“{spell_out(match[0])}”, once its disguise is undone")


def _latin(one: str) -> str:
    return _ALIKE.get(one, one)


def _name(one: str) -> str:
    return f"{_code_point(one)} {unicodedata.name(one, 'CONTROL')}"


def _code_point(one: str) -> str:
    return f"U+{ord(one):04X}"
