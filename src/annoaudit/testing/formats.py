"""The compliance suite for formats: what every format must do, with a sample of its own."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from annoaudit.errors import RefusedInput
from annoaudit.formats import Format, Source, read
from annoaudit.labels import TABLES, LabelSet

__all__ = ["SAMPLES", "check_format"]


def _zip(**files: bytes) -> bytes:
    """A zip archive that is the same every time; ``__`` in a name stands for its dot."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), content)
    return data.getvalue()


SAMPLES: Mapping[str, tuple[str, bytes]] = {
    "brat": (
        ".zip",
        _zip(a__ann=b"T1\tOrg 0 4\tAcme\nT2\tLoc 8 13\tCairo\nR1\tIn Arg1:T1 Arg2:T2\n", a__txt=b"Acme in Cairo"),
    ),
    "coco": (
        ".json",
        b'{"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}, {"id": 2, "file_name": "b.jpg"}], '
        b'"annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3.5, 4], "iscrowd": 0}], '
        b'"categories": [{"id": 7, "name": "cat"}]}',
    ),
    "conll": (".conll", b"-DOCSTART- -X- O O\n\nAda NNP I-NP I-PER\nlives VBZ I-VP O\n\nYes UH O O\n"),
    "doccano": (
        ".jsonl",
        b'{"id": 1, "text": "Ada met.", "entities": [{"id": 4, "label": "PER", "start_offset": 0, "end_offset": 3}], '
        b'"relations": [], "Comments": []}\n{"id": 2, "text": "Yes.", "entities": [], "relations": [], "Comments": []}',
    ),
    "labelbox": (
        ".ndjson",
        b'{"data_row": {"id": "r1", "row_data": "Good."}, "projects": {"p1": {"labels": [{"id": "l1", "label_details": '
        b'{"created_at": "2026-04-08T16:21:26.000+00:00", "created_by": "ann"}, "performance_details": '
        b'{"seconds_to_create": 7}, "annotations": {"objects": [], "classifications": [{"feature_id": "f1", "name": '
        b'"mood", "radio_answer": {"name": "happy"}}]}}]}}}\n',
    ),
    "label_studio": (
        ".json",
        b'[{"id": 1, "data": {"text": "Good."}, "annotations": [{"id": 7, "completed_by": 2, "result": [{"id": "r", '
        b'"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["happy"]}}], '
        b'"created_at": "2026-01-05T10:00:00Z", "lead_time": 3.5, "project": 4}]}]',
    ),
    "long_table": (".csv", b"item,annotator,label\n1,alice,pos\n1,bob,neg\n2,alice,pos\n"),
    "cvat": (
        ".xml",
        b'<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task><id>2</id></task></meta>'
        b'<image id="0" name="a.jpg" width="64" height="48"><box label="cat" source="manual" occluded="0" xtl="1.00" '
        b'ytl="2.00" xbr="30.00" ybr="40.00" z_order="0"></box></image></annotations>',
    ),
    "pascal_voc": (
        ".xml",
        b"<annotation><filename>a.jpg</filename><size><width>20</width><height>10</height></size><object><name>cat"
        b"</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>",
    ),
    "yolo": (".txt", b"0 0.5 0.5 0.25 0.4\n1 0.2 0.3 0.1 0.2\n"),
    "preference": (
        ".jsonl",
        b'{"question_id": 81, "model_a": "m1", "model_b": "m2", "winner": "model_a", "judge": "ann", "turn": 1}\n'
        b'{"question_id": 81, "model_a": "m1", "model_b": "m2", "winner": "tie", "judge": "bob", "turn": 1}\n',
    ),
    "prodigy": (
        ".jsonl",
        b'{"text": "It works", "options": [{"id": "POS"}, {"id": "NEG"}], "accept": ["POS"], "answer": "accept", '
        b'"_input_hash": 1, "_task_hash": 2, "_annotator_id": "sent-ann", "_timestamp": 1707211060}\n'
        b'{"text": "It works", "spans": [{"start": 0, "end": 2, "label": "X"}], "tokens": [], "answer": "ignore", '
        b'"_input_hash": 1, "_task_hash": 3, "_annotator_id": "sent-bob", "_timestamp": 1707211071}\n',
    ),
    "wide_table": (".csv", b"item,alice,bob,carol\n1,pos,neg,\n2,pos,pos,pos\n"),
}
"""A small file of each format that annoaudit brings: its ending and its bytes."""

_GENERAL = ("long_table", "wide_table")
_CUTS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
_DAMAGES = (b"\xff\xfe\xfd", b"\x00", b'"', b"{", b"]]", b"\x80\x04\x95", b"\n,,,\n")


def check_format(
    format_: Format,
    sample: bytes | str | Path,
    *,
    counts: Mapping[str, int],
    suffix: str = "",
    mapping: Mapping[str, str] | None = None,
    others: Mapping[str, tuple[str, bytes]] = SAMPLES,
) -> None:
    """Check that a format keeps the rules that annoaudit relies on.

    It knows its own sample and no other format's (a table, tried last, no other table's); reading twice gives the
    same; ids are the same wherever the file lies, and there are as many rows as stated; and damaged, cut or empty
    files are either read or refused with the file's name and a hint, never anything else.

    Parameters
    ----------
    format_
        An instance.
    sample
        A file of this format, or its bytes.
    counts
        Table name to its number of rows.
    suffix
        Ending of the file, where bytes are given.
    mapping
        Which column is what, where the format needs it.
    others
        Samples of other formats, by name.

    Raises
    ------
    AssertionError
        Names the rule that was broken.
    """
    data = sample if isinstance(sample, bytes) else Path(sample).read_bytes()
    suffix = suffix if isinstance(sample, bytes) else "".join(Path(sample).suffixes)
    assert isinstance(format_, Format), "a format has name, sniff and read"
    with tempfile.TemporaryDirectory() as folder:
        _check_sniffing(format_, Path(folder), data, suffix, dict(mapping or {}), others)
        _check_reading(format_, Path(folder), data, suffix, mapping, counts)
        for what, damaged in _damage(data):
            _check_damage(format_, Path(folder), what, damaged, suffix, mapping)


def _check_sniffing(
    format_: Format,
    folder: Path,
    data: bytes,
    suffix: str,
    mapping: dict[str, str],
    others: Mapping[str, tuple[str, bytes]],
) -> None:
    own = _write(folder / f"own{suffix}", data)
    assert format_.sniff(Source(str(own), path=own, mapping=mapping)), "it does not know its own sample"
    for name, (ending, foreign) in others.items():
        if name != format_.name and (name in _GENERAL or not getattr(format_, "general", False)):
            path = _write(folder / f"{name}{ending}", foreign)
            assert not format_.sniff(Source(str(path), path=path)), f"it takes a sample of {name} for its own"


def _check_reading(
    format_: Format,
    folder: Path,
    data: bytes,
    suffix: str,
    mapping: Mapping[str, str] | None,
    counts: Mapping[str, int],
) -> None:
    (folder / "elsewhere").mkdir()
    here, there = _write(folder / f"here{suffix}", data), _write(folder / "elsewhere" / f"here{suffix}", data)
    first, second, third = (read(path, format=format_, mapping=mapping) for path in (here, here, there))
    _assert_equal(first, second, "reading twice does not give the same")
    _assert_equal(first, third, "the same file elsewhere does not give the same")
    for name, expected in counts.items():
        found = first.tables[name].num_rows
        assert found == expected, f"{found} rows of {name}, not {expected}"


def _assert_equal(first: LabelSet, second: LabelSet, rule: str) -> None:
    for name in TABLES:
        assert first.tables[name].equals(second.tables[name]), f"{rule}: {name}"
    assert first.notes == second.notes, f"{rule}: notes"


def _damage(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "blank", b" \n\n"
    for share in _CUTS:
        yield f"cut at {share:.0%}", data[: int(len(data) * share)]
    for place, junk in enumerate(_DAMAGES, start=1):
        at = len(data) * place // (len(_DAMAGES) + 1)
        yield f"with {junk!r} inside", data[:at] + junk + data[at:]
        yield f"with {junk!r} for its head", junk + data[len(junk) :]


def _check_damage(
    format_: Format, folder: Path, what: str, damaged: bytes, suffix: str, mapping: Mapping[str, str] | None
) -> None:
    path = _write(folder / f"damaged{suffix}", damaged)
    for chosen in (format_, None):
        refusal = None
        try:
            read(path, format=chosen, mapping=mapping)
        except RefusedInput as error:
            refusal = error
        except Exception as error:
            raise AssertionError(f"{what}: {type(error).__name__} escaped: {error}") from error
        if refusal is not None:
            assert path.name in str(refusal), f"{what}: the refusal does not name the file: {refusal}"
            assert refusal.hint, f"{what}: the refusal does not say how to mend it: {refusal}"


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
