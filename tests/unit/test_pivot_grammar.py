"""The pivot grammar reads Robocrystallographer's texts and writes them back."""

from __future__ import annotations

import gzip
import json
import random
import time
from pathlib import Path

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot import BondLengths, LocalEnvironment, Neighbours, Pivot
from crystal_studio.domain.pivot_grammar import (
    PivotSyntaxError,
    headline,
    mend_misprints,
    parse_pivot,
    write_pivot,
)
from crystal_studio.domain.pivot_grammar_sentences import Lengths, Site, Tilt
from crystal_studio.domain.pivot_grammar_short import short_pivot
from crystal_studio.domain.pivot_grammar_words import NUMBERS, ORDINALS, listed
from crystal_studio.domain.symmetry import SpaceGroup

PEROVSKITE = (
    "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Sr(1) is bonded to "
    "twelve equivalent O(1) atoms to form SrO12 cuboctahedra that share corners with twelve equivalent Sr(1)O12 "
    "cuboctahedra, faces with six equivalent Sr(1)O12 cuboctahedra, and faces with eight equivalent Ti(1)O6 octahedra. "
    "All Sr(1)-O(1) bond lengths are 2.78 Å. Ti(1) is bonded to six equivalent O(1) atoms to form TiO6 octahedra that "
    "share corners with six equivalent Ti(1)O6 octahedra and faces with eight equivalent Sr(1)O12 cuboctahedra. The "
    "corner-sharing octahedra are not tilted. All Ti(1)-O(1) bond lengths are 1.97 Å. O(1) is bonded in a distorted "
    "linear geometry to four equivalent Sr(1) and two equivalent Ti(1) atoms."
)
LAYERED = (
    "GaTe crystallizes in the hexagonal P6_3/mmc space group. The structure is two-dimensional and consists of two "
    "GaTe sheets oriented in the (np.int64(0), np.int64(0), np.int64(1)) direction. Ga(1) is bonded to one Ga(1) and "
    "three equivalent Te(1) atoms to form distorted corner-sharing GaGaTe3 tetrahedra. The Ga(1)-Ga(1) bond "
    "length is 2.47 Å."
)


def test_that_a_full_description_becomes_data() -> None:
    pivot = parse_pivot(PEROVSKITE)
    assert (pivot.formula, pivot.space_group, pivot.prototype) == ("SrTiO3", SpaceGroup(221), "(Cubic) Perovskite")
    assert pivot.relation == "structured"
    titanium = pivot.environments[1]
    assert (titanium.polyhedron, titanium.shape, titanium.coordination) == ("TiO6", "octahedra", 6)
    assert titanium.connectivity == ("corner", "face")
    assert pivot.bond_lengths[0] == BondLengths("Sr(1)", "O(1)", 2.78, 2.78)
    assert pivot.unread == ()


def test_that_a_full_description_is_written_back_word_for_word() -> None:
    assert write_pivot(parse_pivot(PEROVSKITE)) == PEROVSKITE


def test_that_a_layered_description_states_its_components() -> None:
    pivot = parse_pivot(LAYERED)
    assert pivot.dimensionality == 2
    assert pivot.components == "two GaTe sheets oriented in the (0, 0, 1) direction"
    assert write_pivot(pivot) == mend_misprints(LAYERED)


@pytest.mark.parametrize(
    "sentence",
    [
        "There are two inequivalent O sites.",
        "In each Sr cluster, there are two inequivalent O sites.",
        "In the first O site, O(2) is bonded in an L-shaped geometry to two equivalent Ti(1) atoms.",
        "In the SrO sheet, Sr(1) is bonded in a 6-coordinate geometry to six O(1,2) atoms.",
        "O(1) is bonded to one Sr(1) and three equivalent Ti(1) atoms to form a mixture of distorted edge and "
        "corner-sharing OSrTi3 trigonal pyramids.",
        "Ti(1) is bonded to two equivalent Sr(1); two O(1,1); and two O(2,2) atoms to form edge-sharing TiSr2O4 "
        "octahedra.",
        "The Ti(1)-O(1) bond length is 1.97 Å.",
        "Both Ti(1)-O(1) bond lengths are 1.97 Å.",
        "There is one shorter (1.75 Å) and four longer (1.80 Å) Ti(1)-O(1) bond lengths.",
        "There are two shorter (2.28 Å) and one longer (2.29 Å) Sr(1)-O(1) bond length.",
        "There are a spread of Sr(1)-O(1) bond distances ranging from 2.46-2.86 Å.",
        "The corner-sharing octahedral tilt angles are 57°.",
        "The corner-sharing octahedral tilt angles range from 12-15°.",
        "Ti is bonded to six equivalent O atoms to form TiO6 octahedra that share a corner with one TiO6 octahedra and "
        "an edge with one SrO4 square pyramid.",
    ],
)
def test_that_each_kind_of_sentence_is_written_back(sentence: str) -> None:
    text = f"SrTiO3 crystallizes in the cubic Pm-3m space group. {sentence}"
    assert write_pivot(parse_pivot(text)) == text


@pytest.mark.parametrize(
    ("misprint", "mended"),
    [
        ("share  a cornercorner with one", "share a corner with one"),
        (",  an edgeedge with", ", an edge with"),
        ("(np.int64(0), np.int64(-1), np.int64(1))", "(0, -1, 1)"),
        ("geometry to  atoms.", "geometry to no atoms."),
    ],
)
def test_that_known_misprints_are_mended(misprint: str, mended: str) -> None:
    assert mend_misprints(misprint) == mended


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a first sentence"),
        ("A lovely crystal.", "a first sentence"),
        ("SrTiO3 crystallizes in the hexagonal Pm-3m space group.", "a cubic system"),
        ("SrTiO3 crystallizes in the cubic Pm-4m space group.", "Pm-4m"),
        ("SrXxO3 crystallizes in the cubic Pm-3m space group.", "Xx"),
        (PEROVSKITE.replace("Ti(1)-O(1)", "Pb(1)-O(1)"), "not Pb"),
        (PEROVSKITE.replace("form TiO6", "form TiO5"), "instead of TiO5"),
        (PEROVSKITE + " It is blue.", "a sentence such as"),
        (PEROVSKITE.replace("six equivalent O(1)", "umpteen equivalent O(1)"), "a number in words"),
        (PEROVSKITE.replace("distorted linear", "purple"), "a sentence such as"),
        (LAYERED.replace("two-dimensional", "one-dimensional"), "two-dimensional"),
        (PEROVSKITE.replace("are 1.97", "are 97.00"), "bond lengths between"),
    ],
)
def test_that_a_wrong_text_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(PivotSyntaxError, match="cannot be read at") as refused:
        parse_pivot(text)
    assert expected in str(refused.value)
    assert isinstance(refused.value, UserCorrectable)


def test_that_a_lenient_reading_keeps_what_it_cannot_read() -> None:
    pivot = parse_pivot(PEROVSKITE + " It is blue.", strict=False)
    assert pivot.unread == ("It is blue.",)
    assert len(pivot.environments) == 3


def test_that_a_pivot_made_of_facts_is_written_and_read_back() -> None:
    environment = LocalEnvironment("Ti", None, "TiO6", "octahedra", ("corner",), (Neighbours(6, "O"),))
    pivot = Pivot(
        "SrTiO3", SpaceGroup(221), environments=(environment,), bond_lengths=(BondLengths("Ti", "O", 1.9, 2),)
    )
    text = write_pivot(pivot)
    assert "form corner-sharing TiO6 octahedra." in text
    again = parse_pivot(text)
    assert (again.environments, again.bond_lengths) == (pivot.environments, pivot.bond_lengths)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("SrTiO3", 221), "SrTiO3 crystallizes in the cubic Pm-3m space group."),
        (("TiO2", 136, "Rutile"), "TiO2 is Rutile structured and crystallizes in the tetragonal P4_2/mnm space group."),
        (
            ("FeO", 2, "Indium", "like"),
            "FeO is Indium-like structured and crystallizes in the triclinic P-1 space group.",
        ),
        (("TiO2", None, "Rutile"), "TiO2 is Rutile structured."),
        (("TiO2", None), "TiO2 crystallizes in an unknown space group."),
    ],
)
def test_that_headlines_are_written_and_read(arguments: tuple[str, int | None], text: str) -> None:
    assert headline(*arguments) == text
    assert write_pivot(parse_pivot(text)) == text


def test_that_a_formula_with_decimals_is_scaled_to_whole_numbers() -> None:
    pivot = parse_pivot(
        "CuAl(S0.5Se0.5)2 is Chalcopyrite structured and crystallizes in the tetragonal P-42m space group."
    )
    assert pivot.composition.formula == "AlCuSeS"


def test_that_a_short_pivot_holds_the_headline_and_the_cations_in_at_most_eighty_words() -> None:
    text = write_pivot(short_pivot(parse_pivot(PEROVSKITE), 3))
    assert text == (
        "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Ti(1) is bonded to "
        "six equivalent O(1) atoms to form a mixture of corner and face-sharing TiO6 octahedra. All Ti(1)-O(1) bond "
        "lengths are 1.97 Å."
    )
    assert write_pivot(parse_pivot(text)) == text


def test_that_number_words_and_lists_read_as_english() -> None:
    assert NUMBERS["twenty-four"] == 24
    assert ORDINALS["twenty-first"] == 21
    assert ORDINALS["twelfth"] == 12
    assert listed(["a", "b", "c"]) == "a, b, and c"
    assert listed(["a(1,2)", "b", "c"]) == "a(1,2); b; and c"


def test_that_sentences_are_kept_as_data() -> None:
    kinds = [type(sentence) for sentence in parse_pivot(PEROVSKITE).sentences]
    assert kinds == [Site, Lengths, Site, Tilt, Lengths, Site]


def test_that_a_hostile_text_is_refused_within_a_second() -> None:
    hostile = "SrTiO3 crystallizes in the cubic Pm-3m space group. Ti(1) is bonded to " + "one O(1), " * 20_000
    start = time.perf_counter()
    with pytest.raises(PivotSyntaxError):
        parse_pivot(hostile)
    assert time.perf_counter() - start < 1


@pytest.fixture(scope="module")
def sampled_texts(data_folder: Path) -> list[str]:
    with gzip.open(data_folder / "descriptions.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [row["text"] for row in map(json.loads, lines) if "text" in row]
    return random.Random(0).sample(texts, 1000)


def test_that_robocrystallographers_own_texts_parse_and_come_back(sampled_texts: list[str]) -> None:
    parsed = written = 0
    for text in sampled_texts:
        try:
            pivot = parse_pivot(text)
        except PivotSyntaxError:
            continue
        parsed += 1
        written += write_pivot(pivot) == mend_misprints(text)
    assert parsed >= 0.98 * len(sampled_texts)
    assert written >= 0.98 * len(sampled_texts)


def test_that_short_pivots_of_real_texts_parse_within_eighty_words(sampled_texts: list[str]) -> None:
    for text in sampled_texts[:300]:
        if text.startswith("Lix0"):
            continue
        short = write_pivot(short_pivot(parse_pivot(text)))
        assert len(short.split()) <= 80
        assert write_pivot(parse_pivot(short)) == short
