"""Coefficients beside other packages, on generated and real tables.

    python benchmarks/coefficients.py [nominal weighted alpha sets ratings preferences spans regions]

Peers are scikit-learn, statsmodels, nltk, simpledorff, rater-agreement and pycocotools, all under permissive licences.
irrCAC (GPL-3), krippendorff (GPL-3), pingouin (GPL-3) and krippendorff-unitized-alpha (no licence) are not run:
what only they compute is checked against loops over the definition, written out here. Real tables are those of
../shared/data (or ANNOAUDIT_SHARED); where they are absent, the generated ones stand alone. Seeds from 100,000.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from annoaudit.evidence import Evidence
from annoaudit.simulation.scenes import SceneDesign, simulate_scenes
from annoaudit.statistics import agreement as ag
from annoaudit.statistics.agreement.weights import class_weights
from annoaudit.statistics.preferences import fit_strengths
from annoaudit.statistics.ratings import interval_alpha, intraclass
from annoaudit.statistics.regions.agreement import measure_region_agreement, pair_up
from annoaudit.statistics.set_agreement import measure_set_agreement
from annoaudit.statistics.spans.matching import match_spans
from annoaudit.statistics.spans.span_agreement import Marks, measure_span_agreement

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
SEED = 100_000
LEVELS = np.arange(0.5, 0.96, 0.05).round(2)


# --- tables -----------------------------------------------------------------------------------------------------


def draw_tables() -> Iterator[pd.DataFrame]:
    """Tables (items x annotators, NaN where missing) of 2 to 7 classes, 2 to 6 annotators, up to 40 % missing."""
    rng = np.random.default_rng(SEED)
    for n, a, k, missing in product((12, 60, 300), (2, 3, 6), (2, 4, 7), (0.0, 0.4)):
        truth = rng.integers(0, k, (n, 1))
        given = np.where(rng.random((n, a)) < 0.7, truth, rng.integers(0, k, (n, a))).astype(float)
        given[rng.random((n, a)) < missing] = np.nan
        yield pd.DataFrame(given).dropna(how="all")


def real_tables() -> Iterator[pd.DataFrame]:
    """Real labels as tables: three judges of answers, and ratings of abuse by some annotators an item."""
    for folder in ("preferences/pandalm", "ordinal/convabuse", "crowd/rte", "crowd/temp"):
        path = SHARED / folder / "labels.parquet"
        if path.exists():
            rows = pd.read_parquet(path).drop_duplicates(["item", "annotator"])
            answer = rows["label"] if "label" in rows else -rows["severity"]
            rows["code"] = np.unique(answer, return_inverse=True)[1].astype(float)
            yield rows.pivot_table(index="item", columns="annotator", values="code", observed=True)


def votes_of(table: pd.DataFrame) -> ag.Votes:
    given = table.to_numpy()
    item, annotator = np.nonzero(np.isfinite(given))
    label = given[item, annotator].astype(np.int64)
    return ag.Votes.of(item, annotator, label, int(np.nanmax(given)) + 1)


def all_tables() -> list[pd.DataFrame]:
    return [*draw_tables(), *real_tables()]


def pairs_of(tables: list[pd.DataFrame]) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """What two annotators gave the items that both labelled; at most 6 pairs a table."""
    for table in tables:
        for a, b in list(combinations(table.columns, 2))[:6]:
            both = table[[a, b]].dropna().to_numpy().astype(np.int64)
            if len(both) > 4 and len(np.unique(both)) > 1:
                yield both[:, 0], both[:, 1], int(np.nanmax(table.to_numpy())) + 1


def two(a: np.ndarray, b: np.ndarray, k: int) -> ag.Votes:
    n = len(a)
    return ag.Votes.of(np.tile(np.arange(n), 2), np.repeat([0, 1], n), np.concatenate([a, b]), k)


def tell(what: str, peer: str, gaps: list[float], note: str = "") -> None:
    known = np.abs(np.array(gaps)[np.isfinite(gaps)])
    print(f"| {what} | {peer} | {len(known)} | {known.max():.1e} | {note} |", flush=True)


# --- nominal, weighted, alpha -----------------------------------------------------------------------------------


def compare_nominal() -> None:
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

    tables = all_tables()
    learned, models, errors = [], [], []
    for a, b, k in pairs_of(tables):
        ours = ag.cohen_kappa(two(a, b, k), interval=ag.Interval("published"))
        counts = np.zeros((k, k))
        np.add.at(counts, (a, b), 1)
        with np.errstate(invalid="ignore"):
            theirs = cohens_kappa(counts)
        learned.append(ours.value - cohen_kappa_score(a, b))
        models.append(ours.value - theirs.kappa)
        errors.append(ours.se - theirs.std_kappa)
    tell("Cohen's kappa", "scikit-learn", learned)
    tell("Cohen's kappa", "statsmodels", models)
    tell("its standard error (Fleiss, Cohen, Everitt)", "statsmodels", errors)
    full = [votes_of(one) for one in tables if not one.isna().to_numpy().any()]
    for name, method, ours in (
        ("Fleiss' kappa", "fleiss", ag.fleiss_kappa),
        ("Brennan and Prediger's coefficient", "randolph", ag.brennan_prediger),
    ):
        gaps = [ours(one).value - fleiss_kappa(one.counts.toarray(), method=method) for one in full]
        tell(name, "statsmodels", gaps, "complete tables only")
    gaps = [ag.gwet_ac(votes_of(one)).value - slow_gwet(one, None) for one in tables]
    tell("Gwet's AC1", "loops over the definition", gaps, "irrCAC is GPL-3; published values: section `agreement`")


def compare_weighted() -> None:
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import cohens_kappa

    tables = all_tables()
    for weights in ("linear", "quadratic"):
        learned, models = [], []
        for a, b, k in pairs_of(tables):
            if k == 2:
                continue
            ours = ag.cohen_kappa(two(a, b, k), weights).value
            counts = np.zeros((k, k))
            np.add.at(counts, (a, b), 1)
            learned.append(ours - cohen_kappa_score(a, b, weights=weights, labels=np.arange(k)))
            models.append(ours - cohens_kappa(counts, wt=weights).kappa)
        tell(f"Cohen's kappa, {weights} weights", "scikit-learn", learned)
        tell(f"Cohen's kappa, {weights} weights", "statsmodels", models)
        gaps = [ag.gwet_ac(votes_of(one), weights).value - slow_gwet(one, weights) for one in tables]
        tell(f"Gwet's AC2, {weights} weights", "loops over the definition", gaps)


def slow_gwet(table: pd.DataFrame, weights: str | None) -> float:
    """AC1 or AC2 from Gwet (2014), item by item and class by class."""
    k = int(np.nanmax(table.to_numpy())) + 1
    w = np.eye(k) if weights is None else class_weights(weights, k)
    agreed, shares = [], []
    for row in table.to_numpy():
        given = row[np.isfinite(row)].astype(int).tolist()
        shares.append([given.count(c) / len(given) for c in range(k)])
        if len(given) > 1:
            same = sum(w[x, y] for i, x in enumerate(given) for j, y in enumerate(given) if i != j)
            agreed.append(same / len(given) / (len(given) - 1))
    pi = np.mean(shares, axis=0)
    chance = w.sum() / (k * (k - 1)) * (pi * (1 - pi)).sum()
    return (np.mean(agreed) - chance) / (1 - chance)


def compare_alpha() -> None:
    from raters import krippendorff_alpha as rater_alpha
    from simpledorff.metrics import interval_metric
    from simpledorff.simpledorff import calculate_krippendorffs_alpha_for_df as simple_alpha

    task = importlib.import_module("nltk.metrics.agreement").AnnotationTask
    tables = [one for one in all_tables() if one.size < 60_000]
    found: dict[tuple[str, str], list[float]] = {}
    for table in tables:
        votes, rows = votes_of(table), long_rows(table)
        ours = {metric: ag.krippendorff_alpha(votes, metric).value for metric in ("nominal", "ordinal", "interval")}
        theirs = {
            ("nominal", "simpledorff"): simple_alpha(rows, "item", "annotator", "label"),
            ("interval", "simpledorff"): simple_alpha(rows, "item", "annotator", "label", interval_metric),
            ("nominal", "nltk"): task(data=triples(rows)).alpha(),
            ("ordinal", "nltk, given the ordinal distance"): task(triples(rows), ordinal_distance(table)).alpha(),
        }
        if len(table) < 1000:
            raw = [[None if np.isnan(x) else int(x) for x in table[one]] for one in table.columns]
            classes = list(range(votes.n_classes))
            for level in ("nominal", "interval"):
                theirs[level, "rater-agreement"] = rater_alpha(raw, level, classes)
        for (metric, peer), value in theirs.items():
            found.setdefault((metric, peer), []).append(ours[metric] - value)
    for (metric, peer), gaps in sorted(found.items()):
        tell(f"Krippendorff's alpha, {metric}", peer, gaps, "with missing labels")
    gaps = [
        interval_alpha(*paired).value - ag.krippendorff_alpha(votes_of(one), "interval").value
        for one in tables
        for paired in [numbers_of(one)]
    ]
    tell("interval alpha from sums (ratings of any number of values)", "our alpha from coincidences", gaps)


def numbers_of(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    item, annotator = np.nonzero(np.isfinite(table.to_numpy()))
    return item, table.to_numpy()[item, annotator]


def long_rows(table: pd.DataFrame) -> pd.DataFrame:
    item, annotator = np.nonzero(np.isfinite(table.to_numpy()))
    return pd.DataFrame({"item": item, "annotator": annotator, "label": table.to_numpy()[item, annotator].astype(int)})


def triples(rows: pd.DataFrame) -> list[tuple[str, str, int]]:
    return [(f"a{who}", f"i{item}", label) for item, who, label in rows.itertuples(index=False)]


def ordinal_distance(table: pd.DataFrame) -> Callable[[int, int], float]:
    """Krippendorff's ordinal difference of two classes, from how often each is used on items with two labels."""
    given = table[table.notna().sum(axis=1) > 1].to_numpy()
    many = np.bincount(given[np.isfinite(given)].astype(int))

    def distance(c: int, k: int) -> float:
        low, high = min(c, k), max(c, k)
        return float((many[low : high + 1].sum() - (many[low] + many[high]) / 2) ** 2)

    return distance


def compare_sets() -> None:
    from nltk.metrics.distance import jaccard_distance, masi_distance

    task = importlib.import_module("nltk.metrics.agreement").AnnotationTask
    rng, gaps = np.random.default_rng(SEED), {"alpha_masi": [], "alpha_jaccard": []}
    for n, a, k in product((20, 80), (2, 4), (3, 6)):
        chosen = (rng.random((n, 1, k)) < 0.4) ^ (rng.random((n, a, k)) < 0.1)
        chosen[~chosen.any(axis=2)] = np.eye(k, dtype=bool)[0]
        item, who = np.repeat(np.arange(n), a), np.tile(np.arange(a), n)
        rows = [
            (f"a{u}", f"i{i}", frozenset(np.flatnonzero(one).tolist()))
            for i, u, one in zip(item, who, chosen.reshape(-1, k), strict=True)
        ]
        ours = {one.name: one.value for one in measure_set_agreement(item, who, chosen.reshape(-1, k))}
        gaps["alpha_masi"].append(ours["alpha_masi"] - task(rows, masi_distance).alpha())
        gaps["alpha_jaccard"].append(ours["alpha_jaccard"] - task(rows, jaccard_distance).alpha())
    tell("alpha of sets with MASI's distance", "nltk", gaps["alpha_masi"], "sets without an option: nltk divides by 0")
    tell("alpha of sets with Jaccard's distance", "nltk", gaps["alpha_jaccard"])


# --- ratings and preferences ------------------------------------------------------------------------------------


def compare_ratings() -> None:
    from raters import icc

    plain, fitted, other, lacking = [], [], [], []
    for seed in range(SEED, SEED + 12):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(25, 60)), int(rng.integers(3, 6))
        table = rng.normal(0, 1, (n, 1)) + rng.normal(0, 0.5, (1, k)) + rng.normal(0, 0.7, (n, k))
        item, who = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
        one, many = (found.value for found in intraclass(item, who, table.ravel()))
        theirs = anova_icc(item, who, table.ravel(), n, k)
        plain += [one - theirs[0], many - theirs[1]]
        other.append(one - icc(table, "2,1"))
        fitted.append(one - mixed_icc(item, who, table.ravel()))
        kept = rng.random(n * k) < 0.75
        lacking.append(
            intraclass(item[kept], who[kept], table.ravel()[kept])[0].value
            - mixed_icc(item[kept], who[kept], table.ravel()[kept])
        )
    tell("ICC(2,1) and ICC(2,k)", "statsmodels, analysis of variance", plain)
    tell("ICC(2,1)", "rater-agreement", other)
    tell("ICC(2,1)", "statsmodels, MixedLM by REML", fitted, "as far as its optimiser goes")
    near = float(np.mean(np.abs(lacking)))
    tell(
        "ICC(2,1), a quarter missing",
        "statsmodels, MixedLM by REML",
        lacking,
        f"another estimator (ours: Henderson's first method); mean difference {near:.3f}",
    )


def anova_icc(item: np.ndarray, who: np.ndarray, value: np.ndarray, n: int, k: int) -> tuple[float, float]:
    """ICC(2,1) and ICC(2,k) from statsmodels' mean squares, by Shrout and Fleiss (1979)."""
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    frame = pd.DataFrame({"item": item, "who": who, "value": value})
    squares = anova_lm(ols("value ~ C(item) + C(who)", frame).fit())
    rows, columns, rest = squares["mean_sq"]
    one = (rows - rest) / (rows + (k - 1) * rest + k * (columns - rest) / n)
    return one, (rows - rest) / (rows + (columns - rest) / n)


def mixed_icc(item: np.ndarray, who: np.ndarray, value: np.ndarray) -> float:
    """ICC(2,1) from crossed random effects fitted by restricted likelihood."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    frame = pd.DataFrame({"item": item, "who": who, "value": value, "all": 1})
    parts = {"item": "0 + C(item)", "who": "0 + C(who)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula("value ~ 1", frame, groups="all", vc_formula=parts, re_formula="0")
        found = model.fit(reml=True, gtol=1e-9)
    of = dict(zip(model.exog_vc.names, found.vcomp, strict=True))
    return of["item"] / (of["item"] + of["who"] + found.scale)


def compare_preferences() -> None:
    import statsmodels.api as sm
    from sklearn.linear_model import LogisticRegression

    gaps, plain, errors = [], [], []
    for seed in range(SEED, SEED + 6):
        rng = np.random.default_rng(seed)
        s, a, n = 8, 5, 4000
        strength, sharp = rng.normal(0, 1, s), np.exp(rng.normal(0, 0.3, a))
        first = rng.integers(0, s, n)
        second, who = (first + rng.integers(1, s, n)) % s, rng.integers(0, a, n)
        rows = np.eye(s)[first] - np.eye(s)[second]
        won = (rng.random(n) < 1 / (1 + np.exp(-sharp[who] * (rows @ strength)))).astype(float)
        ours = fit_strengths(first, second, won, who, np.arange(n), s, a)

        def far(level: float, *, rows=rows, won=won, who=who, ours=ours) -> float:
            scaled = rows * np.exp(ours.sharpness[who] + level)[:, None]
            fitted = LogisticRegression(C=4.0, fit_intercept=False, tol=1e-10, max_iter=5000).fit(scaled, won)
            return float(np.abs(fitted.coef_[0] * np.exp(level) - ours.strength).max())

        gaps.append(minimize_scalar(far, bounds=(-0.5, 0.5), method="bounded", options={"xatol": 1e-6}).fun)
        fair = (rng.random(n) < 1 / (1 + np.exp(-(rows @ strength)))).astype(float)
        mine = fit_strengths(first, second, fair, np.zeros(n, dtype=np.int64), np.arange(n), s, 1)
        logit = sm.GLM(fair, rows[:, 1:], family=sm.families.Binomial()).fit(cov_type="HC0")
        theirs = np.r_[0.0, logit.params]
        turn = np.eye(s)[:, 1:] - 1 / s
        spread = np.sqrt(np.diag(turn @ logit.cov_params() @ turn.T))
        plain.append(float((np.abs(mine.strength - (theirs - theirs.mean())) / spread).max()))
        errors.append(float(np.abs(mine.strength_se / spread - 1).max()))
    tell(
        "Bradley-Terry strengths at the annotators' sharpness",
        "scikit-learn, logistic regression with C = 4",
        gaps,
        "the common level of sharpness, which priors share out, is searched",
    )
    tell("Bradley-Terry strengths, in standard errors", "statsmodels, GLM without a prior", plain, "4,000 comparisons")
    tell("their standard errors, in shares", "statsmodels, GLM, HC0", errors, "ours holds the priors' information")


# --- spans and regions ------------------------------------------------------------------------------------------


def compare_spans() -> None:
    gaps: dict[str, list[float]] = {"u_alpha": [], "u_alpha_classes": []}
    for seed in range(SEED, SEED + 40):
        rng = np.random.default_rng(seed)
        n_items, n_people, size = int(rng.integers(1, 5)), int(rng.integers(2, 5)), 50
        rows = [one for i in range(n_items) for u in range(n_people) for one in draw_units(rng, i, u, size)]
        if not rows:
            continue
        item, who, start, end, label = (np.array(column) for column in zip(*rows, strict=True))
        place = item * n_people + who
        units = match_spans(item, place, start.astype(float), end.astype(float), label)
        marks = Marks(
            np.repeat(np.arange(n_items), n_people), np.tile(np.arange(n_people), n_items), place, units.of,
            start.astype(float), end.astype(float), label, np.full(n_items, float(size)), 3,
        )  # fmt: skip
        found = {one.name: one.value for one in measure_span_agreement(marks, None)}
        for name, bare in (("u_alpha", True), ("u_alpha_classes", False)):
            gaps[name].append(found[name] - slow_u_alpha(rows, n_items, n_people, size, bare=bare))
    for name, values in gaps.items():
        tell(f"unitizing alpha ({name})", "loops over equation 4, character by character", values)


def draw_units(rng: np.random.Generator, item: int, who: int, size: int) -> Iterator[tuple[int, int, int, int, int]]:
    at = 0
    while at < size - 12:
        at += int(rng.integers(1, 12))
        end = min(at + int(rng.integers(1, 8)), size)
        yield item, who, at, end, int(rng.integers(3))
        at = end + 1


def slow_u_alpha(rows: list[tuple[int, ...]], n_items: int, n_people: int, size: int, *, bare: bool) -> float:
    """u-alpha of Krippendorff et al. (2016): observed and expected coincidences (equations 1 and 4) by loops."""
    said = np.full((n_items, n_people, size), -1)
    for item, who, start, end, label in rows:
        said[item, who, start:end] = 0 if bare else label
    classes = [-1, 0] if bare else [-1, 0, 1, 2]
    same = total = 0.0
    length, own = dict.fromkeys(classes, 0.0), dict.fromkeys(classes, 0.0)
    for item in range(n_items):
        for at in range(size):
            for a in range(n_people):
                length[said[item, a, at]] += 1
                total += 1
                same += sum(said[item, a, at] == said[item, b, at] for b in range(n_people) if b != a) / (n_people - 1)
        for who in range(n_people):
            cuts = np.flatnonzero(np.r_[True, said[item, who][1:] != said[item, who][:-1], True])
            for a, b in pairwise(cuts):
                c = said[item, who, a]
                own[c] += b - a if c == -1 else (b - a) ** 2
    whole = total**2 - sum(own.values())
    expected = sum(total * (length[c] ** 2 - own[c]) / whole for c in classes)
    return 1 - (total - same) / (total - expected)


def compare_regions() -> None:
    for kind, seeds in (("bbox", 4), ("mask", 2)):
        shares: dict[str, list[float]] = {}
        for seed in range(SEED, SEED + seeds):
            for n_objects in (6.0, 30.0) if kind == "bbox" else (6.0,):
                design = SceneDesign(
                    n_images=40, n_objects=n_objects, n_annotators=2, redundancy=2, noise=0.06, kind=kind
                )
                evidence = Evidence(simulate_scenes(design, seed=seed).labels, "objects")
                for name, gap in recall_gaps(evidence, "bbox" if kind == "bbox" else "segm").items():
                    shares.setdefault(name, []).append(gap)
        note = "COCO pairs greedily, so that crowded images differ"
        for name, values in shares.items():
            tell(f"{name}, {kind}", "pycocotools, COCOeval", values, note)


def recall_gaps(evidence: Evidence, form: str) -> dict[str, float]:
    """Ours less COCO's, of one annotator against the other: F1 at .5 and .75, average recall over .5 to .95."""
    units = evidence.units
    given = units.regions
    recall, n_first, n_second = coco_recall(evidence, form)
    first, second = pair_up(units.unit)
    similarity = units.alike(first, second)
    found = {
        one.name: one.value
        for one in measure_region_agreement(
            units.pairs,
            item=given.item,
            label=given.label,
            n_submissions=np.bincount(given.submissions.item, minlength=len(given.submissions.item_ids)),
            n_annotators=2,
            n_classes=len(given.classes),
        )
    }
    theirs = 2 * recall * n_first / (n_first + n_second)
    ours = np.mean([(similarity >= level).sum() / n_first for level in LEVELS])
    return {
        "F1 of matched regions at .5": found["f1_at_50"] - theirs[0],
        "F1 of matched regions at .75": found["f1_at_75"] - theirs[5],
        "average recall, .5 to .95": float(ours - recall.mean()),
    }


def coco_recall(evidence: Evidence, form: str) -> tuple[np.ndarray, int, int]:
    """Recall at each level by COCO's own evaluation, classes left out, and how many regions each annotator has."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    units = evidence.units
    table = evidence.labels.labels.select(["rle", "rle_h", "rle_w"]).to_pylist()
    sides: list[list[dict]] = [[], []]
    for at in range(len(units.unit)):
        left, top, right, bottom = units.frame[at].tolist()
        one = {
            "id": at + 1, "image_id": int(units.regions.item[at]), "category_id": 1, "iscrowd": 0,
            "bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top), "score": 1.0,
        }  # fmt: skip
        if form == "segm":
            row = table[units.regions.row[at]]
            one["segmentation"] = {"size": [row["rle_h"], row["rle_w"]], "counts": row["rle"]}
        sides[int(units.regions.annotator[at])].append(one)
    sets = []
    for side in sides:
        held = COCO()
        images = [{"id": k, "width": 1280, "height": 960} for k in range(evidence.labels.items.num_rows)]
        held.dataset = {"images": images, "categories": [{"id": 1}], "annotations": side}
        with contextlib.redirect_stdout(io.StringIO()):
            held.createIndex()
        sets.append(held)
    evaluation = COCOeval(*sets, iouType=form)
    evaluation.params.useCats, evaluation.params.maxDets = 0, [1, 10, 1000]
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["recall"][:, 0, 0, -1], len(sides[0]), len(sides[1])


PARTS = {
    "nominal": compare_nominal,
    "weighted": compare_weighted,
    "alpha": compare_alpha,
    "sets": compare_sets,
    "ratings": compare_ratings,
    "preferences": compare_preferences,
    "spans": compare_spans,
    "regions": compare_regions,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parts = parser.parse_args().parts
    n_real = sum(1 for _ in real_tables())
    print(f"54 generated tables and {n_real} real ones (pandalm, convabuse, rte, temp), seeds from {SEED:,}.\n")
    print("| coefficient | peer | comparisons | largest difference | note |\n|---|---|---|---|---|")
    for name in parts:
        PARTS[name]()


if __name__ == "__main__":
    main()
