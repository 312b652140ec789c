"""Tags of tokens as spans: IOB1, IOB2 and BIOES (also written IOBES or BILOU), told apart from what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

__all__ = ["count_strays", "decode_tags", "encode_tags", "is_tag", "scheme_of"]

_HEADS = "BIESLUMW"
_OUTSIDE = ("O", "_", "")
Span = tuple[int, int, str]


def is_tag(word: str) -> bool:
    """Say whether a word could be the tag of a token: O, or a letter, a hyphen and a name."""
    return word == "O" or (len(word) > 2 and word[1] == "-" and word[0] in _HEADS)


def scheme_of(sentences: Iterable[Sequence[str]]) -> str:
    """Return IOB1, IOB2 or BIOES.

    BIOES has E- or S- (or L-, U-). Else, an entity that starts with I- although nothing of its type goes before is
    IOB1, unless some entity starts with B- where IOB1 would not write one: then it is IOB2 with mistakes.
    """
    starts_inside = starts_beside = False
    for tags in sentences:
        before = ("O", "")
        for tag in tags:
            head, name = _split(tag)
            if head in "ESLUMW" and head:
                return "BIOES"
            follows = before[0] != "O" and before[1] == name
            starts_inside |= head == "I" and not follows
            starts_beside |= head == "B" and not follows
            before = (head, name)
    return "IOB1" if starts_inside and not starts_beside else "IOB2"


def decode_tags(tags: Sequence[str]) -> tuple[list[Span], int]:
    """Return the spans of one sentence as (first token, token after the last, name), and how many tags break rules.

    Nothing is dropped: an I- that continues nothing starts a span, as conlleval and every tagger read it.
    """
    spans: list[Span] = []
    broken = 0
    start, current = -1, ""
    for place, tag in enumerate([*tags, "O"]):
        head, name = _split(tag)
        continues = start >= 0 and name == current and head in ("I", "E", "L", "M")
        if start >= 0 and not continues:
            spans.append((start, place, current))
            start = -1
        if head in ("O", ""):
            continue
        if start < 0:
            broken += head in ("E", "L", "M")
            start, current = place, name
        if head in ("E", "L", "S", "U", "W"):
            spans.append((start, place + 1, current))
            start = -1
    return spans, broken


def count_strays(tags: Sequence[str], scheme: str) -> int:
    """Count the I- tags that continue no entity of their type, where the scheme lets entities start with B- or S-."""
    if scheme == "IOB1":
        return 0
    heads = [_split(tag) for tag in tags]
    before = [("O", ""), *heads]
    return sum(
        head == "I" and (was[0] in ("O", "E", "L", "S", "U", "W") or was[1] != name)
        for was, (head, name) in zip(before, heads, strict=False)
    )


def encode_tags(spans: Iterable[Span], length: int) -> tuple[list[str], int]:
    """Return IOB2 tags of one sentence, and how many spans overlap an earlier one and found no place."""
    tags = ["O"] * length
    lost = 0
    for start, end, name in sorted(spans, key=lambda one: (one[0], -one[1])):
        if not 0 <= start < end <= length or any(tag != "O" for tag in tags[start:end]):
            lost += 1
            continue
        tags[start:end] = [f"B-{name}", *[f"I-{name}"] * (end - start - 1)]
    return tags, lost


def _split(tag: str) -> tuple[str, str]:
    if tag in _OUTSIDE or tag == "O":
        return "O", ""
    head, _, name = tag.partition("-")
    return (head, name) if name and head in tuple(_HEADS) else ("I", tag)


def split_words(words: Sequence[str], joined: Sequence[bool] | None = None) -> Iterator[tuple[int, int]]:
    """Yield start and end, in code points, of each word of a text of words joined by single spaces.

    ``joined`` says of each word that no space follows it.
    """
    place = 0
    for number, word in enumerate(words):
        yield place, place + len(word)
        place += len(word) + (0 if joined is not None and joined[number] else 1)


__all__ += ["split_words"]
