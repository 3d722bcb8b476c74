"""Distances, angles and dihedrals of picked atoms, with the images that were meant."""

from __future__ import annotations

import numpy as np
import pytest
from inspected import EDGE_ANGSTROM, STRONTIUM_TITANATE

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ui.panels.measurement import images_of, measured, read_atoms
from crystal_studio.ui.panels.measurement_panel import MeasurementPanel
from crystal_studio.ui.viewer.picks import Pick

BOND = EDGE_ANGSTROM / 2


@pytest.fixture
def panel(qtbot, state, runner):
    made = MeasurementPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close_panel()


@pytest.fixture
def drawn(qtbot, panel, state) -> MeasurementPanel:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.lattice.text() != "")
    return panel


def value_of(crystal: Crystal, *picks: int | Pick) -> float:
    """As shown, to three decimals of an angstrom or two of a degree."""
    found = measured(crystal, images_of(crystal, picks))
    assert found is not None
    return float(found.text.rstrip("Å° ").replace("−", "-"))


def test_that_two_atoms_give_their_distance() -> None:
    assert value_of(STRONTIUM_TITANATE, 1, 2) == pytest.approx(BOND, abs=6e-4)
    assert value_of(STRONTIUM_TITANATE, 0, 1) == pytest.approx(EDGE_ANGSTROM * 3**0.5 / 2, abs=6e-4)


def test_that_three_atoms_give_the_angle_at_the_middle_one() -> None:
    assert value_of(STRONTIUM_TITANATE, 2, 1, 3) == pytest.approx(90.0)
    above, below = Pick(2, (0, 0, 1)), Pick(2)
    assert value_of(STRONTIUM_TITANATE, below, Pick(1), above) == pytest.approx(180.0)


def test_that_four_atoms_give_a_signed_dihedral() -> None:
    points = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]]) / 20
    chain = Crystal(np.eye(3) * 20, ("H", "O", "O", "H"), points)
    assert abs(value_of(chain, 0, 1, 2, 3)) == pytest.approx(90.0)
    mirrored = Crystal(chain.lattice, chain.species, points * [1, -1, 1])
    assert value_of(mirrored, 0, 1, 2, 3) == pytest.approx(-value_of(chain, 0, 1, 2, 3))


def test_that_an_atom_without_an_image_is_the_closest_one_to_the_atom_before() -> None:
    ends = Crystal(np.eye(3) * 10, ("Na", "Cl"), np.array([[0.05, 0, 0], [0.95, 0, 0]]))
    assert value_of(ends, 0, 1) == pytest.approx(1.0, abs=6e-4)
    assert images_of(ends, (0, 1)) == (Pick(0), Pick(1, (-1, 0, 0)))


def test_that_the_closest_image_is_found_in_a_slanted_cell() -> None:
    slanted = Crystal(np.array([[4, 0, 0], [3.9, 1, 0], [0, 0, 9]]), ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0]]))
    shifts = np.array([(i, j, 0) for i in range(-9, 10) for j in range(-9, 10)])
    lengths = np.linalg.norm((slanted.frac_coords[1] + shifts) @ slanted.lattice, axis=1)
    assert value_of(slanted, 0, 1) == pytest.approx(lengths.min(), abs=6e-4)


def test_that_images_picked_in_the_view_are_kept_as_they_are() -> None:
    assert value_of(STRONTIUM_TITANATE, Pick(0), Pick(0, (1, 1, 1))) == pytest.approx(EDGE_ANGSTROM * 3**0.5, abs=6e-4)


def test_that_an_atom_measured_to_itself_is_measured_to_its_nearest_image() -> None:
    assert value_of(STRONTIUM_TITANATE, 1, 1) == pytest.approx(EDGE_ANGSTROM, abs=6e-4)


def test_that_one_atom_and_five_are_not_measured_as_such() -> None:
    assert measured(STRONTIUM_TITANATE, images_of(STRONTIUM_TITANATE, (1,))) is None
    assert len(images_of(STRONTIUM_TITANATE, (0, 1, 2, 3, 4))) == 4


def test_that_an_angle_of_atoms_in_one_place_is_not_defined() -> None:
    heap = Crystal(np.eye(3) * 9, ("H", "H", "O"), np.zeros((3, 3)))
    assert measured(heap, (Pick(0), Pick(1), Pick(2))).text == "not defined"


@pytest.mark.parametrize("text", ["Ti9 O3", "Ti2", "Sr1 Ti2 O3 O4 O5", "Hello"])
def test_that_names_of_atoms_that_cannot_be_measured_are_refused(text) -> None:
    with pytest.raises(UserCorrectable, match="such as Sr1 O5"):
        read_atoms(STRONTIUM_TITANATE, text)


@pytest.mark.parametrize("text", ["Ti2 O3", "ti2,o3", " Ti2 - O3 ", "Ti2–O3"])
def test_that_atoms_are_read_however_they_are_separated(text) -> None:
    assert read_atoms(STRONTIUM_TITANATE, text) == (1, 2)


def test_that_the_lattice_is_shown_with_units(drawn) -> None:
    text = drawn.lattice.text()
    assert "a = 3.9050 Å" in text
    assert "γ = 90.000°" in text
    assert "V = 59.547 Å³" in text


def test_that_picks_are_measured_at_once(drawn) -> None:
    drawn.show_picks((1, 2))
    assert drawn.current.text() == "Distance Ti2 – O3: 1.952 Å"
    drawn.show_picks((2, 1, 3))
    assert "Angle O3 – Ti2 – O4: 90.00°" in drawn.current.text()
    assert "1.952, 1.952 Å" in drawn.current.text()
    drawn.show_picks((Pick(0), Pick(0, (0, 0, 1))))
    assert drawn.current.text() == "Distance Sr1 – Sr1 (0 0 1): 3.905 Å"
    drawn.show_picks(())
    assert drawn.current.text().startswith("Click two atoms")


def test_that_atoms_can_be_measured_with_the_keyboard_alone(qtbot, drawn) -> None:
    qtbot.keyClicks(drawn.atoms, "Ti2 Sr1")
    assert drawn.current.text() == "Distance Ti2 – Sr1: 3.382 Å"
    assert not drawn.message.isVisible()
    drawn.atoms.clear()
    qtbot.keyClicks(drawn.atoms, "Ti2 Xx1")
    assert drawn.message.isVisible()
    assert "no atom 'Xx1'" in drawn.message.text()


def test_that_measurements_are_kept_across_crystals_copied_and_removed(qtbot, drawn, state, qapp) -> None:
    drawn.show_picks((1, 2))
    drawn.keep.click()
    drawn.keep.click()
    assert drawn.rows.rowCount() == 1
    state.show_crystal(STRONTIUM_TITANATE.with_species(("Ba", "Ti", "O", "O", "O")))
    qtbot.waitUntil(lambda: "BaTiO₃" in drawn.lattice.text())
    assert drawn.current.text().startswith("Click two atoms")
    assert not drawn.keep.isEnabled()
    drawn.show_picks((2, 1, 3))
    drawn.keep.click()
    drawn.copy_all.click()
    assert qapp.clipboard().text().split("\n")[-2:] == [
        "Distance\tTi2 – O3\t1.952 Å\tSrTiO3",
        "Angle\tO3 – Ti2 – O4\t90.00°\tBaTiO3",
    ]
    drawn.table.selectRow(0)
    drawn.remove.click()
    assert [drawn.rows.text(line, 3) for line in range(drawn.rows.rowCount())] == ["BaTiO₃"]


def test_that_picks_without_a_crystal_do_no_harm(panel) -> None:
    panel.show_picks((0, 1))
    assert panel.current.text().startswith("Click two atoms")
    assert not panel.keep.isEnabled()
