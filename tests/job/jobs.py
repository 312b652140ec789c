"""Small projects to run nights of, and the real command that runs them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ["bike", "dock", "fare"]
WORDS = {"bike": "brake chain wheel", "dock": "slot lock station", "fare": "price refund ticket"}


def make_labels(n_items: int = 60, n_each: int = 3, seed: int = 7) -> pd.DataFrame:
    """A long table: texts of three topics, five annotators who are right nine times in ten."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n_items)
    rows = []
    for item in range(n_items):
        words = WORDS[CLASSES[truth[item]]].split()
        text = " ".join(rng.permutation(words)) + f" number {item}"
        for who in rng.choice(5, n_each, replace=False):
            given = truth[item] if rng.random() < 0.9 else rng.integers(0, 3)
            rows.append((f"{item:04d}", text, f"ann{who}", CLASSES[given]))
    return pd.DataFrame(rows, columns=["item_id", "text", "annotator", "label"])


def flip(labels: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    """The same labels with some of them changed."""
    changed = labels.copy()
    others = {"bike": "dock", "dock": "fare", "fare": "bike"}
    changed.loc[rows, "label"] = changed.loc[rows, "label"].map(others)
    return changed


def write_job(folder: Path, more: str = "", labels: pd.DataFrame | None = None, project: str = "") -> Path:
    """Write labels.csv and annoaudit.yaml with one project, "bikes"; ``project`` are further lines of it."""
    (make_labels() if labels is None else labels).to_csv(folder / "labels.csv", index=False)
    path = folder / "annoaudit.yaml"
    path.write_text(f"projects:\n  bikes:\n    source: labels.csv\n{project}{more}", encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "annoaudit", *map(str, arguments)]


def annoaudit(*arguments: object, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment}
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=cwd, env=variables, timeout=300, encoding="utf-8"
    )
