"""Merkle trees against the published vectors of RFC 6962 implementations and against the recursive definition."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annoaudit.ledger.merkle import (
    GrowingTree,
    check_consistency,
    check_inclusion,
    hash_leaf,
    hash_tree,
    prove_consistency,
    prove_inclusion,
)

# The eight leaves and roots of the test suite of Certificate Transparency (google/certificate-transparency,
# merkletree/merkle_tree_test.cc).
LEAVES = [bytes.fromhex(x) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def define(entries):
    """MTH of RFC 6962, section 2.1, word by word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + define(entries[:k]) + define(entries[k:])).digest()


@pytest.mark.parametrize("n", range(9))
def test_published_roots(n):
    assert hash_tree([hash_leaf(one) for one in LEAVES[:n]]).hex() == ROOTS[n]


def test_published_paths():
    leaves = [hash_leaf(one) for one in LEAVES]
    assert [one.hex() for one in prove_inclusion(leaves, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [one.hex() for one in prove_consistency(leaves, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_definition(entries):
    assert hash_tree([hash_leaf(one) for one in entries]) == define(entries)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_inclusion_proofs_hold_for_their_leaf_and_for_no_other(data):
    entries = data.draw(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True))
    leaves = [hash_leaf(one) for one in entries]
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, path = hash_tree(leaves), prove_inclusion(leaves, index)
    assert check_inclusion(leaves[index], index, len(leaves), path, root)
    for other in range(len(leaves)):
        if other != index:
            assert not check_inclusion(leaves[other], index, len(leaves), path, root)
            assert not check_inclusion(leaves[index], other, len(leaves), path, root)
    assert not check_inclusion(leaves[index], index, len(leaves), [*path, root], root)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_consistency_proofs_hold_for_appending_only(data):
    entries = data.draw(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True))
    leaves = [hash_leaf(one) for one in entries]
    size = data.draw(st.integers(0, len(leaves)))
    old, new, proof = hash_tree(leaves[:size]), hash_tree(leaves), prove_consistency(leaves, size)
    assert check_consistency(size, old, len(leaves), new, proof)
    if 0 < size < len(leaves):
        at = data.draw(st.integers(0, size - 1))
        changed = [*leaves[:at], hash_leaf(b"another entry"), *leaves[at + 1 :]]
        forged = prove_consistency(changed, size)
        assert not check_consistency(size, old, len(leaves), hash_tree(changed), forged)
        assert not check_consistency(size, old, len(leaves), new, proof[:-1])


def test_places_that_are_not_there():
    with pytest.raises(IndexError):
        prove_inclusion([], 0)
    with pytest.raises(IndexError):
        prove_consistency([hash_leaf(b"")], 2)
    assert not check_inclusion(b"", 1, 1, [], b"")
    assert not check_consistency(3, b"", 2, b"", [])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=4), max_size=80))
def test_a_growing_tree_has_the_root_of_the_whole_at_every_size(entries):
    leaves, tree = [hash_leaf(one) for one in entries], GrowingTree()
    for n, leaf in enumerate(leaves):
        assert tree.root() == hash_tree(leaves[:n])
        tree.append(leaf)
    assert tree.root() == hash_tree(leaves)
