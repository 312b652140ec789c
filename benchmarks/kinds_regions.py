"""Boxes and other regions: what of planted mistakes is found, beside cleanlab; nulls; pycocotools; cost.

    python benchmarks/kinds_regions.py found careless shapes pictures null coco cost

``found`` plants overlooked, swapped, shifted, shrunken and spurious boxes on generated scenes, with and without a
detector's predictions, and reports average precision by kind of mistake; cleanlab's object-detection scores get the
same labels (each submission as an image) and predictions. ``careless`` does so where two of eight annotators err six
and three times as often. ``shapes`` does so for turned boxes, polygons, masks and keypoints. ``pictures`` paints the
scenes and compares what is found with and without them. ``null`` simulates edge_bias without and beside a biased
colleague. ``coco`` compares overlaps, matches and keypoint similarity with pycocotools. ``cost`` audits 100,000 things
with three boxes each. Seeds from 100,000 on; nothing was tuned on them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from annoaudit.auditing.running import run_detectors
from annoaudit.detectors import judges_kind, load_detectors
from annoaudit.evidence import Evidence
from annoaudit.evidence.kinds.places import bias_of_edges
from annoaudit.policy import Decision, Policy
from annoaudit.simulation.scene_pictures import paint_scenes
from annoaudit.simulation.scene_shapes import shape_columns
from annoaudit.simulation.scenes import MISTAKES, SceneDesign, Scenes, simulate_scenes
from annoaudit.statistics.regions.boxes import box_overlap
from annoaudit.statistics.regions.quads import corners_of_turned

SEED = 100_000
DESIGNS = ((3, False), (3, True), (2, False), (2, True), (1, True))
CLEANLAB = ("overlooked", "swapped", "badly located")
SURE = (None, 0.5)
INTRODUCTION = """### What is found

Average precision of votes with one kind of planted mistake against votes with none; mean of {n_seeds} seeds from
{seed:,}; {n_images} images with some 6 objects, 8 annotators, each kind planted in 2 % of the boxes. cleanlab needs
predictions, takes each submission as an image, and by default looks for overlooked and swapped boxes only where the
detector is surer than .95; it is asked from .5, too. In brackets: flagged at .5, share of the planted; `queue` is the
order of review, against all kinds together.
"""


def mark_votes(evidence: Evidence, scenes: Scenes) -> tuple[npt.NDArray[np.object_], int]:
    """What was planted in each vote, "" for nothing; and how many overlooked things no vote is about."""
    votes = evidence.votes
    ids = np.array(evidence.labels.labels["label_id"].to_pylist(), dtype=object)
    place = {ids[row]: at for at, row in enumerate(votes.row.tolist()) if row >= 0}
    item = np.array(evidence.labels.items["item_id"].to_pylist(), dtype=object)[votes.whole]
    who = np.array(votes.annotator_ids.to_pylist(), dtype=object)[votes.annotator]
    planted, lost = np.full(len(votes), "", dtype=object), 0
    for row in scenes.planted.itertuples():
        if row.label_id:
            planted[place[row.label_id]] = row.mistake
            continue
        absent = np.flatnonzero((item == row.item_id) & (who == row.annotator_id) & (votes.row < 0))
        true = np.tile(frame_of(evidence.kind, [row.left, row.top, row.right, row.bottom]), (len(absent), 1))
        overlap = box_overlap(true, evidence.units.consensus[votes.item[absent]])
        if len(absent) and overlap.max() >= 0.5:
            planted[absent[overlap.argmax()]] = row.mistake
        else:
            lost += 1
    return planted, lost


def frame_of(kind: str, box: list[float]) -> npt.NDArray[np.float64]:
    """The upright box around a true object, which turned boxes exceed."""
    columns = shape_columns(kind, np.array([box]), (1280, 960))
    if "rotation" not in columns:
        return np.array(box)
    quad = corners_of_turned(*(np.asarray(columns[name]) for name in ("x", "y", "w", "h", "rotation")))[0]
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)])


def score_ours(evidence: Evidence) -> dict[str, npt.NDArray[np.float64]]:
    """(L,) suspicion by detector, and the order of the queue."""
    detectors = [one for one in load_detectors() if judges_kind(one, evidence.kind)]
    scores, _ = run_detectors(evidence, detectors)
    found = {}
    for one in scores:
        if one.level == "label":
            found[one.detector] = np.zeros(len(evidence.votes))
            found[one.detector][one.target] = np.nan_to_num(one.suspicion)
    decision = Decision.of(Policy(), evidence.votes, scores, len(evidence.votes))
    found["queue"] = np.nan_to_num(decision.urgency, nan=-100.0)
    return found


def score_cleanlab(evidence: Evidence, sure: float | None) -> dict[str, npt.NDArray[np.float64]]:
    """(L,) 1 less each of cleanlab's box scores; overlooked ones by the prediction in the unit."""
    from cleanlab.object_detection import rank

    units, votes = evidence.units, evidence.votes
    regions, given, k = units.regions, units.regions.submissions, votes.n_classes - 1
    model = np.flatnonzero(~units.by_people)
    labels, predictions, own, theirs = [], [], [], []
    for place in range(len(given)):
        mine = np.flatnonzero(regions.submission == place)
        seen = model[regions.item[model] == given.item[place]]
        seen = seen[np.argsort(regions.label[seen], kind="stable")]
        rows = np.column_stack([units.frame[seen], regions.confidence[seen]])
        labels.append({"bboxes": units.frame[mine], "labels": regions.label[mine]})
        predictions.append(np.array([*(rows[regions.label[seen] == c] for c in range(k)), None], dtype=object)[:-1])
        own.append(mine)
        theirs.append(seen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given_both = {"labels": labels, "predictions": predictions, "high_probability_threshold": sure}
        overlooked = rank.compute_overlooked_box_scores(**given_both)
        swapped = rank.compute_swap_box_scores(**given_both)
        located = rank.compute_badloc_box_scores(labels=labels, predictions=predictions)
    found = {name: np.zeros(len(votes)) for name in CLEANLAB}
    at = {key: vote for vote, key in enumerate(zip(votes.owner.tolist(), votes.item.tolist(), strict=True))}
    for place in range(len(given)):
        found["swapped"][units.cast[own[place]]] = 1 - np.nan_to_num(swapped[place], nan=1.0)
        found["badly located"][units.cast[own[place]]] = 1 - np.nan_to_num(located[place], nan=1.0)
        for region, score in zip(theirs[place].tolist(), np.asarray(overlooked[place]).tolist(), strict=True):
            vote = at.get((int(given.owner[place]), int(units.unit[region])))
            if vote is not None and votes.row[vote] < 0 and np.isfinite(score):
                found["overlooked"][vote] = max(found["overlooked"][vote], 1 - score)
    found["worst of the three"] = np.max([found[name] for name in CLEANLAB], axis=0)
    return found


def tell_found(n_seeds: int, n_images: int) -> None:
    print(INTRODUCTION.format(n_seeds=n_seeds, seed=SEED, n_images=n_images))
    print(f"| labels an image | predictions | score | {' | '.join(MISTAKES)} | all | false flags |")
    print("|---|---|---|" + "---|" * (len(MISTAKES) + 2))
    lost_by_design = []
    for redundancy, model in DESIGNS:
        runs: dict[str, list[list[float]]] = {}
        lost = 0
        for seed in range(SEED, SEED + n_seeds):
            design = SceneDesign(n_images=n_images, redundancy=redundancy, model=model)
            scenes = simulate_scenes(design, seed=seed)
            evidence = Evidence(scenes.labels, "objects")
            planted, missing = mark_votes(evidence, scenes)
            lost += missing
            scored = score_ours(evidence)
            if model:
                for sure in SURE:
                    at = f" (sure from {sure})" if sure else ""
                    found = score_cleanlab(evidence, sure)
                    scored |= {f"cleanlab, {name}{at}": value for name, value in found.items()}
            for name, value in scored.items():
                runs.setdefault(name, []).append(list(measure(value, planted)))
        for name, rows in runs.items():
            mean = np.mean(rows, axis=0)
            ours = "," not in name and name != "queue"
            cells = [f"{a:.3f}" + (f" ({100 * f:.0f} %)" if ours else "") for a, f in mean[:-2].reshape(-1, 2)]
            false = f"{mean[-1]:.0f}" if ours else ""
            given = "yes" if model else "no"
            print(f"| {redundancy} | {given} | {name} | {' | '.join(cells)} | {mean[-2]:.3f} | {false} |")
        lost_by_design.append(
            f"{lost / n_seeds:.1f} ({redundancy} labels, {'with' if model else 'without'} predictions)"
        )
    print(f"\nOverlooked things a data set that no vote is about: {', '.join(lost_by_design)}.")


def measure(value: npt.NDArray[np.float64], planted: npt.NDArray[np.object_]) -> Iterator[float]:
    """Average precision and share flagged of each kind; average precision of all; false flags."""
    for one in MISTAKES:
        kept = (planted == one) | (planted == "")
        some = (planted == one).any()
        yield float(average_precision_score(planted[kept] == one, value[kept])) if some else np.nan
        yield float((value[planted == one] >= 0.5).mean()) if some else np.nan
    yield float(average_precision_score(planted != "", value))
    yield float((value[planted == ""] >= 0.5).sum())


def tell_rows(label: str, scored: list[dict[str, list[float]]]) -> None:
    """One row a detector: mean over the runs that it scored in."""
    for name in dict.fromkeys(key for one in scored for key in one):
        mean = np.nanmean([one[name] for one in scored if name in one], axis=0)
        cells = [f"{a:.3f}" + (f" ({100 * f:.0f} %)" if name != "queue" else "") for a, f in mean[:-2].reshape(-1, 2)]
        print(f"| {label} | {name} | {' | '.join(cells)} | {mean[-2]:.3f} |")


def head(*columns: str) -> None:
    names = [*columns, "score", *MISTAKES, "all"]
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")


def tell_shapes(n_images: int) -> None:
    print(f"\n### Other shapes\n\nAs above; 3 labels an image, no predictions, 3 seeds, {n_images} images.\n")
    head("kind")
    for kind in ("bbox", "rbox", "polygon", "mask", "keypoints"):
        runs = []
        for seed in range(SEED, SEED + 3):
            scenes = simulate_scenes(SceneDesign(n_images=n_images, kind=kind), seed=seed)
            evidence = Evidence(scenes.labels, "objects")
            planted, _ = mark_votes(evidence, scenes)
            runs.append({name: list(measure(value, planted)) for name, value in score_ours(evidence).items()})
        tell_rows(kind, runs)


def tell_careless(n_images: int) -> None:
    print("\n### Two careless annotators\n\nAs above, 3 seeds; of 8 annotators one overlooks, swaps, shifts and")
    print("shrinks six times as often as the others, one three times.\n")
    head("labels an image | predictions")
    for redundancy, model in DESIGNS[:4]:
        runs = []
        for seed in range(SEED, SEED + 3):
            design = SceneDesign(n_images=n_images, redundancy=redundancy, model=model, careless={0: 6.0, 1: 3.0})
            scenes = simulate_scenes(design, seed=seed)
            evidence = Evidence(scenes.labels, "objects")
            planted, _ = mark_votes(evidence, scenes)
            runs.append({name: list(measure(value, planted)) for name, value in score_ours(evidence).items()})
        tell_rows(f"{redundancy} | {'yes' if model else 'no'}", runs)


def tell_pictures(n_images: int) -> None:
    print(f"\n### Pictures\n\nAs above, no predictions, 2 seeds, {n_images} painted images of five easy classes.\n")
    head("labels an image | pictures")
    for redundancy in (3, 2, 1):
        runs: dict[bool, list[dict[str, list[float]]]] = {False: [], True: []}
        for seed in range(SEED, SEED + 2):
            scenes = simulate_scenes(SceneDesign(n_images=n_images, redundancy=redundancy), seed=seed)
            with tempfile.TemporaryDirectory() as folder:
                labels = paint_scenes(scenes, Path(folder))
                for seen in (False, True):
                    evidence = Evidence(labels, "objects", media_root=Path(folder) if seen else None)
                    planted, _ = mark_votes(evidence, scenes)
                    found = score_ours(evidence)
                    runs[seen].append({name: list(measure(value, planted)) for name, value in found.items()})
        for seen, rows in runs.items():
            tell_rows(f"{redundancy} | {'yes' if seen else 'no'}", rows)


def tell_null(n_runs: int) -> None:
    print(f"\n### Edge bias: null and power\n\n{n_runs} data sets of 60 images, 6 annotators, 3 an image.\n")
    print("| planted | honest: p ≤ .05 | p ≤ .01 | mean p | biased: p ≤ .05 | measured size |")
    print("|---|---|---|---|---|---|")
    plans: dict[str, dict[int, tuple[float, float, float, float]]] = {"nothing": {}}
    for share in (0.02, 0.04, 0.08):
        half = share / 2
        plans[f"one annotator's sides {share:.0%} shorter"] = {0: (half, half, -half, -half)}
    plans["two of six shift to the right by 6 %"] = {0: (0.06, 0.0, 0.06, 0.0), 1: (0.06, 0.0, 0.06, 0.0)}
    for name, bias in plans.items():
        honest, biased, size = [], [], []
        for seed in range(SEED, SEED + n_runs):
            scenes = simulate_scenes(SceneDesign(n_images=60, n_annotators=6, bias=bias), seed=seed)
            found = bias_of_edges(Evidence(scenes.labels, "objects").units, fewest_items=10, seed=seed)
            honest += np.delete(found.p, list(bias)).tolist()
            biased += found.p[list(bias)].tolist()
            size += found.mean[list(bias), 4].tolist()
        p = np.array(honest)
        told = f"{np.mean(np.array(biased) <= 0.05):.2f} | {np.mean(size):+.3f}" if biased else " | "
        print(f"| {name} | {np.mean(p <= 0.05):.3f} | {np.mean(p <= 0.01):.3f} | {p.mean():.2f} | {told} |")


def tell_coco() -> None:
    from pycocotools import mask as peer
    from pycocotools.cocoeval import COCOeval

    from annoaudit.formats.masks import decode_counts, encode_mask
    from annoaudit.statistics.regions.keypoints import keypoint_similarity, sigmas_for
    from annoaudit.statistics.regions.outlines import Runs, overlap_of_runs
    from annoaudit.statistics.regions.polygons import Edges, overlap_of_polygons

    rng = np.random.default_rng(SEED)
    at = rng.random((2, 2000, 2)) * 50
    boxes = np.concatenate([at, at + rng.random((2, 2000, 2)) * 60 + 1], axis=2)
    wide = np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=2)
    theirs = np.array([peer.iou(a[None], b[None], [0])[0, 0] for a, b in zip(*wide, strict=True)])
    print("\n### Beside pycocotools\n\n| what | pairs | largest difference |\n|---|---|---|")
    print(f"| overlap of boxes | 2,000 | {np.abs(theirs - box_overlap(*boxes)).max():.1e} |")
    masks = rng.random((2, 300, 40, 60)) < rng.random((2, 300, 1, 1))
    apart = []
    for a, b in zip(*masks, strict=True):
        rles = [peer.encode(np.asfortranarray(one.astype(np.uint8))) for one in (a, b)]
        assert rles[0]["counts"] == encode_mask(a)
        ours = overlap_of_runs(*(Runs(decode_counts(one["counts"]), 40, 60) for one in rles))
        apart.append(abs(ours - peer.iou([rles[0]], [rles[1]], [0])[0, 0]))
    print(f"| overlap of masks from run lengths (the bytes are equal, too) | 300 | {max(apart):.1e} |")
    apart = []
    for _ in range(300):
        rings = [_star(rng, 300), _star(rng, 300)]
        rles = [peer.merge(peer.frPyObjects([one.ravel().tolist()], 600, 600)) for one in rings]
        ours = float(overlap_of_polygons(Edges.of([[one] for one in rings]), np.array([0]), np.array([1]))[0])
        apart.append(abs(ours - peer.iou([rles[0]], [rles[1]], [0])[0, 0]))
    told = f"{max(apart):.3f}, mean {np.mean(apart):.4f}"
    print(f"| overlap of polygons (ours: 64 lines; theirs: whole pixels) | 300 | {told} |")
    oks = _oks_difference(rng, COCOeval, keypoint_similarity, sigmas_for)
    print(f"| object-keypoint similarity of 17 points | 200 | {oks:.1e} |")
    _tell_matches(peer)


def _star(rng: np.random.Generator, middle: float) -> npt.NDArray[np.float64]:
    angle = np.sort(rng.uniform(0, 2 * np.pi, 24))
    radius = rng.uniform(60, 160, 24)
    return np.column_stack([middle + radius * np.cos(angle), middle + radius * np.sin(angle)])


def _oks_difference(rng, evaluator, ours, sigmas_for) -> float:
    evaluation = evaluator(iouType="keypoints")
    worst = 0.0
    for _ in range(200):
        a, b = rng.random((2, 17, 2)) * 100
        area = float(rng.uniform(500, 9000))
        points = {"keypoints": np.column_stack([a, np.full(17, 2)]).ravel().tolist(), "bbox": [0, 0, 100, 100]}
        evaluation._gts = {(1, 1): [{**points, "area": area, "ignore": 0, "iscrowd": 0}]}
        evaluation._dts = {(1, 1): [{"keypoints": np.column_stack([b, np.full(17, 2)]).ravel().tolist(), "score": 1}]}
        evaluation.params.maxDets = [20]
        theirs = float(evaluation.computeOks(1, 1)[0, 0])
        found = float(ours(a[None], b[None], np.ones((1, 17), bool), np.array([area]), sigmas_for(17))[0])
        worst = max(worst, abs(theirs - found))
    return worst


def _tell_matches(peer) -> None:
    """Pairs of two annotators matched at .5 and .75, against COCO's greedy matching of one to the other."""
    from annoaudit.statistics.regions.agreement import pair_up

    print("\n| matched pairs of two annotators | ours | COCO's evaluation (greedy) |\n|---|---|---|")
    for n_objects in (6, 40):
        design = SceneDesign(n_images=100, n_objects=n_objects, n_annotators=2, redundancy=2, noise=0.06)
        units = Evidence(simulate_scenes(design, seed=SEED).labels, "objects").units
        first, second = pair_up(units.unit)
        for level in (0.5, 0.75):
            ours = int((units.alike(first, second) >= level).sum())
            theirs = sum(_greedy(units, item, level, peer) for item in np.unique(units.regions.item).tolist())
            print(f"| some {n_objects} objects an image, overlap {level} | {ours:,} | {theirs:,} |")


def _greedy(units, item: int, level: float, peer) -> int:
    on = units.regions.item == item
    sides = [np.flatnonzero(on & (units.regions.annotator == who)) for who in (0, 1)]
    if not len(sides[0]) or not len(sides[1]):
        return 0
    wide = [
        np.column_stack([units.frame[one][:, :2], units.frame[one][:, 2:] - units.frame[one][:, :2]]) for one in sides
    ]
    overlap = peer.iou(wide[0], wide[1], [0] * len(wide[1]))
    taken: set[int] = set()
    for row in overlap:
        open_ones = [k for k in range(len(row)) if k not in taken and row[k] >= level]
        if open_ones:
            taken.add(max(open_ones, key=lambda k: row[k]))
    return len(taken)


def tell_cost(n_images: int) -> None:
    import annoaudit as aa

    print("\n### Cost\n")
    for model in (False, True):
        design = SceneDesign(n_images=n_images, n_objects=6.0, n_annotators=30, model=model)
        labels = simulate_scenes(design, seed=SEED).labels
        before, clock, cpu = _peak(), time.perf_counter(), time.process_time()
        audit = aa.audit(labels)
        audit.html()
        wall, used = time.perf_counter() - clock, time.process_time() - cpu
        units = audit.evidence[0].units
        n_people = int(units.by_people.sum())
        predicted = ", and predictions" * model
        print(
            f"{len(units.consensus):,} things, {n_people:,} boxes of 30 people{predicted}: audit and report "
            f"in {used:.0f} s of CPU, {wall:.0f} s on the clock, peak {_peak():.2f} GB ({before:.2f} GB before)."
        )


def _peak() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["found", "careless", "shapes", "pictures", "null", "coco", "cost"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--large", type=int, default=16_700)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    if "found" in asked.parts:
        tell_found(asked.seeds, asked.images)
    if "careless" in asked.parts:
        tell_careless(asked.images)
    if "shapes" in asked.parts:
        tell_shapes(asked.images // 3)
    if "pictures" in asked.parts:
        tell_pictures(asked.images // 3)
    if "null" in asked.parts:
        tell_null(asked.runs)
    if "coco" in asked.parts:
        tell_coco()
    if "cost" in asked.parts:
        tell_cost(asked.large)


if __name__ == "__main__":
    main()
