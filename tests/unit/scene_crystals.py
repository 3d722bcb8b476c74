"""Textbook structures for the tests of what is drawn; cells and positions as in the usual tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal

Positions = list[list[float]]
FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
RHOMBOHEDRAL = [[0, 0, 0], [2 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 2 / 3]]


def hexagonal(a: float, c: float) -> NDArray[np.float64]:
    return np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])


def crystal(lattice: NDArray[np.float64], **sites: Positions) -> Crystal:
    species = [symbol for symbol, positions in sites.items() for _ in positions]
    return Crystal(lattice, tuple(species), np.array([p for positions in sites.values() for p in positions]))


def moved(positions: Positions, x: float, y: float, z: float) -> Positions:
    return [[p[0] + x, p[1] + y, p[2] + z] for p in positions]


def _quartz() -> Crystal:
    """Low quartz, P3(2)21: Si at 3a (u, 0, 2/3), O at the general position."""
    u, (x, y, z) = 0.4697, (0.4135, 0.2669, 0.7858)
    return crystal(
        hexagonal(4.913, 5.405),
        Si=[[u, 0, 2 / 3], [0, u, 1 / 3], [-u, -u, 0]],
        O=[
            [x, y, z],
            [-y, x - y, z + 2 / 3],
            [-x + y, -x, z + 1 / 3],
            [y, x, -z],
            [x - y, -y, -z + 1 / 3],
            [-x, -x + y, -z + 2 / 3],
        ],
    )


def _rutile() -> Crystal:
    x = 0.3053
    oxygen = [[x, x, 0], [-x, -x, 0], [0.5 + x, 0.5 - x, 0.5], [0.5 - x, 0.5 + x, 0.5]]
    return crystal(np.diag([4.594, 4.594, 2.959]), Ti=[[0, 0, 0], [0.5, 0.5, 0.5]], O=oxygen)


def _dry_ice() -> Crystal:
    u = 0.1185
    ways = ([1, 1, 1], [-1, 1, -1], [-1, -1, 1], [1, -1, -1])
    oxygen = [list(np.add(c, sign * u * np.array(way))) for c, way in zip(FCC, ways, strict=True) for sign in (1, -1)]
    return crystal(np.eye(3) * 5.624, C=FCC, O=oxygen)


def _calcite() -> Crystal:
    x = 0.2578
    upper, lower = [[x, 0, 0.25], [0, x, 0.25], [-x, -x, 0.25]], [[-x, 0, 0.75], [0, -x, 0.75], [x, x, 0.75]]
    return crystal(
        hexagonal(4.99, 17.06),
        Ca=[p for t in RHOMBOHEDRAL for p in moved([[0, 0, 0], [0, 0, 0.5]], *t)],
        C=[p for t in RHOMBOHEDRAL for p in moved([[0, 0, 0.25], [0, 0, 0.75]], *t)],
        O=[p for t in RHOMBOHEDRAL for p in moved(upper + lower, *t)],
    )


ROCK_SALT = crystal(np.eye(3) * 5.64, Na=FCC, Cl=moved(FCC, 0.5, 0.5, 0.5))
ROCK_SALT_PRIMITIVE = crystal(2.82 * (np.ones((3, 3)) - np.eye(3)), Na=[[0, 0, 0]], Cl=[[0.5, 0.5, 0.5]])
CAESIUM_CHLORIDE = crystal(np.eye(3) * 4.12, Cs=[[0, 0, 0]], Cl=[[0.5, 0.5, 0.5]])
DIAMOND = crystal(np.eye(3) * 3.567, C=FCC + moved(FCC, 0.25, 0.25, 0.25))
FLUORITE = crystal(np.eye(3) * 5.463, Ca=FCC, F=moved(FCC, 0.25, 0.25, 0.25) + moved(FCC, 0.75, 0.75, 0.75))
RUTILE = _rutile()
PEROVSKITE = crystal(
    np.eye(3) * 3.905, Sr=[[0, 0, 0]], Ti=[[0.5, 0.5, 0.5]], O=[[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
)
PEROVSKITE_TI_AT_CORNER = crystal(
    np.eye(3) * 3.905, Sr=[[0.5, 0.5, 0.5]], Ti=[[0, 0, 0]], O=[[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
)
MAGNESIUM = crystal(hexagonal(3.209, 5.211), Mg=[[0, 0, 0], [1 / 3, 2 / 3, 0.5]])
GRAPHITE = crystal(hexagonal(2.461, 6.708), C=[[0, 0, 0.25], [0, 0, 0.75], [1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]])
QUARTZ = _quartz()
WURTZITE = crystal(
    hexagonal(3.25, 5.207),
    Zn=[[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5]],
    O=[[1 / 3, 2 / 3, 0.382], [2 / 3, 1 / 3, 0.882]],
)
MOLYBDENITE = crystal(
    hexagonal(3.16, 12.294),
    Mo=[[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]],
    S=[[1 / 3, 2 / 3, 0.621], [1 / 3, 2 / 3, 0.879], [2 / 3, 1 / 3, 0.121], [2 / 3, 1 / 3, 0.379]],
)
DRY_ICE = _dry_ice()
CALCITE = _calcite()
COPPER = crystal(np.eye(3) * 3.615, Cu=FCC)
ALUMINIUM = crystal(np.eye(3) * 4.05, Al=FCC)
LEAD = crystal(np.eye(3) * 4.95, Pb=FCC)
IRON = crystal(np.eye(3) * 2.866, Fe=[[0, 0, 0], [0.5, 0.5, 0.5]])
GALLIUM_ARSENIDE = crystal(np.eye(3) * 5.653, Ga=FCC, As=moved(FCC, 0.25, 0.25, 0.25))
MAGNESIUM_DIBORIDE = crystal(hexagonal(3.086, 3.524), Mg=[[0, 0, 0]], B=[[1 / 3, 2 / 3, 0.5], [2 / 3, 1 / 3, 0.5]])
BISMUTH_TELLURIDE = crystal(
    hexagonal(4.386, 30.497),
    Bi=[p for t in RHOMBOHEDRAL for p in moved([[0, 0, 0.4], [0, 0, -0.4]], *t)],
    Te=[p for t in RHOMBOHEDRAL for p in moved([[0, 0, 0], [0, 0, 0.2095], [0, 0, -0.2095]], *t)],
)
TENORITE = crystal(  # CuO: four short Cu-O, two long ones
    np.array([[4.684, 0, 0], [0, 3.423, 0], [-0.8443, 0, 5.0596]]),
    Cu=[[0.25, 0.25, 0], [0.75, 0.25, 0.5], [0.75, 0.75, 0], [0.25, 0.75, 0.5]],
    O=[[0, 0.4184, 0.25], [0.5, 0.0816, 0.75], [0, 0.5816, 0.75], [0.5, 0.9184, 0.25]],
)
HEUSLER = crystal(
    np.eye(3) * 5.825,
    Ni=moved(FCC, 0.25, 0.25, 0.25) + moved(FCC, 0.75, 0.75, 0.75),
    Mn=FCC,
    Ga=moved(FCC, 0.5, 0.5, 0.5),
)
MAX_PHASE = crystal(  # Ti2AlC
    hexagonal(3.04, 13.6),
    Ti=[[1 / 3, 2 / 3, 0.084], [2 / 3, 1 / 3, 0.584], [2 / 3, 1 / 3, -0.084], [1 / 3, 2 / 3, 0.416]],
    Al=[[1 / 3, 2 / 3, 0.75], [2 / 3, 1 / 3, 0.25]],
    C=[[0, 0, 0], [0, 0, 0.5]],
)
THALLIUM_CHLORIDE = crystal(np.eye(3) * 3.834, Tl=[[0, 0, 0]], Cl=[[0.5, 0.5, 0.5]])
SILLEN_LAYERS = crystal(  # BiOCl type with the halogen far from its layers
    np.diag([3.9, 3.9, 9.0]),
    Bi=[[0, 0.5, 0.142], [0.5, 0, 0.858]],
    O=[[0, 0, 0], [0.5, 0.5, 0]],
    Br=[[0, 0.5, 0.628], [0.5, 0, 0.372]],
)
LANTHANUM_PLATINUM = crystal(  # LaPt5, CaCu5 type
    hexagonal(5.386, 4.378),
    La=[[0, 0, 0]],
    Pt=[[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0.5, 0.5, 0.5]],
)
TEXTBOOK = {
    name: found
    for name, found in globals().items()
    if isinstance(found, Crystal) and name not in ("PEROVSKITE_TI_AT_CORNER",)
}


def repeated(unit: Crystal, times: int) -> Crystal:
    """A supercell as one cell, every atom of its own."""
    cells = np.stack(np.meshgrid(*[range(times)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    frac = (unit.frac_coords[None] + cells[:, None]) / times
    return Crystal(unit.lattice * times, unit.species * len(cells), frac.reshape(-1, 3))
