"""Directions from which a crystal is looked at, in the crystallographer's notation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import UserCorrectable

Vector = NDArray[np.float64]

LARGEST_INDEX = 99
_HELP = "Write a, b, c, a*, b*, c*, a direction such as [1 1 0] or a plane such as (1 1 1)."
_AXES = {"a": (1, 0, 0), "b": (0, 1, 0), "c": (0, 0, 1)}


class Space(StrEnum):
    """What the three indices count."""

    DIRECT = "direct"
    RECIPROCAL = "reciprocal"


@dataclass(frozen=True)
class ViewDirection:
    """A direction along lattice vectors, [uvw], or normal to lattice planes, (hkl).

    The camera stands on the positive side: looking along [001] one sees the face towards +c.

    Attributes:
        indices: u, v, w or h, k, l.
        space: which of the two.

    Raises:
        UserCorrectable: all indices are 0, or one is very large.
    """

    indices: tuple[int, int, int]
    space: Space = Space.DIRECT

    def __post_init__(self) -> None:
        if not any(self.indices):
            raise UserCorrectable("A direction needs at least one index other than 0, such as [1 0 0].")
        if max(abs(n) for n in self.indices) > LARGEST_INDEX:
            raise UserCorrectable(f"The indices of a direction go up to {LARGEST_INDEX}.")

    def __str__(self) -> str:
        for name, axis in _AXES.items():
            if self.indices == axis:
                return name if self.space is Space.DIRECT else f"{name}*"
        inner = " ".join(str(n) for n in self.indices)
        return f"[{inner}]" if self.space is Space.DIRECT else f"({inner})"

    def vectors(self, lattice: Vector) -> tuple[Vector, Vector]:
        """Where the camera stands and what is up on the screen, both of length 1 and at right angles.

        Up is c; where the camera looks along c nearly, b. So a, b and c of a cubic cell make the usual pictures.

        Args:
            lattice: (3, 3) angstrom, rows a, b, c.
        """
        largest = float(np.abs(lattice).max())
        lattice = lattice / largest if largest > 0 else np.eye(3)
        rows = lattice if self.space is Space.DIRECT else reciprocal(lattice)
        view = _unit(np.asarray(self.indices, dtype=np.float64) @ rows)
        for axis in (lattice[2], lattice[1], lattice[0], *np.eye(3)):
            up = _unit(axis) - (_unit(axis) @ view) * view
            if np.linalg.norm(up) > 0.1:
                return view, _unit(up)
        raise AssertionError("one of the three Cartesian axes is always away from the view")


A, B, C = (ViewDirection(axis) for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
A_STAR, B_STAR, C_STAR = (ViewDirection(one.indices, Space.RECIPROCAL) for one in (A, B, C))
STANDARD = (A, B, C, A_STAR, B_STAR, C_STAR)


def reciprocal(lattice: Vector) -> Vector:
    """Rows a*, b*, c* (without 2 pi) of a lattice given as rows; of its axes' cross products where it is flat."""
    a, b, c = lattice
    crossed = np.array([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
    volume = float(a @ crossed[0])
    # A mirrored (left-handed) cell has a negative volume, and its a* must still be along +a.
    return crossed / volume if volume != 0 else crossed


def parse_direction(text: str) -> ViewDirection:
    """Read "a", "c*", "[1 1 0]", "110", "[1-10]", "(111)" or "(1 -1 0)"; no brackets mean a direction [uvw].

    Raises:
        UserCorrectable: the text is none of these; the message says what can be written.
    """
    compact = text.strip()
    if match := re.fullmatch(r"([abcABC])\s*(\*?)", compact):
        return ViewDirection(_AXES[match[1].lower()], Space.RECIPROCAL if match[2] else Space.DIRECT)
    opening, closing = compact[:1], compact[-1:]
    bracketed = opening in "[(" and opening != ""
    if bracketed != (closing in "])" and closing != "") or (bracketed and opening + closing not in ("[]", "()")):
        raise UserCorrectable(f"The brackets of '{_shown(text)}' do not match. {_HELP}")
    indices = _indices(compact[1:-1] if bracketed else compact)
    if len(indices) != 3:
        raise UserCorrectable(f"'{_shown(text)}' is not a direction with three indices. {_HELP}")
    return ViewDirection((indices[0], indices[1], indices[2]), Space.RECIPROCAL if opening == "(" else Space.DIRECT)


def _indices(inner: str) -> list[int]:
    """Numbers separated by blanks or commas, or digits run together as in "1-10"."""
    inner = inner.replace("\u2212", "-").strip()
    if re.fullmatch(r"[+-]?\d+(?:(?:\s*,\s*|\s+)[+-]?\d+)+", inner):
        found = re.findall(r"[+-]?\d+", inner)
    elif re.fullmatch(r"(?:[+-]?\d){3}", inner):
        found = re.findall(r"[+-]?\d", inner)
    else:
        return []
    # int() refuses thousands of digits; a long index is refused with our own sentence instead.
    return [int(number[:6]) for number in found]


def _shown(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}…"


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.array([0.0, 0.0, 1.0])
