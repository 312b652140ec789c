"""Label errors against cleanlab: ranking, unbudgeted list, and how short the list is on clean labels.

python benchmarks/label_errors.py [--part cifar10|clean|sample|banking77|all]     prints Markdown tables.
Real data is looked for in ../shared/data beside the project, or where ANNOAUDIT_SHARED points.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize

from annoaudit.evidence import Evidence
from annoaudit.formats import read
from annoaudit.statistics.label_errors import score_labels

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", ROOT / "../shared/data"))
RANKINGS = {
    "self_confidence": ("self_confidence", False),
    "self_confidence, adjusted": ("self_confidence", True),
    "normalized_margin": ("normalized_margin", False),
    "normalized_margin, adjusted": ("normalized_margin", True),
    "confidence_weighted_entropy": ("confidence_weighted_entropy", False),
}
FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)


def cleanlab_suspicion(given, p, name):
    method, adjusted = RANKINGS[name]
    return 1 - get_label_quality_scores(given, p, method=method, adjust_pred_probs=adjusted)


def cleanlab_flags(given, p, name):
    return find_label_issues(given, p, filter_by=name, n_jobs=1)


def f1(flagged, wrong):
    return 2 * (flagged & wrong).sum() / max(1, flagged.sum() + wrong.sum())


def precision_at(suspicion, wrong):
    """Precision of the k most suspicious, k = number of errors; ties count by their expected share."""
    k = int(wrong.sum())
    cut = np.partition(suspicion, -k)[-k]
    above, tied = suspicion > cut, suspicion == cut
    return (wrong[above].sum() + (k - above.sum()) * wrong[tied].mean()) / k


def markdown(title, table, digits=4):
    print(f"\n### {title}\n")
    print("| " + " | ".join([table.index.name or "", *map(str, table.columns)]) + " |")
    print("|" + "---|" * (table.shape[1] + 1))
    for name, row in table.iterrows():
        cells = [f"{v:.{digits}f}" if isinstance(v, float) else str(v) for v in row]
        print("| " + " | ".join([str(name), *cells]) + " |")


def cifar10(folder=SHARED / "label_errors/cifar10_noise"):
    """The set was looked at twice: once with the rule as first frozen, and once after softening was added,
    a change chosen on over-sure and memorising models of digits and banking77. Nothing was changed since."""
    if not folder.is_dir():
        print(f"cifar10_noise: skipped, {folder} is not there")
        return
    labels, probabilities = pd.read_parquet(folder / "labels.parquet"), np.load(folder / "pred_probs.npz")
    clean = labels["clean"].to_numpy(np.int64)
    rank, flag, about = {}, {}, {}
    for setting in ("noise20_sparsity0", "noise40_sparsity0", "noise40_sparsity60"):
        given, p = labels[setting].to_numpy(np.int64), probabilities[setting].astype(np.float32)
        wrong, ours = given != clean, score_labels(given, p)
        rank[setting] = {"annoaudit": average_precision_score(wrong, ours.suspicion)}
        flag[setting] = {"annoaudit": f1(ours.suspicion >= 0.5, wrong)}
        about[setting] = {"errors": wrong.sum(), "flagged": ours.n_flagged, "rule": ours.ranking}
        for name in RANKINGS:
            rank[setting][name] = average_precision_score(wrong, cleanlab_suspicion(given, p, name))
        for name in FILTERS:
            flag[setting][name] = f1(cleanlab_flags(given, p, name), wrong)
    for title, cells in (("average precision", rank), ("F1 of the unbudgeted list", flag)):
        table = pd.DataFrame(cells)
        table["mean"] = table.mean(axis=1)
        markdown(f"cifar10_noise: {title}", table)
    markdown("cifar10_noise: what the rule chose", pd.DataFrame(about).T)
    given, p = clean, probabilities["clean"].astype(np.float32)
    markdown("cifar10_noise: flagged among clean labels", lengths({"cifar10 clean": (given, p)}), 0)


def lengths(sets):
    """How many labels each rule flags, for named (given, probabilities)."""
    rows = {}
    for name, (given, p) in sets.items():
        theirs = {rule: int(cleanlab_flags(given, p, rule).sum()) for rule in FILTERS}
        ours = score_labels(given, p).n_flagged
        within = "yes" if ours <= min(theirs.values()) else "no"
        rows[name] = {"N": given.size, "annoaudit": ours, **theirs, "within": within}
    return pd.DataFrame(rows).T


def folds(model, x, y, n_splits=5, seed=0):
    split = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    return cross_val_predict(model, x, y, cv=split, method="predict_proba").astype(np.float32)


def clean_digits() -> Iterator[tuple[str, tuple]]:
    x, y = load_digits(return_X_y=True)
    models = {
        "logistic": LogisticRegression(max_iter=1000),
        "extra trees": ExtraTreesClassifier(150, random_state=0),
        "network": MLPClassifier((64,), max_iter=500, random_state=0),
        "neighbours": KNeighborsClassifier(15),
    }
    for name, model in models.items():
        yield f"digits, {name}", (y, folds(model, x / 16, y))


def clean_gaussians(n_seeds=3) -> Iterator[tuple[str, tuple]]:
    """Unit Gaussians, their means on a circle; labels are true, the overlap is in the data."""
    models = {
        "logistic": LogisticRegression(max_iter=1000),
        "naive Bayes": GaussianNB(),
        "neighbours": KNeighborsClassifier(25),
    }
    for n_classes, spread in ((2, 1.0), (3, 1.5), (3, 3.0), (5, 2.0), (5, 4.0), (10, 5.0)):
        for seed in range(n_seeds):
            rng = np.random.default_rng(seed)
            y = rng.integers(n_classes, size=3000)
            angle = 2 * np.pi * y / n_classes
            x = spread * np.c_[np.cos(angle), np.sin(angle)] + rng.standard_normal((y.size, 2))
            for name, model in models.items():
                p = folds(model, x, y, seed=seed)
                yield f"Gaussians K={n_classes} radius {spread}, {name}, seed {seed}", (y, p)


def clean_sample() -> Iterator[tuple[str, tuple]]:
    """The sample project without its plants, judged by the probabilities that an audit makes of it."""
    labels = read(ROOT / "sample_data" / "labels_clean.csv")
    evidence = Evidence(labels, "label")
    votes, p = evidence.votes, evidence.probabilities
    first = np.unique(votes.item, return_index=True)[1]
    yield "sample data without plants, items", (votes.label[first], p.matrix[votes.item[first]])
    yield "sample data without plants, labels", (votes.label, p.rows_for(votes.item))


def banking77(folder=SHARED / "text/banking77"):
    if not folder.is_dir():
        print(f"banking77: skipped, {folder} is not there")
        return
    train = pd.read_csv(folder / "train.csv")
    y = pd.factorize(train["category"], sort=True)[0].astype(np.int64)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(train["text"])
    x = 8 * normalize(TruncatedSVD(200, random_state=0).fit_transform(words))
    model = LogisticRegression(max_iter=60, tol=1e-3)
    confused = most_confused(y, folds(model, x, y))
    cells = {}
    for kind in ("uniform", "confusable"):
        for rate in (0.05, 0.10):
            for seed in range(3):
                given, wrong = plant(y, kind, rate, confused, np.random.default_rng(seed))
                p = folds(model, x, given, seed=seed)
                column = cells.setdefault(f"{kind} {rate:.0%}", {})
                column.setdefault("annoaudit", []).append(precision_at(score_labels(given, p).suspicion, wrong))
                for name in RANKINGS:
                    score = cleanlab_suspicion(given, p, name)
                    column.setdefault(name, []).append(precision_at(score, wrong))
    table = pd.DataFrame({k: {n: float(np.mean(v)) for n, v in c.items()} for k, c in cells.items()})
    markdown("banking77: precision at the planted number, mean of 3 seeds, 5-fold logistic regression", table)


def most_confused(y, p):
    """The class each class is most often mistaken for by an out-of-source model of the clean labels."""
    mean = np.stack([p[y == k].mean(axis=0) for k in range(p.shape[1])])
    np.fill_diagonal(mean, -1)
    return mean.argmax(axis=1)


def plant(y, kind, rate, confused, rng):
    wrong = np.zeros(y.size, dtype=bool)
    wrong[rng.choice(y.size, round(rate * y.size), replace=False)] = True
    given = y.copy()
    n_classes = confused.size
    other = (y + rng.integers(1, n_classes, y.size)) % n_classes
    given[wrong] = (confused[y] if kind == "confusable" else other)[wrong]
    return given, wrong


def clean():
    markdown("digits: flagged among clean labels", lengths(dict(clean_digits())), 0)
    table = lengths(dict(clean_gaussians()))
    table["design"] = [name.rsplit(", seed", 1)[0] for name in table.index]
    within = table.pop("within").eq("yes").groupby(table["design"], sort=False).sum()
    mean = table.groupby("design", sort=False).mean().astype(float)
    mean["seeds within"] = within.astype(str) + "/3"
    markdown("overlapping Gaussians: flagged among clean labels, mean of 3 seeds", mean, 0)
    sample()


def sample():
    markdown("sample data without plants: flagged among clean labels", lengths(dict(clean_sample())), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="all", choices=["cifar10", "clean", "sample", "banking77", "all"])
    part = parser.parse_args().part
    for name, run in {"cifar10": cifar10, "clean": clean, "sample": sample, "banking77": banking77}.items():
        if part == name or (part == "all" and name != "sample"):  # "clean" holds the sample too
            run()
