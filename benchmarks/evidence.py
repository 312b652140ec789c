"""Out-of-source probabilities: accuracy, log-loss, ranking of planted errors and cost, beside logistic regression.

Run: python benchmarks/evidence.py [digits] [banking77] [duplicates]
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from annoaudit.evidence.features import build_features
from annoaudit.evidence.near_duplicates import cluster_near_duplicates
from annoaudit.evidence.probabilities import cross_validate

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[1] / "../shared"))


def rank_errors(matrix: np.ndarray, given: np.ndarray, wrong: np.ndarray) -> float:
    rows = np.arange(len(given))
    others = matrix.copy()
    others[rows, given] = -1
    return float(average_precision_score(wrong, others.max(axis=1) - matrix[rows, given])) if wrong.any() else np.nan


def compare(name: str, items: pa.Table, vectors: np.ndarray | None, truth: np.ndarray, noise: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = len(truth), int(truth.max()) + 1
    wrong = rng.random(n) < noise
    given = np.where(wrong, (truth + rng.integers(1, k, n)) % k, truth)
    features = build_features(items, supplied=vectors)
    cluster = cluster_near_duplicates(items, features)
    annotator = rng.integers(0, 20, n)
    for by in ("item", "annotator"):
        start = time.process_time()
        ours = cross_validate(
            features, item=np.arange(n), annotator=annotator, label=given, n_items=n, n_annotators=20, n_classes=k,
            cluster=cluster, by=by, seed=seed,
        )  # fmt: skip
        cost = time.process_time() - start
        show(name, noise, f"ours, by {by}", ours.matrix, truth, given, wrong, cost)
        print("   ", *(f"{member} {weight:.2f} ({loss:.3f});" for member, weight, loss in ours.members))
    start = time.process_time()
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = LogisticRegression(max_iter=200, C=10 if features.is_sparse else 0.1)
    peer = cross_val_predict(model, features.scaled, given, cv=folds, method="predict_proba")
    show(name, noise, "sklearn logistic", peer, truth, given, wrong, time.process_time() - start)


def show(name, noise, who, matrix, truth, given, wrong, cost) -> None:
    loss = -np.log(np.maximum(matrix[np.arange(len(given)), given], 1e-12)).mean()
    right = (matrix.argmax(axis=1) == truth).mean()
    print(
        f"{name:10s} noise {noise:.2f}  {who:18s} accuracy (truth) {right:.4f}  log-loss (given) {loss:.4f}  "
        f"AP of errors {rank_errors(matrix, given, wrong):.3f}  CPU {cost:.1f} s",
        flush=True,
    )


def banking() -> tuple[pa.Table, np.ndarray]:
    path = SHARED / "data/text/banking77/train.csv"
    if not path.is_file():
        sys.exit(f"skipped: {path} is not there; set ANNOAUDIT_SHARED to the folder that holds data/")
    table = pd.read_csv(path)
    items = pa.table({"item_id": [str(i) for i in range(len(table))], "text": table.text.tolist()})
    return items, pd.factorize(table.category)[0]


def main(wanted: list[str]) -> None:
    if not wanted or "digits" in wanted:
        points, truth = load_digits(return_X_y=True)
        for noise in (0.0, 0.1):
            compare("digits", pa.table({"item_id": [str(i) for i in range(len(truth))]}), points, truth, noise, 0)
    if not wanted or "banking77" in wanted:
        items, truth = banking()
        for noise in (0.0, 0.1):
            compare("banking77", items, None, truth, noise, 0)
    if not wanted or "duplicates" in wanted:
        items, truth = banking()
        features = build_features(items)
        for similarity in (0.95, 0.9, 0.85, 0.8):
            cluster = cluster_near_duplicates(items, features, similarity=similarity)
            pairs = pd.DataFrame({"cluster": cluster, "truth": truth}).groupby("cluster").truth
            same, all_ = pairs.agg(lambda y: (y.value_counts() * (y.value_counts() - 1)).sum()), pairs.count()
            share = same.sum() / max((all_ * (all_ - 1)).sum(), 1)
            print(f"near duplicates at {similarity}: {len(same)} clusters; share of pairs of one intent {share:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
