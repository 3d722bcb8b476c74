"""From a crystal to what is drawn of it.

Shapes: N atoms of the cell, A atoms drawn, B bonds of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.bonding import Bonding, find_bonds
from crystal_studio.scene.cell_box import cell_lines, no_lines
from crystal_studio.scene.chemistry import ANIONS, Elements
from crystal_studio.scene.colours import colour
from crystal_studio.scene.drawable import Label, Polyhedra, Scene, Spheres, Sticks, Style
from crystal_studio.scene.molecules import in_molecule
from crystal_studio.scene.neighbours import TooCrowded
from crystal_studio.scene.options import LabelKind, SceneOptions
from crystal_studio.scene.placement import ANY_ROUNDS, ON_FACE, Placed, complete, partners, place, wrapped
from crystal_studio.scene.polyhedra import Ground, corner_bonds, no_polyhedra, polyhedra
from crystal_studio.scene.sizes import radii_in_sticks, sphere_radii, stick_radius

Flags = NDArray[np.bool_]

MOST_BONDED_ATOMS = 20_000
MOST_ATOMS = 200_000
MOST_LABELS = 2_000
# Beyond this, single precision no longer holds a hundredth of an angstrom.
_FARTHEST_ANGSTROM = 1e5
_SHORTEST_ANGSTROM = 1e-6


@dataclass(frozen=True)
class _Model:
    """A crystal with all that was worked out about its cell."""

    crystal: Crystal
    options: SceneOptions
    elements: Elements
    frac_N3: NDArray[np.float64]
    bonding: Bonding
    corner_B: Flags
    molecule_N: Flags
    notices: tuple[str, ...]


def build(crystal: Crystal, options: SceneOptions | None = None) -> Scene:
    """Everything that is drawn of a crystal. Never raises for a crystal, however odd; says so in a notice instead."""
    options = options or SceneOptions()
    supercell, too_many = _affordable(len(crystal), options.supercell)
    frac_N3, cell_N3 = wrapped(crystal.frac_coords)
    placed = place(frac_N3, supercell, options.boundary)
    model = _model(crystal, options, frac_N3, len(placed))
    if options.complete:
        placed = _completed(placed, model)
    lattice = np.clip(crystal.lattice, -_FARTHEST_ANGSTROM, _FARTHEST_ANGSTROM)
    ground = Ground(frac_N3, lattice, (frac_N3[placed.site_A] + placed.cell_A3) @ lattice)
    shown_A = ~model.elements.among(options.hidden)[placed.site_A]
    colours_A3 = _colours(model)[placed.site_A]
    labels, unlabelled = _labels(crystal, options, placed, ground.cart_A3, shown_A)
    return Scene(
        lattice=_with_directions(lattice),
        spheres=_spheres(model, placed, ground.cart_A3, cell_N3, shown_A),
        sticks=_sticks(model, placed, ground.cart_A3, shown_A),
        polyhedra=_polyhedra(model, placed, ground, colours_A3),
        cell=cell_lines(lattice, supercell) if options.cell else no_lines(),
        labels=labels,
        notices=too_many + model.notices + unlabelled,
    )


def _with_directions(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """A vector of no length has no direction to be looked along: a Cartesian axis stands in for it."""
    none = np.linalg.norm(lattice, axis=1) < _SHORTEST_ANGSTROM
    return np.where(none[:, None], np.eye(3), lattice)


def _affordable(atoms: int, supercell: tuple[int, int, int]) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    """As much of a supercell as can be drawn."""
    repeats = list(supercell)
    while atoms * np.prod(repeats) > MOST_ATOMS and max(repeats) > 1:
        repeats[int(np.argmax(repeats))] -= 1
    shown = (repeats[0], repeats[1], repeats[2])
    if shown == supercell:
        return shown, ()
    return shown, (f"{'×'.join(map(str, supercell))} cells are too many atoms; {'×'.join(map(str, shown))} are drawn.",)


def _model(crystal: Crystal, options: SceneOptions, frac_N3: NDArray[np.float64], drawn: int) -> _Model:
    elements = Elements.of(crystal.species)
    bonding, notices = _bonding(elements, frac_N3, crystal.lattice, options, drawn)
    chosen_N = elements.among(options.centres or frozenset())
    wanted_B = ~bonding.weak_B | options.weak_bonds | chosen_N[bonding.pairs.first_P] | chosen_N[bonding.pairs.second_P]
    bare = np.setdiff1d(bonding.pairs.first_P, bonding.pairs.first_P[wanted_B])
    weak = sorted({crystal.species[site] for site in bare.tolist()})
    if weak:
        notices += (f"The weak bonds of {' and '.join(weak)} are not drawn.",)
    bonding = bonding.where(wanted_B)
    atoms = len(crystal)
    return _Model(
        crystal=crystal,
        options=options,
        elements=elements,
        frac_N3=frac_N3,
        bonding=bonding,
        corner_B=corner_bonds(elements, bonding, options),
        molecule_N=in_molecule(bonding.pairs, atoms) if len(bonding.pairs) else np.zeros(atoms, dtype=bool),
        notices=notices,
    )


def _bonding(
    elements: Elements, frac_N3: NDArray[np.float64], lattice: NDArray[np.float64], options: SceneOptions, drawn: int
) -> tuple[Bonding, tuple[str, ...]]:
    if drawn >= MOST_BONDED_ATOMS:
        return Bonding.none(), (f"{drawn:,} atoms: bonds and polyhedra are not drawn.",)
    try:
        return find_bonds(elements, frac_N3, lattice, options), ()
    except TooCrowded:
        return Bonding.none(), ("The atoms are so crowded that bonds are not drawn; look at the cell's volume.",)


def _completed(placed: Placed, model: _Model) -> Placed:
    """With the rest of molecules, complex anions and the shells of cations within the cell, and all polyhedra drawn.

    Cations on the cell's faces have no ligands added outside in the other styles: rock salt stays a cube.
    """
    bonding, elements = model.bonding, model.elements
    first_B, second_B = bonding.pairs.first_P, bonding.pairs.second_P
    nonmetal = bonding.where(bonding.covalent_B)
    group_N = in_molecule(nonmetal.pairs, len(model.crystal))
    closing_B = model.molecule_N[first_B] | (bonding.covalent_B & group_N[first_B])
    placed = complete(placed, bonding, closing_B, MOST_BONDED_ATOMS, ANY_ROUNDS)
    # The ligands of SiO4 and the like; nitrides and semiconductors, where every atom is one, would grow a fringe.
    closing_B = bonding.covalent_B & bonding.ligand_B & elements.among(ANIONS - {"N", "Te"})[second_B]
    inside_N: Flags = np.all((model.frac_N3 > ON_FACE) & (model.frac_N3 < 1 - ON_FACE), axis=1)
    closing_B |= bonding.ligand_B & inside_N[first_B]
    if model.options.style is Style.POLYHEDRA:
        closing_B = closing_B | model.corner_B
    return complete(placed, bonding, closing_B, MOST_BONDED_ATOMS, rounds=1)


def _colours(model: _Model) -> NDArray[np.uint8]:
    """Colour of each atom of the cell, (N, 3)."""
    own, scheme = model.options.colours, model.options.scheme
    of_E3 = [own.get(symbol) or colour(symbol, scheme) for symbol in model.elements.symbols]
    return np.array(of_E3, dtype=np.uint8)[model.elements.of_N]


def _spheres(
    model: _Model, placed: Placed, cart_A3: NDArray[np.float64], cell_N3: NDArray[np.float64], shown_A: Flags
) -> Spheres:
    options, elements = model.options, model.elements
    of_symbol = sphere_radii(elements.symbols, options, molecular=bool(model.molecule_N.all()))
    radii_A = np.array([of_symbol[symbol] for symbol in elements.symbols])[elements.of_N][placed.site_A]
    if options.style is Style.STICK:
        bonded_N = np.bincount(model.bonding.pairs.first_P, minlength=len(model.crystal)) > 0
        radii_A = radii_in_sticks(bonded_N[placed.site_A] & options.bonds, options.sphere_scale)
    image_A3 = np.clip(cell_N3, -(2**30), 2**30)[placed.site_A] + placed.cell_A3
    return Spheres(
        centers_A3=cart_A3[shown_A].astype(np.float32),
        radii_A=radii_A[shown_A].astype(np.float32),
        colours_A3=_colours(model)[placed.site_A][shown_A],
        site_A=placed.site_A[shown_A].astype(np.int32),
        image_A3=image_A3[shown_A].astype(np.int32),
    )


def _sticks(model: _Model, placed: Placed, cart_A3: NDArray[np.float64], shown_A: Flags) -> Sticks:
    thickness = stick_radius(model.options.style)
    if not model.options.bonds or thickness == 0 or not len(model.bonding.pairs):
        none = np.zeros((0, 3), dtype=np.float32)
        return Sticks(none, none, thickness, none.astype(np.uint8))
    _, atom, partner = partners(placed, model.bonding)
    drawn = (partner >= 0) & shown_A[atom] & shown_A[partner]
    start, far = cart_A3[atom[drawn]], cart_A3[partner[drawn]]
    return Sticks(
        starts_S3=start.astype(np.float32),
        ends_S3=((start + far) / 2).astype(np.float32),
        radius=thickness,
        colours_S3=_colours(model)[placed.site_A[atom[drawn]]],
    )


def _polyhedra(model: _Model, placed: Placed, ground: Ground, colours_A3: NDArray[np.uint8]) -> Polyhedra:
    if model.options.style is not Style.POLYHEDRA or not model.corner_B.any():
        return no_polyhedra()
    return polyhedra(placed, model.bonding.where(model.corner_B), ground, colours_A3)


def _labels(
    crystal: Crystal, options: SceneOptions, placed: Placed, cart_A3: NDArray[np.float64], shown_A: Flags
) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    shown = np.flatnonzero(shown_A)
    if options.labels is LabelKind.NONE:
        return (), ()
    if len(shown) > MOST_LABELS:
        return (), (f"{len(shown):,} atoms: labels are not drawn.",)
    labels = []
    for atom in shown.tolist():
        site = int(placed.site_A[atom])
        number = str(site + 1) if options.labels is LabelKind.SITE else ""
        x, y, z = cart_A3[atom].tolist()
        labels.append(Label(f"{crystal.species[site]}{number}", (x, y, z)))
    return tuple(labels), ()
