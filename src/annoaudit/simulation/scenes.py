"""Images with objects whose boxes are known, teams that mark them, and mistakes and attacks planted in their boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.labels import SCHEMAS, LabelSet
from annoaudit.simulation.scene_shapes import shape_columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISTAKES", "SceneDesign", "Scenes", "simulate_scenes"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

QUESTION = "objects"
MISTAKES = ("overlooked", "swapped", "shifted", "shrunken", "spurious")
"""What can be planted in an annotator's boxes."""
FRAME = (1280, 960)
SHIFT = (0.35, 0.8)
SHRINK = (0.45, 0.7)


@dataclass(frozen=True)
class SceneDesign:
    """How many images, objects and annotators there are, and how often what goes wrong.

    Parameters
    ----------
    n_images, n_objects
        Images, and mean number of objects on each.
    n_annotators, redundancy
        Annotators, and how many mark each image.
    n_classes
        Classes of objects.
    noise
        Standard deviation of each edge, in shares of the object's side, and at least a pixel.
    mistakes
        Chance of each kind of mistake, for a box of anybody.
    bias
        By annotator's place, shares of the side by which their left, top, right and bottom edges lie off.
    careless
        By annotator's place, how many times as often they overlook, swap, shift and shrink.
    kind
        Of the regions: "bbox", or "rbox" (turned by 25 degrees), "polygon" and "mask" (ellipses), "keypoints" (the
        corners and the middle), which lie as the boxes would.
    model
        A detector predicts as well: it finds 92 % of the objects, one prediction in ten is of nothing.
    """

    n_images: int = 200
    n_objects: float = 6.0
    n_annotators: int = 8
    redundancy: int = 3
    n_classes: int = 5
    noise: float = 0.03
    mistakes: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(MISTAKES, 0.02))
    bias: Mapping[int, tuple[float, float, float, float]] = field(default_factory=dict)
    careless: Mapping[int, float] = field(default_factory=dict)
    kind: str = "bbox"
    model: bool = False


@dataclass(frozen=True, eq=False)
class Scenes:
    """Labels, and what was planted in them.

    ``planted`` has one row a mistake: ``mistake``, ``item_id``, ``annotator_id``, ``label_id`` ("" where overlooked)
    and the true box (``left``, ``top``, ``right``, ``bottom``; NaN where spurious). ``objects`` has one row a true
    object: ``item_id``, ``value`` and its box.
    """

    labels: LabelSet
    planted: pd.DataFrame
    objects: pd.DataFrame


def simulate_scenes(design: SceneDesign, *, seed: int = 0) -> Scenes:
    """Draw images, objects, annotators' boxes, mistakes and, if asked for, a detector's predictions."""
    rng = np.random.default_rng(seed)
    image, box, cls = _draw_objects(design, rng)
    who = np.argsort(rng.random((design.n_images, design.n_annotators)), axis=1)[:, : design.redundancy]
    at = np.repeat(np.arange(len(image)), design.redundancy)
    annotator = who[image].reshape(-1)
    drawn = _mark(box[at], design.noise, rng)
    sides = np.tile(box[at][:, 2:] - box[at][:, :2], 2)
    off = np.array([design.bias.get(one, (0.0, 0.0, 0.0, 0.0)) for one in range(design.n_annotators)])
    drawn += off[annotator] * sides
    mistake = _draw_mistakes(design, annotator, rng)
    given = cls[at].copy()
    swapped = mistake == "swapped"
    given[swapped] = (given[swapped] + rng.integers(1, max(design.n_classes, 2), swapped.sum())) % design.n_classes
    drawn = _misplace(drawn, mistake, rng)
    extra_image, extra_who, extra_box, extra_class = _draw_spurious(design, who, len(at), rng)
    kept = np.flatnonzero(mistake != "overlooked")
    image_of = np.concatenate([image[at][kept], extra_image])
    maker = np.concatenate([annotator[kept], extra_who])
    corners = np.concatenate([drawn[kept], extra_box])
    class_of = np.concatenate([given[kept], extra_class])
    order = np.lexsort((np.arange(len(image_of)), maker, image_of))
    names = np.array([f"b{k:06d}" for k in range(len(order))], dtype=object)
    name_of = np.full(len(at) + len(extra_image), "", dtype=object)
    name_of[np.concatenate([kept, len(at) + np.arange(len(extra_image))])[order]] = names
    rows = _label_rows(design.kind, names, image_of[order], maker[order], corners[order], class_of[order])
    predicted = _predict(design, image, box, cls, rng) if design.model else {}
    labels = _as_labels(design, who, rows, predicted)
    planted = _list_planted(mistake, image[at], annotator, box[at], name_of, extra_image, extra_who)
    return Scenes(labels, planted, _list_objects(image, box, cls))


def _draw_objects(design: SceneDesign, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
    """Image, box and class of each object; sides are log-normal, and places even over the image."""
    image = np.repeat(np.arange(design.n_images), np.maximum(rng.poisson(design.n_objects, design.n_images), 1))
    size = np.exp(rng.normal(np.log(110), 0.6, len(image)))
    aspect = np.exp(rng.normal(0, 0.35, len(image)))
    w = np.clip(size * aspect, 16, FRAME[0] * 0.6)
    h = np.clip(size / aspect, 16, FRAME[1] * 0.6)
    x, y = rng.random(len(image)) * (FRAME[0] - w), rng.random(len(image)) * (FRAME[1] - h)
    return image, np.stack([x, y, x + w, y + h], axis=1), rng.integers(0, design.n_classes, len(image))


def _mark(box: Floats, noise: float, rng: np.random.Generator) -> Floats:
    sides = np.tile(box[:, 2:] - box[:, :2], 2)
    return np.asarray(box + rng.normal(0, 1, box.shape) * np.maximum(noise * sides, 1.0))


def _draw_mistakes(design: SceneDesign, annotator: Ints, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    of_boxes = [one for one in MISTAKES if one != "spurious"]
    chance = np.array([design.mistakes.get(one, 0.0) for one in of_boxes])
    times = np.array([design.careless.get(one, 1.0) for one in range(design.n_annotators)])
    drawn = np.searchsorted(np.cumsum(chance), rng.random(len(annotator)) / times[annotator], side="right")
    return np.asarray(np.array([*of_boxes, ""], dtype=object)[drawn])


def _misplace(box: Floats, mistake: npt.NDArray[np.object_], rng: np.random.Generator) -> Floats:
    box = box.copy()
    sides = box[:, 2:] - box[:, :2]
    shifted = np.flatnonzero(mistake == "shifted")
    angle = rng.random(len(shifted)) * 2 * np.pi
    far = rng.uniform(*SHIFT, len(shifted))
    move = np.stack([np.cos(angle), np.sin(angle)], axis=1) * far[:, None] * sides[shifted]
    box[shifted] += np.tile(move, 2)
    shrunken = np.flatnonzero(mistake == "shrunken")
    lost = sides[shrunken] * (1 - rng.uniform(*SHRINK, len(shrunken)))[:, None]
    share = rng.random((len(shrunken), 2))
    box[shrunken, :2] += lost * share
    box[shrunken, 2:] -= lost * (1 - share)
    return box


def _draw_spurious(
    design: SceneDesign, who: Ints, n_boxes: int, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Ints]:
    n = int(rng.binomial(n_boxes, design.mistakes.get("spurious", 0.0)))
    image = rng.integers(0, design.n_images, n)
    maker = who[image, rng.integers(0, design.redundancy, n)]
    one = SceneDesign(n_images=max(n, 1), n_objects=0.0, n_classes=design.n_classes)
    _, box, cls = _draw_objects(one, rng)
    return image, maker, box[:n], cls[:n]


def _label_rows(
    kind: str, names: npt.NDArray[np.object_], image: Ints, maker: Ints, box: Floats, cls: Ints
) -> dict[str, object]:
    items = [f"i{k:05d}" for k in image.tolist()]
    people = [f"u{k}" for k in maker.tolist()]
    return {
        "label_id": names.tolist(),
        "annotation_id": [f"{i}-{u}" for i, u in zip(items, people, strict=True)],
        "item_id": items,
        "annotator_id": people,
        **_columns(kind, box, cls),
    }


def _columns(kind: str, box: Floats, cls: Ints) -> dict[str, object]:
    return {
        "question": [QUESTION] * len(box),
        "kind": [kind] * len(box),
        "value": [f"class {k}" for k in cls.tolist()],
        **shape_columns(kind, box, FRAME),
    }


def _predict(design: SceneDesign, image: Ints, box: Floats, cls: Ints, rng: np.random.Generator) -> dict[str, object]:
    """A detector's boxes: surer of large objects and right classes than of small ones, wrong ones and nothing."""
    size = np.sqrt((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))
    found = rng.random(len(image)) < np.clip(0.86 + 0.06 * np.log(size / 60), 0.5, 0.98)
    wrong = rng.random(len(image)) < 0.06
    says = np.where(wrong, (cls + rng.integers(1, max(design.n_classes, 2), len(cls))) % design.n_classes, cls)
    sure = np.where(wrong, rng.beta(3, 3, len(cls)), rng.beta(8, 2, len(cls)))
    n_false = int(found.sum() * 0.1)
    one = SceneDesign(n_images=max(n_false, 1), n_objects=0.0, n_classes=design.n_classes)
    _, false_box, false_class = _draw_objects(one, rng)
    where = np.concatenate([image[found], rng.integers(0, design.n_images, n_false)])
    boxes = np.concatenate([_mark(box[found], 0.05, rng), false_box[:n_false]])
    classes = np.concatenate([says[found], false_class[:n_false]])
    confidence = np.concatenate([sure[found], rng.beta(2, 5, n_false)])
    return {
        "label_id": [f"p{k:06d}" for k in range(len(where))],
        "item_id": [f"i{k:05d}" for k in where.tolist()],
        "prediction_id": [f"m-i{k:05d}" for k in where.tolist()],
        "origin": ["prediction"] * len(where),
        "confidence": confidence,
        **_columns(design.kind, boxes, classes),
    }


def _as_labels(design: SceneDesign, who: Ints, rows: dict[str, object], predicted: dict[str, object]) -> LabelSet:
    items = [f"i{k:05d}" for k in range(design.n_images)]
    image = np.repeat(np.arange(design.n_images), who.shape[1]).tolist()
    batches: list[tuple[str, pa.Table]] = [
        ("items", pa.table({
            "item_id": items, "media": ["image"] * len(items), "width": [float(FRAME[0])] * len(items),
            "height": [float(FRAME[1])] * len(items),
        })),
        ("annotators", pa.table({
            "annotator_id": [f"u{k}" for k in range(design.n_annotators)], "kind": ["person"] * design.n_annotators,
        })),
        ("questions", pa.table({
            "question": [QUESTION], "kind": [design.kind], "options": [[f"class {k}" for k in range(design.n_classes)]],
        })),
        ("annotations", pa.table({
            "annotation_id": [f"{items[i]}-u{u}" for i, u in zip(image, who.reshape(-1).tolist(), strict=True)],
            "item_id": [items[i] for i in image],
            "annotator_id": [f"u{u}" for u in who.reshape(-1).tolist()],
        })),
        ("labels", pa.table(rows)),
    ]  # fmt: skip
    if predicted:
        ids = sorted(set(predicted["prediction_id"]))  # type: ignore[call-overload] # a list of texts
        batches.append(("predictions", pa.table({
            "prediction_id": ids, "item_id": [one[2:] for one in ids], "question": [QUESTION] * len(ids),
            "model_version": ["detector"] * len(ids),
        })))  # fmt: skip
        batches.append(("labels", pa.table(predicted)))
    assert all(name in SCHEMAS for name, _ in batches)
    return LabelSet.of(batches, source="generated scenes")


def _list_planted(
    mistake: npt.NDArray[np.object_],
    image: Ints,
    annotator: Ints,
    box: Floats,
    name_of: npt.NDArray[np.object_],
    extra_image: Ints,
    extra_who: Ints,
) -> pd.DataFrame:
    import pandas as pd

    at = np.flatnonzero(mistake != "")
    boxes = np.concatenate([box[at], np.full((len(extra_image), 4), np.nan)])
    table = pd.DataFrame(
        {
            "mistake": [*mistake[at], *["spurious"] * len(extra_image)],
            "item_id": [f"i{k:05d}" for k in [*image[at].tolist(), *extra_image.tolist()]],
            "annotator_id": [f"u{k}" for k in [*annotator[at].tolist(), *extra_who.tolist()]],
            "label_id": [*name_of[at], *name_of[len(mistake) :]],
        }
    )
    return table.assign(left=boxes[:, 0], top=boxes[:, 1], right=boxes[:, 2], bottom=boxes[:, 3])


def _list_objects(image: Ints, box: Floats, cls: Ints) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(
        {"item_id": [f"i{k:05d}" for k in image.tolist()], "value": [f"class {k}" for k in cls.tolist()]}
    )
    return table.assign(left=box[:, 0], top=box[:, 1], right=box[:, 2], bottom=box[:, 3])
