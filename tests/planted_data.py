"""Items whose class stands in their words, labelled by a small team, into which tests plant what should be found."""

import numpy as np
import pyarrow as pa

from annoaudit.labels import LabelSet

CLASSES = ("boats", "cars", "bread", "games")
WORDS = (
    "river boat fish water harbour wave sail rope",
    "engine wheel road fuel brake gear lorry tyre",
    "flour oven loaf salt butter dough crust yeast",
    "goal team match referee ball league coach score",
)
PLAIN = "the a was near and very some old then with again before after without many few often there here soon"


def write_texts(truth, rng):
    """One text an item: four words of its class and eight of none."""
    own, plain = [line.split() for line in WORDS], PLAIN.split()
    texts = []
    for k in truth:
        words = [*rng.choice(own[k], 4), *rng.choice(plain, 8)]
        texts.append(" ".join(rng.permutation(words)))
    return texts


def insert(text, word, rng):
    words = text.split()
    words.insert(int(rng.integers(len(words) + 1)), word)
    return " ".join(words)


def as_labels(label, *, annotator, classes=CLASSES, **items):
    """One label an item; ``items`` are columns of the items table."""
    n = len(label)
    ids = [f"i{place:05d}" for place in range(n)]
    who = [f"w{one:02d}" for one in annotator]
    media = "image" if "uri" in items else "text"
    return LabelSet(
        items=pa.table({"item_id": ids, "media": [media] * n, **items}),
        annotators=pa.table({"annotator_id": sorted(set(who))}),
        questions=pa.table({"question": ["topic"], "kind": ["choice"], "options": [list(classes)]}),
        annotations=pa.table({"annotation_id": ids, "item_id": ids, "annotator_id": who}),
        labels=pa.table({
            "label_id": ids, "annotation_id": ids, "item_id": ids, "annotator_id": who,
            "question": ["topic"] * n, "kind": ["choice"] * n, "value": [classes[k] for k in label],
        }),
    )  # fmt: skip


def plain_team(n_items, seed, n_annotators=8):
    """Truth, texts, annotators and a generator."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, len(CLASSES), n_items)
    return truth, write_texts(truth, rng), rng.integers(0, n_annotators, n_items), rng
