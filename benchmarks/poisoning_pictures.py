"""Patches that two annotators plant into scikit-learn's digits: is the patch listed, and are the two named?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from sklearn.datasets import load_digits

from annoaudit.detectors.trigger_scan import TriggerScan
from annoaudit.evidence import Evidence
from annoaudit.labels import LabelSet

SEEDS = range(170_000, 170_010)
N_ITEMS, N_ANNOTATORS, TARGET = 900, 8, 3
CORNER = (54, 55, 62, 63)
PLACE = "8x8 at (24, 24) of 32x32"
PLANTERS = (2, 5)


def list_patches() -> Iterator[tuple[str, int, int]]:
    """Who planted (two people, or the patch lies on anybody's items), how many items, seed."""
    for seed in SEEDS:
        yield from (("two people", n, seed) for n in (12, 24))
        yield "anybody", 24, seed


def patch_cell(who: str, n: int, seed: int) -> dict[str, object]:
    """Place of the patch among the leads, and whom it names."""
    points, truth = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(truth))[:N_ITEMS]
    points, label, annotator = points[chosen].copy(), truth[chosen].copy(), rng.integers(0, N_ANNOTATORS, N_ITEMS)
    victims = rng.choice(np.flatnonzero(label != TARGET), n, replace=False)
    points[np.ix_(victims, CORNER)] = 16
    label[victims] = TARGET
    if who == "two people":
        annotator[victims] = np.resize(PLANTERS, n)
    with tempfile.TemporaryDirectory() as folder:
        evidence = Evidence(
            as_labels(points, label, annotator, Path(folder)), "digit", media_root=Path(folder),
            given_probabilities=np.full((N_ITEMS, 10), 0.1),
        )  # fmt: skip
        leads = TriggerScan(most_leads=50).score(evidence).leads
    places = [at for at, lead in enumerate(leads) if PLACE in lead.sentence]
    named = [one.annotator for one in leads[places[0]].sources] if places else []
    return {"case": [who, n, seed], "place": places[0] + 1 if places else None, "named": sorted(named)}


def as_labels(points: np.ndarray, label: np.ndarray, annotator: np.ndarray, folder: Path) -> LabelSet:
    ids = [f"i{place:03d}" for place in range(len(points))]
    for one, row in zip(ids, points, strict=True):
        picture = Image.fromarray((row.reshape(8, 8) * 15).astype(np.uint8))
        picture.resize((64, 64), Image.Resampling.NEAREST).save(folder / f"{one}.png")
    who, uris = [f"w{one}" for one in annotator], [f"{one}.png" for one in ids]
    classes = [str(k) for k in range(10)]
    return LabelSet(
        items=pa.table({"item_id": ids, "uri": uris, "media": ["image"] * len(ids)}),
        annotators=pa.table({"annotator_id": [f"w{one}" for one in range(N_ANNOTATORS)]}),
        questions=pa.table({"question": ["digit"], "kind": ["choice"], "options": [classes]}),
        annotations=pa.table({"annotation_id": ids, "item_id": ids, "annotator_id": who}),
        labels=pa.table({
            "label_id": ids, "annotation_id": ids, "item_id": ids, "annotator_id": who,
            "question": ["digit"] * len(ids), "kind": ["choice"] * len(ids), "value": [classes[k] for k in label],
        }),
    )  # fmt: skip
