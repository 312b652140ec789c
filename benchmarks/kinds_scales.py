"""Pairs, ratings and multiple choice: agreement, planted errors, leanings found and not found, cost.

    python benchmarks/kinds_scales.py [pandalm flips leanings ratings convabuse options cost ...] [--seeds 20]

Seeds start at 100,000. Real data are those of ../shared/data (or ANNOAUDIT_SHARED); where absent, their parts say so.
The dialogues of convabuse are not read.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from audit_cost import spend

import annoaudit as aa
from annoaudit.detectors.leanings import lean_of
from annoaudit.evidence.kinds.sides import read_sides
from annoaudit.simulation.preferences import PreferenceDesign, simulate_preferences
from annoaudit.simulation.ratings import RatingDesign, simulate_ratings
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import adjust_p
from annoaudit.statistics.peer_predictive import predict_peers
from annoaudit.statistics.preferences import measure_leaning
from annoaudit.statistics.ratings import fit_raters

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[1] / "../shared")) / "data"
FIRST_SEED = 100_000
OPTIONS = """
### Multiple choice: planted errors, one label an item

1,000 texts of 12 options in 4 families, common (.35) to rare (.02); options of a family come together, and a quarter
of the words of one are another's of its family. In a fifth of the items an option is left out, added, or given for one
of its family. Average precision, of items and of answers to options, with 95 % intervals (bootstrap of items);
cleanlab scores the same out-of-source probabilities.
"""


def long_labels(
    items: pd.DataFrame, rows: pd.DataFrame, question: str, kind: str, options: list[str] | None
) -> aa.LabelSet:
    """A LabelSet of items (item_id, text, meta_json ...) and rows (item, annotator, value or value_num)."""
    keys = [f"{item}\n{who}" for item, who in zip(rows["item"], rows["annotator"], strict=True)]
    owner = {"annotation_id": keys, "item_id": list(rows["item"]), "annotator_id": list(rows["annotator"])}
    said = {"label_id": keys, "question": [question] * len(keys), "kind": [kind] * len(keys)}
    answer = "value_num" if kind == "rating" else "value"
    return aa.LabelSet(
        items=pa.Table.from_pandas(items, preserve_index=False),
        annotators=pa.table({"annotator_id": sorted(set(rows["annotator"]))}),
        questions=pa.table(
            {"question": [question], "kind": [kind], "options": pa.array([options], pa.list_(pa.string()))}
        ),
        annotations=pa.table(owner),
        labels=pa.table({**owner, **said, answer: list(rows[answer])}),
    )


def read_pandalm() -> tuple[pd.DataFrame, pd.DataFrame] | None:
    folder = SHARED / "preferences/pandalm"
    if not folder.exists():
        return None
    pairs = pd.read_parquet(folder / "pairs.parquet")
    rows = pd.read_parquet(folder / "labels.parquet").rename(columns={"label": "value"})
    names = pairs["cmp_key"].str.split("_", n=1, expand=True)
    meta = [
        json.dumps({"response_1": a, "response_2": b, "model_1": m, "model_2": n})
        for a, b, m, n in zip(pairs["response1"], pairs["response2"], names[0], names[1], strict=True)
    ]
    text = pairs["instruction"].fillna("") + "\n" + pairs["input"].fillna("")
    return pd.DataFrame({"item_id": pairs["item"], "media": "pair", "text": text, "meta_json": meta}), rows


def measure_pandalm(seeds: int) -> None:
    print("\n### Preferences: pandalm, three annotators\n")
    found = read_pandalm()
    if found is None:
        print("Not measured: ../shared/data/preferences/pandalm is not there.")
        return
    labels = long_labels(*found, "preference", "pair", ["1", "2", "0"])
    audit = aa.audit(labels, names=True, detectors=["consensus_disagreement", "position_bias", "length_bias"])
    alpha = audit.agreement.set_index("coefficient").loc["krippendorff_alpha"]
    print(f"Nominal alpha {alpha['value']:.4f} ({alpha['low']:.4f} to {alpha['high']:.4f}); published .8642.\n")
    for scores in audit.scores:
        if scores.level == "annotator":
            told = ", ".join(f"{e:.3f} (p {p:.3f})" for e, p in zip(scores.effect, scores.p, strict=True))
            print(f"{scores.detector}, change of chance by annotator: {told}\n")
    for table in audit.record.questions[0].tables[:2]:
        print(f"{table.title}:\n\n```\n{table.frame.round(3).to_string(index=False)}\n```\n")


def measure_flips(seeds: int) -> None:
    print("\n### Planted flips: 5 % of the choices of a side turned, precision at the planted number\n")
    print("| data | seed | flips | consensus_disagreement | confident_learning | label_fusion | review order |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    found = read_pandalm()
    for seed in range(FIRST_SEED, FIRST_SEED + min(seeds, 3)):
        if found is not None:
            items, rows = found
            rng = np.random.default_rng(seed)
            flip = (rows["value"] != "0").to_numpy() & (rng.random(len(rows)) < 0.05)
            turned = rows.assign(value=np.where(flip, rows["value"].map({"1": "2", "2": "1", "0": "0"}), rows["value"]))
            report_flips("pandalm", seed, long_labels(items, turned, "preference", "pair", ["1", "2", "0"]), flip)
        design = PreferenceDesign(n_items=500, sharpness=6, model_sd=1.5, answer_sd=1.0, tie_rate=0.03, flip_rate=0.05)
        planted = simulate_preferences(design, seed)
        report_flips("simulated", seed, planted.labels, planted.flipped)
    if found is None:
        print("\npandalm was not measured: ../shared/data/preferences/pandalm is not there.")


def report_flips(name: str, seed: int, labels: aa.LabelSet, flip: np.ndarray) -> None:
    detectors = ["consensus_disagreement", "confident_learning", "label_fusion"]
    audit = aa.audit(labels, detectors=detectors, budget=int(flip.sum()), names=True)
    by_name = {one.detector: np.nan_to_num(one.suspicion) for one in audit.scores}
    k = int(flip.sum())
    at_k = [
        flip[np.argsort(-by_name[one], kind="stable")[:k]].mean() if one in by_name else np.nan for one in detectors
    ]
    queue = audit.findings[audit.findings["rank"] > 0].drop_duplicates("rank")
    planted = set(np.array(labels.labels["label_id"].to_pylist())[flip])
    order = np.mean([one in planted for one in queue["label_id"]])
    print(f"| {name} | {seed} | {k} | " + " | ".join(f"{one:.3f}" for one in [*at_k, order]) + " |")


def measure_leanings(seeds: int) -> None:
    print("\n### Leanings: found where planted, absent where not (position_bias and length_bias)\n")
    print(
        f"{seeds} teams a row; 400 comparisons by 3 of 12 people unless said. Flags: adjusted p at most "
        ".05, effect at least .05.\n"
    )
    print(
        "| team | statistic | p < .05 | p < .01 | teams with a false flag | planted found |\n| --- | "
        "--- | --- | --- | --- | --- |"
    )
    base = PreferenceDesign(n_items=400)
    teams = {
        "honest": base,
        "honest, sharpness sd .7": replace(base, sharpness_sd=0.7),
        "honest, better answer left in 80 %": replace(base, side_share=0.8, sharpness_sd=0.6),
        "honest, two labels each": replace(base, redundancy=2, sharpness_sd=0.6),
        "honest, leanings of their own (sd .3 log odds)": replace(base, side_sd=0.3, length_sd=0.3),
        "honest, four people": replace(base, n_annotators=4, sharpness_sd=0.6),
        "one of each planted (1.5 log odds)": replace(base, n_side_biased=1, n_length_biased=1),
        "one of each planted, 1,200 comparisons": replace(base, n_side_biased=1, n_length_biased=1, n_items=1200),
    }
    for name, design in teams.items():
        report_leanings(name, design, seeds)


def report_leanings(name: str, design: PreferenceDesign, seeds: int) -> None:
    p_honest: dict[str, list[float]] = {"side": [], "length": []}
    false, hits = {"side": 0, "length": 0}, {"side": [], "length": []}
    n_side, n_both = design.n_side_biased, design.n_side_biased + design.n_length_biased
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        labels = simulate_preferences(design, seed).labels
        votes = labels.votes("preference")
        peers = predict_peers(
            votes.item,
            votes.annotator,
            votes.label,
            n_items=votes.n_items,
            n_annotators=votes.n_annotators,
            n_classes=3,
        )
        lean = lean_of(votes.classes)
        at = np.flatnonzero(np.abs(lean[votes.label]) == 1)
        q = peers.q[at].astype(float)
        belief = q[:, 0] / (q[:, 0] + q[:, 1])
        sides = {"side": (np.ones(votes.n_items), 0, n_side), "length": (read_sides(labels).longer(), n_side, n_both)}
        for kind, (side, start, end) in sides.items():
            found = measure_leaning(
                votes.annotator[at], lean[votes.label[at]] == 1, belief, side[votes.item[at]], votes.n_annotators
            )
            flagged = (np.nan_to_num(adjust_p(found.p), nan=1) <= 0.05) & (np.abs(found.effect) >= 0.05)
            p_honest[kind] += list(found.p[n_both:])
            hits[kind] += list(flagged[start:end])
            false[kind] += bool(np.delete(flagged, np.arange(start, end)).any())
    for kind, values in p_honest.items():
        p = np.array(values)
        low, high = exact_interval(np.array([(p < 0.05).sum()]), np.array([len(p)]))
        power = f"{np.mean(hits[kind]):.2f}" if hits[kind] else ""
        print(
            f"| {name} | {kind} | {(p < 0.05).mean():.3f} ({low[0]:.3f} to {high[0]:.3f}) | {(p < 0.01).mean():.4f} "
            f"| {false[kind]} of {seeds} | {power} |"
        )


def measure_size(seeds: int) -> None:
    print("\n### Detectors that print p or e values, on honest teams that compare pairs\n")
    n = min(seeds, 6)
    design = PreferenceDesign(n_items=300, n_annotators=10, sharpness_sd=0.5)
    small: dict[str, list[float]] = {}
    flags: dict[str, int] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        audit = aa.audit(simulate_preferences(design, seed).labels)
        for scores in audit.scores:
            if scores.p is not None:
                small.setdefault(scores.detector, []).extend(scores.p[np.isfinite(scores.p)])
            if scores.level not in ("label", "item"):
                flagged = int((audit.findings["detector"] == scores.detector).sum())
                flags[scores.detector] = flags.get(scores.detector, 0) + flagged
    print(
        f"{n} teams of 10, 300 comparisons by 3.\n\n| detector | p values | p < .05 | findings in all "
        "teams |\n| --- | --- | --- | --- |"
    )
    for name in sorted(flags):
        p = np.array(small.get(name, []))
        print(f"| {name} | {len(p)} | {f'{(p < 0.05).mean():.3f}' if len(p) else ''} | {flags[name]} |")


def measure_ratings(seeds: int) -> None:
    print("\n### Ratings: strays (5 % taken from another rating), precision at the planted number\n")
    from cleanlab.regression.rank import get_label_quality_scores

    print(
        "Comparators: |rating - mean of the others|; cleanlab.regression given the mean of the others "
        "and given the model's expectation.\n"
    )
    print(
        "| scale | rating_residual | far from others' mean | cleanlab, others' mean | cleanlab, our "
        "expectation |\n| --- | --- | --- | --- | --- |"
    )
    designs = {
        "5 steps": RatingDesign(stray_rate=0.05, severity_sd=0.4),
        "9 steps": RatingDesign(stray_rate=0.05, n_steps=9, item_sd=1.8, severity_sd=0.6, noise=0.6),
        "numbers": RatingDesign(stray_rate=0.05, n_steps=0, severity_sd=0.4),
    }
    for name, design in designs.items():
        rows = []
        for seed in range(FIRST_SEED, FIRST_SEED + min(seeds, 10)):
            planted = simulate_ratings(design, seed)
            audit = aa.audit(planted.labels, detectors=["rating_residual"])
            evidence, stray = audit.evidence[0], planted.stray
            value, votes = evidence.ratings.value, evidence.votes
            n = np.bincount(votes.item)[votes.item]
            others = (np.bincount(votes.item, value)[votes.item] - value) / (n - 1)
            expected = evidence.ratings.expected
            tried = [
                np.nan_to_num(evidence.ratings.wrong), np.abs(value - others),
                -get_label_quality_scores(value, others), -get_label_quality_scores(value, expected),
            ]  # fmt: skip
            rows.append([stray[np.argsort(-one, kind="stable")[: stray.sum()]].mean() for one in tried])
        print(f"| {name} | " + " | ".join(f"{one:.3f}" for one in np.mean(rows, axis=0)) + " |")


def measure_severity(seeds: int) -> None:
    print("\n### Ratings: coverage of 95 % intervals of severity, findings about people on honest and planted teams\n")
    print(
        "| scale | covered | honest teams with rater_severity | with straight_lining | harsh (1.2 "
        "steps) found | straight-liner found |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, steps in (("numbers", 0), ("9 steps", 9), ("5 steps", 5)):
        covered, honest, planted = [], np.zeros(2), np.zeros(2)
        people = ["rater_severity", "straight_lining"]
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            design = RatingDesign(n_steps=steps, n_items=300)
            team = simulate_ratings(design, seed)
            votes = team.labels.votes("stars")
            model = fit_raters(
                votes.item, votes.annotator, votes.numbers[votes.label], votes.n_items, votes.n_annotators
            )
            covered += list(np.abs(model.severity - team.severity) <= 1.96 * model.severity_se)
            names = aa.audit(team.labels, detectors=people).findings["detector"]
            honest += [bool((names == one).any()) for one in people]
            hostile = simulate_ratings(replace(design, n_severe=1, n_straight=1), seed).labels
            audit = aa.audit(hostile, detectors=people)
            planted += [audit.scores[0].suspicion[0] >= 0.99, audit.scores[1].suspicion[1] >= 0.995]
        told = " | ".join(f"{int(one)} of {seeds}" for one in [*honest, *planted])
        print(f"| {name} | {np.mean(covered):.3f} | {told} |")


def measure_convabuse(seeds: int) -> None:
    print("\n### Ordinal: convabuse (severity 1 to -3; no text is read)\n")
    path = SHARED / "ordinal/convabuse/labels.parquet"
    if not path.exists():
        print("Not measured: ../shared/data/ordinal/convabuse is not there.")
        return
    rows = pd.read_parquet(path, columns=["item", "annotator", "severity"]).dropna()
    rows = rows.drop_duplicates(["item", "annotator"]).rename(columns={"severity": "value_num"})
    rows["value_num"] = rows["value_num"].astype(float)
    items = pd.DataFrame({"item_id": sorted(set(rows["item"]))})
    audit = aa.audit(long_labels(items, rows, "severity", "rating", None), names=True)
    shown = ["coefficient", "value", "low", "high", "interval", "n_items"]
    print(f"```\n{audit.agreement[shown].round(4).to_string(index=False)}\n```\n")
    print(f"```\n{audit.record.questions[0].tables[0].frame.round(3).to_string(index=False)}\n```")


def measure_options(seeds: int) -> None:
    from cleanlab.multilabel_classification import get_label_quality_scores
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    print(OPTIONS)
    print("| seed | level | confident_learning | cleanlab, default | cleanlab, minimum | ours less the better one |")
    print("|---|---|---|---|---|---|")
    for seed in range(FIRST_SEED, FIRST_SEED + min(seeds, 3)):
        labels, flip = plant_options(seed)
        audit = aa.audit(labels, detectors=["confident_learning"])
        evidence = audit.evidence[0]
        votes = evidence.votes
        option = np.array([int(one.split()[1]) for one in votes.parts.names])[votes.item]
        yes, chosen, ours = np.full(flip.shape, 0.5), np.zeros(flip.shape, dtype=bool), np.zeros(flip.shape)
        at = (votes.whole, option)
        yes[at] = np.nan_to_num(np.asarray(evidence.probabilities.rows_for(votes.item))[:, 1], nan=0.5)
        chosen[at], ours[at] = votes.label == 1, np.nan_to_num(audit.scores[0].suspicion)
        given = [np.flatnonzero(row).tolist() for row in chosen]
        lowest = {"method": "exponential_moving_average", "alpha": 1.0}
        of_items = [
            ours.max(axis=1),
            1 - get_label_quality_scores(given, yes),
            1 - get_label_quality_scores(given, yes, aggregator_kwargs=lowest),
        ]
        of_options = [ours, 1 - get_label_quality_scores_per_class(given, yes)]
        report_options(seed, "items", flip.any(axis=1)[:, None], [one[:, None] for one in of_items])
        report_options(seed, "answers", flip, of_options)


def report_options(seed: int, level: str, wrong: np.ndarray, scores: list[np.ndarray]) -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(seed)
    draws = [rng.integers(0, len(wrong), len(wrong)) for _ in range(200)]

    def measure(kept: np.ndarray) -> np.ndarray:
        return np.array([average_precision_score(wrong[kept].ravel(), one[kept].ravel()) for one in scores])

    value, spread = measure(np.arange(len(wrong))), np.array([measure(one) for one in draws])
    best = 1 + int(value[1:].argmax())
    gain, gains = value[0] - value[best], spread[:, 0] - spread[:, best]
    ends = np.quantile(spread, [0.025, 0.975], axis=0).T
    cells = [f"{one:.3f} ({low:.3f} to {high:.3f})" for one, (low, high) in zip(value, ends, strict=True)]
    cells += [""] * (3 - len(cells))
    low, high = np.quantile(gains, [0.025, 0.975])
    print(f"| {seed} | {level} | {' | '.join(cells)} | {gain:+.3f} ({low:+.3f} to {high:+.3f}) |", flush=True)


def write_words(row: np.ndarray, rng: np.random.Generator) -> Iterator[str]:
    """A word or two of each option, a quarter of them of another option of its family; and words of nothing."""
    for one in np.flatnonzero(row):
        for _ in range(1 + int(rng.integers(2))):
            told = one if rng.random() < 0.75 else one // 3 * 3 + int(rng.integers(3))
            yield f"word{told}x{rng.integers(12)}"
        yield f"family{one // 3}x{rng.integers(8)}"
    for one in range(len(row)):
        if rng.random() < 0.06:
            yield f"word{one}x{rng.integers(12)}"
    yield from (f"plain{one}" for one in rng.integers(0, 60, 10))


def plant_options(seed: int, n: int = 1000, k: int = 12) -> tuple[aa.LabelSet, np.ndarray]:
    rng = np.random.default_rng(seed)
    family = np.arange(k) // 3
    rate = np.geomspace(0.35, 0.02, k)[rng.permutation(k)]
    mood = rng.random((n, 4)) < 0.4
    truth = rng.random((n, k)) < np.clip(rate * np.where(mood[:, family], 1.8, 0.4), 0, 0.9)
    flip = np.zeros((n, k), dtype=bool)
    for one in np.flatnonzero(rng.random(n) < 0.2):
        has, lacks = np.flatnonzero(truth[one]), np.flatnonzero(~truth[one])
        kind = rng.integers(3) if len(has) else 1
        if kind == 0:
            flip[one, rng.choice(has)] = True
        elif kind == 1:
            flip[one, rng.choice(lacks, p=rate[lacks] / rate[lacks].sum())] = True
        else:
            lost = rng.choice(has)
            others = np.flatnonzero((family == family[lost]) & ~truth[one])
            flip[one, lost] = True
            flip[one, rng.choice(others) if len(others) else rng.choice(lacks)] = True
    options = [f"topic {one}" for one in range(k)]
    texts = [" ".join(write_words(row, rng)) for row in truth]
    ids = [f"i{one:05d}" for one in range(n)]
    item, option = np.nonzero(truth ^ flip)
    who = [f"w{one % 6}" for one in range(n)]
    rows = {
        "label_id": [f"{ids[i]}-{o}" for i, o in zip(item, option, strict=True)],
        "annotation_id": [ids[i] for i in item], "item_id": [ids[i] for i in item],
        "annotator_id": [who[i] for i in item],
        "question": ["topics"] * len(item), "kind": ["multichoice"] * len(item), "value": [options[o] for o in option],
    }  # fmt: skip
    labels = aa.LabelSet(
        items=pa.table({"item_id": ids, "media": ["text"] * n, "text": texts}),
        annotators=pa.table({"annotator_id": sorted(set(who))}),
        questions=pa.table({"question": ["topics"], "kind": ["multichoice"], "options": [options]}),
        annotations=pa.table({"annotation_id": ids, "item_id": ids, "annotator_id": who}),
        labels=pa.table(rows),
    )
    return labels, flip


def measure_cost(seeds: int) -> None:
    print("\n### Cost: 3 answers a thing, one process; items without content, and fewer with texts of 20,000 words\n")
    print("| kind | things | contents | audit and report, CPU seconds | peak memory so far, MB |")
    print("| --- | --- | --- | --- | --- |")
    for n, with_texts in ((100_000, False), (5_000, True)):
        ratings = simulate_ratings(RatingDesign(n_items=n, n_annotators=200), FIRST_SEED).labels
        report_cost("ratings", n, rewrite(ratings, with_texts=with_texts), with_texts)
        pairs = simulate_preferences(PreferenceDesign(n_items=n, n_annotators=200), FIRST_SEED).labels
        report_cost("pairs", n, rewrite(pairs, with_texts=with_texts), with_texts)
    pairs = simulate_preferences(PreferenceDesign(n_items=100_000, n_annotators=200), FIRST_SEED).labels
    report_cost("pairs", 100_000, rewrite(pairs, with_texts=True), with_texts=True)


def rewrite(labels: aa.LabelSet, *, with_texts: bool) -> aa.LabelSet:
    """Take the contents out of the items, or write them anew of many words: the simulators know a few dozen."""
    n = labels.items.num_rows
    rng = np.random.default_rng(FIRST_SEED)
    share = 1 / np.arange(1, 20_001)
    items = labels.items

    def write() -> list[str]:
        length = rng.integers(10, 40, n)
        words = rng.choice(20_000, int(length.sum()), p=share / share.sum())
        return [" ".join(f"w{one}" for one in part) for part in np.split(words, np.cumsum(length)[:-1])]

    columns = {"text": [None] * n, "meta_json": [None] * n}
    if with_texts:
        columns["text"] = write()
        if labels.questions["kind"][0].as_py() == "pair":
            sides = zip(write(), write(), strict=True)
            columns["meta_json"] = [json.dumps({"response_a": a, "response_b": b}) for a, b in sides]
    for name, values in columns.items():
        items = items.set_column(items.schema.get_field_index(name), name, pa.array(values, pa.string()))
    return replace(labels, items=items)


def report_cost(name: str, n: int, labels: aa.LabelSet, with_texts: bool) -> None:
    spent, peak = spend(labels)
    print(f"| {name} | {n:,} | {'texts' if with_texts else 'none'} | {spent:.0f} | {peak:.0f} |", flush=True)


MEASURES = {
    "pandalm": measure_pandalm,
    "flips": measure_flips,
    "leanings": measure_leanings,
    "size": measure_size,
    "ratings": measure_ratings,
    "severity": measure_severity,
    "convabuse": measure_convabuse,
    "options": measure_options,
    "cost": measure_cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(MEASURES))
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    for part in chosen.parts or MEASURES:
        MEASURES[part](chosen.seeds)


if __name__ == "__main__":
    main()
