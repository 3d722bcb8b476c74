"""View directions, measurements, colours, radii and options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scene_crystals as known

from crystal_studio.domain.elements import SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.scene import colours, radii
from crystal_studio.scene.colours import ColourScheme, colour
from crystal_studio.scene.directions import STANDARD, A, B, C, Space, ViewDirection, parse_direction, reciprocal
from crystal_studio.scene.measure import Quantity, angle, dihedral, distance, measure
from crystal_studio.scene.options import SceneOptions, pair_of
from crystal_studio.scene.radii import RadiusKind, covalent_radius, radius

TRICLINIC = np.array([[4.1, 0, 0], [1.3, 5.2, 0], [-0.9, 1.1, 6.3]])


@pytest.mark.parametrize(
    ("text", "indices", "space"),
    [
        ("a", (1, 0, 0), Space.DIRECT),
        ("B", (0, 1, 0), Space.DIRECT),
        (" c* ", (0, 0, 1), Space.RECIPROCAL),
        ("[1 1 0]", (1, 1, 0), Space.DIRECT),
        ("[1,-1,0]", (1, -1, 0), Space.DIRECT),
        ("1-10", (1, -1, 0), Space.DIRECT),
        ("110", (1, 1, 0), Space.DIRECT),
        ("1 -1 0", (1, -1, 0), Space.DIRECT),
        ("[-1-1-1]", (-1, -1, -1), Space.DIRECT),
        ("[1\u221210]", (1, -1, 0), Space.DIRECT),
        ("(111)", (1, 1, 1), Space.RECIPROCAL),
        ("( 1 0 -12 )", (1, 0, -12), Space.RECIPROCAL),
    ],
)
def test_that_directions_are_read_as_crystallographers_write_them(
    text: str, indices: tuple[int, int, int], space: Space
) -> None:
    assert parse_direction(text) == ViewDirection(indices, space)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "three indices"),
        ("d", "three indices"),
        ("[1 1]", "three indices"),
        ("[1 1 0", "do not match"),
        ("(1 1 0]", "do not match"),
        ("1 1 0)", "do not match"),
        ("[1 x 0]", "three indices"),
        ("[1.5 0 0]", "three indices"),
        ("[0 0 0]", "other than 0"),
        ("(1 0 1000)", "up to 99"),
        ("[" + "9" * 10_000 + " 1 1]", "up to 99"),
        ("1" * 10_000, "three indices"),
        ("[", "do not match"),
        ("]", "do not match"),
        ("a**", "three indices"),
    ],
)
def test_that_what_is_no_direction_is_refused_with_what_can_be_written(text: str, said: str) -> None:
    with pytest.raises(UserCorrectable, match=said) as refused:
        parse_direction(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("direction", [*STANDARD, parse_direction("[1 1 0]"), parse_direction("(1 -1 2)")], ids=str)
def test_that_a_direction_written_out_is_read_back(direction: ViewDirection) -> None:
    assert parse_direction(str(direction)) == direction


@pytest.mark.parametrize("lattice", [TRICLINIC, known.QUARTZ.lattice, TRICLINIC * [1, 1, -1], TRICLINIC * 1e-9])
@pytest.mark.parametrize("direction", [*STANDARD, parse_direction("[1 2 -3]"), parse_direction("(2 -1 3)")], ids=str)
def test_that_view_and_up_are_at_right_angles_in_any_lattice(direction: ViewDirection, lattice: Any) -> None:
    view, up = direction.vectors(lattice)
    assert np.linalg.norm(view) == pytest.approx(1)
    assert np.linalg.norm(up) == pytest.approx(1)
    assert view @ up == pytest.approx(0, abs=1e-9)


def test_that_one_looks_along_lattice_vectors_and_normal_to_planes() -> None:
    for axis, direction in enumerate((A, B, C)):
        assert direction.vectors(TRICLINIC)[0] == pytest.approx(TRICLINIC[axis] / np.linalg.norm(TRICLINIC[axis]))
    view, _ = parse_direction("(1 1 0)").vectors(TRICLINIC)
    assert view @ (TRICLINIC[0] - TRICLINIC[1]) == pytest.approx(0, abs=1e-9)
    assert view @ TRICLINIC[2] == pytest.approx(0, abs=1e-9)
    assert view @ TRICLINIC[0] > 0


def test_that_planes_of_a_mirrored_cell_are_seen_from_their_positive_side() -> None:
    mirrored = TRICLINIC @ np.diag([1, 1, -1])
    for axis, name in enumerate("abc"):
        assert parse_direction(f"{name}*").vectors(mirrored)[0] @ mirrored[axis] > 0
    assert reciprocal(mirrored) @ mirrored.T == pytest.approx(np.eye(3), abs=1e-9)


def test_that_c_is_up_unless_one_looks_along_it() -> None:
    assert A.vectors(np.eye(3))[1] == pytest.approx([0, 0, 1])
    assert B.vectors(np.eye(3))[1] == pytest.approx([0, 0, 1])
    assert C.vectors(np.eye(3))[1] == pytest.approx([0, 1, 0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lattice", [np.zeros((3, 3)), np.ones((3, 3)), np.eye(3) * 1e-200, np.eye(3) * 1e200])
def test_that_flat_tiny_and_huge_cells_have_view_directions_too(lattice: Any) -> None:
    for direction in STANDARD:
        view, up = direction.vectors(lattice)
        assert np.isfinite([view, up]).all()
        assert np.linalg.norm(np.cross(view, up)) == pytest.approx(1)


def test_that_distances_angles_and_dihedrals_are_those_of_the_points() -> None:
    assert distance([0, 0, 0], [1, 2, 2]) == pytest.approx(3)
    assert angle([1, 0, 0], [0, 0, 0], [0, 2, 0]) == pytest.approx(90)
    assert angle([1, 0, 0], [0, 0, 0], [-1, 0, 0]) == pytest.approx(180)
    assert angle([1, 0, 0], [0, 0, 0], [1, 1e-7, 0]) == pytest.approx(np.degrees(1e-7), rel=1e-6)
    assert dihedral([1, 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]) == pytest.approx(0)
    assert abs(dihedral([1, 0, 0], [0, 0, 0], [0, 0, 1], [-1, 0, 1])) == pytest.approx(180)


def test_that_a_dihedral_is_positive_where_the_far_bond_is_clockwise() -> None:
    """Looking along +z, x points right and y down: from x to y is clockwise."""
    assert dihedral([1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]) == pytest.approx(90)
    assert dihedral([0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]) == pytest.approx(90)
    assert dihedral([1, 0, 0], [0, 0, 0], [0, 0, 1], [0, -1, 1]) == pytest.approx(-90)


def test_that_the_number_of_points_says_what_is_measured() -> None:
    points = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]], dtype=np.float32)
    kinds = [found and (found.quantity, str(found)) for found in (measure(points[:n]) for n in range(6))]
    assert kinds[:2] == [None, None]
    assert kinds[2:5] == [
        (Quantity.DISTANCE, "1.000 Å"),
        (Quantity.ANGLE, "90.00°"),
        (Quantity.DIHEDRAL, "90.00°"),
    ]
    assert measure(np.zeros((5, 3))) is None


def test_that_what_is_not_defined_is_said_to_be_so() -> None:
    for points in ([[0, 0, 0]] * 3, [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 2]], [[0, 0, 0]] * 4):
        assert str(measure(points)) == "not defined"


def test_that_every_element_has_a_colour_in_both_schemes() -> None:
    assert len(colours.SYMBOLS) == 118
    assert colours.SYMBOLS[: len(SYMBOLS)] == SYMBOLS
    for scheme in ColourScheme:
        found = [colour(symbol, scheme) for symbol in colours.SYMBOLS]
        assert all(0 <= part <= 255 for rgb in found for part in rgb)
        assert [s for s, rgb in zip(colours.SYMBOLS, found, strict=True) if rgb == colours.UNKNOWN] == list(
            colours.SYMBOLS[109:]
        )


@pytest.mark.parametrize(
    ("symbol", "jmol", "vesta"),
    [("O", 0xFF0D0D, 0xFE0300), ("Si", 0xF0C8A0, 0x1B3BFA), ("Fe", 0xE06633, 0xB57100), ("Pb", 0x575961, 0x575961)],
)
def test_that_known_colours_are_those_of_the_schemes(symbol: str, jmol: int, vesta: int) -> None:
    for scheme, value in ((ColourScheme.JMOL, jmol), (ColourScheme.VESTA, vesta)):
        assert colour(symbol, scheme) == tuple(value.to_bytes(3))


def test_that_every_element_has_radii_and_known_ones_are_the_tabulated() -> None:
    for symbol in colours.SYMBOLS:
        assert all(0.1 < radius(symbol, kind) < 4 for kind in RadiusKind)
    assert covalent_radius("C") == 0.76
    assert covalent_radius("Sr") == 1.95
    assert radius("O", RadiusKind.IONIC) == 1.40
    assert radius("Cs", RadiusKind.IONIC) == 1.67
    assert radius("H", RadiusKind.VAN_DER_WAALS) == 1.20
    assert radius("Og", RadiusKind.COVALENT) == radii.covalent_radius("Og") == 1.7


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"supercell": (0, 1, 1)}, "1 to 20 times"),
        ({"supercell": (1, 21, 1)}, "1 to 20 times"),
        ({"sphere_scale": 0.0}, "between 0.2 and 5"),
        ({"sphere_scale": float("nan")}, "between 0.2 and 5"),
        ({"bond_factor": 9.0}, "0.5 to 2 times"),
        ({"cutoffs_angstrom": {("O", "Ti"): -1.0}}, "cut-off of O-Ti"),
        ({"cutoffs_angstrom": {("O", "Ti"): 11.0}}, "cut-off of O-Ti"),
        ({"cutoffs_angstrom": {("O", "Zz"): 1.0}}, "no element 'Zz'"),
        ({"hidden": frozenset(("Qq",))}, "no element 'Qq'"),
        ({"centres": frozenset(("Qq",))}, "no element 'Qq'"),
        ({"colours": {"Qq": (1, 2, 3)}}, "no element 'Qq'"),
    ],
)
def test_that_options_out_of_range_are_refused_with_the_range(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UserCorrectable, match=said):
        SceneOptions(**wrong)


def test_that_a_pair_of_elements_has_one_order() -> None:
    assert pair_of("Ti", "O") == pair_of("O", "Ti") == ("O", "Ti")
