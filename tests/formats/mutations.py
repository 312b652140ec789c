"""Hostile files made from the samples of the formats: a seed makes the same file every time."""

from __future__ import annotations

import io
import json
import random
import zipfile

from annoaudit.testing.samples import SAMPLES

TOKENS = [
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"null", b"true", b'""', b"{}", b"[]", b"[[", b"]]", b"{", b"}", b'"',
    b"'", b"\\u0000", b"\\ud800", b"\\ud83d\\ude00", b"\xf0\x9f\x98\x8a", b"\xff\xfe", b"\x00", b"../",
    b"/etc/hostname",
    b"../../outside.txt", b"file:///etc/hostname", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"&x;", b"&lt;", b"<a>", b"</a>",
    b"\t", b"\n", b"\r\n", b" ", b",", b";", b"|", b"=1+1", b"9" * 400, b"-9" + b"9" * 30, b"0.0000000001", b"[" * 1200,
    b'{"a":' * 1200, b"B-", b"I-X", b"-DOCSTART-", b"T1\t", b"R1\t", b"18446744073709551616", b"*a", b"&a [*a]",
    b"!!python/object:os.system",
]  # fmt: skip
VALUES = [
    None, True, -1, 0, 10**30, 1e308, -0.5, "", "x" * 3000, "\u0000", "😊", "../../outside.txt", [], {}, [[]], [1, 2],
    [[1, 2], [3]], {"a": {}}, ["a", 1, None], "2026-01-05T10:00:00", "0001-01-01T00:00:00+23:59", [0] * 500,
    {"counts": "x", "size": [9, 9]}, {"counts": [-1, 10**12], "size": [10**9, 10**9]},
]  # fmt: skip
NAMES = [
    "../outside.txt", "/abs.json", "C:\\x.json", "a/../../b.json", "ok.json", "a.ann", "a.txt", "data.yaml", "x" * 300,
    ".hidden",
]  # fmt: skip


def make_hostile(seed: int) -> tuple[str, bytes]:
    """Return the ending and the bytes of one hostile file."""
    rng = random.Random(seed)
    ending, data = SAMPLES[rng.choice(sorted(SAMPLES))]
    how = rng.random()
    if ending == ".zip":
        data = _rebuild(data, rng) if how < 0.7 else _mutate(data, rng)
    elif how < 0.45 and ending in (".json", ".jsonl", ".ndjson"):
        data = _mutate_json(data, rng)
    else:
        data = _mutate(data, rng)
    if rng.random() < 0.1:
        ending, data = ".zip", _wrap(ending, data, rng)
    if rng.random() < 0.05:
        ending = rng.choice([".json", ".jsonl", ".xml", ".txt", ".csv", ".conll", ".ann", ".parquet", ""])
    return ending, data


def _mutate(data: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(data))
        to = min(len(data), at + rng.randint(0, 30))
        kind = rng.random()
        if kind < 0.4:
            data = data[:at] + rng.choice(TOKENS) + data[at:]
        elif kind < 0.6:
            data = data[:at] + rng.choice(TOKENS) + data[to:]
        elif kind < 0.7:
            data = data[:at] + data[to:]
        elif kind < 0.8:
            data = data[:to] + data[at:to] * rng.randint(1, 50) + data[to:]
        elif kind < 0.9:
            data = data[:at] + rng.randbytes(rng.randint(1, 8)) + data[to:]
        else:
            other = SAMPLES[rng.choice(sorted(SAMPLES))][1]
            data = data[:at] + other[rng.randint(0, len(other)) :]
    return data


def _mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Valid JSON in which some values, somewhere, are of another kind."""
    lines = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    places: list[tuple[object, object]] = []
    for line in lines:
        _walk(line, places)
    for container, key in rng.sample(places, min(len(places), rng.randint(1, 3))):
        if rng.random() < 0.2 and isinstance(container, dict):
            container.pop(key, None)
        else:
            container[key] = rng.choice(VALUES)  # type: ignore[index] # a list or an object
    return b"\n".join(json.dumps(line).encode() for line in lines)


def _walk(node: object, places: list[tuple[object, object]]) -> None:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        places.append((node, key))
        _walk(value, places)


def _rebuild(data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for place, name in enumerate(old.namelist()):
            kept = name if rng.random() < 0.8 else NAMES[(rng.randrange(len(NAMES)) + place) % len(NAMES)]
            new.writestr(zipfile.ZipInfo(kept), _mutate(old.read(name), rng) if rng.random() < 0.7 else old.read(name))
    return out.getvalue()


def _wrap(ending: str, data: bytes, rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for number in range(rng.randint(1, 3)):
            name = rng.choice(NAMES) if rng.random() < 0.3 else f"part{number}{ending}"
            new.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()
