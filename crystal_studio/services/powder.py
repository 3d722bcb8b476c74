"""Powder patterns: from lines to a measured-looking curve, and as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.inspection import Reflection

Array = NDArray[np.float64]
# Weighted means of K-alpha1 and K-alpha2, angstrom. Source: International Tables for Crystallography C, section 4.2.2.
K_ALPHA_ANGSTROM = {"Cu": 1.54184, "Mo": 0.71073, "Co": 1.79026, "Fe": 1.93735}
_POINTS_PER_WIDTH = 10
_MOST_POINTS = 60_000
_LORENTZ_SHARE = 0.5


class Shape(StrEnum):
    """Shape of one line."""

    GAUSSIAN = "Gaussian"
    PSEUDO_VOIGT = "pseudo-Voigt"


@dataclass(frozen=True)
class Profile:
    """A broadened pattern.

    Attributes:
        two_theta_degree: (P,) evenly spaced.
        intensity: (P,) 0 to 100.
    """

    two_theta_degree: Array
    intensity: Array


def broadened(
    reflections: Sequence[Reflection],
    bounds_degree: tuple[float, float],
    fwhm_degree: float,
    shape: Shape = Shape.PSEUDO_VOIGT,
) -> Profile:
    """Every line with the same full width at half maximum, scaled so that the highest point is 100.

    Source: P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20, 79 (1987), for the pseudo-Voigt; the share of
    the Lorentzian is fixed at one half.
    """
    low, high = bounds_degree
    num_points = min(_MOST_POINTS, max(2, round((high - low) / fwhm_degree * _POINTS_PER_WIDTH) + 1))
    grid = np.linspace(low, high, num_points)
    sticks = _on_grid(reflections, grid)
    offsets = (np.arange(2 * num_points - 1) - (num_points - 1)) * (grid[1] - grid[0])
    size = 1 << (3 * num_points).bit_length()
    product = np.fft.rfft(sticks, size) * np.fft.rfft(_line(offsets, fwhm_degree, shape), size)
    curve = np.maximum(np.fft.irfft(product, size)[num_points - 1 : 2 * num_points - 1], 0.0)
    highest = float(curve.max(initial=0.0))
    return Profile(grid, curve * (100.0 / highest) if highest > 0 else curve)


def reflections_csv(reflections: Sequence[Reflection], about: str) -> str:
    """One line a reflection, after a comment that says what it is of."""
    rows = [
        (f"{one.two_theta_degree:.4f}", f"{one.d_angstrom:.5f}", f"{one.intensity:.3f}", hkl_text(one))
        for one in reflections
    ]
    return _csv(("two_theta_degree", "d_angstrom", "intensity", "hkl"), rows, about)


def profile_csv(profile: Profile, about: str) -> str:
    """One line a point of the broadened pattern."""
    pairs = zip(profile.two_theta_degree.tolist(), profile.intensity.tolist(), strict=True)
    return _csv(("two_theta_degree", "intensity"), [(f"{x:.5f}", f"{y:.4f}") for x, y in pairs], about)


def hkl_text(reflection: Reflection) -> str:
    """Every family on a line, such as ``(1 1 0), (1 0 1)``."""
    return ", ".join("(" + " ".join(map(str, family)) + ")" for family in reflection.hkl)


def _on_grid(reflections: Sequence[Reflection], grid: Array) -> Array:
    """Intensities shared between the two grid points next to each line, so that none is moved."""
    sticks = np.zeros(len(grid))
    positions = np.array([one.two_theta_degree for one in reflections], dtype=np.float64)
    intensities = np.array([one.intensity for one in reflections], dtype=np.float64)
    place = (positions - grid[0]) / (grid[1] - grid[0])
    inside = (place >= 0) & (place < len(grid) - 1)
    place, intensities = place[inside], intensities[inside]
    left = np.floor(place).astype(np.intp)
    np.add.at(sticks, left, intensities * (1 - (place - left)))
    np.add.at(sticks, left + 1, intensities * (place - left))
    return sticks


def _line(offset_degree: Array, fwhm_degree: float, shape: Shape) -> Array:
    reduced = (offset_degree / fwhm_degree) ** 2
    gaussian = np.exp(-4 * np.log(2) * reduced)
    if shape is Shape.GAUSSIAN:
        return np.asarray(gaussian, dtype=np.float64)
    return np.asarray(_LORENTZ_SHARE / (1 + 4 * reduced) + (1 - _LORENTZ_SHARE) * gaussian, dtype=np.float64)


def _csv(heading: Sequence[str], rows: Sequence[Sequence[str]], about: str) -> str:
    text = io.StringIO()
    text.write("# " + " ".join(about.split()) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue()
