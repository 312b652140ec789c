"""Spans: planted errors judged by words alone, and label sets of known quality judged by each other.

    python benchmarks/kinds_spans.py [wnut17] [noisebench] [others] [cost]

wnut17: errors of four kinds planted into 5 and 10 % of the entities (a quarter each), found from one label an item;
cleanlab's token scores are given the same probabilities. noisebench: crowd, expert, distant, weak and llm labels of
the same masked sentences judged by each other; `clean` is gold only. others: spans of hallucination and of translation
errors. Sections that need ../shared/data are left out with a message where it is absent.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.metrics import average_precision_score, cohen_kappa_score

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.formats.texts.tags import decode_tags
from annoaudit.labels import LabelSet
from annoaudit.simulation.planted_spans import ERRORS, PlantedSpan, plant_span_errors

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
SEEDS = (100_000, 100_001, 100_002)
VOTERS = ("crowd", "expert", "distant", "weak", "llm")
KIND_OF = {"wrong class": 0, "wrong boundary": 1, "spurious": 2, "missing": 3}


def read_wnut17() -> LabelSet:
    """All three parts as one file; the last column of the test part may name several annotators' tags."""
    blocks = []
    for name in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"):
        text = (SHARED / "ner" / "wnut17" / name).read_text(encoding="utf-8")
        for lines in sentences(text):
            cells = [line.split("\t") for line in lines]
            rows = [(one[0].strip().replace(" ", "_") or "_", one[-1].split(",")[0]) for one in cells if len(one) > 1]
            blocks.append("\n".join(f"{word}\t{tag}" for word, tag in rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wnut17.conll"
        path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
        return aa.read(path)


def sentences(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in [*text.replace("\r", "").split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []


def judge_planted(labels: LabelSet, planted: tuple[PlantedSpan, ...]) -> dict[str, dict[str, float]]:
    """Average precision of each kind of error: by all-round suspicion, by the odds of that kind, and by cleanlab."""
    evidence = Evidence(labels, "entities")
    votes, judged = evidence.votes, evidence.span_doubts
    names = labels.items["item_id"].to_pylist()
    at = [(names[item], start, end) for item, (start, end) in zip(votes.whole, judged.own, strict=True)]
    truth = np.full(len(votes), "", dtype=object)
    exact = {(one.item_id, one.start, one.end): one.error for one in planted if one.error != "missing"}
    gone: dict[str, list[PlantedSpan]] = {}
    for one in planted:
        if one.error == "missing":
            gone.setdefault(one.item_id, []).append(one)
    found = set()
    nothing = votes.n_classes - 1
    for vote, (item, start, end) in enumerate(at):
        if votes.label[vote] != nothing:
            truth[vote] = exact.get((item, start, end), "")
        for one in gone.get(item, []):
            if votes.label[vote] == nothing and start < one.end and end > one.start:
                truth[vote] = "missing"
                found.add(one)
    odds = np.nan_to_num(judged.doubts.odds, nan=-50.0, neginf=-50.0)
    scores = {"suspicion": odds.max(axis=1), "odds of the kind": odds, "cleanlab": token_scores(evidence, at)}
    n_gone = sum(one.error == "missing" for one in planted)
    result = {}
    for name, score in scores.items():
        result[name] = {}
        for error in ERRORS:
            own = score[:, KIND_OF[error]] if score.ndim == 2 else score
            kept = np.isin(truth, ["", error])
            recall = len(found) / n_gone if error == "missing" else 1.0
            result[name][error] = float(average_precision_score(truth[kept] == error, own[kept])) * recall
        whole = score.max(axis=1) if score.ndim == 2 else score
        result[name]["any"] = float(average_precision_score(truth != "", whole))
        best = np.argsort(-whole, kind="stable")[: len(planted)]
        result[name]["precision"] = float((truth[best] != "").mean())
    return result


def token_scores(evidence: Evidence, at: list[tuple[str, float, float]]) -> np.ndarray:
    """cleanlab's suspicion of each span: one less the lowest self-confidence of its tokens, by cleanlab's own code."""
    from cleanlab.token_classification.rank import get_label_quality_scores

    tokens, model = evidence.tokens, evidence.token_model
    spans = evidence.spans
    given = np.full(len(tokens), len(spans.classes))
    width = float(tokens.end.max()) + 1
    key = tokens.item * width
    for item, start, end, label in zip(spans.item, spans.start, spans.end, spans.label, strict=True):
        low = np.searchsorted(key + tokens.end, item * width + start, side="right")
        given[low : np.searchsorted(key + tokens.start, item * width + end, side="left")] = label
    bounds = np.flatnonzero(np.r_[True, tokens.item[1:] != tokens.item[:-1], True])
    known = [(a, b) for a, b in pairwise(bounds) if np.isfinite(model.matrix[a:b, 0]).all()]
    _, infos = get_label_quality_scores([given[a:b].tolist() for a, b in known], [model.matrix[a:b] for a, b in known])
    quality = np.full(len(tokens), np.nan)
    for (a, b), info in zip(known, infos, strict=True):
        quality[a:b] = info.to_numpy()
    place = {name: k for k, name in enumerate(evidence.labels.items["item_id"].to_pylist())}
    scores = np.zeros(len(at))
    for vote, (item, start, end) in enumerate(at):
        low = np.searchsorted(key + tokens.end, place[item] * width + start, side="right")
        high = np.searchsorted(key + tokens.start, place[item] * width + end, side="left")
        scores[vote] = 1 - np.nanmin(quality[low:high]) if high > low else 0.0
    return scores


def show_wnut17() -> None:
    labels = read_wnut17()
    n = len(labels.spans("entities"))
    print(f"### wnut17: {labels.items.num_rows:,} texts, {n:,} entities, one label a text\n")
    print("Average precision by kind of planted error, entity by entity (mean of 3 seeds); missing ones that are no")
    print(
        "candidate count as never found. Real errors of wnut17 count as right. P@n: precision at the planted number.\n"
    )
    print("| planted | score | wrong class | wrong boundary | missing | spurious | any | P@n |")
    print("|---|---|---|---|---|---|---|---|")
    for share in (0.05, 0.10):
        runs = [judge_planted(*plant_span_errors(labels, "entities", share, seed)) for seed in SEEDS]
        for name in runs[0]:
            means = [np.mean([run[name][column] for run in runs]) for column in (*ERRORS, "any", "precision")]
            print(f"| {share:.0%} | {name} | " + " | ".join(f"{one:.3f}" for one in means) + " |")
    print()


def read_noisebench() -> tuple[LabelSet, list[set[tuple[int, int, str]]]]:
    """The five voters on the masked sentences, each token given a name of its own; and the clean entities."""
    gold: dict[str, set[tuple[int, int, str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in (*VOTERS, "clean"):
            file = SHARED / "ner" / "noisebench" / (f"noise_{name}" if name != "clean" else "clean")
            with gzip.open(f"{file}.traindev.gz", "rt", encoding="utf-8") as source:
                blocks = [[line.split()[-1] for line in lines] for lines in sentences(source.read())]
            if name == "clean":
                gold = dict(place_gold(k, tags) for k, tags in enumerate(blocks))
                continue
            words = ("\n".join(f"s{k}t{j}\t{tag}" for j, tag in enumerate(tags)) for k, tags in enumerate(blocks))
            (Path(folder) / f"{name}.conll").write_text("\n\n".join(words) + "\n", encoding="utf-8")
        labels = aa.read(folder)
    return labels, [gold[text] for text in labels.items["text"].to_pylist()]


def place_gold(k: int, tags: list[str]) -> tuple[str, set[tuple[int, int, str]]]:
    words = [f"s{k}t{j}" for j in range(len(tags))]
    starts = np.cumsum([0] + [len(word) + 1 for word in words])
    return " ".join(words), {(int(starts[a]), int(starts[b]) - 1, name) for a, b, name in decode_tags(tags)[0]}


def show_noisebench() -> None:
    labels, gold = read_noisebench()
    evidence = Evidence(labels, "entities")
    votes, matched, spans = evidence.votes, evidence.matched_spans, evidence.spans
    names = [str(one) for one in votes.annotator_ids.to_pylist()]
    posterior = evidence.consensus.posterior
    doubt = 1 - posterior[votes.item, votes.label]
    boundary = np.append(1 - evidence.extents.right, np.nan)[matched.mark]
    nothing = votes.n_classes - 1
    places = [{(a, b) for a, b, _ in one} for one in gold]
    wrong = np.zeros(len(votes), dtype=bool)
    for at in range(len(votes)):
        unit, item, mark = int(votes.item[at]), int(votes.whole[at]), int(matched.mark[at])
        if mark >= 0:
            said = (int(spans.start[mark]), int(spans.end[mark]), votes.classes[int(votes.label[at])])
            wrong[at] = said not in gold[item]
        else:
            best = (int(evidence.extents.start[unit]), int(evidence.extents.end[unit]))
            wrong[at] = best in places[item]
    both = np.fmax(doubt, boundary)
    print(f"### noisebench: {labels.items.num_rows:,} sentences, {len(matched.units):,} units, five label sets\n")
    print("A vote is wrong where its span is not in `clean`, or where it says nothing and `clean` has the unit.\n")
    print(
        "| set | votes | wrong | AP, consensus | AP, consensus and boundary | entity F1 against clean |\n"
        "|---|---|---|---|---|---|"
    )
    counted = {}
    for a, name in enumerate(names):
        mine = votes.annotator == a
        own = [set() for _ in gold]
        for k in np.flatnonzero(spans.annotator == a):
            own[spans.item[k]].add((int(spans.start[k]), int(spans.end[k]), spans.classes[int(spans.label[k])]))
        counted[name] = count_f1(own, gold)
        scores = [average_precision_score(wrong[mine], one[mine]) for one in (doubt, both)]
        print(
            f"| {name} | {mine.sum():,} | {wrong[mine].mean():.3f} | {scores[0]:.3f} | {scores[1]:.3f} | "
            f"{f1(counted[name].sum(axis=0)):.4f} |"
        )
    best_class = posterior.argmax(axis=1)
    agreed = [set() for _ in gold]
    for unit in np.flatnonzero(best_class != nothing):
        extent = (int(evidence.extents.start[unit]), int(evidence.extents.end[unit]))
        agreed[matched.units.item[unit]].add((*extent, votes.classes[int(best_class[unit])]))
    leader = names[int(np.argmax(evidence.consensus.accuracy))]
    ours = count_f1(agreed, gold)
    low, high = interval_of_gain(ours, counted[leader])
    gain = f1(ours.sum(axis=0)) - f1(counted[leader].sum(axis=0))
    print(f"\nConsensus: F1 {f1(ours.sum(axis=0)):.4f}. Best voter found without gold: {leader}, F1 ", end="")
    print(f"{f1(counted[leader].sum(axis=0)):.4f}. Gain {gain:+.4f}, 95 % {low:+.4f} to {high:+.4f}.\n")
    check_kappa(labels, evidence)


def count_f1(found: list[set[tuple[int, int, str]]], gold: list[set[tuple[int, int, str]]]) -> np.ndarray:
    return np.array([(len(a & b), len(a), len(b)) for a, b in zip(found, gold, strict=True)])


def f1(counts: np.ndarray) -> float:
    return float(2 * counts[0] / max(counts[1] + counts[2], 1))


def interval_of_gain(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    rng = np.random.default_rng(SEEDS[0])
    gains = []
    for _ in range(2000):
        drawn = rng.integers(0, len(ours), len(ours))
        gains.append(f1(ours[drawn].sum(axis=0)) - f1(theirs[drawn].sum(axis=0)))
    return float(np.quantile(gains, 0.025)), float(np.quantile(gains, 0.975))


def check_kappa(labels: LabelSet, evidence: Evidence) -> None:
    """Token kappa of each pair against scikit-learn's."""
    from annoaudit.statistics.spans.span_agreement import Marks, Pieces, measure_span_agreement

    spans, tokens, matched = evidence.spans, evidence.tokens, evidence.matched_spans
    n = np.array([len(text) for text in labels.items["text"].to_pylist()], dtype=float)
    worst = 0.0
    width = float(tokens.end.max()) + 1
    said = np.full((len(VOTERS), len(tokens)), len(spans.classes))
    for k in range(len(spans)):
        low = np.searchsorted(tokens.item * width + tokens.end, spans.item[k] * width + spans.start[k], side="right")
        high = np.searchsorted(tokens.item * width + tokens.start, spans.item[k] * width + spans.end[k], side="left")
        said[spans.annotator[k], low:high] = spans.label[k]
    for a in range(len(VOTERS)):
        for b in range(a):
            kept = np.isin(spans.given.annotator, [a, b])
            mine = kept[spans.place]
            marks = Marks(
                spans.given.item[kept], spans.given.annotator[kept], (np.cumsum(kept) - 1)[spans.place[mine]],
                matched.units.of[: len(spans)][mine], spans.start[mine], spans.end[mine], spans.label[mine], n,
                len(spans.classes),
            )  # fmt: skip
            ours = measure_span_agreement(marks, Pieces(tokens.item, tokens.start, tokens.end))[1].value
            worst = max(worst, abs(ours - cohen_kappa_score(said[a], said[b])))
    print(f"Token kappa of the 10 pairs against scikit-learn's: largest difference {worst:.1e}.\n")


def show_others() -> None:
    import pandas as pd

    folder = SHARED / "spans"
    spans = pd.read_parquet(folder / "xsum_hallucination" / "spans.parquet")
    texts = pd.read_parquet(folder / "xsum_hallucination" / "summaries.parquet").set_index("item")["summary"]
    spans["start"], spans["end"] = spans["hallucinated_span_start"] - 1, spans["hallucinated_span_end"] - 1
    spans = spans.rename(columns={"hallucination_type": "value"})
    show_audit("xsum_hallucination", as_labels(spans, texts), "positions wid_0 to wid_2, not people")
    for name in ("ted_ende", "ted_zhen"):
        rows = pd.read_parquet(folder / "mqm" / f"{name}.parquet")
        rows["item"] = rows["system"] + "/" + rows["doc"] + "/" + rows["seg_id"].astype(str)
        rows["text"] = rows["target"].str.replace("</?v>", "", regex=True)
        rows["start"] = rows["target"].str.find("<v>")
        rows["end"] = rows["target"].str.replace("<v>", "", regex=False).str.find("</v>")
        rows["value"], rows["annotator"] = rows["category"], rows["rater"]
        texts = rows.drop_duplicates("item").set_index("item")["text"]
        show_audit(f"mqm {name}", as_labels(rows, texts), "one rater a segment: a model of words, no agreement")


def as_labels(rows: object, texts: object) -> LabelSet:
    """Spans of a frame with item, annotator, value, start and end (none where below 0) as a LabelSet."""
    rows = rows[rows["item"].isin(texts.index)].reset_index(drop=True)
    who = rows[["item", "annotator"]].drop_duplicates()
    ids = who["item"] + " " + who["annotator"]
    marked = rows[(rows["start"] >= 0) & (rows["end"] > rows["start"])]
    known = {item: len(text) for item, text in texts.items()}
    marked = marked[marked["end"] <= marked["item"].map(known)]
    n = len(marked)
    return LabelSet(
        items=pa.table({"item_id": list(texts.index), "text": list(texts), "media": ["text"] * len(texts)}),
        annotators=pa.table({"annotator_id": sorted(set(who["annotator"]))}),
        questions=pa.table({"question": ["spans"], "kind": ["span"]}),
        annotations=pa.table(
            {"annotation_id": list(ids), "item_id": list(who["item"]), "annotator_id": list(who["annotator"])}
        ),
        labels=pa.table(
            {"label_id": [f"l{k}" for k in range(n)], "annotation_id": list(marked["item"] + " " + marked["annotator"]),
             "item_id": list(marked["item"]), "annotator_id": list(marked["annotator"]), "question": ["spans"] * n,
             "kind": ["span"] * n, "value": list(marked["value"]), "start": marked["start"].astype(float).tolist(),
             "end": marked["end"].astype(float).tolist(), "unit": ["char"] * n}
        ),
    )  # fmt: skip


def show_audit(name: str, labels: LabelSet, note: str) -> None:
    start = time.perf_counter()
    audit = aa.audit(labels)
    taken = time.perf_counter() - start
    print(f"### {name} ({note})\n\n{labels!r}; audited in {taken:.0f} s; flagged {audit.record.n_flagged:,}\n")
    for row in audit.agreement.itertuples():
        if np.isfinite(row.value):
            print(f"- {row.coefficient} {row.value:.3f} ({row.low:.3f} to {row.high:.3f})")
    for one in audit.record.outcomes:
        if one.status != "skipped" or one.detector.startswith("span"):
            print(f"- {one.detector}: {one.status}, {one.n_flagged:,} of {one.n_judged:,} flagged {one.why}")
    print()


def show_cost() -> None:
    """100,000 places marked by three annotators each, audited: time and peak memory of this process."""
    labels = make_large(50_000)
    start, busy = time.perf_counter(), time.process_time()
    audit = aa.audit(labels)
    taken, busy = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"### cost: {labels!r}\n")
    told = f"Audited in {taken:.1f} s ({busy:.1f} s of one processor), peak {peak:.2f} GB"
    print(f"{told}; {audit.record.n_flagged:,} flagged.\n")
    for one in audit.record.outcomes:
        print(f"- {one.detector}: {one.status}, {one.seconds:.1f} s {one.why}")


def make_large(n_items: int) -> LabelSet:
    """Texts of 20 words with two names each, marked by three of nine people with small slips."""
    rng = np.random.default_rng(SEEDS[0])
    vocabulary = np.array([f"w{k}" for k in range(5000)] + [f"Name{k}" for k in range(3000)])
    words = rng.integers(0, 5000, (n_items, 20))
    spot = np.stack([rng.integers(0, 8, n_items), rng.integers(10, 18, n_items)], axis=1)
    kind = rng.integers(0, 5, (n_items, 2))
    for k in range(2):
        words[np.arange(n_items), spot[:, k]] = 5000 + kind[:, k] * 600 + rng.integers(0, 600, n_items)
    written = vocabulary[words]
    starts = np.cumsum(np.char.str_len(written) + 1, axis=1) - np.char.str_len(written) - 1
    ends = starts + np.char.str_len(written)
    submission = np.repeat(np.arange(n_items), 3)
    person = (submission * 7 + np.tile(np.arange(3), n_items) * 2) % 9
    item, who, which = np.repeat(submission, 2), np.repeat(person, 2), np.tile([0, 1], 3 * n_items)
    at = spot[item, which]
    slip = rng.random(len(item))
    label = np.where(slip < 0.05, rng.integers(0, 5, len(item)), kind[item, which])
    last = np.where((slip > 0.05) & (slip < 0.1), at + 1, at)
    kept = slip < 0.95
    ids = [f"i{k}-{w}" for k, w in zip(submission.tolist(), person.tolist(), strict=True)]
    owner = np.repeat(np.arange(len(ids)), 2)[kept]
    n, names, items = int(kept.sum()), np.array(ids), np.array([f"i{k}" for k in range(n_items)])
    people = np.array([f"u{k}" for k in range(9)])
    return LabelSet(
        items=pa.table({"item_id": items, "text": [" ".join(one) for one in written.tolist()]}),
        annotators=pa.table({"annotator_id": people}),
        questions=pa.table({"question": ["names"], "kind": ["span"]}),
        annotations=pa.table({"annotation_id": names, "item_id": items[submission], "annotator_id": people[person]}),
        labels=pa.table(
            {"label_id": [f"l{k}" for k in range(n)], "annotation_id": names[owner], "item_id": items[item[kept]],
             "annotator_id": people[who[kept]], "question": ["names"] * n, "kind": ["span"] * n,
             "value": np.array(["A", "B", "C", "D", "E"])[label[kept]], "start": starts[item, at][kept].astype(float),
             "end": ends[item, last][kept].astype(float), "unit": ["char"] * n}
        ),
    )  # fmt: skip


SECTIONS = {"wnut17": show_wnut17, "noisebench": show_noisebench, "others": show_others, "cost": show_cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=list(SECTIONS))
    for name in parser.parse_args().sections or SECTIONS:
        if name != "cost" and not SHARED.is_dir():
            print(f"### {name}\n\nLeft out: {SHARED} is not there.\n")
            continue
        SECTIONS[name]()


if __name__ == "__main__":
    main()
