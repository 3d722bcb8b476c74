"""Words of crystal descriptions."""

from __future__ import annotations

import pytest

from crystal_studio.engines.nets.tokenizer import Tokenizer, pad_tokens, words_of


def test_that_a_formula_becomes_elements_and_counts_in_one_order():
    assert words_of("SrTiO3") == words_of("O3TiSr") == ["Sr", "Ti", "O", "<n3>"]


def test_that_brackets_of_a_formula_are_multiplied_out_and_reduced():
    assert words_of("Mg2(InSe2)4") == ["Mg", "In", "<n2>", "Se", "<n4>"]


@pytest.mark.parametrize(
    "text",
    ["the monoclinic C2/c space group", "space group C12/c1", "space group number 15", "space group 15"],
)
def test_that_every_spelling_of_a_space_group_is_one_token(text):
    assert "<sg15>" in words_of(text)


def test_that_site_labels_are_dropped_and_lengths_rounded():
    assert words_of("All Sr(1)-O(1,2) bond lengths are 2.7612") == [
        "all", "Sr", "O", "bond", "lengths", "are", "2.8",
    ]  # fmt: skip


def test_that_the_english_in_is_no_indium():
    assert words_of("In the first In site") == ["in", "the", "first", "In", "site"]
    assert words_of("In crystallizes")[0] == "In"


def test_that_unknown_words_share_one_index_and_long_texts_are_cut():
    tokenizer = Tokenizer.fit(["NaCl crystallizes"], max_tokens=4, minimum=1)
    assert tokenizer.encode("NaCl gleams glitters shines") == [2, tokenizer.index["Na"], tokenizer.index["Cl"], 1]


def test_that_a_saved_vocabulary_reads_back_the_same(tmp_path):
    tokenizer = Tokenizer.fit(["rock salt, rock"], minimum=1)
    tokenizer.save(tmp_path / "vocabulary.json")
    assert Tokenizer.load(tmp_path / "vocabulary.json") == tokenizer


def test_that_shorter_rows_are_padded_with_zeros():
    assert pad_tokens([[5], [6, 7]]).tolist() == [[5, 0], [6, 7]]
