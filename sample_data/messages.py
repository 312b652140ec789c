"""Compose the messages of the sample project from the phrases, with topics known by construction."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from phrases import ALSO, AMBIGUOUS, ASIDES, ASKS, CLOSERS, CORES, DETAILS, LEADS, OPENERS, RESENT, SLOTS

N_CLEAR = {"billing": 100, "station": 98, "bike": 95, "account": 80, "safety": 90, "praise": 62}
N_AMBIGUOUS, N_COPIES, N_CONFLICTS = 60, 15, 6


@dataclass(frozen=True)
class Item:
    """One message: the label by the guidelines, the topic it also touches, the message it repeats."""

    item_id: str
    text: str
    label: str
    other: str = ""
    ambiguous: bool = False
    copy_of: str = ""


def expand(rng: Random, phrase: str) -> str:
    """Resolve ``[a|b]`` choices, innermost first, then fill ``{slots}``, until none is left."""
    while "[" in phrase:
        phrase = re.sub(r"\[([^\[\]]*)\]", lambda found: rng.choice(found[1].split("|")), phrase, count=1)
    while "{" in phrase:
        phrase = re.sub(r"\{(\w+)\}", lambda found: rng.choice(SLOTS[found[1]]), phrase, count=1)
        phrase = expand(rng, phrase) if "[" in phrase else phrase
    return phrase


def deal(rng: Random, cards: list[str]) -> Callable[[], str]:
    """Draw from a shuffled pack that is shuffled again when empty, so that phrases spread evenly."""
    pack: list[str] = []

    def draw() -> str:
        if not pack:
            pack.extend(rng.sample(cards, len(cards)))
        return pack.pop()

    return draw


def mistype(rng: Random, text: str) -> str:
    """Swap, drop or double one letter inside one word of five letters or more."""
    words = list(re.finditer(r"[A-Za-z]{5,}", text))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 2)
    pair = text[at : at + 2]
    return text[:at] + rng.choice([pair[::-1], pair[0], pair[0] + pair]) + text[at + 2 :]


def polish(rng: Random, first: list[str], body: str, rest: list[str]) -> str:
    """Join the sentences as a person in a hurry would: capitals and full stops mostly, some typos."""
    sentences = [*first, body if body.endswith("?") else body + rng.choice([*"....!", "..."]), *rest]
    sentences = [part[0].upper() + part[1:] if rng.random() < 0.85 else part for part in sentences]
    text = " ".join(sentences)
    for _ in range(rng.choice([0, 0, 0, 0, 0, 1, 1, 2])):
        text = mistype(rng, text)
    if rng.random() < 0.1:
        text = text.lower().replace("please", "pls").rstrip(".")
    return text


class Writer:
    """Writes messages that differ from each other in more than a word or two."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.core = {label: deal(rng, CORES[label]) for label in CORES}
        self.detail = {label: deal(rng, DETAILS[label]) for label in DETAILS}
        self.opener, self.lead, self.also = deal(rng, OPENERS), deal(rng, LEADS), deal(rng, ALSO)
        self.ask, self.closer = deal(rng, ASKS), deal(rng, CLOSERS)
        self.bodies: list[set[str]] = []

    def body(self, draw: Callable[[], str]) -> str:
        """Expand phrases until one differs from all bodies so far in three words of ten (in 100 tries)."""
        for _ in range(100):
            text = expand(self.rng, draw())
            words = set(re.findall(r"\w+", text.lower()))
            if all(len(words & seen) < 0.7 * len(words | seen) for seen in self.bodies):
                break
        self.bodies.append(words)
        return text

    def chance(self, rate: float) -> bool:
        """Toss a coin."""
        return self.rng.random() < rate

    def write(self, label: str, other: str, draw: Callable[[], str], ambiguous: bool = False) -> Item:
        """Write one message of a topic; a clear one that has an ``other`` topic mentions it at the end."""
        body = self.body(draw)
        first = [self.opener()] if self.chance(0.35) else []
        first += [self.lead()] if self.chance(0.25) else []
        rest = [self.detail[label]()] if self.chance(0.2 if ambiguous else 0.45) else []
        rest += [self.ask()] if label != "praise" and self.chance(0.2) else []
        rest += [self.closer()] if self.chance(0.2) else []
        if other and not ambiguous:
            only_aside = label == "praise" or other in ("praise", "safety") or self.chance(0.4)
            body += ", " + expand(self.rng, self.rng.choice(ASIDES[other])) if only_aside else ""
            rest += [] if only_aside else [f"{self.also()} {self.core[other]()}"]
        first, rest = ([expand(self.rng, part) for part in parts] for parts in (first, rest))
        return Item("", polish(self.rng, first, body, rest), label, other, ambiguous)


def write_texts(rng: Random) -> list[Item]:
    """Write all messages but the copies, without ids, in random order."""
    writer = Writer(rng)
    items = []
    for label, other, phrase in rng.sample(AMBIGUOUS * 3, N_AMBIGUOUS):
        items.append(writer.write(label, other, deal(rng, [phrase]), ambiguous=True))
    for label, count in N_CLEAR.items():
        for _ in range(count):
            other = rng.choice([name for name in CORES if name != label]) if rng.random() < 0.22 else ""
            items.append(writer.write(label, other, writer.core[label]))
    rng.shuffle(items)
    return items


def resend(rng: Random, text: str) -> str:
    """Repeat a message with small edits."""
    text = mistype(rng, text)
    edit = rng.randrange(3)
    if edit == 0:
        return f"{rng.choice(RESENT)} {text}"
    return f"{text} Please answer." if edit == 1 else text.rstrip(".!?") + ("??" if text.endswith("?") else "!!")


def write_items(rng: Random) -> list[Item]:
    """Write the 600 messages in order of arrival; a copy arrives 40 to 150 messages after its original."""
    originals = write_texts(rng)
    early = [place for place in range(400) if 70 < len(originals[place].text) < 200]
    disputed = rng.sample([place for place in early if originals[place].ambiguous], N_CONFLICTS)
    clear = [place for place in early if not originals[place].ambiguous]
    arrivals = [(float(place), item, -1) for place, item in enumerate(originals)]
    for place in disputed + rng.sample(clear, N_COPIES - N_CONFLICTS):
        copy = replace(originals[place], text=resend(rng, originals[place].text))
        arrivals.append((place + rng.randint(40, 150) + 0.5, copy, place))
    arrivals.sort(key=lambda arrival: arrival[0])
    numbered = [(f"{number:05d}", *arrival) for number, arrival in enumerate(arrivals, start=1)]
    original_id = {int(at): item_id for item_id, at, _, source in numbered if source < 0}
    return [
        replace(item, item_id=item_id, copy_of=original_id.get(source, "")) for item_id, _, item, source in numbered
    ]
