"""Planted transcripts: teams that write down what they hear, with faulty answers, copies, and people who are deaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.labels import LabelSet

__all__ = ["FAULTS", "TranscriptDesign", "TranscriptTeam", "simulate_transcripts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Sentence = list[int]

FAULTS = ("shuffled", "truncated", "wrong_words_5", "wrong_words_10", "boilerplate", "random")
"""Answer of another item; first part only; 5 or 10 % more words wrong; a stock sentence; words drawn at random."""
STOCK = ("i", "could", "not", "hear", "this", "recording")
_ONSETS = ("b", "br", "d", "f", "g", "k", "kl", "l", "m", "n", "p", "r", "s", "st", "t", "v")
_RHYMES = ("a", "an", "ar", "e", "el", "en", "i", "in", "is", "o", "on", "or", "u", "um")


@dataclass(frozen=True)
class TranscriptDesign:
    """A team that transcribes recordings.

    Parameters
    ----------
    n_items, n_annotators, redundancy
        Recordings, annotators, and transcripts of a recording.
    n_words, n_vocabulary
        Mean length, and number of different words.
    error_rate, error_sd, difficulty_sd
        Usual share of words that go wrong, and how annotators and recordings differ in it, of logarithms.
    usual_mishearing
        Share of replaced words that become the one that this word is usually taken for, by whomever.
    fault_rate, faults
        Share of answers with a planted fault, and of which kinds, evenly.
    n_copying, copy_rate
        The first annotators copy that share of their answers from the one after them, in pairs: 0 and 1, 2 and 3.
    n_deaf
        The last annotators write down other recordings than theirs.
    """

    n_items: int = 200
    n_annotators: int = 12
    redundancy: int = 5
    n_words: float = 12.0
    n_vocabulary: int = 1500
    error_rate: float = 0.08
    error_sd: float = 0.5
    difficulty_sd: float = 0.6
    usual_mishearing: float = 0.4
    fault_rate: float = 0.0
    faults: tuple[str, ...] = FAULTS
    n_copying: int = 0
    copy_rate: float = 0.8
    n_deaf: int = 0


@dataclass(frozen=True, eq=False)
class TranscriptTeam:
    """A simulated team and what was planted in it.

    Parameters
    ----------
    labels
        The labels, question ``transcript``.
    fault
        (L,) the fault of each answer, in the order of the labels; "" for none.
    truth
        (N,) what was said.
    copying
        Pairs of annotator ids of which one copies.
    deaf
        Ids of annotators whose answers ignore the recordings.
    """

    labels: LabelSet
    fault: npt.NDArray[np.object_]
    truth: tuple[str, ...]
    copying: tuple[tuple[str, str], ...]
    deaf: tuple[str, ...]


def simulate_transcripts(design: TranscriptDesign, seed: int) -> TranscriptTeam:
    """Simulate a team; the same design and seed give the same labels."""
    rng = np.random.default_rng(seed)
    speech = _Speech(rng, design)
    truth = [speech.say() for _ in range(design.n_items)]
    item = np.repeat(np.arange(design.n_items), design.redundancy)
    who = np.concatenate([rng.permutation(design.n_annotators)[: design.redundancy] for _ in range(design.n_items)])
    skill = rng.normal(0, design.error_sd, design.n_annotators)
    difficulty = rng.normal(0, design.difficulty_sd, design.n_items)
    rate = np.minimum(design.error_rate * np.exp(skill[who] + difficulty[item]), 0.9)
    heard = [speech.hear(truth[i], float(r)) for i, r in zip(item.tolist(), rate, strict=True)]
    pairs = [(k, k + 1) for k in range(0, design.n_copying, 2)]
    _copy(rng, design, heard, item, who, pairs)
    deaf = range(design.n_annotators - design.n_deaf, design.n_annotators)
    for at in np.flatnonzero(np.isin(who, list(deaf))).tolist():
        heard[at] = speech.hear(truth[_another(rng, design.n_items, int(item[at]))], float(rate[at]))
    fault = np.full(len(item), "", dtype=object)
    for at in np.flatnonzero(rng.random(len(item)) < design.fault_rate).tolist():
        fault[at] = design.faults[int(rng.integers(len(design.faults)))]
        heard[at] = speech.spoil(str(fault[at]), heard[at], heard[_another(rng, len(heard), at)])
    names = [f"w{k:03d}" for k in range(design.n_annotators)]
    return TranscriptTeam(
        _as_labels(design, item, who, names, [speech.write(one) for one in heard]), fault,
        tuple(speech.write(one) for one in truth), tuple((names[a], names[b]) for a, b in pairs),
        tuple(names[k] for k in deaf),
    )  # fmt: skip


class _Speech:
    """A vocabulary with frequencies as in languages, and what each word is usually taken for."""

    def __init__(self, rng: np.random.Generator, design: TranscriptDesign) -> None:
        self.rng, self.design = rng, design
        size = design.n_vocabulary
        parts = rng.integers(0, 1_000_000, (4 * size, 3, 2))
        sounds = [
            "".join(_ONSETS[a % len(_ONSETS)] + _RHYMES[b % len(_RHYMES)] for a, b in one[: 1 + k % 3].tolist())
            for k, one in enumerate(parts)
        ]
        self.words = [*list(dict.fromkeys(one for one in sounds if one not in STOCK))[:size], *STOCK]
        self.size = len(self.words) - len(STOCK)
        self.share = 1.0 / (np.arange(self.size) + 5.0)
        self.share /= self.share.sum()
        self.taken_for = rng.permutation(self.size)

    def draw(self, n: int) -> Sentence:
        return [int(one) for one in self.rng.choice(self.size, n, p=self.share)]

    def say(self) -> Sentence:
        return self.draw(2 + int(self.rng.poisson(max(self.design.n_words - 2, 0))))

    def hear(self, said: Sentence, rate: float) -> Sentence:
        """Let each word go wrong with a chance: six in ten are replaced, two dropped, two get a word beside them."""
        heard: Sentence = []
        for word, chance, way in zip(said, self.rng.random(len(said)), self.rng.random(len(said)), strict=True):
            if chance >= rate:
                heard.append(word)
            elif way < 0.6:
                usual = word < self.size and self.rng.random() < self.design.usual_mishearing
                heard += [int(self.taken_for[word])] if usual else self.draw(1)
            elif way < 0.8:
                heard += [word, *self.draw(1)]
        return heard

    def spoil(self, fault: str, own: Sentence, other: Sentence) -> Sentence:
        if fault == "shuffled":
            return other
        if fault == "truncated":
            return own[: max(len(own) // 2, 1)]
        if fault == "boilerplate":
            return list(range(self.size, self.size + len(STOCK)))
        if fault == "random":
            return self.draw(max(len(own), 3))
        n_wrong = max(1, round((0.05 if fault == "wrong_words_5" else 0.1) * len(own)))
        spoiled = list(own)
        for at in self.rng.permutation(len(own))[:n_wrong].tolist():
            spoiled[at] = self.draw(1)[0]
        return spoiled

    def write(self, sentence: Sentence) -> str:
        text = " ".join(self.words[one] for one in sentence)
        return f"{text[:1].upper()}{text[1:]}." if text else ""


def _another(rng: np.random.Generator, n: int, than: int) -> int:
    return int((than + 1 + rng.integers(n - 1)) % n)


def _copy(
    rng: np.random.Generator, design: TranscriptDesign, heard: list[Sentence], item: Ints, who: Ints,
    pairs: list[tuple[int, int]],
) -> None:  # fmt: skip
    """Let the first of each pair take over what the second wrote, with a slip here and there."""
    place = {(int(i), int(w)): at for at, (i, w) in enumerate(zip(item, who, strict=True))}
    for copier, source in pairs:
        for at in np.flatnonzero(who == copier).tolist():
            there = place.get((int(item[at]), source))
            if there is not None and rng.random() < design.copy_rate:
                heard[at] = list(heard[there])
                if rng.random() < 0.2 and len(heard[at]) > 1:
                    del heard[at][int(rng.integers(len(heard[at])))]


def _as_labels(design: TranscriptDesign, item: Ints, who: Ints, names: list[str], texts: list[str]) -> LabelSet:
    item_ids = np.array([f"i{k:06d}" for k in range(design.n_items)])
    keys = np.array([f"n{k:07d}" for k in range(len(item))])
    owner = {"annotation_id": keys, "item_id": item_ids[item], "annotator_id": np.array(names)[who]}
    said = {"label_id": keys, "question": ["transcript"] * len(keys), "kind": ["text"] * len(keys), "value_text": texts}
    created = pa.array(1_700_000_000_000 + 40_000 * np.arange(len(item))).cast(pa.timestamp("ms", tz="UTC"))
    return LabelSet(
        items=pa.table({"item_id": item_ids, "media": ["audio"] * len(item_ids)}),
        annotators=pa.table({"annotator_id": names, "kind": ["person"] * len(names)}),
        questions=pa.table({"question": ["transcript"], "kind": ["text"]}),
        annotations=pa.table({**owner, "created_at": created}),
        labels=pa.table({**owner, **said}),
    )
