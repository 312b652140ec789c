"""Annotator forensics on real people, and its cost.

    python benchmarks/forensics_people.py people     needs ../shared/data/crowd
    python benchmarks/forensics_people.py findings   the strongest findings, to be read by eye; needs the same
    python benchmarks/forensics_people.py cost [--labels 1000000]

Workers keep pseudonyms of their own making (w01 and so on inside one set), and no item is named.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from annoaudit.auditing.running import run_detectors
from annoaudit.detectors import judges_kind, load_detectors
from annoaudit.evidence import Evidence
from annoaudit.formats import read
from annoaudit.policy import Decision, Policy
from annoaudit.simulation import TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels

ROOT = Path(__file__).resolve().parents[1]
CROWD = Path(os.environ.get("ANNOAUDIT_SHARED", ROOT.parent / "shared")) / "data" / "crowd"
OF_LABELS = ("confident_learning", "consensus_disagreement", "duplicate_conflict", "neighbour_disagreement")
LEVELS = ("annotator", "pair", "ring", "slice")
PEOPLE = [one.name for one in load_detectors() if judges_kind(one, "choice") and one.level in LEVELS] + ["label_fusion"]


def audit_set(name: str) -> tuple[Evidence, Decision, list[object]]:
    """Read one set, first answers only, without item content, and run the detectors of people."""
    table = pd.read_parquet(CROWD / name / "labels.parquet").drop_duplicates(["item", "annotator"])
    table["item"] = pd.factorize(table["item"])[0].astype(str)
    columns = {"item": "item_id", "seconds": "lead_time_s"}
    labels = read(table.rename(columns=columns).astype({"label": str}))
    evidence = Evidence(labels, labels.questions_of("choice")[0])
    scores, outcomes = run_detectors(evidence, load_detectors(PEOPLE))
    return evidence, Decision.of(Policy(), evidence.votes, scores, 0), outcomes


def sets() -> list[str]:
    if not CROWD.is_dir():
        raise SystemExit("left out: ../shared/data/crowd is not there")
    return sorted(path.name for path in CROWD.iterdir() if path.is_dir())


def people() -> None:
    """Share of annotators flagged at each level, and the rank agreement of peer_score with gold."""
    shown = [name for name in PEOPLE if name != "label_fusion"]
    print("| set | annotators | L1 | L2 | L3 | in groups | findings by detector | Spearman with gold (n >= 10) | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in sets():
        start = time.time()
        evidence, decision, outcomes = audit_set(name)
        n = evidence.votes.n_annotators
        levels = {"L1": set(), "L2": set(), "L3": set()}
        grouped: set[int] = set()
        told = []
        for one in decision.scores:
            flagged = decision.flagged[one.detector]
            if one.detector not in shown or not flagged.any():
                continue
            told.append(f"{one.detector} {int(flagged.sum())}")
            if one.level == "annotator":
                levels[decision.policy.severity(one.detector)] |= set(one.target[flagged].tolist())
            else:
                grouped |= {int(who) for at in np.flatnonzero(flagged) for who in one.members[at]}
        shares = " | ".join(f"{len(levels[level])} ({len(levels[level]) / n:.1%})" for level in levels)
        failed = [one.detector for one in outcomes if one.status == "failed"]
        print(
            f"| {name} | {n} | {shares} | {len(grouped)} | {', '.join([*told, *map('FAILED {}'.format, failed)])} | "
            f"{rank_agreement(name, evidence, decision)} | {time.time() - start:.0f} |",
            flush=True,
        )


def rank_agreement(name: str, evidence: Evidence, decision: Decision) -> str:
    scores = {one.detector: one for one in decision.scores}.get("peer_score")
    if scores is None or scores.effect is None:
        return "could not judge"
    gold = pd.read_parquet(CROWD / name / "gold.parquet")
    table = pd.read_parquet(CROWD / name / "labels.parquet").drop_duplicates(["item", "annotator"])
    joined = table.merge(gold, on="item", suffixes=("", "_gold"))
    right = (joined["label"].astype(str) == joined["label_gold"].astype(str)).groupby(joined["annotator"])
    accuracy = right.mean()[right.size() >= 10]
    ids = [str(one) for one in evidence.votes.annotator_ids.to_pylist()]
    shortfall = pd.Series(scores.effect, ids).reindex(accuracy.index)
    known = shortfall.notna()
    if known.sum() < 5:
        return f"{int(known.sum())} annotators: too few"
    return f"{spearmanr(-shortfall[known], accuracy[known]).statistic:.2f} ({int(known.sum())})"


def findings() -> None:
    """The strongest findings about people over all sets, one line each."""
    rows = []
    for name in sets():
        evidence, decision, _ = audit_set(name)
        ids = evidence.votes.annotator_ids.to_pylist()
        told = {str(who): f"w{place:02d}" for place, who in enumerate(ids, 1)}
        table = decision.findings(evidence.labels, lambda who, told=told: told[who])
        table = table[~table["level"].isin(["label", "item"])]
        rows += [(name, row) for row in table.itertuples()]
    rows.sort(key=lambda one: (one[1].severity, one[1].suspicion), reverse=True)
    for name, row in rows[:10]:
        who = row.annotator if len(row.annotator) < 40 else row.annotator[:37] + "…"
        print(f"- {name}, {who}, {row.detector} ({row.severity}): {row.reason}")


def cost(n_labels: int) -> None:
    """One audit of people over many labels, detectors one after the other, in this process."""
    design = TeamDesign(n_items=n_labels // 5, n_annotators=1000, redundancy=5, n_classes=5, repeat_share=0.0)
    labels = as_labels(simulate_team(design, seed=1), texts=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    clock, cpu = time.time(), time.process_time()
    evidence = Evidence(labels, "label")
    start = time.process_time()
    _ = evidence.peers
    print(f"| what | CPU s |\n|---|---|\n| peers, pairs and ring | {time.process_time() - start:.1f} |")
    for name in PEOPLE:
        start = time.process_time()
        _, (outcome,) = run_detectors(evidence, load_detectors([name]))
        told = f"{name}, {outcome.status}"
        print(f"| {told} | {time.process_time() - start:.1f} |", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"\n{len(evidence.votes):,} labels, {design.n_annotators:,} annotators: {time.process_time() - cpu:.0f} s CPU, "
        f"{time.time() - clock:.0f} s on the clock, peak {peak:.2f} GB ({before:.2f} GB before the audit)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["people", "findings", "cost"])
    parser.add_argument("--labels", type=int, default=1_000_000)
    given = parser.parse_args()
    {"people": people, "findings": findings}.get(given.part, lambda: cost(given.labels))()


if __name__ == "__main__":
    sys.exit(main())
