"""Wyckoff positions derived from the operations, and crystals built on them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.checks import SmactChecker
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer
from crystal_studio.engines.chem.wyckoff import WyckoffPosition, point_operations, symmetric_lattice, wyckoff_positions
from crystal_studio.engines.sampling import prototypes
from crystal_studio.engines.sampling.prototypes import PrototypeModel
from crystal_studio.engines.sampling.wyckoff_assignments import Assignments
from crystal_studio.engines.sampling.wyckoff_placement import room
from crystal_studio.services.propose import Plan, Proposal, plans

FOLDER = Path(__file__).parents[2] / "models_registry" / "prototypes" / "prototypes-mp"
PEROVSKITE = Composition.parse("SrTiO3")
SYMMETRIZER = SpglibSymmetrizer()


@pytest.fixture(scope="module")
def library() -> PrototypeModel:
    options = tomllib.loads((FOLDER / "model.toml").read_text(encoding="utf-8"))["options"]
    return prototypes.create(FOLDER, options)


def table(space_group: int) -> list[tuple[str, int, int]]:
    """Letter, multiplicity and free parameters of each position."""
    return [(one.letter, one.multiplicity, one.free_parameters) for one in wyckoff_positions(space_group)]


def plans_of(text: str, library: PrototypeModel, **options: Any) -> list[Plan]:
    proposal = Proposal(
        text, parse_pivot(text), goals=(), parent=None, **{"limits": Limits(), "count": 10, "strength": 0.1} | options
    )
    return plans(proposal, library, SYMMETRIZER)


def drafted(planned: Sequence[Plan]) -> list[Plan]:
    return [plan for plan in planned if plan.state.origin.startswith("Wyckoff")]


# The International Tables for Crystallography, volume A, list these.
@pytest.mark.parametrize(
    ("space_group", "expected"),
    [
        (1, [("a", 1, 3)]),
        (14, [("a", 2, 0), ("b", 2, 0), ("c", 2, 0), ("d", 2, 0), ("e", 4, 3)]),
        (62, [("a", 4, 0), ("b", 4, 0), ("c", 4, 2), ("d", 8, 3)]),
        (122, [("a", 4, 0), ("b", 4, 0), ("c", 8, 1), ("d", 8, 1), ("e", 16, 3)]),
        (167, [("a", 6, 0), ("b", 6, 0), ("c", 12, 1), ("d", 18, 0), ("e", 18, 1), ("f", 36, 3)]),
        (173, [("a", 2, 1), ("b", 2, 1), ("c", 6, 3)]),
        (198, [("a", 4, 1), ("b", 12, 3)]),
    ],
)
def test_that_the_positions_of_a_group_are_those_of_the_international_tables(space_group, expected):
    assert table(space_group) == expected


def test_that_pmmm_has_its_twenty_seven_positions_and_the_last_is_the_general_one():
    positions = table(47)
    assert len(positions) == 27
    assert positions[-1] == ("A", 8, 3)


@pytest.mark.parametrize("space_group", [2, 12, 70, 88, 161, 191, 227, 230])
def test_that_the_sites_of_a_position_are_the_images_of_its_first_site(space_group):
    generator = np.random.default_rng(space_group)
    for position in wyckoff_positions(space_group):
        sites = sites_of(position, position.first_sites(generator.random(3)))
        apart = sites[:, None] - sites[None]
        apart = np.abs(apart - np.round(apart)).max(axis=2) + np.eye(len(sites))
        assert apart.min() > 1e-6
        assert np.allclose(sites[0], position.first_sites(np.zeros(3)), atol=1.0)
        assert len(point_operations(space_group)) % len(sites) == 0


def sites_of(position: WyckoffPosition, first: np.ndarray) -> np.ndarray:
    return position.rotations @ first + position.translations


def test_that_an_averaged_lattice_keeps_its_metric_under_every_rotation():
    rotations = point_operations(194)
    lattice = symmetric_lattice(np.array([[3.0, 0, 0], [0.4, 3.3, 0], [0.1, -0.2, 7.0]]), rotations)
    metric = lattice @ lattice.T
    assert all(np.allclose(rotation.T @ metric @ rotation, metric) for rotation in rotations)


def assignments(space_group: int, *amounts: int) -> Assignments:
    positions = wyckoff_positions(space_group)
    return Assignments(positions, np.full(len(positions), 1 / len(positions)), amounts)


def test_that_every_assignment_holds_the_atoms_asked_for_and_no_single_position_twice():
    positions, filling = wyckoff_positions(122), assignments(122, 4, 4, 12)
    generator = np.random.default_rng(3)
    drawn = {filling.drawn(generator) for _ in range(200)}
    assert len(drawn) > 20
    for assignment in drawn:
        sizes = [sum(positions[index].num_sites for index in taken) for taken in assignment]
        single = [index for taken in assignment for index in taken if positions[index].free_parameters == 0]
        assert sizes == [4, 4, 12]
        assert len(single) == len(set(single))


def test_that_each_assignment_is_drawn_as_often_as_its_weight_says():
    # In P-1, two atoms of one element: two of eight inversion centres (28 ways), or one general pair.
    positions = wyckoff_positions(2)
    weights = np.array([0.05 if one.free_parameters == 0 else 0.6 for one in positions])
    filling = Assignments(positions, weights, (2,))
    generator = np.random.default_rng(5)
    general = sum(filling.drawn(generator) == ((8,),) for _ in range(2000))
    assert filling.total_weight == pytest.approx(28 * 0.05**2 + 0.6)
    assert general / 2000 == pytest.approx(0.6 / filling.total_weight, abs=0.03)


def test_that_amounts_that_no_multiplicities_add_up_to_have_no_weight():
    assert assignments(225, 1, 1, 1).total_weight == 0
    assert assignments(225, 1, 1, 2).total_weight > 0
    assert assignments(225, 3).total_weight > 0
    assert assignments(227, 1, 1).total_weight == 0


@pytest.mark.parametrize("space_group", [2, 14, 38, 122, 148, 173, 198])
def test_that_a_draft_of_every_crystal_system_has_exactly_the_group_asked_for(library, space_group):
    drafts = library.drafts(PEROVSKITE, 3, space_group=space_group, seed=2)
    assert drafts
    for draft in drafts:
        assert draft.crystal.formula == "SrTiO3"
        assert draft.crystal.num_sites <= 20
        assert draft.label.endswith(SpaceGroup(space_group).symbol) or draft.label.endswith(")")
        assert [SYMMETRIZER.space_group(draft.crystal, tolerance).number for tolerance in (0.1, 0.01)] == [
            space_group
        ] * 2


def test_that_a_group_without_free_parameters_for_the_formula_gives_each_of_its_two_crystals_once(library):
    drafts = library.drafts(PEROVSKITE, 8, space_group=221, seed=1, formula_units=1)
    # With oxygen on 3c the metal on 1b is at the centre of the octahedron, with 3d the one on 1a.
    letters = [draft.label.removeprefix("Wyckoff ").removesuffix(", Pm-3m") for draft in drafts]
    titanium_inside = [letter in {"1a 1b 3c", "1b 1a 3d"} for letter in letters]
    assert sorted(titanium_inside) == [False, True]
    assert set(letters) <= {"1a 1b 3c", "1b 1a 3d", "1a 1b 3d", "1b 1a 3c"}


def test_that_drafts_have_the_expected_volume_and_room_for_every_atom(library):
    for draft in library.drafts(PEROVSKITE, 4, space_group=62, seed=4):
        expected = library.expected_volume_angstrom3(draft.crystal.composition)
        assert draft.crystal.volume_angstrom3 == pytest.approx(expected)
        assert room(draft.crystal) >= 0.75
        assert all(check.passed for check in SmactChecker().check(draft.crystal) if check.required)


def test_that_one_seed_gives_the_same_drafts_and_another_seed_others(library):
    def lattices(seed: int) -> list[str]:
        return [one.crystal.content_hash for one in library.drafts(PEROVSKITE, 3, space_group=33, seed=seed)]

    assert lattices(1) == lattices(1)
    assert not set(lattices(1)) & set(lattices(2))


def test_that_drafts_are_told_apart_and_those_taken_are_not_drawn_again(library):
    first = [draft.label for draft in library.drafts(PEROVSKITE, 4, space_group=14, seed=1)]
    again = [draft.label for draft in library.drafts(PEROVSKITE, 4, space_group=14, seed=1, taken=frozenset(first))]
    assert len(set(first)) == 4
    assert again
    assert not set(first) & set(again)


def test_that_the_number_of_formula_units_can_be_fixed(library):
    drafts = library.drafts(Composition.parse("TiO2"), 3, space_group=60, seed=1, formula_units=4)
    assert {draft.crystal.num_sites for draft in drafts} == {12}


def test_that_a_formula_that_cannot_have_the_group_is_refused_in_words(library):
    with pytest.raises(UserCorrectable, match=r"SrTiO3 cannot have the space group Ia-3d \(no. 230\) with up to 20"):
        library.drafts(PEROVSKITE, 3, space_group=230, seed=1)


def test_that_a_formula_larger_than_the_cell_is_refused_in_words(library):
    with pytest.raises(UserCorrectable, match="more atoms than the cell may hold"):
        library.drafts(PEROVSKITE, 3, space_group=1, seed=1, max_atoms=4)


def test_that_a_group_asked_for_without_prototype_starts_from_wyckoff_positions(library):
    text = "SrTiO3 crystallizes in the tetragonal I-42d space group."
    planned = plans_of(text, library, limits=Limits(space_group=122), seed=1)
    starts = drafted(planned)
    assert len(starts) == 8
    assert all(plan.keeps_symmetry and plan.state.start is Start.PROTOTYPE for plan in starts)
    assert all(plan.state.share is None for plan in starts)


def test_that_a_group_guessed_in_the_pivot_gets_a_few_drafts_beside_prototypes_of_other_groups(library):
    planned = plans_of("SrTiO3 crystallizes in the tetragonal I-42d space group.", library, seed=1)
    templates = [plan for plan in planned if plan.state.start is Start.PROTOTYPE]
    assert len(drafted(planned)) == 2
    assert len(templates) == 8


def test_that_a_group_with_prototypes_enough_needs_no_draft(library):
    planned = plans_of("SrTiO3 crystallizes in the cubic Pm-3m space group.", library, seed=1)
    assert drafted(planned) == []


def test_that_an_impossible_group_is_refused_where_it_was_asked_for_and_passed_over_where_it_was_guessed(library):
    text = "SrTiO3 crystallizes in the cubic Ia-3d space group."
    assert drafted(plans_of(text, library, seed=1)) == []
    with pytest.raises(UserCorrectable, match="Ia-3d"):
        plans_of(text, library, limits=Limits(space_group=230), seed=1)
