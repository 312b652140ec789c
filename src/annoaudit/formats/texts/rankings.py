"""Rankings as JSON Lines, JSON or a table: an order of candidates in each record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering, Row, stable_key
from annoaudit.formats.json_values import Record, as_id, dump, number, shorten
from annoaudit.formats.json_values import time as time_of
from annoaudit.formats.source import Source

__all__ = ["RankingRecords"]

QUESTION = "ranking"
_ORDERS = ("ranking", "ranked", "order", "preference_order")
_RANKS = ("ranks", "rank")
_CANDIDATES = ("candidates", "responses", "completions", "answers", "options", "outputs", "systems", "models")
_JUDGES = ("judge", "annotator", "annotator_id", "worker_id", "user_id", "rater", "labeler", "worker")
_TIMES = ("created_at", "timestamp", "tstamp")
_KEYS = ("item_id", "question_id", "prompt_id", "item", "id")
_PROMPTS = ("prompt", "question", "instruction", "query", "text", "input")
_NAMES = ("id", "name", "model", "system")
_TEXTS = ("text", "content", "answer", "response", "completion", "output")


@dataclass(frozen=True)
class RankingRecords:
    """Rankings as JSON Lines, JSON, CSV or TSV: each record an order of things, with who gave it.

    See ``docs/formats/rankings.md``.
    """

    carries: ClassVar[Carries] = Carries("judge, where stated", "where stated", "no", "documentation")
    name: str = "rankings"

    def sniff(self, source: Source) -> bool:
        """Say whether records hold an order of things, or candidates with ranks."""
        if source.kind in ("json", "jsonl"):
            return bool(source.sample) and all(isinstance(one, dict) and _holds_order(one) for one in source.sample)
        if source.kind not in ("delimited", "parquet", "frame"):
            return False
        key = next((one for one in _ORDERS if one in source.columns), None)
        return key is not None and any(one in source.columns for one in _KEYS) and _is_order(_first(source, key))

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item a set of candidates, a label a ranking.

        Raises
        ------
        RefusedInput
            A record holds no order, or ranks that do not fit its candidates.
        """
        rows = Gathering(source.name, source.notes)
        rows.question(QUESTION, "ranking")
        records = source.documents if source.kind in ("json", "jsonl") else source.table.to_pylist()
        for place, one in enumerate(records, start=1):
            where = f"{source.name}, record {place:,}"
            if not isinstance(one, dict) or not _holds_order(one):
                raise RefusedInput(f"{where} holds no order of things.", hint="See docs/formats/rankings.md.")
            _take(one, rows, where)
        yield from rows.finish(nobody_named="Records name no judge")


def _first(source: Source, key: str) -> object:
    cells = source.table[key].drop_null()
    return cells[0].as_py() if len(cells) else None


def _holds_order(one: Record) -> bool:
    if any(_is_order(one.get(key)) for key in _ORDERS):
        return True
    listed = _candidates(one)[1]
    ranks = next((one[key] for key in _RANKS if key in one), None)
    return bool(listed) and (isinstance(ranks, list) or all(isinstance(c, dict) and "rank" in c for c in listed))


def _is_order(value: object) -> bool:
    if isinstance(value, str):
        return ">" in value or _as_list(value) is not None
    return isinstance(value, list) and len(value) > 0


def _as_list(text: str) -> list[object] | None:
    """A list written as JSON in a cell."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _candidates(one: Record) -> tuple[str, list[object]]:
    for key in _CANDIDATES:
        value = one.get(key)
        listed = _as_list(value) if isinstance(value, str) else value
        if isinstance(listed, list) and len(listed) > 1:
            return key, listed
    return "", []


def _take(one: Record, rows: Gathering, where: str) -> None:
    key, listed = _candidates(one)
    names = _names_of(listed, where)
    order_key = next((name for name in _ORDERS if _is_order(one.get(name))), None)
    ranks = _in_order(one[order_key], names, where) if order_key else _by_ranks(one, listed, names, where)
    taken = {*_ORDERS, *_RANKS, *_JUDGES, *_TIMES, *_KEYS, key}
    rest = {name: value for name, value in one.items() if name not in taken and value is not None}
    # A list sorted by its own ranks says nothing of what was shown: such candidates are kept in the order of names.
    own_ranks = order_key is None and not any(name in one for name in _RANKS)
    shown = [{"id": name, **_describe(c)} for name, c in zip(names, listed, strict=True)]
    if own_ranks:
        shown.sort(key=lambda c: str(c["id"]))
    native = next((as_id(one[name]) for name in _KEYS if isinstance(one.get(name), (str, int))), None)
    prompt = next((str(one[name]) for name in _PROMPTS if isinstance(one.get(name), str)), None)
    item_id = native or stable_key(prompt, *sorted(names or (name for group in ranks for name in group)))
    meta = {**rest, **({"candidates": shown} if shown else {})}
    rows.item(item_id, media="text" if prompt else None, text=prompt, meta_json=dump(meta) if meta else None)
    rows.label(_owner(one, rows, item_id, where), QUESTION, "ranking", ranks=ranks)


def _names_of(listed: Sequence[object], where: str) -> list[str]:
    """What each candidate is called: its id, name or model, else its text."""
    names = []
    for one in listed:
        if isinstance(one, Mapping):
            found = next((one[key] for key in (*_NAMES, *_TEXTS) if isinstance(one.get(key), (str, int))), None)
        else:
            found = one if isinstance(one, (str, int)) and not isinstance(one, bool) else None
        if found is None:
            raise RefusedInput(f"{where}: candidate {shorten(one)} has no name or text.", hint="Give each an id.")
        names.append(as_id(found))
    if len(set(names)) < len(names):
        raise RefusedInput(f"{where}: two candidates have the same name.", hint="Give each an id of its own.")
    return names


def _describe(candidate: object) -> dict[str, object]:
    if not isinstance(candidate, Mapping):
        return {}
    return {str(key): value for key, value in candidate.items() if key not in ("id", "rank", "score")}


def _in_order(value: object, names: Sequence[str], where: str) -> list[list[str]]:
    """Groups of tied things, the best first; whole numbers that are no names are places in the list of candidates."""
    if isinstance(value, str) and (listed := _as_list(value)) is not None:
        value = listed
    if isinstance(value, str):
        groups: list[object] = [[one.strip() for one in group.split("=")] for group in value.split(">")]
    else:
        groups = list(value) if isinstance(value, list) else []
    ranks = [[_write(one, where) for one in (group if isinstance(group, list) else [group])] for group in groups]
    said = [one for group in ranks for one in group]
    if any(not one for one in said):
        raise RefusedInput(
            f"{where}: the order {shorten(value)} has an empty place.", hint="Name a thing at each place."
        )
    if names and not set(said) <= set(names):
        ranks = _by_place(ranks, names, where)
        said = [one for group in ranks for one in group]
    if len(set(said)) < len(said):
        raise RefusedInput(f"{where}: the order {shorten(value)} names a thing twice.", hint="Name each thing once.")
    return ranks


def _write(one: object, where: str) -> str:
    if isinstance(one, bool) or not isinstance(one, (str, int, float)):
        raise RefusedInput(
            f"{where}: the order holds {shorten(one)}, which names nothing.", hint="Name things by texts."
        )
    return as_id(one)


def _by_place(ranks: list[list[str]], names: Sequence[str], where: str) -> list[list[str]]:
    """Numbers as places in the list of candidates: from 0 where 0 is among them, else from 1."""
    said = [one for group in ranks for one in group]
    if not all(one.isdecimal() and one.isascii() and len(one) < 7 for one in said):
        odd = next(one for one in said if one not in names)
        raise RefusedInput(f"{where}: the order names {shorten(odd)}, which is no candidate.", hint="Name candidates.")
    start = 0 if "0" in said else 1
    if max(map(int, said)) - start >= len(names):
        raise RefusedInput(f"{where}: the order names a place beyond its {len(names)} candidates.", hint="Mend it.")
    return [[names[int(one) - start] for one in group] for group in ranks]


def _by_ranks(one: Record, listed: Sequence[object], names: Sequence[str], where: str) -> list[list[str]]:
    """Candidates with a rank each, 1 the best; equal ranks are ties, and a missing rank leaves a thing out."""
    key = next((name for name in _RANKS if name in one), None)
    given = one[key] if key else [c.get("rank") if isinstance(c, Mapping) else None for c in listed]
    if not isinstance(given, list) or len(given) != len(names):
        raise RefusedInput(f"{where}: {key} does not hold one rank a candidate.", hint="Give each candidate a rank.")
    groups: dict[float, list[str]] = {}
    for name, value in zip(names, given, strict=True):
        rank = number({"rank": value}, "rank", where)
        if rank is not None:
            groups.setdefault(rank, []).append(name)
    return [groups[rank] for rank in sorted(groups)]


def _owner(one: Record, rows: Gathering, item_id: str, where: str) -> Row:
    judge = next((one[key] for key in _JUDGES if one.get(key) not in (None, "")), None)
    naive: list[str] = []
    key = next((name for name in _TIMES if name in one), None)
    at = time_of(one, key, where, naive) if key else None
    rows.count_naive(bool(naive))
    return rows.annotation(item_id, None if judge is None else as_id(judge), created_at=at)
