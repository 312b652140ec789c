"""Annotator forensics on planted truth: size on honest teams, power on attacks, delay, people, cost.

    python benchmarks/forensics.py null few ring power delay table [--budget MINUTES] [--workers N]
    python benchmarks/forensics.py smoke

Each cell (one simulated team) is kept in benchmarks/cache/forensics/ as soon as it is done: a run that was stopped goes
on where it was, and `table` prints what there is and lists what was not run. Seeds were fixed when this file was first
committed and never changed. The features' model is the same for all: a logistic regression cross-fitted by annotator
and item. Peers (crowd-kit's MACE, cleanlab's CROWDLAB, Dawid-Skene, majority agreement) run in the same cells.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from forensics_tables import print_tables
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from annoaudit.auditing.running import run_detectors
from annoaudit.detectors import Detector, judges_kind, load_detectors
from annoaudit.evidence import Evidence
from annoaudit.evidence.probabilities import Probabilities
from annoaudit.findings import Scores
from annoaudit.policy import Decision, Policy
from annoaudit.simulation import ATTACKS, CONTROLS, Team, TeamDesign, simulate_team
from annoaudit.simulation.tables import as_labels
from annoaudit.statistics.drift_alarm import StreamState, watch_stream
from annoaudit.statistics.ring_scan import find_ring
from annoaudit.statistics.truth_inference import infer_truth

HERE = Path(__file__).resolve().parent
CELLS = HERE / "cache" / "forensics"
NULL_SEEDS, RING_SEEDS = range(100_000, 100_200), range(300_000, 301_000)
POWER_SEEDS, DELAY_SEEDS = range(200_000, 200_020), range(400_000, 400_020)
NULL_DESIGN = TeamDesign(n_items=600, n_annotators=20, redundancy=3)
RING_DESIGN = TeamDesign(n_items=400, n_annotators=20, redundancy=4)
ITEM_DETECTORS = ("confident_learning", "consensus_disagreement", "label_fusion", "neighbour_disagreement")
WITH_BARS = ("class_pair", "slice", "copy_ring", "secret_subset_ring")
Cell = dict[str, object]


def cross_fit(team: Team, n_folds: int = 5) -> np.ndarray:
    """(L, K) from models that saw neither the annotator nor the item."""
    first = ~team.again
    item, annotator, label = team.item[first], team.annotator[first], team.label[first]
    rng = np.random.default_rng(0)
    of_annotator = (rng.permutation(team.n_annotators) % n_folds)[annotator]
    of_item = (rng.permutation(team.n_items) % n_folds)[item]
    p = np.full((len(item), team.n_classes), 1e-6)
    for a in range(n_folds):
        for i in range(n_folds):
            learned, judged = (of_annotator != a) & (of_item != i), (of_annotator == a) & (of_item == i)
            model = LogisticRegression(max_iter=200).fit(team.features[item[learned]], label[learned])
            p[np.ix_(judged, model.classes_)] = model.predict_proba(team.features[item[judged]])
    return p / p.sum(axis=1, keepdims=True)


def gather(team: Team) -> Evidence:
    evidence = Evidence(
        as_labels(team), "label", given_features=team.features, gold_codes=np.where(team.is_gold, team.truth, -1)
    )
    p = cross_fit(team)
    of_items = np.full((team.n_items, team.n_classes), np.nan)
    of_items[evidence.votes.item] = p
    evidence.kept["probabilities"] = Probabilities(of_items, "cross-fitted logistic regression", of_labels=p)
    return evidence


def by_annotator(scores: Scores, n: int) -> np.ndarray:
    """(A,) suspicion of each annotator, the largest of their groups; 0 where not judged."""
    value = np.zeros(n)
    suspicion = np.nan_to_num(scores.suspicion)
    if scores.level == "annotator":
        value[scores.target] = suspicion
    for place, members in enumerate(scores.members):
        value[members] = np.maximum(value[members], suspicion[place])
    return value


def is_of_people(detector: Detector) -> bool:
    """Whether a detector speaks of people, by their choices."""
    return judges_kind(detector, "choice") and detector.level in ("annotator", "pair", "ring", "slice")


# --- size ---------------------------------------------------------------------------------------------------------


def null_cell(condition: str, seed: int) -> Cell:
    """p values of annotators (those of the control group, or all) and whether the policy flags any group."""
    return innocent_cell(condition, seed, [one.name for one in load_detectors() if is_of_people(one)])


def few_cell(condition: str, seed: int) -> Cell:
    """The same for detectors that give one p value a team, or few."""
    return innocent_cell(condition, seed, ["ring", "slice_scan"])


def innocent_cell(condition: str, seed: int, names: list[str]) -> Cell:
    team = CONTROLS[condition](simulate_team(NULL_DESIGN, seed=seed), seed)
    group = team.suspects if team.suspects.any() else np.ones(team.n_annotators, dtype=bool)
    scores, outcomes = run_detectors(gather(team), load_detectors(names))
    cell: Cell = {}
    for one in scores:
        flagged = Policy().flag(one)
        if one.level in ("annotator", "slice"):
            alone = np.array([one.level == "annotator" or len(one.members[at]) == 1 for at in range(len(one))])
            who = one.target if one.level == "annotator" else np.array([members[0] for members in one.members])
            mine = alone & group[who]
            row: Cell = {"level": one.level, "flags": int(flagged[alone].sum())}
            cell[one.detector] = (
                row | {"group_flags": int(flagged[mine].sum()), "n": int(group.sum())} | p_of(one, mine)
            )
            if not alone.all():
                row = {"level": "ring", "flags": int(flagged[~alone].sum())}
                cell[f"{one.detector}, groups"] = row | p_of(one, ~alone)
        else:
            every = np.ones(len(one), dtype=bool)
            cell[one.detector] = {"level": one.level, "flags": int(flagged.sum())} | p_of(one, every)
    failed = [o.detector for o in outcomes if o.status == "failed"]
    return {"condition": condition, "seed": seed, "detectors": cell, "failed": failed}


def p_of(scores: Scores, chosen: np.ndarray) -> Cell:
    if scores.p is None:
        return {}
    return {"p": [round(float(p), 5) for p in scores.p[chosen] if np.isfinite(p)]}


def ring_cell(condition: str, seed: int) -> Cell:
    team = CONTROLS[condition](simulate_team(RING_DESIGN, seed=seed), seed)
    evidence = Evidence(as_labels(team, texts=False), "label")
    votes, found = evidence.votes, evidence.peer_evidence
    ring = find_ring(
        found.pairs, votes.item, votes.annotator, votes.label, found.peers.expected,
        n_annotators=votes.n_annotators, n_shuffles=99, seed=seed,
    ) if not found.trusted.all() else found.ring  # fmt: skip
    return {"condition": condition, "seed": seed, "p": ring.p}


# --- power --------------------------------------------------------------------------------------------------------


def power_cell(attack: str, share: float, redundancy: int, seed: int) -> Cell:
    n_items = 6000 if attack == "secret_subset_ring" and redundancy == 3 else 2000
    design = TeamDesign(n_items=n_items, redundancy=redundancy)
    team = ATTACKS[attack].plant(simulate_team(design, seed=seed), share, seed)
    evidence = gather(team)
    votes = evidence.votes
    chosen = [one for one in load_detectors() if is_of_people(one) or one.name in ITEM_DETECTORS]
    scores, outcomes = run_detectors(evidence, chosen)
    decision = Decision.of(Policy(), votes, scores, len(votes))
    policy = Policy()
    bad = team.malicious[~team.again] & (votes.label != team.truth[votes.item])
    auroc, flags, false = {}, {}, {}
    for one in scores:
        if one.level not in ("annotator", "pair", "ring", "slice"):
            continue
        auroc[one.detector] = float(roc_auc_score(team.suspects, by_annotator(one, team.n_annotators)))
        hit = policy.flag(one)
        who = np.zeros(team.n_annotators, dtype=bool)
        if one.level == "annotator":
            who[one.target[hit]] = True
        for place in np.flatnonzero(hit) if len(one.members) else ():
            who[one.members[place]] = True
        flags[one.detector] = float(who[team.suspects].mean())
        false[one.detector] = int(who[~team.suspects].sum())
    cell: Cell = {
        "attack": attack, "share": share, "redundancy": redundancy, "seed": seed, "auroc": auroc, "flags": flags,
        "false": false, "failed": [o.detector for o in outcomes if o.status == "failed"],
        "ap": ap(bad, np.nan_to_num(decision.urgency, nan=-50.0)),
        "peers": compare_once([attack, share, redundancy, seed], team, evidence, bad),
    }  # fmt: skip
    if redundancy > 1 and "ring" in attack:
        cell["ring"] = ring_quality(team, evidence)
        cell["consensus"] = collusion(team, evidence)
    return cell


def ap(bad: np.ndarray, score: np.ndarray) -> float | None:
    return float(average_precision_score(bad, score)) if bad.any() else None


def compare_once(key: list[object], team: Team, evidence: Evidence, bad: np.ndarray) -> Cell:
    """What peers say of a cell, which no change of ours alters: kept apart, so that it is computed once."""
    told = json.dumps(key)
    for row in load("peers"):
        if json.dumps(row["key"]) == told:
            return row["peers"]
    peers = quietly(compare, team, evidence, bad)
    CELLS.mkdir(parents=True, exist_ok=True)
    with (CELLS / "peers.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({"key": key, "peers": peers}) + "\n")
    return peers


def quietly(work: Callable[..., Cell], *given: object) -> Cell:
    """Run what peers do without the warnings of their own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work(*given)


def compare(team: Team, evidence: Evidence, bad: np.ndarray) -> Cell:
    """AUROC of annotators and average precision of labels for the peers, on the same labels and probabilities."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    votes = evidence.votes
    p = evidence.probabilities.rows_for(votes.item)
    suspects, found = team.suspects, {}
    if team.design.redundancy == 1:
        found["self_confidence"] = {"ap": ap(bad, 1.0 - p[np.arange(len(votes)), votes.label])}
        return found
    sizes = {"n_items": votes.n_items, "n_annotators": votes.n_annotators, "n_classes": votes.n_classes}
    truth = infer_truth(votes.item, votes.annotator, votes.label, **sizes, model="dawid_skene")
    found["dawid_skene"] = {
        "auroc": auc(suspects, -truth.accuracy), "ap": ap(bad, 1.0 - truth.posterior[votes.item, votes.label])
    }  # fmt: skip
    others = votes.counts[votes.item].astype(float)
    others[np.arange(len(votes)), votes.label] -= 1
    agree = others[np.arange(len(votes)), votes.label] / np.maximum(others.sum(axis=1), 1)
    mean = np.bincount(votes.annotator, agree, votes.n_annotators) / np.bincount(votes.annotator)
    found["majority"] = {"auroc": auc(suspects, -mean), "ap": ap(bad, 1.0 - agree)}
    wide = np.full((votes.n_items, votes.n_annotators), np.nan)
    wide[votes.item, votes.annotator] = votes.label
    judged = get_label_quality_multiannotator(
        pd.DataFrame(wide), evidence.probabilities.matrix.astype(float), verbose=False
    )
    quality = judged["detailed_label_quality"].to_numpy()
    found["crowdlab"] = {
        "auroc": auc(suspects, -np.nanmean(quality, axis=0)), "ap": ap(bad, 1.0 - quality[votes.item, votes.annotator])
    }  # fmt: skip
    try:
        from crowdkit.aggregation import MACE
    except ImportError:
        return found
    frame = pd.DataFrame({"task": votes.item, "worker": votes.annotator, "label": votes.label})
    mace = MACE(n_restarts=2, n_iter=20, random_state=0).fit(frame)
    spamming = np.full(votes.n_annotators, np.nan)
    spamming[pd.unique(frame["worker"])] = mace.spamming_[:, 0]
    found["mace"] = {"auroc": auc(suspects, spamming)}
    return found


def auc(suspects: np.ndarray, score: np.ndarray) -> float:
    value = float(roc_auc_score(suspects, np.nan_to_num(score)))
    return value


def ring_quality(team: Team, evidence: Evidence) -> Cell:
    ring = evidence.ring
    right = int(team.suspects[ring.members].sum())
    return {
        "p": ring.p, "precision": right / len(ring.members), "recall": right / int(team.suspects.sum()),
        "auroc": auc(team.suspects, ring.loading),
    }  # fmt: skip


def collusion(team: Team, evidence: Evidence) -> Cell:
    """Accuracy on attacked items of which at least two thirds of the labels are the ring's: peers, Dawid-Skene."""
    votes = evidence.votes
    ours = np.bincount(votes.item, team.suspects[votes.annotator], votes.n_items)
    size = np.bincount(votes.item, minlength=votes.n_items)
    bad = np.bincount(votes.item, team.malicious[~team.again], votes.n_items)
    chosen = (ours >= 2 * size / 3) & (ours < size) & (bad >= 2)
    if not chosen.any():
        return {"n": 0}
    # What peers would say to a member of the ring: everybody else's answer, the ring counted as one source.
    belief = np.zeros((votes.n_items, votes.n_classes))
    member = team.suspects[votes.annotator]
    np.add.at(belief, votes.item[member], evidence.peers.q[member])
    sizes = {"n_items": votes.n_items, "n_annotators": votes.n_annotators, "n_classes": votes.n_classes}
    plain = infer_truth(votes.item, votes.annotator, votes.label, **sizes, model="dawid_skene").posterior
    return {
        "n": int(chosen.sum()),
        "ours": float((belief.argmax(axis=1) == team.truth)[chosen].mean()),
        "dawid_skene": float((plain.argmax(axis=1) == team.truth)[chosen].mean()),
    }


# --- delay --------------------------------------------------------------------------------------------------------


def delay_cell(drop: float, seed: int) -> Cell:
    """Labels from the change to the alarm for sleepers, and false alarms of the honest, streams of 400 labels."""
    design = TeamDesign(n_items=4000, n_annotators=40, redundancy=4)
    honest = simulate_team(design, seed=seed)
    team = ATTACKS["sleeper"].plant(honest, 0.1, seed, strength=drop) if drop else honest
    evidence = gather(team)
    votes, peers = evidence.votes, evidence.peers
    order = np.lexsort((evidence.submitted_ms, votes.annotator))
    streams = np.split(order, np.cumsum(np.bincount(votes.annotator, minlength=votes.n_annotators))[:-1])
    agreed = votes.label == peers.expected
    delays, alarms = [], 0
    for who, mine in enumerate(streams):
        chosen = mine if drop else mine[:400]
        seen = watch_stream(agreed[chosen], peers.confidence[chosen], StreamState(), run_length=8000, last_ms=0)
        if team.suspects[who]:
            start = int(np.ceil((team.annotator == who).sum() / 2))
            delays.append(seen.first - start + 1 if seen.first >= 0 else None)
        else:
            alarms += seen.first >= 0
    return {"drop": drop, "seed": seed, "delays": delays, "alarms": alarms, "streams": len(streams) - len(delays)}


# --- running ------------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[..., Cell]] = {
    "null": null_cell, "few": few_cell, "ring": ring_cell, "power": power_cell, "delay": delay_cell
}  # fmt: skip


def list_cells(part: str) -> Iterator[tuple[object, ...]]:
    """Arguments of every cell, the most wanted first."""
    if part == "null":
        yield from ((condition, seed) for seed in NULL_SEEDS for condition in CONTROLS)
    elif part == "few":
        yield from ((condition, seed) for condition in ("sloppy", "prior_shift", "honest") for seed in RING_SEEDS)
    elif part == "ring":
        yield from (("honest", seed) for seed in RING_SEEDS)
        yield from ((condition, seed) for seed in RING_SEEDS[:200] for condition in CONTROLS if condition != "honest")
    elif part == "power":
        for seed in POWER_SEEDS:
            yield from ((attack, share, r, seed) for attack in WITH_BARS for share in (0.2, 0.05) for r in (5, 3, 1))
        for seed in POWER_SEEDS:
            yield from ((attack, 0.2, 3, seed) for attack in ATTACKS if attack not in WITH_BARS)
    else:
        yield from ((drop, seed) for seed in DELAY_SEEDS for drop in (0.0, 0.5, 0.3, 0.15))


def run_part(part: str, until: float, n_workers: int) -> None:
    CELLS.mkdir(parents=True, exist_ok=True)
    path = CELLS / f"{part}.jsonl"
    done = {json.dumps(row["key"]) for row in load(part)}
    left = [key for key in list_cells(part) if json.dumps(list(key)) not in done]
    with ProcessPoolExecutor(n_workers) as pool, path.open("a", encoding="utf-8") as out:
        waiting, cells = {}, iter(left)
        for key in cells:
            waiting[pool.submit(PARTS[part], *key)] = key
            if len(waiting) < 2 * n_workers:
                continue
            finish(waiting, out)
            if time.time() > until:
                break
        while waiting:
            finish(waiting, out)


def finish(waiting: dict, out) -> None:
    future = next(as_completed(waiting))
    key = waiting.pop(future)
    out.write(json.dumps({"key": list(key), **future.result()}) + "\n")
    out.flush()


def load(part: str) -> list[Cell]:
    path = CELLS / f"{part}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def smoke() -> None:
    """A few cells of everything, under two minutes, with the bars asserted that so few cells can carry."""
    null = [null_cell("honest", 990_000 + seed)["detectors"] for seed in range(4)]
    flips = [p for one in null for p in one["targeted_flips"]["p"]]
    assert np.mean(np.array(flips) <= 0.05) <= 0.15, "targeted_flips rejects honest annotators"
    found = power_cell("class_pair", 0.2, 3, 990_100)
    assert found["auroc"]["targeted_flips"] >= 0.95, found["auroc"]
    assert found["ap"] >= 0.6, found["ap"]
    ring = power_cell("secret_subset_ring", 0.2, 5, 990_200)
    assert ring["ring"]["p"] <= 0.05, ring["ring"]
    print("smoke: passed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=[*PARTS, "table", "smoke"])
    parser.add_argument("--budget", type=float, default=120.0, help="minutes for each part")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    for part in given.parts:
        if part == "smoke":
            smoke()
        elif part == "table":
            print_tables(PARTS, load, list_cells, NULL_DESIGN, RING_DESIGN)
        else:
            run_part(part, time.time() + 60 * given.budget, given.workers)


if __name__ == "__main__":
    sys.exit(main())
