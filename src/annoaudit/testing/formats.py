"""The compliance suite for formats: what every format must do, with a sample of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from annoaudit.errors import RefusedInput
from annoaudit.formats import Format, Source, read
from annoaudit.labels import TABLES, LabelSet
from annoaudit.testing.samples import SAMPLES

__all__ = ["SAMPLES", "check_format"]


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
