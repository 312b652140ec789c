"""What a model said of items, kept for later: reused where an item's content is the same, never where it is not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from annoaudit.errors import RefusedInput
from annoaudit.evidence.probabilities import Probabilities

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["FittedModel", "hash_contents"]

_CONTENT = ("item_id", "text", "uri", "content_sha256", "meta_json")
_KEY = b"annoaudit.model"
REUSED = "reused"
ENOUGH = 0.95
"""Least share of tonight's items that a kept model has to know."""


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Class probabilities, from a model that did not see the labels it judged, and clusters of near duplicates.

    Parameters
    ----------
    made_at
        When the model was fitted.
    classes, seed
        The K classes it knows, and the seed it was fitted with.
    contents
        (N,) hash of each item's content.
    matrix
        (N, K) probabilities; NaN where an item could not be judged.
    clusters
        (N,) cluster of near duplicates of each item.
    """

    made_at: datetime
    classes: tuple[str, ...]
    seed: int
    contents: tuple[bytes, ...]
    matrix: npt.NDArray[np.floating]
    clusters: npt.NDArray[np.int64]

    @classmethod
    def of(cls, evidence: Evidence, at: datetime) -> FittedModel | None:
        """Take over what was fitted for a question; None where nothing was, or probabilities were supplied."""
        found, clusters = (evidence.kept.get(name) for name in ("probabilities", "near_duplicates"))
        if not isinstance(found, Probabilities) or not isinstance(clusters, np.ndarray):
            return None
        if found.source == "supplied" or found.source.startswith(REUSED):
            return None
        return cls(at, evidence.votes.classes, evidence.seed, hash_contents(evidence), found.matrix, clusters)

    def put_into(self, evidence: Evidence) -> int | None:
        """Let a question reuse the model; return how many items it does not know, None where it can't be reused."""
        tonight = hash_contents(evidence)
        if self.classes != evidence.votes.classes or self.seed != evidence.seed or not tonight:
            return None
        places = {content: place for place, content in enumerate(self.contents)}
        found = np.array([places.get(one, -1) for one in tonight], dtype=np.int64)
        n_unknown = int((found < 0).sum())
        if n_unknown > (1 - ENOUGH) * len(found):
            return None
        matrix = np.where((found >= 0)[:, None], self.matrix[found], np.nan)
        evidence.kept["probabilities"] = Probabilities(matrix, f"{REUSED}, fitted {self.made_at:%Y-%m-%d %H:%M} UTC")
        if tonight == self.contents:
            evidence.kept["near_duplicates"] = self.clusters
        return n_unknown

    def save(self, path: Path) -> None:
        """Write it as one Parquet file, whole or not at all."""
        told = {"made_at": self.made_at.isoformat(), "classes": self.classes, "seed": self.seed}
        columns = {
            "content": pa.array(self.contents, pa.binary(16)),
            "cluster": pa.array(self.clusters),
            **{f"p{k}": pa.array(self.matrix[:, k].astype(np.float32)) for k in range(len(self.classes))},
        }
        table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(told).encode()})
        draft = path.with_name(f".{path.name}.part")
        pq.write_table(table, draft, compression="zstd")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> FittedModel:
        """Read what :meth:`save` wrote.

        Raises
        ------
        RefusedInput
            There is none, or it is damaged.
        """
        try:
            table = pq.read_table(path)
            told = json.loads((table.schema.metadata or {})[_KEY])
            classes = tuple(str(one) for one in told["classes"])
            columns = [np.asarray(table[f"p{k}"], dtype=np.float64) for k in range(len(classes))]
            return cls(
                datetime.fromisoformat(told["made_at"]).astimezone(UTC),
                classes,
                int(told["seed"]),
                tuple(table["content"].to_pylist()),
                np.stack(columns, axis=1),
                np.asarray(table["cluster"], dtype=np.int64),
            )
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
            raise RefusedInput(f"{path} holds no model: {type(error).__name__}.", hint="It is made again.") from None


def hash_contents(evidence: Evidence) -> tuple[bytes, ...]:
    """Return (N,) a hash of each item's id and content: what a model may have looked at."""
    columns = evidence.labels.items.select(list(_CONTENT)).to_pydict().values()
    return tuple(
        hashlib.blake2b(json.dumps(row, ensure_ascii=True).encode(), digest_size=16).digest()
        for row in zip(*columns, strict=True)
    )
