"""The review queue as people read it: one entry a label, with everything said about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.auditing.kinds import page_of
from annoaudit.errors import Unavailable
from annoaudit.labels import NOMINAL
from annoaudit.reporting.record import QueueEntry, Reason, Support

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.evidence import Evidence
    from annoaudit.policy import Decision

__all__ = ["list_queue"]

MOST_SHOWN = 200
MOST_CONTENT = 600
N_NEIGHBOURS = 3


def list_queue(
    evidence: Evidence, decision: Decision, findings: pd.DataFrame, name_of: Callable[[str], str]
) -> tuple[QueueEntry, ...]:
    """Return the first entries of one question's queue, at most ``MOST_SHOWN``."""
    votes = evidence.votes
    shown = decision.queue[:MOST_SHOWN]
    said = findings[(findings["rank"] > 0) & (findings["rank"] <= len(shown))]
    by_rank = dict(list(said.groupby("rank", sort=False)))
    items = evidence.labels.items.take(votes.whole[shown]).to_pylist()
    names = [name_of(str(one)) for one in votes.annotator_ids.to_pylist()]
    annotation_ids = evidence.labels.annotations["annotation_id"].take(votes.owner[shown]).to_pylist()
    given = votes.spell(votes.label[shown], votes.item[shown]).tolist()
    urls = _native_urls(evidence, annotation_ids)
    entries = []
    for place, (at, item) in enumerate(zip(shown, items, strict=True), start=1):
        rows = by_rank[place].sort_values("suspicion", ascending=False)
        entries.append(
            QueueEntry(
                rank=place,
                level="label",
                severity=str(rows["severity"].max()),
                question=votes.question,
                item_id=str(item["item_id"]),
                annotator=names[int(votes.annotator[at])],
                given=given[place - 1],
                suggested=_most_suggested(rows),
                suspicion=float(rows["suspicion"].max()),
                content=_content(item),
                uri=item["uri"] or "",
                native_url=urls.get(annotation_ids[place - 1], ""),
                reasons=tuple(
                    Reason(str(d), str(s), float(x), str(r))
                    for d, s, x, r in zip(
                        rows["detector"], rows["severity"], rows["suspicion"], rows["reason"], strict=True
                    )
                ),
                support=(
                    *(() if evidence.kind == "text" else _votes_on(evidence, int(votes.item[at]), names)),
                    *_near(evidence, int(votes.item[at])),
                ),
                view=page_of(evidence.kind).view(evidence, int(at)),
            )
        )
    return tuple(entries)


def _most_suggested(rows: pd.DataFrame) -> str:
    named = rows[rows["suggested"] != ""]
    if named.empty:
        return ""
    return str(named.groupby("suggested", sort=False)["suspicion"].sum().idxmax())


def _content(item: dict[str, object]) -> str:
    text = str(item["text"] or "")
    if not text and item["meta_json"]:
        values = json.loads(str(item["meta_json"]))
        text = "; ".join(f"{key}: {value}" for key, value in values.items()) if isinstance(values, dict) else ""
    return text if len(text) <= MOST_CONTENT else text[: MOST_CONTENT - 1] + "…"


def _native_urls(evidence: Evidence, annotation_ids: list[str]) -> dict[str, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = evidence.labels.annotations.select(["annotation_id", "native_url"])
    rows = table.filter(pc.is_in(table["annotation_id"], value_set=pa.array(annotation_ids, pa.string())))
    return {row["annotation_id"]: row["native_url"] or "" for row in rows.to_pylist()}


def _votes_on(evidence: Evidence, item: int, names: list[str]) -> tuple[Support, ...]:
    votes = evidence.votes
    on = np.flatnonzero(votes.item == item)
    said = votes.spell(votes.label[on], votes.item[on]).tolist()
    return tuple(Support("vote", names[int(votes.annotator[at])], word) for at, word in zip(on, said, strict=True))


def _near(evidence: Evidence, item: int) -> tuple[Support, ...]:
    """Similar items and what they are labelled, for answers about whole items."""
    if evidence.kind not in NOMINAL:
        return ()
    try:
        neighbours, best = evidence.neighbours, evidence.consensus.posterior.argmax(axis=1)
    except Unavailable:
        return ()
    votes, texts = evidence.votes, evidence.labels.items["text"]
    index, similarity = neighbours.index[item][:N_NEIGHBOURS], neighbours.similarity[item][:N_NEIGHBOURS]
    return tuple(
        Support(
            "neighbour",
            str(votes.item_ids[int(other)].as_py()),
            votes.classes[int(best[other])],
            float(close),
            (texts[int(other)].as_py() or "")[:MOST_CONTENT],
        )
        for other, close in zip(index, similarity, strict=True)
        if other >= 0
    )
