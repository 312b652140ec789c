"""The tables of the forensics benchmark, from the cells that were run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from scipy.stats import beta

from annoaudit.simulation import ATTACKS, CONTROLS, TeamDesign

Cell = dict[str, object]
ONE_A_TEAM = ("ring", "slice_scan, groups")


def interval(k: float, n: float) -> tuple[float, float]:
    low = 0.0 if k <= 0 else float(beta.ppf(0.025, k, n - k + 1))
    return low, 1.0 if k >= n else float(beta.ppf(0.975, k + 1, n - k))


def clustered(hits: list[int], sizes: list[int]) -> tuple[float, float, float]:
    """Share with a 95 % interval, clustered by team (linearised ratio, exact where there is no hit)."""
    k, n = np.array(hits, dtype=float), np.array(sizes, dtype=float)
    if not n.sum():
        return float("nan"), float("nan"), float("nan")
    share = k.sum() / n.sum()
    if not k.sum():
        return 0.0, 0.0, interval(0, n.sum())[1]
    se = np.sqrt(((k - share * n) ** 2).sum()) / n.sum()
    return share, max(share - 1.96 * se, 0.0), min(share + 1.96 * se, 1.0)


def print_tables(
    parts: Iterable[str],
    load: Callable[[str], list[Cell]],
    list_cells: Callable[[str], Iterable[tuple[object, ...]]],
    null_design: TeamDesign,
    ring_design: TeamDesign,
) -> None:
    """Print what there is, and list what was not run."""
    print(f"Null teams: {tell(null_design)}. Ring teams: {tell(ring_design)}.")
    show = {"null": print_null, "few": print_few, "ring": print_ring, "power": print_power, "delay": print_delay}
    for part in parts:
        rows, wanted = load(part), list(list_cells(part))
        if rows:
            show[part](rows)
        keys = {json.dumps(row["key"]) for row in rows}
        left = [key for key in wanted if json.dumps(list(key)) not in keys]
        tail = f"; not run: {summary(left)}" if left else ""
        print(f"\n{part}: {len(wanted) - len(left)} of {len(wanted)} cells run{tail}.")


def tell(design: TeamDesign) -> str:
    return f"N={design.n_items}, W={design.n_annotators}, R={design.redundancy}, K={design.n_classes}"


def summary(left: list[tuple[object, ...]]) -> str:
    names = pd.Series([" ".join(map(str, key[:-1])) for key in left]).value_counts()
    return "; ".join(f"{name} ({count} seeds)" for name, count in names.items())


def print_null(rows: list[Cell]) -> None:
    print(
        "\n### Size on innocent teams\n\n"
        "Share of p values at most .05 and .01 in the control group (all annotators where there is none), with a 95 % "
        "interval clustered by team, and flags of the policy per 1,000 annotators of the group, before the cap. A cell "
        "marked MISS fails the gate: its lower end exceeds the level, or the point exceeds 1.5 times the level.\n"
    )
    names = sorted({name for row in rows for name, one in row["detectors"].items() if "p" in one})
    print("| detector | condition | teams | p values | at .05 | at .01 | flags per 1,000 |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        for condition in CONTROLS:
            print_size(name, condition, [r["detectors"].get(name) for r in rows if r["condition"] == condition])
    print_ranks(rows)
    failed = [one for row in rows for one in row["failed"]]
    print(f"\nDetectors that failed: {', '.join(sorted(set(failed))) or 'none'}.")


def print_few(rows: list[Cell]) -> None:
    print(
        "\n### Size where a team gives one p value or few, on up to 1,000 teams\n\nThe same teams as above in other "
        "seeds, with features; `ring` and `slice_scan` only.\n"
    )
    print("| detector | condition | teams | p values | at .05 | at .01 | flags per 1,000 |")
    print("|---|---|---|---|---|---|---|")
    for name in ("ring", "slice_scan", "slice_scan, groups"):
        for condition in CONTROLS:
            mine = [r["detectors"].get(name) for r in rows if r["condition"] == condition]
            if mine:
                print_size(name, condition, mine)


def print_size(name: str, condition: str, rows: list[Cell | None]) -> None:
    mine = [one for one in rows if one and one.get("p")]
    if not mine:
        print(f"| {name} | {condition} | 0 | 0 | could not judge | | |")
        return
    sizes = [len(one["p"]) for one in mine]
    told = []
    for level in (0.05, 0.01):
        share, low, high = clustered([sum(p <= level for p in one["p"]) for one in mine], sizes)
        miss = " MISS" if low > level or share > 1.5 * level else ""
        claimed = name not in ONE_A_TEAM or level == 0.05
        told.append(f"{share:.3f} [{low:.3f}, {high:.3f}]{miss}" if claimed else "nothing claimed")
    flags = sum(one.get("group_flags", one["flags"]) for one in mine)
    per = 1000 * flags / sum(one.get("n", 1) for one in mine)
    print(f"| {name} | {condition} | {len(mine)} | {sum(sizes)} | {told[0]} | {told[1]} | {per:.1f} |")


def print_ranks(rows: list[Cell]) -> None:
    """Flags of detectors without p values."""
    known = [(name, one) for row in rows for name, one in row["detectors"].items() if "p" not in one]
    ranks = sorted({name for name, one in known if one["level"] == "annotator"})
    pairs = sorted({name for name, one in known if one["level"] == "pair"})
    print(
        "\nRank only: flags of the policy per 1,000 annotators of the group before the cap; e values: teams with one.\n"
    )
    print("| detector | " + " | ".join(CONTROLS) + " |")
    print("|---|" + "---|" * len(CONTROLS))
    for name in [*ranks, *pairs]:
        told = []
        for condition in CONTROLS:
            mine = [r["detectors"].get(name) for r in rows if r["condition"] == condition]
            mine = [one for one in mine if one]
            if name in pairs:
                told.append(f"{sum(one['flags'] > 0 for one in mine)} of {len(mine)}")
            else:
                size = max(sum(one["n"] for one in mine), 1)
                told.append(f"{1000 * sum(one['group_flags'] for one in mine) / size:.1f}")
        print(f"| {name} | " + " | ".join(told) + " |")


def print_ring(rows: list[Cell]) -> None:
    print("\n### Ring: one p value a team\n\n| condition | teams | p <= .05 | 95 % |\n|---|---|---|---|")
    for condition in CONTROLS:
        p = np.array([r["p"] for r in rows if r["condition"] == condition])
        if len(p):
            k = int((p <= 0.05).sum())
            low, high = interval(k, len(p))
            miss = " MISS" if low > 0.05 or k / len(p) > 0.075 else ""
            print(f"| {condition} | {len(p)} | {k / len(p):.3f}{miss} | [{low:.3f}, {high:.3f}] |")


def print_power(rows: list[Cell]) -> None:
    print(
        "\n### Power (N=2000, W=40, K=4; secret_subset_ring at R=3: N=6000)\n\nMeans over seeds. AUROC of attackers "
        "among annotators, by the detector meant for the attack and by peers; share of attackers flagged and honest "
        "people flagged per team, before the cap; average precision of malicious wrong labels in the queue's order and "
        "by peers (at R=1 self-confidence of the same probabilities).\n"
    )
    heads = ["attack", "share", "R", "seeds", "detector", "AUROC", "DS", "MACE", "CROWDLAB", "majority", "flagged",
             "honest flagged", "AP", "AP CROWDLAB", "AP DS"]  # fmt: skip
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    cells = group(rows)
    for (attack, share, r), mine in sorted(cells.items(), key=str):
        best = next((name for name in ATTACKS[attack].expected if any(name in c["auroc"] for c in mine)), "")
        peers = [mean([c["peers"].get(name, {}).get("auroc") for c in mine])
                 for name in ("dawid_skene", "mace", "crowdlab", "majority")]  # fmt: skip
        labels = [c["peers"].get("crowdlab", c["peers"].get("self_confidence", {})).get("ap") for c in mine]
        told = [
            attack, f"{share:.0%}", str(r), str(len(mine)), best or "none", mean([c["auroc"].get(best) for c in mine]),
            *peers, mean([c["flags"].get(best) for c in mine]), mean([c["false"].get(best) for c in mine]),
            mean([c["ap"] for c in mine]), mean(labels),
            mean([c["peers"].get("dawid_skene", {}).get("ap") for c in mine]),
        ]  # fmt: skip
        print("| " + " | ".join(told) + " |")
    print_rings(cells)


def print_rings(cells: dict[tuple[object, ...], list[Cell]]) -> None:
    print(
        "\nRings: found at p <= .05, membership where found; accuracy on attacked items of which two thirds of the "
        "labels or more are the ring's, of what peers say and of Dawid-Skene.\n"
    )
    print("| attack | share | R | found | precision | recall | AUROC of loading | peers | Dawid-Skene |")
    print("|" + "---|" * 9)
    for (attack, share, r), mine in sorted(cells.items(), key=str):
        rings = [c for c in mine if "ring" in c]
        if not rings:
            continue
        found = [c["ring"] for c in rings if c["ring"]["p"] <= 0.05]
        both = [c["consensus"] for c in rings if c["consensus"]["n"]]
        told = [
            attack, f"{share:.0%}", str(r), f"{len(found)} of {len(rings)}", mean([f["precision"] for f in found]),
            mean([f["recall"] for f in found]), mean([c["ring"]["auroc"] for c in rings]),
            mean([b["ours"] for b in both]), mean([b["dawid_skene"] for b in both]),
        ]  # fmt: skip
        print("| " + " | ".join(told) + " |")


def group(rows: list[Cell]) -> dict[tuple[object, ...], list[Cell]]:
    cells: dict[tuple[object, ...], list[Cell]] = {}
    for row in rows:
        cells.setdefault((row["attack"], row["share"], row["redundancy"]), []).append(row)
    return cells


def mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.3f}" if known else "-"


def print_delay(rows: list[Cell]) -> None:
    print("\n### Sleepers: labels from the change to the alarm (run length 8,000)\n")
    print("| drop | sleepers | median delay | not found | before the change |\n|---|---|---|---|---|")
    for drop in sorted({r["drop"] for r in rows} - {0.0}, reverse=True):
        delays = [d for r in rows if r["drop"] == drop for d in r["delays"]]
        median = np.median([np.inf if d is None else d for d in delays])
        missed, early = sum(d is None for d in delays), sum(d is not None and d <= 0 for d in delays)
        print(f"| {drop} | {len(delays)} | {median:.0f} | {missed} | {early} |")
    honest = [r for r in rows if r["drop"] == 0.0]
    alarms, streams = sum(r["alarms"] for r in honest), sum(r["streams"] for r in honest)
    allowed = streams * 400 / 8000
    print(
        f"\nHonest streams of at most 400 labels: {alarms} of {streams} alarmed; the run length allows {allowed:.0f}."
    )
