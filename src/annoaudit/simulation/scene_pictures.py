"""Pictures of simulated scenes: objects whose colour and form tell their class, on a noisy ground."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from annoaudit.labels import LabelSet
from annoaudit.simulation.scenes import Scenes

__all__ = ["paint_scenes"]

COLOURS = ((200, 60, 60), (60, 190, 80), (70, 80, 210), (210, 200, 60), (160, 60, 190))
GROUND = (90, 160)
UNEVEN = 25.0
SHARE = 0.4
"""Size of a picture, in shares of the frame that coordinates are in."""


def paint_scenes(scenes: Scenes, folder: Path, *, seed: int = 0) -> LabelSet:
    """Paint each image as a JPEG file into a folder; return the labels with the files' names as ``uri``.

    Needs Pillow (``annoaudit[images]``).
    """
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed)
    names, items = [], scenes.labels.items
    by_item = dict(list(scenes.objects.groupby("item_id", sort=False)))
    for row in items.select(["item_id", "width", "height"]).to_pylist():
        width, height = round(SHARE * row["width"]), round(SHARE * row["height"])
        noise = rng.integers(*GROUND, (max(height // 5, 1), max(width // 5, 1), 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((width, height))
        pen = ImageDraw.Draw(image)
        for one in by_item[row["item_id"]].to_dict("records"):
            k = int(str(one["value"]).split()[-1])
            colour = np.clip(np.array(COLOURS[k % len(COLOURS)]) + rng.normal(0, UNEVEN, 3), 0, 255)
            place = [SHARE * one[edge] for edge in ("left", "top", "right", "bottom")]
            draw = pen.ellipse if k % 2 else pen.rectangle
            draw(place, fill=(int(colour[0]), int(colour[1]), int(colour[2])))
        names.append(f"{row['item_id']}.jpg")
        image.save(folder / names[-1], quality=90)
    place_of_uri = items.schema.get_field_index("uri")
    return replace(scenes.labels, items=items.set_column(place_of_uri, "uri", pa.array(names, pa.string())))
