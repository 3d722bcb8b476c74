"""Distances and angles between atoms as they are drawn: what was picked is measured, not its nearest image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Point = Sequence[float] | NDArray[np.floating]

MOST_PICKED = 4


class Quantity(StrEnum):
    """What two, three and four picked atoms define."""

    DISTANCE = "distance"
    ANGLE = "angle"
    DIHEDRAL = "dihedral"


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Attributes:
        quantity: distance, angle or dihedral.
        value: angstrom or degrees; not a number where points coincide or, for a dihedral, lie on one line.
    """

    quantity: Quantity
    value: float

    @property
    def unit(self) -> str:
        """Å or °."""
        return "Å" if self.quantity is Quantity.DISTANCE else "°"

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "not defined"
        return f"{self.value:.3f} Å" if self.quantity is Quantity.DISTANCE else f"{self.value:.2f}°"


def measure(points: Sequence[Point] | NDArray[np.floating]) -> Measurement | None:
    """The distance of two points, the angle at the second of three, the dihedral of four; None for another number.

    Args:
        points: Cartesian, angstrom, in the order in which they were picked.
    """
    found = [np.asarray(point, dtype=np.float64) for point in points]
    if len(found) == 2:
        return Measurement(Quantity.DISTANCE, distance(found[0], found[1]))
    if len(found) == 3:
        return Measurement(Quantity.ANGLE, angle(found[0], found[1], found[2]))
    if len(found) == MOST_PICKED:
        return Measurement(Quantity.DIHEDRAL, dihedral(found[0], found[1], found[2], found[3]))
    return None


def distance(a: Point, b: Point) -> float:
    """Angstrom."""
    return float(np.linalg.norm(np.subtract(b, a)))


def angle(a: Point, b: Point, c: Point) -> float:
    """Angle a-b-c in degrees, 0 to 180, exact near both ends; not a number where b coincides with a or c."""
    one, other = np.subtract(a, b), np.subtract(c, b)
    if not one.any() or not other.any():
        return float("nan")
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other)))


def dihedral(a: Point, b: Point, c: Point, d: Point) -> float:
    """Angle between the planes abc and bcd in degrees, -180 to 180.

    Positive where, seen from b to c, d is clockwise of a (Source: IUPAC, Pure Appl. Chem. 68 (1996) 2193).
    Not a number where three neighbouring points lie on one line.
    """
    first, middle, last = np.subtract(b, a), np.subtract(c, b), np.subtract(d, c)
    near, far = np.cross(first, middle), np.cross(middle, last)
    if _tiny(near, first, middle) or _tiny(far, middle, last):
        return float("nan")
    return float(np.degrees(np.arctan2(np.linalg.norm(middle) * (first @ far), near @ far)))


def _tiny(crossed: Vector, one: Vector, other: Vector) -> bool:
    return bool(np.linalg.norm(crossed) <= 1e-6 * np.linalg.norm(one) * np.linalg.norm(other))
