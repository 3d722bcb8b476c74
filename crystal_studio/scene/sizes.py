"""How large atoms and bonds are drawn in each style, in angstrom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.chemistry import ANIONS, NON_METALS
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.scene.radii import RadiusKind, radius

# Balls at 40 % of their radius, as in VESTA; hydrogen would vanish without a least size.
_PART = {Style.BALL_AND_STICK: 0.4, Style.SPACE_FILLING: 1.0, Style.STICK: 0.0, Style.POLYHEDRA: 0.3}
_LEAST = {Style.BALL_AND_STICK: 0.2, Style.SPACE_FILLING: 0.2, Style.STICK: 0.0, Style.POLYHEDRA: 0.15}
_STICK = {Style.BALL_AND_STICK: 0.1, Style.SPACE_FILLING: 0.0, Style.STICK: 0.16, Style.POLYHEDRA: 0.08}
_LONE_IN_STICKS = 0.3


def stick_radius(style: Style) -> float:
    """Radius of a bond."""
    return _STICK[style]


def sphere_radii(symbols: tuple[str, ...], options: SceneOptions, molecular: bool) -> dict[str, float]:
    """Radius of each element's spheres.

    Args:
        symbols: elements of the crystal.
        options: style, kind of radius and scale.
        molecular: whether the crystal is made of molecules.
    """
    chosen = options.radius
    if chosen is RadiusKind.AUTOMATIC:
        chosen = _usual(frozenset(symbols), options.style, molecular)
    part, least = _PART[options.style], _LEAST[options.style]
    return {symbol: max(least, part * radius(symbol, chosen)) * options.sphere_scale for symbol in symbols}


def _usual(symbols: frozenset[str], style: Style, molecular: bool) -> RadiusKind:
    """Covalent for balls; where space is filled, ionic for salts, van der Waals for molecules, else covalent."""
    if style is not Style.SPACE_FILLING:
        return RadiusKind.COVALENT
    if molecular:
        return RadiusKind.VAN_DER_WAALS
    lesser = symbols - ANIONS
    salt = bool(lesser) and bool(symbols & ANIONS) and not lesser & NON_METALS
    return RadiusKind.IONIC if salt else RadiusKind.COVALENT


def radii_in_sticks(bonded_A: NDArray[np.bool_], scale: float) -> NDArray[np.float64]:
    """Radii where only sticks are drawn: round ends for the bonded atoms, small balls for the others."""
    return np.where(bonded_A, _STICK[Style.STICK], _LONE_IN_STICKS * scale)
