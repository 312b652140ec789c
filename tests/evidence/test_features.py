import json

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from annoaudit.errors import MissingExtra, RefusedInput, Unavailable, UsageError
from annoaudit.evidence.features import IMAGE, SUPPLIED, TABLE, TEXT, build_features


def _texts(*texts):
    return pa.table({"item_id": [str(i) for i in range(len(texts))], "text": pa.array(texts, pa.string())})


def _rows(*rows):
    return pa.table({"item_id": [str(i) for i in range(len(rows))], "meta_json": [json.dumps(row) for row in rows]})


def test_texts_become_rows_of_unit_length_and_empty_ones_have_no_content():
    features = build_features(_texts("A cat sat", "", None, "   ", "a dog ran", "\u200b"))
    assert features.source == TEXT
    assert features.is_sparse
    assert features.has_content.tolist() == [True, False, False, False, True, False]
    length = np.sqrt(features.matrix.multiply(features.matrix).sum(axis=1)).A1
    np.testing.assert_allclose(length, [1, 0, 0, 0, 1, 0], atol=1e-6)
    assert len(features.names) == features.matrix.shape[1]


def test_case_width_and_invisible_characters_do_not_matter():
    features = build_features(
        _texts("Straße  CAFÉ", "strasse cafe\u0301", "\uff33\uff34\uff32\uff21\uff33\uff33\uff25\u200b café")
    )
    dense = features.matrix.toarray()
    np.testing.assert_allclose(dense[0], dense[1], atol=1e-6)
    np.testing.assert_allclose(dense[0], dense[2], atol=1e-6)


@pytest.mark.parametrize(
    "texts",
    [
        ["你好世界这是一个测试", "你好世界这是另一个测试", "天气今天很好我们去公园"],
        ["नमस्ते दुनिया", "नमस्ते मित्र", "मौसम अच्छा है"],
        ["مرحبا بالعالم", "مرحبا يا صديقي", "الطقس جميل اليوم"],
    ],
)
def test_any_language_tells_the_like_from_the_unlike(texts):
    rows = build_features(_texts(*texts)).scaled
    assert (rows[0] @ rows[1].T).toarray()[0, 0] > (rows[0] @ rows[2].T).toarray()[0, 0]


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "\x1b[31mred", "a" * 3_000_000, "\ufdfa" * 50_000, "!?…", "🙂"],
)
def test_hostile_text_is_harmless(text):
    features = build_features(_texts(text, "plain words", "other words"))
    assert np.isfinite(features.matrix.data).all()
    assert features.matrix.nnz < 200_000


def test_nothing_to_learn_from_is_said():
    with pytest.raises(Unavailable, match="no text, no images and no table columns"):
        build_features(_texts(None, "", " "))
    with pytest.raises(Unavailable, match="no word and no character"):
        build_features(_texts("\u200b", "\u200b"))


def test_table_columns_are_encoded_by_what_they_hold():
    rng = np.random.default_rng(0)
    rows = [
        {"id": i, "row": f"r{i}", "age": int(rng.integers(20, 90)), "city": "Bonn" if i % 2 else "Ulm", "same": 1,
         "number": str(i * 1.5), "note": f"the {'red' if i % 2 else 'blue'} car number went home"}
        for i in range(60)
    ]  # fmt: skip
    rows[3]["age"] = None
    features = build_features(_rows(*rows))
    assert features.source == TABLE
    assert {"age", "age is missing", "city = Bonn", "city = Ulm", "number"} <= set(features.names)
    assert not {"id", "row", "same"} & {name.split(" ")[0] for name in features.names}
    assert any(name.startswith("note, topic") for name in features.names)
    assert np.isfinite(features.matrix).all()
    again = build_features(_rows(*rows))
    np.testing.assert_array_equal(features.matrix, again.matrix)


def test_hostile_table_cells_are_harmless():
    cells = ["[" * 100_000, "{broken", "[1, 2]", '{"a": 1e999}', '{"a": NaN}', '{"a": ' + "9" * 5000 + "}", None]
    good = [json.dumps({"a": k % 7, "b": ["nested"], "c": {"d": 1}}) for k in range(30)]
    items = pa.table({"item_id": [str(i) for i in range(37)], "meta_json": pa.array(cells + good, pa.string())})
    features = build_features(items)
    assert np.isfinite(features.matrix).all()
    assert features.has_content[7:].all()
    assert not features.has_content[:3].any()


def test_a_table_of_ids_alone_is_unavailable():
    with pytest.raises(Unavailable, match="only ids, constants"):
        build_features(_rows(*[{"id": k, "uuid": f"{k:032x}"} for k in range(30)]))


def test_supplied_vectors_are_taken_as_they_are():
    vectors = np.array([[1.0, 2], [np.nan, 1], [3, 4]])
    features = build_features(_texts("a", "b", "c"), supplied=vectors)
    assert features.source == SUPPLIED
    assert features.has_content.tolist() == [True, False, True]
    assert features.matrix[1].tolist() == [0, 0]
    assert build_features(_texts("a", "b"), supplied=sp.eye(2, format="coo")).is_sparse


def test_supplied_vectors_that_do_not_fit_are_refused():
    items = _texts("a", "b", "c")
    with pytest.raises(UsageError, match="one row for each of 3 items"):
        build_features(items, supplied=np.zeros((2, 4)))
    with pytest.raises(RefusedInput, match="infinite"):
        build_features(items, supplied=np.array([[1.0], [np.inf], [0]]))
    with pytest.raises(RefusedInput, match="not numbers"):
        build_features(items, supplied=np.array([["a"], ["b"], ["c"]]))
    with pytest.raises(Unavailable, match="no item has a feature vector"):
        build_features(items, supplied=np.full((3, 2), np.nan))


def test_scaling_lets_units_not_matter():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(50, 2)) * [1, 1000]
    spread = build_features(_texts(*["x"] * 50), supplied=matrix).scaled.std(axis=0)
    assert 0.4 < spread[0] / spread[1] <= 1


def test_embeddings_are_asked_for_by_name_and_never_downloaded():
    try:
        import sentence_transformers  # noqa: F401
    except ImportError:
        expected = pytest.raises(MissingExtra, match="optional package")
    else:
        expected = pytest.raises(Unavailable, match="not on this machine")
    with expected:
        build_features(_texts("a b", "c d"), embeddings="no-such-model")


def _images(folder, n=6):
    from PIL import Image

    rng = np.random.default_rng(0)
    for k in range(n):
        pixels = np.zeros((40, 40, 3), dtype=np.uint8)
        pixels[:, :: 2 + k % 3] = rng.integers(200, 255)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    return pa.table(
        {"item_id": [str(k) for k in range(n)], "media": ["image"] * n, "uri": [f"{k}.png" for k in range(n)]}
    )


def test_images_are_read_from_the_named_folder_only(tmp_path):
    pytest.importorskip("PIL", reason="images need the extra")
    root = tmp_path / "root"
    root.mkdir()
    items = _images(root)
    (tmp_path / "secret.png").write_bytes((root / "0.png").read_bytes())
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40)
    uris = ["0.png", str(root / "1.png"), "../secret.png", str(tmp_path / "secret.png"), "link.png", "damaged.png",
            "https://example.com/a.png", "file:///etc/passwd", "missing.png", None, "a\x00b"]  # fmt: skip
    items = pa.table({"item_id": list("abcdefghijk"), "media": ["image"] * 11, "uri": pa.array(uris, pa.string())})
    features = build_features(items, media_root=root)
    assert features.source == IMAGE
    assert features.has_content.tolist() == [True, True, *[False] * 9]
    assert np.isfinite(features.matrix).all()
    with pytest.raises(Unavailable, match="was not named"):
        build_features(items)
    with pytest.raises(Unavailable, match="none of 10 images"):
        build_features(items, media_root=tmp_path / "elsewhere")


def test_an_image_of_too_many_pixels_is_not_opened(tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="images need the extra")
    from annoaudit.evidence import image_features

    items = _images(tmp_path)
    monkeypatch.setattr(image_features, "MOST_PIXELS", 1000)
    with pytest.raises(Unavailable, match="could be read"):
        build_features(items, media_root=tmp_path)


def test_images_without_pillow_name_the_extra(tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="images need the extra")
    items = _images(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(Unavailable, match=r"annoaudit\[images\]"):
        build_features(items, media_root=tmp_path)
