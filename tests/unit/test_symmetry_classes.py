"""Polar, non-centrosymmetric and centrosymmetric: which groups they are, and how they are heard and held."""

from __future__ import annotations

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.intent_plain import limits_from_plain, limits_to_plain
from crystal_studio.domain.symmetry import SYMMETRY_CLASSES, SpaceGroup, is_of_class
from crystal_studio.services.listen import ParentFacts, listen, merge
from crystal_studio.services.screen import limits_check
from crystal_studio.services.set_by_hand import sound_limits

POLAR_POINT_GROUPS = {"1", "2", "m", "mm2", "4", "4mm", "3", "3m", "6", "6mm"}


def test_that_the_classes_are_those_of_the_point_groups_of_all_230_groups() -> None:
    spglib = pytest.importorskip("spglib")
    by_number = {}
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        rotations = spglib.get_symmetry_from_database(hall)["rotations"]
        by_number[kind.number] = (kind.pointgroup_international, any((r.trace() == -3) for r in rotations))
    assert len(by_number) == 230
    assert SYMMETRY_CLASSES["polar"] == {n for n, (name, _) in by_number.items() if name in POLAR_POINT_GROUPS}
    assert SYMMETRY_CLASSES["centrosymmetric"] == {n for n, (_, has_centre) in by_number.items() if has_centre}
    assert SYMMETRY_CLASSES["non-centrosymmetric"] == {n for n, (_, has_centre) in by_number.items() if not has_centre}


@pytest.mark.parametrize(("message", "heard"), [
    ("a ferroelectric oxide with barium", "polar"), ("a polar nitride", "polar"), ("an antiferroelectric oxide", None),
    ("a non-centrosymmetric fluoride", "non-centrosymmetric"),
    ("a sulfide without inversion symmetry", "non-centrosymmetric"),
    ("an oxide, not centrosymmetric", "non-centrosymmetric"), ("no inversion centre, sulfide", "non-centrosymmetric"),
    ("a borate for second-harmonic generation", "non-centrosymmetric"), ("a centrosymmetric oxide", "centrosymmetric"),
    ("a non-polar oxide", None), ("an oxide with polar bonds", None), ("a polarizable oxide", None),
])  # fmt: skip
def test_that_a_class_of_symmetry_is_heard(message: str, heard: str | None) -> None:
    limits = listen(message, None).limits
    assert limits.symmetry_class == heard
    assert not limits.excluded


def test_that_a_polar_crystal_of_the_same_compound_may_leave_the_parents_group() -> None:
    limits = listen("keep the structure but make it polar", ParentFacts("SrTiO3", 221)).limits
    assert (limits.symmetry_class, limits.space_group, limits.formula) == ("polar", None, "SrTiO3")


def test_that_a_class_stays_for_the_messages_after_it() -> None:
    first = listen("a ferroelectric oxide", None)
    assert merge(first, listen("avoid lead", ParentFacts("SrO"))).limits.symmetry_class == "polar"
    assert merge(first, listen("space group 221", ParentFacts("SrO"))).limits.symmetry_class is None


@pytest.mark.parametrize("message", ["a cubic ferroelectric oxide", "a polar oxide in space group 221"])
def test_that_a_class_which_the_symmetry_cannot_have_is_refused(message: str) -> None:
    with pytest.raises(UserCorrectable, match="polar"):
        listen(message, None)


def test_that_a_crystal_of_another_class_breaks_the_limit() -> None:
    composition, limits = Composition.parse("BaTiO3"), Limits(symmetry_class="polar")
    assert limits_check(composition, SpaceGroup(99), limits).passed
    refused = limits_check(composition, SpaceGroup(221), limits)
    assert not refused.passed
    assert "Pm-3m is not polar" in refused.detail
    assert is_of_class(221, None)


def test_that_a_class_is_stored_and_read_also_where_older_programs_left_it_out() -> None:
    limits = Limits(symmetry_class="polar")
    plain = limits_to_plain(limits)
    assert limits_from_plain(plain) == limits
    del plain["symmetry_class"]
    assert limits_from_plain(plain).symmetry_class is None


@pytest.mark.parametrize(("limits", "words"), [
    (Limits(symmetry_class="round"), "no symmetry class 'round'"),
    (Limits(symmetry_class="polar", space_group=221), "Pm-3m is not polar"),
    (Limits(symmetry_class="polar", crystal_system="cubic"), "No cubic crystal is polar"),
])  # fmt: skip
def test_that_a_class_set_by_hand_is_checked(limits: Limits, words: str) -> None:
    with pytest.raises(UserCorrectable, match=words):
        sound_limits(limits)
