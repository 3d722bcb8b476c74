"""Mending crystals: what is offered, what comes of it, and saying so where it is no better."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.chem import create_checker, create_symmetrizer
from crystal_studio.engines.fake import FakeContext, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.design import DesignRequest, respond
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.services.repair import repair, repairs
from crystal_studio.services.swaps import MOST_SWAPS, can_be_neutral, swaps

PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
SCALE, RELAX = Repair(RepairKind.SCALE_VOLUME), Repair(RepairKind.RELAX)


@pytest.fixture
def engines() -> FakeEngines:
    """Fakes, but for the checks and the symmetry."""
    return FakeEngines(checker=create_checker(), symmetrizer=create_symmetrizer())


@pytest.fixture
def store() -> FakeHistoryStore:
    return FakeHistoryStore()


@pytest.fixture
def node(engines: FakeEngines, store: FakeHistoryStore) -> Node:
    engines.language_model.enqueue([PEROVSKITE])
    return respond(DesignRequest("a perovskite with strontium and titanium", None, 7, 4), engines, store, FakeContext())


def holding(node: Node, crystal: Crystal, engines: FakeEngines, relaxed: bool = False) -> Node:
    """The node with another crystal and its checks."""
    return replace(node, crystal=crystal, relaxed=relaxed, checks=engines.checker.check(crystal))


def kinds(offered: tuple[Repair, ...]) -> set[RepairKind]:
    return {one.kind for one in offered}


def test_that_a_sound_relaxed_crystal_needs_no_repair(engines: FakeEngines, node: Node) -> None:
    sound = holding(node, node.crystal.scaled_to(59.5), engines, relaxed=True)
    assert repairs(sound) == ()
    assert repairs(replace(sound, relaxed=False)) == (RELAX,)


@pytest.mark.parametrize("volume", [5.0, 20.0, 500.0])
def test_that_a_crystal_too_dense_or_too_loose_is_offered_another_volume(
    engines: FakeEngines, node: Node, volume: float
) -> None:
    assert repairs(holding(node, node.crystal.scaled_to(volume), engines, relaxed=True)) == (SCALE,)


def test_that_scaling_takes_the_volume_expected_and_says_what_it_mended(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    squeezed = holding(node, node.crystal.scaled_to(20.0), engines)
    child = repair(squeezed, SCALE, engines, store, FakeContext(), {"version": "9"})
    expected = engines.prototypes.expected_volume_angstrom3(squeezed.crystal.composition)
    assert store.node(child.id) is child
    assert (child.parent, child.round, child.message) == (node.id, node.round + 1, "Scale the volume.")
    assert child.crystal.volume_angstrom3 == pytest.approx(expected)
    assert np.allclose(child.crystal.frac_coords, squeezed.crystal.frac_coords)
    assert any(note.startswith("mended: ") and "density" in note for note in child.notes)
    assert any("unchanged" in note for note in child.notes)
    assert not any("no better" in note for note in child.notes)
    assert child.valid
    assert child.band_gap == engines.band_gap.predict([child.crystal])[0]
    assert child.known is not None
    assert child.candidates[child.chosen].crystal is child.crystal
    assert (child.parameters["repair"], child.parameters["version"]) == ("scale the volume", "9")


def test_that_scaling_what_has_the_expected_volume_is_said_to_be_no_better(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    expected = engines.prototypes.expected_volume_angstrom3(node.crystal.composition)
    right = holding(node, node.crystal.scaled_to(expected), engines)
    child = repair(right, SCALE, engines, store, FakeContext())
    assert any("already the one expected" in note for note in child.notes)
    assert any("no better" in note for note in child.notes)


def test_that_atoms_on_one_point_stay_there_and_the_node_says_so(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    crystal = Crystal(np.eye(3) * 2.0, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.01, 0, 0]]))
    clash = replace(holding(node, crystal, engines), intent=Intent(""))
    assert RepairKind.SCALE_VOLUME in kinds(repairs(clash))
    child = repair(clash, SCALE, engines, store, FakeContext())
    assert not child.valid
    assert any("no better" in note and "min distance" in note for note in child.notes)
    assert child.band_gap is None


def test_that_relaxing_keeps_the_drawn_crystal_and_tells_the_energy(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    child = repair(replace(node, relaxed=False), RELAX, engines, store, FakeContext())
    assert child.relaxed
    assert child.candidates[0].drawn is node.crystal
    assert child.candidates[0].relaxed is child.crystal
    assert any("eV/atom" in note and "steps" in note for note in child.notes)
    assert any(check.name == "relaxes" for check in child.checks)
    assert repairs(child) == ()


def test_that_relaxing_without_a_gain_is_said_to_be_no_better(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    at_rest = holding(node, Crystal(np.eye(3) * 2.5, ("Po",), np.zeros((1, 3))), engines)
    at_rest = replace(at_rest, intent=Intent(""))
    child = repair(at_rest, RELAX, engines, store, FakeContext())
    assert any("no better" in note for note in child.notes)


def test_that_a_crystal_the_potential_cannot_relax_is_refused_in_words(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    engines.relaxer.script.enqueue([UserCorrectable("the potential does not know Es")])
    with pytest.raises(UserCorrectable, match="Es"):
        repair(node, RELAX, engines, store, FakeContext())
    assert store.nodes() == [node]


def test_that_unbalanced_charges_are_offered_swaps_that_balance_them(engines: FakeEngines, node: Node) -> None:
    unbalanced = holding(node, node.crystal.with_species(("Na", "K", "F", "F", "F")), engines)
    offered = [one for one in repairs(unbalanced) if one.kind is RepairKind.SWAP_ELEMENT]
    assert 1 <= len(offered) <= MOST_SWAPS
    for one in offered:
        swapped = unbalanced.crystal.composition.replaced({one.old: one.new})
        assert can_be_neutral(swapped)


def test_that_a_swap_puts_the_new_element_on_the_old_ones_sites_and_balances_the_charges(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    limits = Limits(required=frozenset({"K", "F"}), formula="KNaF3")
    unbalanced = holding(node, node.crystal.with_species(("Na", "K", "F", "F", "F")), engines)
    unbalanced = replace(unbalanced, intent=replace(node.intent, limits=limits))
    child = repair(unbalanced, Repair(RepairKind.SWAP_ELEMENT, "K", "Mg"), engines, store, FakeContext())
    assert child.crystal.species == ("Na", "Mg", "F", "F", "F")
    assert child.crystal.formula in child.pivot
    assert child.intent.limits == Limits(required=frozenset({"F"}))
    assert any("limit on the formula KNaF3 was dropped" in note for note in child.notes)
    assert any(note.startswith("mended: ") and "smact" in note for note in child.notes)
    assert child.valid


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("Xe", "Ba", "no Xe"), ("", "Ba", "no such element"), ("Sr", "Qq", "no element"), ("Sr", "Ti", "already")],
)
def test_that_a_swap_that_cannot_be_is_told(
    engines: FakeEngines, store: FakeHistoryStore, node: Node, old: str, new: str, reason: str
) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        repair(node, Repair(RepairKind.SWAP_ELEMENT, old, new), engines, store, FakeContext())


def test_that_an_excluded_element_is_neither_offered_nor_taken(
    engines: FakeEngines, store: FakeHistoryStore, node: Node
) -> None:
    unbalanced = holding(node, node.crystal.with_species(("Na", "K", "F", "F", "F")), engines)
    old, new = swaps(unbalanced.crystal.composition, Limits())[0]
    limits = Limits(excluded=frozenset({new}))
    assert (old, new) not in swaps(unbalanced.crystal.composition, limits)
    barred = replace(unbalanced, intent=replace(node.intent, limits=limits))
    with pytest.raises(UserCorrectable, match=f"{new} is excluded"):
        repair(barred, Repair(RepairKind.SWAP_ELEMENT, old, new), engines, store, FakeContext())


def test_that_a_failed_charge_sum_alone_offers_a_swap(node: Node) -> None:
    crystal = node.crystal.with_species(("Na", "K", "F", "F", "F"))
    check = CheckResult("charge_sums", 1, False, "no sum")
    assert RepairKind.SWAP_ELEMENT in kinds(repairs(replace(node, crystal=crystal, checks=(check,))))


def test_that_stopping_a_repair_commits_nothing(engines: FakeEngines, store: FakeHistoryStore, node: Node) -> None:
    for mend in (SCALE, RELAX):
        with pytest.raises(JobCancelled):
            repair(node, mend, engines, store, FakeContext().cancel_after(2))
    assert store.nodes() == [node]


@pytest.mark.parametrize(
    ("formula", "neutral"),
    [("NaCl", True), ("SrTiO3", True), ("NaKF3", False), ("NaCl2", False), ("Fe3O4", False), ("CuZn", False)],
)
def test_that_neutral_is_what_common_charges_say(formula: str, neutral: bool) -> None:
    assert can_be_neutral(Composition.parse(formula)) is neutral


def test_that_swaps_in_a_compound_of_many_elements_are_found_at_once() -> None:
    crowded = Composition.parse("CrMnFeCoNiCuTiVNbMoWReRuOsIrPtO23")
    started = time.process_time()
    swaps(crowded, Limits())
    assert time.process_time() - started < 2
