"""CoNLL and its relatives: every scheme, and what each says about the same sentence."""

import gzip

import pytest

from annoaudit.errors import RefusedInput
from annoaudit.formats import read, write
from annoaudit.formats.texts.tags import count_strays, decode_tags, encode_tags, scheme_of

WORDS = ["New", "York", "Times", "opened", "Kenya", "Nairobi"]
SPANS = [(0, 3, "ORG"), (4, 5, "LOC"), (5, 6, "LOC")]
SAID = {
    "IOB1": ["I-ORG", "I-ORG", "I-ORG", "O", "I-LOC", "B-LOC"],
    "IOB2": ["B-ORG", "I-ORG", "I-ORG", "O", "B-LOC", "B-LOC"],
    "BIOES": ["B-ORG", "I-ORG", "E-ORG", "O", "S-LOC", "S-LOC"],
    "BILOU": ["B-ORG", "I-ORG", "L-ORG", "O", "U-LOC", "U-LOC"],
}


def lines(words, tags):
    return "".join(f"{word} {tag}\n" for word, tag in zip(words, tags, strict=True))


def open_text(folder, text, name="a.conll"):
    (folder / name).write_text(text, encoding="utf-8")
    return read(folder / name)


@pytest.mark.parametrize("scheme", SAID)
def test_every_scheme_says_the_same_spans(tmp_path, scheme):
    assert decode_tags(SAID[scheme]) == (SPANS, 0)
    assert scheme_of([SAID[scheme]]) == ("BIOES" if scheme == "BILOU" else scheme)
    labels = open_text(tmp_path, lines(WORDS, SAID[scheme]))
    assert labels.labels["quote"].to_pylist() == ["New York Times", "Kenya", "Nairobi"]
    assert labels.labels["value"].to_pylist() == ["ORG", "LOC", "LOC"]


def test_an_inside_tag_of_another_type_starts_an_entity():
    assert decode_tags(["B-PER", "I-LOC", "I-LOC"]) == ([(0, 1, "PER"), (1, 3, "LOC")], 0)
    assert scheme_of([["B-PER", "O", "I-LOC"]]) == "IOB2"
    assert scheme_of([["I-PER", "B-PER", "O", "I-LOC"]]) == "IOB1"


def test_an_end_without_a_beginning_is_kept_and_counted(tmp_path):
    labels = open_text(tmp_path, lines(["a", "b", "c"], ["O", "E-PER", "S-LOC"]))
    assert labels.labels["quote"].to_pylist() == ["b", "c"]
    assert any("1 tags end or continue an entity that did not begin" in note for note in labels.notes)


def test_an_inside_tag_that_continues_nothing_is_kept_and_counted(tmp_path):
    assert [count_strays(tags, "IOB2") for tags in (["B-X", "I-X"], ["O", "I-X", "I-X"], ["B-X", "I-Y"])] == [0, 1, 1]
    assert count_strays(["I-X"], "IOB1") == 0
    labels = open_text(tmp_path, lines(["a", "b", "c", "d"], ["B-PER", "O", "I-PER", "I-LOC"]))
    assert labels.labels["quote"].to_pylist() == ["a", "c", "d"]
    assert any(note.startswith("2 tags I- continue no entity of their type, against IOB2") for note in labels.notes)


def test_a_sentence_without_entities_is_an_empty_answer(tmp_path):
    labels = open_text(tmp_path, "-DOCSTART- -X- O O\n\nYes UH O O\n\n-DOCSTART- -X- O O\n\nNo UH O O\n")
    assert (labels.items.num_rows, labels.annotations.num_rows, labels.labels.num_rows) == (2, 2, 0)
    assert labels.items["group"].to_pylist() == ["document 1", "document 2"]


def test_offsets_are_code_points(tmp_path):
    labels = open_text(tmp_path, "😊 O\nAda B-PER\n")
    row, text = labels.labels.to_pylist()[0], labels.items["text"][0].as_py()
    assert text[int(row["start"]) : int(row["end"])] == row["quote"] == "Ada"
    assert row["start"] == 2


def test_windows_line_ends_blank_runs_and_no_last_line_break(tmp_path):
    labels = open_text(tmp_path, "Ada\tB-PER\r\n\r\n \r\n\r\nBob\tB-PER")
    assert labels.items["text"].to_pylist() == ["Ada", "Bob"]


def test_a_token_that_looks_like_json_does_not_make_the_file_json(tmp_path):
    (tmp_path / "noise.traindev.gz").write_bytes(gzip.compress(b"[TOK]\tO\n[TOK]\tB-PER\n"))
    assert read(tmp_path / "noise.traindev.gz").labels["value"].to_pylist() == ["PER"]


def test_files_of_the_same_words_are_different_annotators(tmp_path):
    for name, tags in (("alice", SAID["IOB2"]), ("bob", ["O"] * 6)):
        (tmp_path / f"{name}.conll").write_text(lines(WORDS, tags))
    labels = read(tmp_path)
    assert labels.items.num_rows == 1
    assert labels.annotations["annotator_id"].to_pylist() == ["alice", "bob"]
    assert set(labels.labels["annotator_id"].to_pylist()) == {"alice"}


def test_sentence_ids_do_not_depend_on_their_place(tmp_path):
    first = open_text(tmp_path, "Ada B-PER\n\nBob B-PER\n")
    second = open_text(tmp_path, "Bob B-PER\n\nAda B-PER\n")
    assert set(first.labels["label_id"].to_pylist()) == set(second.labels["label_id"].to_pylist())


@pytest.mark.parametrize(
    ("text", "said"),
    [("Ada B-PER\nBob\n", "line 2 has 1 columns"), ("Ada NN B-PER\nBob B-PER\n", "line 2 has 2 columns")],
)
def test_lines_that_do_not_fit_are_refused_by_number(tmp_path, text, said):
    (tmp_path / "a.conll").write_text(text)
    with pytest.raises(RefusedInput, match=said):
        read(tmp_path / "a.conll", format="conll")


def test_a_word_in_the_place_of_the_tag_is_refused(tmp_path):
    (tmp_path / "a.conll").write_text("Ada B-PER\nBob person\n")
    with pytest.raises(RefusedInput, match="line 2 ends in 'person'"):
        read(tmp_path / "a.conll", format="conll")


def test_a_table_with_an_o_in_it_is_still_a_table(tmp_path):
    (tmp_path / "t.tsv").write_text("item\tannotator\tlabel\n1\ta\tO\n2\ta\tB-x\n")
    assert read(tmp_path / "t.tsv").votes().classes == ("B-x", "O")


def test_what_is_written_reads_back_the_same(tmp_path):
    labels = open_text(tmp_path, "Ada NNP B-PER\nlives VBZ O\n\nYes UH O\n")
    write(labels, tmp_path / "again.conll", format="conll")
    again = read(tmp_path / "again.conll")
    assert again.labels.equals(labels.labels)
    assert again.items.equals(labels.items)


def test_several_annotators_are_written_as_one_file_each(tmp_path):
    (tmp_path / "in").mkdir()
    for name, tags in (("alice", SAID["IOB2"]), ("bob", ["O"] * 6)):
        (tmp_path / "in" / f"{name}.conll").write_text(lines(WORDS, tags))
    labels = read(tmp_path / "in")
    write(labels, tmp_path / "out", format="conll")
    assert read(tmp_path / "out").labels.equals(labels.labels)


def test_overlapping_spans_are_counted_not_hidden():
    assert encode_tags([(0, 2, "A"), (1, 3, "B")], 3) == (["B-A", "I-A", "O"], 1)
