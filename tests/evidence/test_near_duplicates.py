import random

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from annoaudit.evidence import similar_rows
from annoaudit.evidence.features import build_features
from annoaudit.evidence.near_duplicates import cluster_near_duplicates
from annoaudit.evidence.similar_rows import find_similar_rows
from annoaudit.evidence.text_features import normalise_texts, weigh_terms

NOUNS = "card account payment transfer parcel order refund screen password invoice ticket address".split()  # noqa: SIM905 - reads better
VERBS = "lost blocked changed delayed opened closed cancelled received declined verified checked charged".split()  # noqa: SIM905 - reads better
REST = "yesterday morning abroad again twice without reason before after holiday shop online bank app".split()  # noqa: SIM905 - reads better


def _sentences(n, seed):
    rng = random.Random(seed)
    return [
        f"my {rng.choice(NOUNS)} was {rng.choice(VERBS)} {rng.choice(REST)} and the {rng.choice(NOUNS)} "
        f"{rng.choice(VERBS)} {rng.choice(REST)} {rng.choice(REST)} number {rng.randrange(1000)}"
        for _ in range(n)
    ]


def _items(texts):
    return pa.table({"item_id": [str(i) for i in range(len(texts))], "text": pa.array(texts, pa.string())})


def test_copies_share_a_cluster_whatever_their_case_and_spaces():
    items = _items(
        ["Hello  World", "hello world", "\uff28\uff25\uff2c\uff2c\uff2f world\u200b", "other", None, "", None]
    )
    assert cluster_near_duplicates(items, None).tolist() == [0, 0, 0, 1, 2, 3, 4]


def test_short_texts_are_only_compared_as_they_are():
    items = _items(["fine :)", "fine :(", "fine", "not fine"])
    assert len(set(cluster_near_duplicates(items, build_features(items)).tolist())) == 4


def test_items_without_text_are_compared_by_hash_then_address():
    items = pa.table(
        {"item_id": list("abcde"), "content_sha256": ["x", "x", None, None, None],
         "uri": ["1.png", "2.png", "3.png", "3.png", None]}
    )  # fmt: skip
    assert cluster_near_duplicates(items, None).tolist() == [0, 0, 1, 1, 2]


def test_equal_vectors_are_copies():
    items = pa.table({"item_id": list("abcd")})
    features = build_features(items, supplied=np.array([[0.0, 1], [-0.0, 1], [2, 3], [np.nan, 0]]))
    assert cluster_near_duplicates(items, features).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("exact_up_to", [10**9, 0], ids=["exact", "by sketches"])
def test_every_pair_is_found_with_and_without_sketches(exact_up_to, monkeypatch):
    monkeypatch.setattr(similar_rows, "EXACT_UP_TO", exact_up_to)
    texts = normalise_texts(_sentences(300, 1) + [text + " ok" for text in _sentences(60, 1)])
    matrix, _ = weigh_terms(texts)
    cosine = (matrix @ matrix.T).toarray()
    for similarity in (0.6, 0.85, 0.95):
        expected = {(i, j) for i, j in zip(*np.nonzero(np.triu(cosine, 1) >= similarity), strict=True)}
        found = find_similar_rows(matrix, similarity)
        assert {tuple(pair) for pair in found.pairs.T.tolist()} == expected
        assert found.n_bounded == 0


def test_sketches_differ_in_as_many_bits_as_the_angle_says():
    rng = np.random.default_rng(3)
    rows = rng.random((200, 400)) * (rng.random((200, 400)) < 0.1)
    rows = sp.csr_matrix((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    left, right = np.triu_indices(200, 1)
    cosine = np.clip((rows @ rows.T).toarray()[left, right], -1, 1)
    bits = similar_rows._differing_bits(similar_rows._sketch(rows), left, right)
    assert bits.mean() == pytest.approx(128 * (np.arccos(cosine) / np.pi).mean(), rel=0.03)
    assert similar_rows._differing_bits(similar_rows._sketch(rows), left, left).max() == 0


@pytest.mark.statistical
@pytest.mark.parametrize(("edit", "recall"), [("typo", 0.75), ("added", 0.85), ("sign", 0.85), ("greeting", 0.9)])
def test_planted_edits_are_found_and_different_sentences_kept_apart(edit, recall):
    rng = random.Random(0)
    texts = _sentences(800, 2)
    sources = texts[:200]

    def change(text):
        words = text.split()
        place = rng.randrange(1, len(words))
        if edit == "typo":
            spot = rng.randrange(len(text))
            return text[:spot] + rng.choice("qxz") + text[spot + 1 :]
        if edit == "added":
            return " ".join([*words[:place], "really", *words[place:]])
        return text + " !!" if edit == "sign" else "hello, " + text

    items = _items(texts + [change(text) for text in sources])
    cluster = cluster_near_duplicates(items, build_features(items))
    truth = np.concatenate([np.arange(800), np.arange(200)])
    together = np.array([cluster[i] == cluster[800 + i] for i in range(200)])
    pairs = [(i, j) for i in range(1000) for j in np.flatnonzero(cluster[i + 1 :] == cluster[i]) + i + 1]
    precision = np.mean([truth[i] == truth[j] for i, j in pairs])
    assert together.mean() >= recall
    assert precision >= 0.95


def test_a_table_of_one_template_is_bounded_and_says_so(monkeypatch):
    monkeypatch.setattr(similar_rows, "MOST_CANDIDATES", 10_000)
    items = _items([f"order number {k} has been shipped to the address you gave us" for k in range(500)])
    said = []
    assert len(cluster_near_duplicates(items, build_features(items), on_bound=said.append)) == 500
    assert len(said) == 1
    assert said[0].startswith("500 texts share")


def test_near_copies_of_images_share_a_cluster(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="images need the extra")
    rng = np.random.default_rng(0)
    for k in range(8):
        block = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
        picture = image.fromarray(block).resize((96, 96), image.Resampling.BICUBIC)
        picture.save(tmp_path / f"{k}.png")
        picture.save(tmp_path / f"{k}.jpg", quality=90)
    uris = [f"{k}.{kind}" for kind in ("png", "jpg") for k in range(8)]
    items = pa.table({"item_id": uris, "media": ["image"] * 16, "uri": uris})
    cluster = cluster_near_duplicates(items, build_features(items, media_root=tmp_path))
    assert cluster.tolist() == [*range(8), *range(8)]


def test_no_items_and_one_item():
    assert cluster_near_duplicates(_items([]), None).tolist() == []
    assert cluster_near_duplicates(_items(["a b"]), None).tolist() == [0]
