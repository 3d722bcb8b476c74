"""Radii of the elements in angstrom.

Sources: covalent: B. Cordero et al., Dalton Trans. 2008, 2832 (H to Cm), by way of `element_table`. Van der Waals:
S. Alvarez, Dalton Trans. 2013, 42, 8617 (as listed in ASE's ``vdw_alvarez``). Ionic: R. D. Shannon, Acta Cryst. A32
(1976) 751, for the element's most usual ion, six-coordinate and high-spin where there is a choice, eight- or
four-coordinate where there is no such entry (as listed in pymatgen, MIT licence). Fallbacks: an element without an
ionic radius has its covalent one; without a covalent radius 1.7; without a van der Waals radius 0.9 above the covalent.
"""

from __future__ import annotations

from enum import StrEnum

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.scene.colours import SYMBOLS

# fmt: off
_VAN_DER_WAALS = """
1.20 1.43 2.12 1.98 1.91 1.77 1.66 1.50 1.46 1.58 2.50 2.51 2.25 2.19 1.90 1.89 1.82 1.83 2.73 2.62 2.58 2.46
2.42 2.45 2.45 2.44 2.40 2.40 2.38 2.39 2.32 2.29 1.88 1.82 1.86 2.25 3.21 2.84 2.75 2.52 2.56 2.45 2.44 2.46
2.44 2.15 2.53 2.49 2.43 2.42 2.47 1.99 2.04 2.06 3.48 3.03 2.98 2.88 2.92 2.95 - 2.90 2.87 2.83 2.79 2.87 2.81
2.83 2.79 2.80 2.74 2.63 2.53 2.57 2.49 2.48 2.41 2.29 2.32 2.45 2.47 2.60 2.54 - - - - - 2.80 2.93 2.88 2.71
2.82 2.81 2.83 3.05 3.40 3.05 2.70
"""
_IONIC = """
- - 0.76 0.45 0.27 0.16 1.46 1.40 1.33 - 1.02 0.72 0.54 0.40 0.38 1.84 1.81 - 1.38 1.00 0.74 0.60 0.54 0.61 0.83
0.65 0.74 0.69 0.73 0.74 0.62 0.53 0.58 1.98 1.96 - 1.52 1.18 0.90 0.72 0.64 0.65 0.65 0.62 0.67 0.86 1.15 0.95
0.80 0.69 0.76 2.21 2.20 - 1.67 1.35 1.03 1.01 0.99 0.98 0.97 0.96 0.95 0.94 0.92 0.91 0.90 0.89 0.88 0.87 0.86
0.71 0.64 0.60 0.63 0.63 0.62 0.62 0.85 1.02 1.50 1.19 1.03 0.94 - - 1.80 1.48 1.12 0.94 0.78 0.89 0.75 0.86
0.97 0.97 0.96 0.95
"""
# fmt: on
_COVALENT_FALLBACK = 1.7
_VAN_DER_WAALS_ABOVE_COVALENT = 0.9


class RadiusKind(StrEnum):
    """Which radii the spheres have."""

    AUTOMATIC = "automatic"
    COVALENT = "covalent"
    IONIC = "ionic"
    VAN_DER_WAALS = "van der Waals"


def _listed(values: str) -> dict[str, float]:
    return {symbol: float(value) for symbol, value in zip(SYMBOLS, values.split(), strict=False) if value != "-"}


_COVALENT = {s: e.covalent_radius_angstrom for s, e in BY_SYMBOL.items() if e.covalent_radius_angstrom is not None}
_TABLES = {RadiusKind.IONIC: _listed(_IONIC), RadiusKind.VAN_DER_WAALS: _listed(_VAN_DER_WAALS)}


def covalent_radius(symbol: str) -> float:
    """Covalent radius in angstrom."""
    return _COVALENT.get(symbol, _COVALENT_FALLBACK)


def radius(symbol: str, kind: RadiusKind) -> float:
    """Radius of an element in angstrom; `RadiusKind.AUTOMATIC` is covalent here (see `build`)."""
    listed = _TABLES.get(kind, _COVALENT).get(symbol)
    if listed is not None:
        return listed
    extra = _VAN_DER_WAALS_ABOVE_COVALENT if kind is RadiusKind.VAN_DER_WAALS else 0.0
    return covalent_radius(symbol) + extra
