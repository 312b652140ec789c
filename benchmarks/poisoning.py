"""Poison, copies and shift, planted into banking77, CLINC and scikit-learn's digits.

    python benchmarks/poisoning.py [cells] [shift] [copies] [scale] [table] [--budget MINUTES] [--most N]

`cells` plants triggers, keyword flips and nothing, and runs trigger_scan, embedding_poison's statistics and, where
adversarial-robustness-toolbox is installed, its ActivationDefence and SpectralSignatureDefense on the same features;
`shift` measures size and power of batch_shift's tests; `copies` recall and precision of near copies; `scale` a million
texts. Every cell is kept in benchmarks/cache/poisoning as soon as it is done, and a run that was stopped goes on where
it was; `table` prints what there is and says what is missing. Real data is needed in ../shared/data (or the folder that
ANNOAUDIT_SHARED names).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
from poisoning_data import (
    COPY_SEEDS,
    FILES,
    HERE,
    SHIFT_SEEDS,
    Case,
    Planted,
    gather,
    list_cases,
    plant,
)
from poisoning_tables import print_tables
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from annoaudit.detectors.trigger_scan import TriggerScan
from annoaudit.evidence import Evidence
from annoaudit.evidence.near_duplicates import cluster_near_duplicates
from annoaudit.policy import Policy
from annoaudit.statistics.poison_signatures import score_spectrum, split_in_two
from annoaudit.statistics.two_sample import compare_classes, compare_features

CELLS = HERE / "cache" / "poisoning"
Row = dict[str, object]


def judge(case: Case) -> Row:
    """What trigger_scan and the signatures make of one cell."""
    planted = plant(case)
    evidence = gather(case, planted)
    scores = TriggerScan(most_leads=50).score(evidence)
    flagged = np.flatnonzero(Policy().flag(scores))
    told = [one.subject.key for one in scores.explain(flagged)]
    key = f"token:{planted.word}"
    hits = [name == key and scores.given[at] == planted.target for name, at in zip(told, flagged, strict=True)]
    lead = [place + 1 for place, said in enumerate(scores.leads) if f"token “{planted.word}”" in said.sentence]
    return {
        "case": list(case), "word": planted.word, "n_poisoned": int(planted.poisoned.sum()),
        "rank": rank_of(evidence, scores, planted), "lead": lead[0] if lead else None, "found": bool(any(hits)),
        "false": int(len(flagged) - sum(hits)), "flagged": told[:10],
        "signatures": compare_signatures(evidence, planted),
    }  # fmt: skip


def rank_of(evidence: Evidence, scores, planted: Planted) -> int | None:
    """Place of the planted word and class among all marks and classes by p; ties count against it."""
    if not planted.word:
        return None
    p, k = scores.p, evidence.votes.n_classes
    names = [f"{kind}:{name}" for kind, name in zip(evidence.marks.kinds, evidence.marks.names, strict=True)]
    own = [at for at, name in enumerate(names) if planted.word in name.split(":", 1)[1].split()]
    places = [int((p < p[at]).sum()) + 1 for at in pairs_of(evidence, scores, own, planted.target, k)]
    return min(places) if places else None


def pairs_of(evidence: Evidence, scores, marks: list[int], target: int, k: int) -> Iterator[int]:
    """Targets of these marks and the class; marks that too few different items carry have none."""
    wanted = {evidence.marks.tell(mark) for mark in marks}
    best = np.flatnonzero((scores.given == target) & (scores.p < 1.0))
    for at in best[np.argsort(scores.p[best], kind="stable")]:
        if scores.explain(np.array([at]))[0].subject.text in wanted:
            yield int(at)
            return


def compare_signatures(evidence: Evidence, planted: Planted) -> Row:
    """Share flagged and average precision on the poison: ours and ART's, on 50 main directions of the features."""
    places = TruncatedSVD(50, random_state=0).fit_transform(evidence.features.scaled)
    spectrum, apart = np.zeros(len(places)), np.zeros(len(places))
    flagged = np.zeros(len(places), dtype=bool)
    for k in range(len(planted.classes)):
        rows = np.flatnonzero(planted.label == k)
        if len(rows) < 10:
            continue
        spectrum[rows] = score_spectrum(places[rows])
        split = split_in_two(places[rows], 0)
        apart[rows] = split.smaller * max(split.silhouette, 0.0)
        flagged[rows] = split.smaller & (split.silhouette >= 0.5) & (split.smaller.mean() <= 0.35)
    found = {"spectrum": told(planted, spectrum, None), "clusters": told(planted, apart, flagged)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found |= run_art(planted, places)
    except ImportError:
        found["art"] = None
    return found


def told(planted: Planted, score: np.ndarray, flagged: np.ndarray | None) -> Row:
    bad = planted.poisoned
    row: Row = {"ap": float(average_precision_score(bad, score)) if bad.any() else None}
    if flagged is not None:
        row |= {"flagged": float(flagged.mean()), "of_poison": float(flagged[bad].mean()) if bad.any() else None}
    return row


def run_art(planted: Planted, places: np.ndarray) -> Row:
    from art.defences.detector.poison import ActivationDefence, SpectralSignatureDefense

    n_classes = len(planted.classes)
    model = SimpleNamespace(layer_names=["features"], nb_classes=n_classes, get_activations=lambda x, **_: x)
    answers = np.eye(n_classes)[planted.label]
    _, clean = ActivationDefence(model, places, answers).detect_poison()
    flagged = np.array(clean) == 0
    report, kept = SpectralSignatureDefense(model, places, answers).detect_poison()
    score = np.zeros(len(places))
    score[list(report)] = [float(one) for one in report.values()]
    return {
        "art_activation": told(planted, flagged.astype(float), flagged),
        "art_spectral": told(planted, score, np.array(kept) == 0),
    }


# --- shift --------------------------------------------------------------------------------------------------------

SHIFTS = {"none": 0.0, "class share +10 points": 0.1, "class share +20 points": 0.2, "every column +.2 sd": 0.2,
          "every column +.4 sd": 0.4, "10 % of labels turned": 0.1, "25 % of labels turned": 0.25}  # fmt: skip
N_POWER = 20


def list_shifts() -> Iterator[tuple[str, int]]:
    for seed in SHIFT_SEEDS:
        yield "none", seed
        if seed - SHIFT_SEEDS.start < N_POWER:
            yield from ((name, seed) for name in list(SHIFTS)[1:])


def shift_cell(name: str, seed: int) -> Row:
    """p values of one split of 1,200 digits into 900 and 300, with a shift planted into the 300."""
    points, truth = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(truth))
    is_new = np.arange(1200) < 300
    if "share" in name:
        more = rng.permutation(np.flatnonzero(truth[chosen[1200:]] == 3))[: round(SHIFTS[name] * 300)]
        swapped = rng.permutation(np.flatnonzero(truth[chosen[:300]] != 3))[: len(more)]
        chosen[swapped] = chosen[1200 + more]
    rows = chosen[:1200]
    places = TruncatedSVD(20, random_state=0).fit_transform(points[rows] - points.mean(axis=0))
    label, size = truth[rows].copy(), SHIFTS[name]
    if "column" in name:
        places[:300] += size * places.std(axis=0)
    if "turned" in name:
        turned = is_new & (rng.random(1200) < size)
        label[turned] = (label[turned] + 1) % 10
    chance = cross_fit(places, label, rng)
    one, expected = np.zeros(1200, dtype=np.int64), np.unique(chance.argmax(axis=1), return_inverse=True)[1]
    share = np.eye(10)[label]
    tests = {
        "items": compare_features(places, is_new, seed), "class shares": compare_classes(share, is_new, one, seed),
        "labels given the items": compare_classes(share - chance, is_new, expected, seed),
    }  # fmt: skip
    return {"case": [name, seed], "p": {key: shift.p for key, shift in tests.items()}}


def cross_fit(places: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    fold, chance = rng.permutation(len(label)) % 5, np.zeros((len(label), 10))
    places = places / places.std(axis=0)
    for f in range(5):
        model = LogisticRegression(max_iter=200, C=0.1).fit(places[fold != f], label[fold != f])
        chance[np.ix_(fold == f, model.classes_)] = model.predict_proba(places[fold == f])
    return chance


# --- copies -------------------------------------------------------------------------------------------------------


def copies_cell(name: str, seed: int) -> Row:
    """Recall and precision of pairs for 200 near copies (one word changed, dropped or doubled) among 3,000 texts."""
    if name == "digits":
        return picture_cell(seed)
    planted, rng = plant((name, "clean", 0.0, seed)), np.random.default_rng(seed)
    texts = planted.texts[:3000]
    own = cluster_near_duplicates(as_items(texts), None)
    long = rng.permutation([at for at, text in enumerate(texts) if len(text.split()) >= 8])[:200]
    copies = [edit(texts[at], rng) for at in long]
    cluster = cluster_near_duplicates(as_items(texts + copies), None)
    found = cluster[long] == cluster[3000:]
    joined = [len(set(own[cluster[:3000] == cluster[at]])) > 1 for at in long[found]]
    return {"case": [name, seed], "n": len(long), "found": int(found.sum()), "joined_others": int(sum(joined))}


def edit(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    at, way = int(rng.integers(len(words))), int(rng.integers(3))
    words[at : at + 1] = [[words[at], words[at]], [], ["indeed"]][way]
    return " ".join(words)


def as_items(texts: list[str]) -> pa.Table:
    return pa.table({"item_id": [str(at) for at in range(len(texts))], "text": texts})


def picture_cell(seed: int) -> Row:
    """100 of 600 digits, written as PNG, once more as JPEG of quality 40 to 90."""
    import tempfile

    from PIL import Image

    from annoaudit.evidence.features import build_features

    points, rng = load_digits(return_X_y=True)[0], np.random.default_rng(seed)
    chosen = rng.permutation(len(points))[:600]
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for place, row in enumerate([*chosen, *chosen[:100]]):
            picture = Image.fromarray((points[row].reshape(8, 8) * 15).astype(np.uint8)).resize((64, 64))
            names.append(f"{place}.{'png' if place < 600 else 'jpg'}")
            how = {} if place < 600 else {"quality": int(rng.integers(40, 91))}
            picture.save(Path(folder) / names[-1], **how)
        items = pa.table({"item_id": names, "uri": names, "media": ["image"] * len(names)})
        features = build_features(items, media_root=Path(folder))
        own = cluster_near_duplicates(items.slice(0, 600), build_features(items.slice(0, 600), media_root=Path(folder)))
        cluster = cluster_near_duplicates(items, features)
    found = cluster[:100] == cluster[600:]
    joined = [len(set(own[cluster[:600] == cluster[at]])) > 1 for at in np.flatnonzero(found)]
    alike = 600 - len(np.unique(own))
    return {"case": ["digits", seed], "n": 100, "found": int(found.sum()), "joined_others": int(sum(joined)),
            "alike_before": int(alike)}  # fmt: skip


def scale_cell(name: str, n: int) -> Row:
    """CPU, time and memory of finding the near copies among n texts of 6 to 15 words, 2 % of them edited copies."""
    rng = np.random.default_rng(n)
    words = np.array([word for text in plant(("clinc", "clean", 0.0, 1)).texts for word in text.split()], dtype=object)
    length = rng.integers(6, 16, n)
    ends, drawn = np.cumsum(length), words[rng.integers(0, len(words), length.sum())]
    texts = [" ".join(drawn[end - size : end]) for end, size in zip(ends, length, strict=True)]
    copies = n // 50
    texts[n - copies :] = [edit(text, rng) for text in texts[:copies]]
    start, cpu = time.perf_counter(), time.process_time()
    cluster = cluster_near_duplicates(as_items(texts), None)
    return {
        "case": [name, n], "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "found": float((cluster[:copies] == cluster[n - copies :]).mean()),
    }  # fmt: skip


# --- running ------------------------------------------------------------------------------------------------------

PARTS = {
    "cells": (lambda *case: judge(case), lambda: list(list_cases())),
    "shift": (shift_cell, lambda: list(list_shifts())),
    "copies": (copies_cell, lambda: [(name, seed) for seed in COPY_SEEDS for name in (*FILES, "digits")]),
    "scale": (scale_cell, lambda: [("texts", 250_000), ("texts", 1_000_000)]),
}


def load(part: str) -> list[Row]:
    path = CELLS / f"{part}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def run_part(part: str, until: float, most: int, only_ready: bool) -> None:
    work, cases = PARTS[part]
    done = {json.dumps(row["case"]) for row in load(part)}
    left = [case for case in cases() if json.dumps(list(case)) not in done]
    if part == "cells" and only_ready:
        from poisoning_data import model_of

        left = [case for case in left if model_of(case).exists()]
    CELLS.mkdir(parents=True, exist_ok=True)
    with (CELLS / f"{part}.jsonl").open("a", encoding="utf-8") as out:
        for case in left[:most]:
            out.write(json.dumps(work(*case)) + "\n")
            out.flush()
            if time.time() > until:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=[*PARTS, "table"])
    parser.add_argument("--budget", type=float, default=600.0, help="minutes for each part")
    parser.add_argument("--most", type=int, default=10**9, help="cells for each part")
    parser.add_argument("--ready", action="store_true", help="only cells whose class probabilities are kept already")
    given = parser.parse_args()
    missing = [str(path) for path in FILES.values() if not path.is_file()]
    if missing:
        sys.exit(f"skipped: {', '.join(missing)} not there; set ANNOAUDIT_SHARED to the folder that holds data/")
    for part in given.parts:
        if part == "table":
            print_tables(load, {name: cases() for name, (_, cases) in PARTS.items()})
        else:
            run_part(part, time.time() + 60 * given.budget, given.most, given.ready)


if __name__ == "__main__":
    sys.exit(main())
