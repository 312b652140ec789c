"""Texts as numbers: units, edits, the vote word by word, agreement, and what texts say of their writers."""

from __future__ import annotations

import numpy as np
import pytest

from annoaudit.statistics.texts import read_units
from annoaudit.statistics.texts.agreement import measure_texts
from annoaudit.statistics.texts.consensus import find_medoids, infer_texts, pair_up
from annoaudit.statistics.texts.edits import align, count_edits, find_departures
from annoaudit.statistics.texts.following import choose_partners, measure_following
from annoaudit.statistics.texts.grams import chrf
from annoaudit.statistics.texts.network import align_texts
from annoaudit.statistics.texts.units import cut_pieces


def codes(*values):
    return np.array(values, dtype=np.int64)


def test_units_fold_case_punctuation_and_unicode_forms():
    units = read_units(["It's  late, she said.", "it\u2019s late She said", "cafe\u0301 - caf\u00e9"], "words")
    assert units.coded[0] == units.coded[1]
    assert units.coded[2][0] == units.coded[2][1]
    assert units.spell(units.coded[0]).casefold() == "it's late she said"


def test_a_unit_is_spelled_as_it_is_most_often():
    units = read_units(["Ada left", "Ada left", "ada left"], "words")
    assert units.spell(units.coded[2]) == "Ada left"


def test_pieces_put_together_are_the_text():
    text = "  “Air-tight”,  he said. "
    pieces = cut_pieces(text, "words")
    assert "".join(piece for piece, _ in pieces) == text
    assert [unit for _, units in pieces for unit in units] == ["Air", "tight", "he", "said"]


def test_edits_by_hand():
    units = read_units(["a b c d", "a x c", "a b c d", ""], "words")
    first, second = units.coded[[0, 0, 0]], units.coded[[1, 2, 3]]
    assert count_edits(first, second).tolist() == [2, 0, 4]
    found = find_departures(units.coded[[1]], units.coded[[0]])
    assert sorted(zip(found.at.tolist(), found.unit.tolist(), strict=True)) == [(1, ord(units.coded[1][1])), (3, -1)]
    changed, gaps = align(units.coded[1], units.coded[0])
    assert (changed, {place: units.spell(one) for place, one in gaps.items()}) == ({1}, {3: "d"})


def vote(texts, item=None, weight=None):
    units = read_units(texts, "words")
    item = np.zeros(len(texts), dtype=np.int64) if item is None else item
    coded = find_medoids(units.coded, item, int(item.max()) + 1)
    network = align_texts(units.coded, item, coded)
    weight = np.ones(len(texts)) if weight is None else np.array(weight)
    return units, network, weight


def test_the_vote_takes_at_each_place_what_most_say():
    units, network, weight = vote(["the boat left early", "a boat left early", "the boat was early", "the boat left"])
    assert units.spell(network.vote(weight)[0]) == "the boat left early"
    without = network.compare(weight)
    np.testing.assert_allclose(without.edits, [0, 1, 1, 1])
    np.testing.assert_allclose(without.dropped, [0, 0, 0, 1])
    np.testing.assert_allclose(without.replaced, [0, 1, 1, 0])
    np.testing.assert_allclose(without.length, 4)


def test_a_text_is_held_against_the_others_without_itself():
    _, network, weight = vote(["one two three", "one six three"])
    np.testing.assert_allclose(network.compare(weight).edits, [1, 1])
    _, network, weight = vote(["one two three"])
    assert np.isnan(network.compare(weight).edits).all()


def test_weight_decides_where_numbers_are_even():
    texts = ["one two three", "one two three", "one six three", "one six three"]
    for weight, said in (((3, 3, 1, 1), "two"), ((1, 1, 3, 3), "six")):
        units, network, heavy = vote(texts, weight=weight)
        assert units.spell(network.vote(heavy)[0]).split()[1] == said


def test_differences_count_less_where_others_are_at_odds():
    _, united, weight = vote(["a b c", "a b c", "a b c", "a x c"])
    _, at_odds, _ = vote(["a b c", "a b c", "a y c", "a x c"])
    assert united.compare(weight).against[3] == pytest.approx(1.0)
    assert at_odds.compare(weight).against[3] == pytest.approx((1 + 2 / 3) / 2)
    _, seconded, weight = vote(["a b c", "a b c", "a b c", "a x c", "a x c"])
    assert seconded.compare(weight).against[3] == pytest.approx((1 + 2 / 4) / 2 * 3 / 4)


def test_words_put_in_by_most_come_into_the_consensus():
    texts = ["boat left", "the boat left early", "the boat left early"]
    units = read_units(texts, "words")
    found = infer_texts(units.coded, codes(0, 0, 0), codes(0, 1, 2), n_items=1, n_annotators=3)
    assert units.spell(found.coded[0]) == "the boat left early"
    assert found.without.dropped[0] == 2


def test_the_consensus_believes_who_is_right_elsewhere():
    rng = np.random.default_rng(5001)
    words = [f"w{k}" for k in range(500)]
    truth = [" ".join(rng.choice(words, 12)) for _ in range(80)]
    texts, item, who = [], [], []
    for k, said in enumerate(truth):
        for annotator, rate in enumerate((0.02, 0.3, 0.3)):
            heard = [one if rng.random() > rate else str(rng.choice(words)) for one in said.split()]
            texts.append(" ".join(heard))
            item.append(k)
            who.append(annotator)
    units = read_units([*texts, *truth], "words")
    found = infer_texts(units.coded[: len(texts)], codes(*item), codes(*who), n_items=80, n_annotators=3)
    gold = units.coded[len(texts) :]
    assert found.rate[0] < 0.75 * found.rate[1:].min()
    assert count_edits(found.coded, gold).sum() < 0.04 * 80 * 12


def test_pairs_are_all_pairs_of_an_item():
    first, second = pair_up(codes(0, 1, 0, 0, 1))
    assert {frozenset(one) for one in zip(first.tolist(), second.tolist(), strict=True)} == {
        frozenset(one) for one in ((0, 2), (0, 3), (2, 3), (1, 4))
    }


def test_chrf_is_that_of_the_paper():
    # Mean of both directions, by sacrebleu 2.6.0 on these two sentences.
    units = read_units(["the cat sat on the mat", "the cat is on a mat", "xyz", ""], "words")
    np.testing.assert_allclose(
        chrf(units, codes(0, 0, 0, 3), codes(1, 0, 2, 3)), [0.37997442087612526, 1, 0, 1], atol=1e-12
    )


def test_texts_drawn_alike_agree_by_chance_alone_and_equal_ones_fully():
    rng = np.random.default_rng(5002)
    words = [f"w{k}" for k in range(60)]
    item, annotator = np.repeat(np.arange(80), 3), np.tile(np.arange(3), 80)
    drawn = read_units([" ".join(rng.choice(words, 8)) for _ in item], "words")
    found = {one.name: one for one in measure_texts(drawn, item, annotator)}
    alpha = found["krippendorff_alpha_word_error_rate"]
    assert abs(alpha.value) < 0.03
    assert alpha.low < 0 < alpha.high
    same = read_units([" ".join(words[k % 50 : k % 50 + 5]) for k in item.tolist()], "words")
    found = {one.name: one for one in measure_texts(same, item, annotator)}
    assert found["word_error_rate"].value == 0
    assert found["krippendorff_alpha_chrf"].value == 1


def test_agreement_without_repeated_texts_says_what_is_missing():
    units = read_units(["a b", "c d"], "words")
    assert all("two items" in one.why for one in measure_texts(units, codes(0, 1), codes(0, 1)))


def test_who_ignores_the_items_has_a_uniform_p_value():
    rng = np.random.default_rng(5003)
    words = np.array([f"w{k}" for k in range(300)])
    p = []
    for seed in range(40):
        truth = rng.choice(words, (12, 7))
        heard = truth.copy()
        heard[:, 0] = rng.choice(words, 12)
        order = rng.permutation(12)
        texts = [" ".join(one) for one in (*truth, *heard, *truth[order])]
        units = read_units(texts, "words")
        item, who = np.tile(np.arange(12), 3), np.repeat(np.arange(3), 12)
        partner = choose_partners(item, np.repeat([1.0, 0.9, 0.1], 12))
        found = measure_following(units.coded, partner, who, 3, seed=seed)
        assert found.p[0] <= 0.01
        assert found.p[1] <= 0.01
        p.append(found.p[2])
    assert 0.3 < np.mean(p) < 0.7
    assert np.mean(np.array(p) > 0.05) >= 0.85
