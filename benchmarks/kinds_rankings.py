"""Rankings: planted errors and habits, false findings about honest people, and cost.

    python benchmarks/kinds_rankings.py [planted honest habits cost ...] [--seeds 20]

Seeds start at 100,000.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from audit_cost import spend

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.simulation.rankings import RankingDesign, simulate_rankings
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.rankings import rank_distances

FIRST_SEED = 100_000
ERRORS = RankingDesign(n_items=400, n_annotators=20, stray_rate=0.03, reverse_rate=0.03, swap_rate=0.03)
PEOPLE = ("reversed_ranking", "order_bias", "low_rank_agreement", "same_order")
HONEST = RankingDesign(n_items=400, n_annotators=20)


def measure_planted(seeds: int) -> None:
    from sklearn.metrics import average_precision_score

    print("\n### Planted errors: 3 % of the rankings at random, 3 % turned around, 3 % with best and worst swapped\n")
    print(
        f"Average precision against the rankings in which nothing was planted, mean of {min(seeds, 10)} teams of 20 on "
        "400 items; in brackets that of the mean Kemeny distance from the others. Flagged: suspicion of .5 or more.\n"
    )
    print("| team | at random | turned around | best and worst swapped | flagged | of these planted |")
    print("| --- | --- | --- | --- | --- | --- |")
    teams = {
        "3 rankings an item, 5 things": ERRORS,
        "2 rankings an item": replace(ERRORS, redundancy=2),
        "5 rankings an item": replace(ERRORS, redundancy=5),
        "3 things": replace(ERRORS, n_things=3),
        "8 things": replace(ERRORS, n_things=8),
        "ties (10 %) and gaps (30 %)": replace(ERRORS, tie_rate=0.1, partial_rate=0.3),
        "5 systems that come back": replace(ERRORS, n_systems=5),
        "5 systems, 1 ranking an item": replace(ERRORS, n_systems=5, redundancy=1),
        "2 of 20 rank at random, 1 worst first": replace(ERRORS, n_random=2, n_reversed=1),
    }
    for name, design in teams.items():
        rows, n_flagged, n_right = [], 0, 0
        for seed in range(FIRST_SEED, FIRST_SEED + min(seeds, 10)):
            planted = simulate_rankings(design, seed)
            judged = Evidence(planted.labels, "order").rankings
            given = judged.given.rankings
            people = np.array([int(one[1:]) for one in given.annotator_ids.to_pylist()])
            honest = (planted.habit[people] == "")[given.annotator]
            wrong = np.nan_to_num(judged.model.wrong)
            apart = np.nan_to_num(rank_distances(given.item, judged.given.compared))
            row = []
            for kind in ("stray", "reverse", "swap"):
                asked = honest & np.isin(planted.planted, (kind, ""))
                truth = planted.planted[asked] == kind
                row += [average_precision_score(truth, score[asked]) for score in (wrong, apart)]
            rows.append(row)
            flagged = honest & (wrong >= 0.5)
            n_flagged, n_right = n_flagged + flagged.sum(), n_right + (planted.planted[flagged] != "").sum()
        mean = np.mean(rows, axis=0)
        told = " | ".join(f"{mean[k]:.2f} ({mean[k + 1]:.2f})" for k in (0, 2, 4))
        share = f"{n_right / n_flagged:.2f}" if n_flagged else ""
        print(f"| {name} | {told} | {n_flagged / len(rows):.0f} | {share} |", flush=True)


def honest_teams() -> dict[str, RankingDesign]:
    return {
        "honest": HONEST,
        "items of very different difficulty (sd 1)": replace(HONEST, difficulty_sd=1.0),
        "sharpness sd .5": replace(HONEST, sharpness_sd=0.5),
        "leanings of their own to what is shown first (sd .3)": replace(HONEST, order_sd=0.3),
        "5 systems that come back": replace(HONEST, n_systems=5),
        "ties and gaps": replace(HONEST, tie_rate=0.15, partial_rate=0.4),
        "two rankings an item": replace(HONEST, redundancy=2),
        "eight people": replace(HONEST, n_annotators=8),
        "hardly anything to tell apart (sharpness .3)": replace(HONEST, sharpness=0.3),
    }


def measure_honest(seeds: int) -> None:
    print("\n### Honest teams: p values, and teams with a false finding about people\n")
    print(
        f"{seeds} teams a row, 400 items by 3 of 20 people unless said; difficulty is shared. Rankings flagged are "
        "those of ranking_distance, a share of all.\n"
    )
    print(
        "| team | order_bias p < .05 | p < .01 | reversed_ranking p < .05 | "
        + " | ".join(PEOPLE)
        + " | rankings flagged |"
    )
    print("| --- " * (5 + len(PEOPLE)) + "|")
    for name, design in honest_teams().items():
        p: dict[str, list[float]] = {"order_bias": [], "reversed_ranking": []}
        false, n_flagged, n = dict.fromkeys(PEOPLE, 0), 0, 0
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            found = aa.audit(simulate_rankings(design, seed).labels, detectors=[*PEOPLE, "ranking_distance"])
            for scores in found.scores:
                if scores.detector in p:
                    p[scores.detector] += scores.p[np.isfinite(scores.p)].tolist()
                if scores.detector == "ranking_distance":
                    n_flagged, n = n_flagged + int((scores.suspicion >= 0.5).sum()), n + len(scores)
            named = set(found.findings["detector"])
            for one in PEOPLE:
                false[one] += one in named
        leaning, turned = (np.array(p[one]) for one in ("order_bias", "reversed_ranking"))
        low, high = exact_interval(np.array([(leaning < 0.05).sum()]), np.array([len(leaning)]))
        told = f"{(leaning < 0.05).mean():.3f} ({low[0]:.3f} to {high[0]:.3f}) | {(leaning < 0.01).mean():.4f}"
        rest = " | ".join(f"{false[one]} of {seeds}" for one in PEOPLE)
        print(f"| {name} | {told} | {(turned < 0.05).mean():.3f} | {rest} | {n_flagged / n:.4f} |", flush=True)


def measure_habits(seeds: int) -> None:
    print("\n### Habits: one of 20 people ranks 90 % of their items so; found, and others named\n")
    print(f"{seeds} teams a cell, 400 items, 3 rankings each (60 a person), and 150 items (22 a person).\n")
    print("| habit | detector | 60 rankings: found | others named | 22 rankings: found | others named |")
    print("| --- | --- | --- | --- | --- | --- |")
    habits = {
        "worst first": ("n_reversed", "reversed_ranking"),
        "at random": ("n_random", "low_rank_agreement"),
        "the order shown": ("n_keepers", "order_bias"),
        "the order shown ": ("n_keepers", "same_order"),
        "always one order of places": ("n_straight", "same_order"),
    }
    for name, (field, detector) in habits.items():
        cells = []
        for n_items in (400, 150):
            found, others = 0, 0
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                labels = simulate_rankings(replace(HONEST, n_items=n_items, **{field: 1}), seed).labels
                named = set(aa.audit(labels, names=True, detectors=[detector]).findings["annotator"])
                found, others = found + ("w000" in named), others + bool(named - {"w000"})
            cells.append(f"{found} of {seeds} | {others} of {seeds}")
        print(f"| {name.strip()} | {detector} | {' | '.join(cells)} |", flush=True)


def measure_cost(seeds: int) -> None:
    print("\n### Cost: all detectors and the report, one process\n")
    print("| rankings | items | things | CPU seconds | peak memory so far, MB |")
    print("| --- | --- | --- | --- | --- |")
    for n_items, n_things in ((33_334, 5), (100_000, 5)):
        design = RankingDesign(n_items=n_items, n_annotators=200, n_things=n_things, n_systems=12, stray_rate=0.02)
        labels = simulate_rankings(design, FIRST_SEED).labels
        spent, peak = spend(labels)
        print(f"| {3 * n_items:,} | {n_items:,} | {n_things} | {spent:.0f} | {peak:.0f} |", flush=True)


MEASURES = {"planted": measure_planted, "honest": measure_honest, "habits": measure_habits, "cost": measure_cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(MEASURES))
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    for part in chosen.parts or MEASURES:
        MEASURES[part](chosen.seeds)


if __name__ == "__main__":
    main()
