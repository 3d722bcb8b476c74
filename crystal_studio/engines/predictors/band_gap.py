"""The band-gap predictor: an ensemble of small nets over composition and geometry, run with NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.predictors.geometry_features import crystal_features

Array = NDArray[np.float64]
_SOFTNESS = 4.0
_SMALLEST_SIGMA_EV = 0.02
_LAPLACE_VARIANCE = 2.0


class Ensemble:
    """Weights of the members: each says whether there is a gap, how wide and how surely.

    Tensors: `centre` and `scale` (F,), `axes` (F, 40) and `furthest` (1,) for "resembles the training set",
    `sigma_scale` and `sigma_floor` (1,), and `<member>.first|second|last.weight|bias`.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = {name: np.asarray(value, dtype=np.float64) for name, value in tensors.items()}
        self._members = len({name.split(".")[0] for name in tensors if name.endswith(".weight")})

    def predict(self, features_BF: NDArray[Any]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Mean (B,) and sigma (B,) in eV, and whether each crystal resembles the training set (B,)."""
        scaled = np.clip((features_BF - self._tensors["centre"]) / self._tensors["scale"], -6, 6)
        means, variances = zip(*(self._member(scaled, member) for member in range(self._members)), strict=True)
        mean = np.mean(means, axis=0)
        variance = np.mean(variances, axis=0) + np.var(means, axis=0)
        scale, floor = self._tensors["sigma_scale"][0], self._tensors["sigma_floor"][0]
        sigma = np.sqrt(scale**2 * (variance + _SMALLEST_SIGMA_EV**2) + floor**2)
        length = ((scaled @ self._tensors["axes"]) ** 2).sum(1)
        return mean, sigma, length <= self._tensors["furthest"][0]

    def _member(self, scaled: Array, member: int) -> tuple[Array, Array]:
        """Mean and variance of the mixture "metal or gap", eV and eV^2."""
        hidden = _silu(self._linear(scaled, f"{member}.first"))
        hidden = _silu(self._linear(hidden, f"{member}.second"))
        gate, width, log_scale = self._linear(hidden, f"{member}.last").T
        probability = 1 / (1 + np.exp(-np.clip(gate, -40, 40)))
        gap = np.logaddexp(0.0, _SOFTNESS * width) / _SOFTNESS
        spread = _LAPLACE_VARIANCE * np.exp(2 * np.clip(log_scale, -4, 2))
        return probability * gap, probability * spread + probability * (1 - probability) * gap**2

    def _linear(self, inputs: Array, name: str) -> Array:
        return np.asarray(inputs @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"])


class BandGapPredictor:
    """PBE band gaps with their uncertainty."""

    quantity = "band_gap"

    def __init__(self, ensemble: Ensemble, known_elements: frozenset[str]) -> None:
        self._ensemble = ensemble
        self._known_elements = known_elements

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """Mean and uncertainty for each crystal, in eV."""
        if not crystals:
            return []
        features = np.stack([crystal_features(crystal) for crystal in crystals]).astype(np.float32)
        mean, sigma, familiar = self._ensemble.predict(features)
        return [
            Measured(
                value=float(mean[i]),
                unit="eV",
                sigma=float(sigma[i]),
                method="PBE",
                in_distribution=bool(familiar[i]) and set(crystal.species) <= self._known_elements,
            )
            for i, crystal in enumerate(crystals)
        ]


def create(folder: Path, options: Mapping[str, Any]) -> BandGapPredictor:
    """Load the predictor from its card's folder.

    Raises:
        Unavailable: the weights are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        ensemble = Ensemble(load_file(folder / str(options.get("file", "ensemble.safetensors"))))
    except (OSError, SafetensorError) as error:
        raise Unavailable("The band-gap predictor cannot be read. Restore its file from the repository.") from error
    return BandGapPredictor(ensemble, frozenset(options.get("known_elements", ())))


def _silu(values: Array) -> Array:
    return np.asarray(values / (1 + np.exp(-np.clip(values, -40, 40))))
