"""An ensemble of small nets with one trunk and three heads, run with NumPy: values with calibrated intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BAND_GAP, FORMATION_ENERGY, E_ABOVE_HULL = QUANTITIES = ("band_gap", "formation_energy", "e_above_hull")
UNITS = {BAND_GAP: "eV", FORMATION_ENERGY: "eV/atom", E_ABOVE_HULL: "eV/atom"}
SOFTNESS = {BAND_GAP: 4.0, E_ABOVE_HULL: 8.0}
# Energies above the hull span four decades: their head works in log(1 + energy / this).
HULL_UNIT_EV = 0.02
OUTPUTS = 7
_LAPLACE_VARIANCE = 2.0
_SMALLEST_SCALE = {BAND_GAP: 0.02, FORMATION_ENERGY: 0.005, E_ABOVE_HULL: 0.01}
_SMALLEST_SIGMA = {BAND_GAP: 0.01, FORMATION_ENERGY: 0.005, E_ABOVE_HULL: 0.001}


@dataclass(frozen=True)
class Estimate:
    """What the ensemble says before calibration, in the quantity's unit, each of shape (B,).

    Attributes:
        value: best estimate.
        scale: how uncertain the ensemble holds it.
    """

    value: Array
    scale: Array


@dataclass(frozen=True)
class Interval:
    """A calibrated prediction in its unit, each of shape (B,).

    Attributes:
        value: best estimate.
        sigma: half the width of the 68 % interval around `value`.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
    """

    value: Array
    sigma: Array
    low: Array
    high: Array


class PropertyNetwork:
    """Weights of the members and of the calibration.

    Tensors: `centre` and `scale` (F,) of the features, `axes` (F, A) and `furthest` (1,) for "near to the training",
    `relaxed.first|last.weight|bias` and `relaxed.least` (1,) for "no distorted copy", `knots.<quantity>` (K,) and
    `factors.<quantity>` (K, 2) of the intervals (see `interval`), and `<member>.first|second|last.weight|bias`.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = {name: np.asarray(value, dtype=np.float64) for name, value in tensors.items()}
        self._members = sum(name.endswith(".second.weight") for name in tensors)

    def predict(self, features_BF: NDArray[Any]) -> dict[str, Interval]:
        """Calibrated predictions by quantity."""
        return {
            quantity: interval(
                quantity, estimate, self._tensors[f"knots.{quantity}"], self._tensors[f"factors.{quantity}"]
            )
            for quantity, estimate in self.estimates(features_BF).items()
        }

    def estimates(self, features_BF: NDArray[Any]) -> dict[str, Estimate]:
        """Uncalibrated predictions by quantity: members averaged, their spread added to their own scales."""
        scaled = self._scaled(features_BF)
        said = [_heads(self._outputs(scaled, member)) for member in range(self._members)]
        return {quantity: _joined([heads[quantity] for heads in said], quantity) for quantity in QUANTITIES}

    def is_familiar(self, features_BF: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each crystal is near to the training set and not out of shape, shape (B,)."""
        scaled = self._scaled(features_BF)
        length = ((scaled @ self._tensors["axes"]) ** 2).sum(1)
        relaxed = self._linear(_silu(self._linear(scaled, "relaxed.first")), "relaxed.last")[:, 0]
        return np.asarray((length <= self._tensors["furthest"][0]) & (relaxed >= self._tensors["relaxed.least"][0]))

    def _scaled(self, features_BF: NDArray[Any]) -> Array:
        return np.clip((features_BF - self._tensors["centre"]) / self._tensors["scale"], -6, 6)

    def _outputs(self, scaled_BF: Array, member: int) -> Array:
        hidden = _silu(self._linear(scaled_BF, f"{member}.first"))
        hidden = _silu(self._linear(hidden, f"{member}.second"))
        return self._linear(hidden, f"{member}.last")

    def _linear(self, inputs: Array, name: str) -> Array:
        return np.asarray(inputs @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"])


def interval(quantity: str, estimate: Estimate, knots_K: NDArray[Any], factors_K2: NDArray[Any]) -> Interval:
    """Widen or narrow an estimate to its 68 % and 95 % intervals.

    Args:
        quantity: decides the smallest sigma, and whether the interval may reach below zero.
        estimate: what the ensemble says.
        knots_K: logarithms of scales, ascending.
        factors_K2: what a scale at each knot is to be multiplied with for 68 % and for 95 %; interpolated between.
    """
    narrow, wide = (np.interp(np.log(estimate.scale), knots_K, factors) for factors in factors_K2.T)
    sigma = np.maximum(narrow * estimate.scale, _SMALLEST_SIGMA[quantity])
    reach = np.maximum(wide * estimate.scale, sigma)
    low = estimate.value - reach
    # Neither gaps nor energies above the hull are negative.
    low = low if quantity == FORMATION_ENERGY else np.maximum(low, 0.0)
    return Interval(estimate.value, sigma, low, estimate.value + reach)


def _heads(outputs_BO: Array) -> dict[str, tuple[Array, Array]]:
    """Mean and variance of each head of one member, from its seven outputs."""
    gate, width, width_scale, formation, formation_scale, hull, hull_scale = outputs_BO.T
    probability = 1 / (1 + np.exp(-np.clip(gate, -40, 40)))
    gap = _softplus(width, SOFTNESS[BAND_GAP])
    within = probability * _spread(width_scale) + probability * (1 - probability) * gap**2
    return {
        BAND_GAP: (probability * gap, within),
        FORMATION_ENERGY: (formation, _spread(formation_scale)),
        E_ABOVE_HULL: (_softplus(hull, SOFTNESS[E_ABOVE_HULL]), _spread(hull_scale)),
    }


def _joined(members: list[tuple[Array, Array]], quantity: str) -> Estimate:
    means, variances = (np.stack(part) for part in zip(*members, strict=True))
    centre = means.mean(0)
    scale = np.sqrt(variances.mean(0) + means.var(0) + _SMALLEST_SCALE[quantity] ** 2)
    if quantity != E_ABOVE_HULL:
        return Estimate(centre, scale)
    return Estimate(_hull_energy(centre), (_hull_energy(centre + scale) - _hull_energy(centre - scale)) / 2)


def _hull_energy(coordinate: Array) -> Array:
    """From the coordinate of the hull's head to eV/atom."""
    return np.asarray(HULL_UNIT_EV * np.expm1(np.clip(coordinate, 0, 12)))


def _spread(log_scale: Array) -> Array:
    """Variance of a Laplace distribution."""
    return _LAPLACE_VARIANCE * np.exp(2 * np.clip(log_scale, -5, 2))


def _softplus(values: Array, softness: float) -> Array:
    return np.asarray(np.logaddexp(0.0, softness * values) / softness)


def _silu(values: Array) -> Array:
    return np.asarray(values / (1 + np.exp(-np.clip(values, -40, 40))))
