"""Calibrate the property network on `val`, and judge it on any split.

Source: split conformal prediction with normalised errors (Papadopoulos et al. 2002), group by group of scales (Vovk et
al. 2003, "Mondrian"): the factor of an interval is the quantile of |error| / scale over crystals that the network was
not trained on. There is one factor for 68 % and one for 95 %, because the errors have longer tails than a normal
distribution, and they differ between groups, because a sure metal would otherwise pay for an unsure semiconductor.
Differs from the sources in that factors are interpolated between the groups, so that sigma has no jumps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from crystal_studio.engines.predictors.property_network import (
    BAND_GAP,
    E_ABOVE_HULL,
    QUANTITIES,
    Estimate,
    Interval,
    PropertyNetwork,
)
from crystal_studio.training.properties_data import Floats, Samples
from crystal_studio.training.properties_familiar import familiarity
from crystal_studio.training.properties_fit import scaled, scaling, trained_members

WEIGHTS = "ensemble.safetensors"
_COVERAGES = (0.6827, 0.95)
_GROUPS = 6
_STABLE_EV = 0.05


def assemble(fitted: Samples, selected: Samples, copies: Floats, output: Path) -> None:
    """Join the trained members, calibrate them on `selected`, and write `ensemble.safetensors`.

    Args:
        fitted: what the members were trained on.
        selected: what they are calibrated on.
        copies: (D, F) features of distorted training crystals.
        output: where the members lie, and where the file goes.
    """
    centre, scale = scaling(fitted)
    tensors: dict[str, NDArray[Any]] = {"centre": centre, "scale": scale, **trained_members(output)}
    inputs = [scaled(part, centre, scale) for part in (fitted.features, selected.features, copies)]
    tensors |= familiarity(inputs[0], inputs[1], inputs[2])
    halved = {name: _halved(value) for name, value in tensors.items()}
    # Calibrated as shipped, with the rounded weights.
    estimates = PropertyNetwork(halved).estimates(selected.features)
    for column, quantity in enumerate(QUANTITIES):
        knots, factors = calibration(estimates[quantity], selected.targets[:, column])
        halved |= {f"knots.{quantity}": knots, f"factors.{quantity}": factors}
    # safetensors writes the memory as it lies: a transposed array would come back scrambled.
    save_file({name: np.ascontiguousarray(value) for name, value in halved.items()}, output / WEIGHTS)


def calibration(estimate: Estimate, targets: Floats) -> tuple[Floats, Floats]:
    """Logarithms of the groups' scales (K,), and the factors of their 68 % and 95 % intervals (K, 2)."""
    known = ~np.isnan(targets)
    error, scale = np.abs(targets - estimate.value)[known], estimate.scale[known]
    groups = np.array_split(np.argsort(scale), _GROUPS)
    knots = [np.log(np.median(scale[group])) for group in groups]
    factors = [[_conformal(error[group] / scale[group], part) for part in _COVERAGES] for group in groups]
    return np.array(knots, dtype=np.float32), np.array(factors, dtype=np.float32)


def evaluate(samples: Samples, output: Path) -> dict[str, dict[str, Any]]:
    """Errors and coverages of one split by quantity, and of the gaps of the MEGNet set where the split has them."""
    network = PropertyNetwork(load_file(output / WEIGHTS))
    found, familiar = network.predict(samples.features), network.is_familiar(samples.features)
    figures = {
        quantity: _figures(found[quantity], samples.targets[:, column], familiar)
        for column, quantity in enumerate(QUANTITIES)
    }
    figures[E_ABOVE_HULL] |= _stability(found[E_ABOVE_HULL], samples.targets[:, 2])
    megnet = ~np.isnan(samples.megnet_gaps)
    if megnet.any():
        error = np.abs(found[BAND_GAP].value - samples.megnet_gaps)[megnet]
        figures[BAND_GAP] |= {"megnet_gap_n": len(error), "megnet_gap_mae": float(error.mean())}
    return figures


def distorted_marked(copies: Floats, output: Path) -> float:
    """Share of distorted crystals that are marked as unlike the training set."""
    return float(1 - PropertyNetwork(load_file(output / WEIGHTS)).is_familiar(copies).mean())


def _figures(found: Interval, targets: Floats, familiar: NDArray[np.bool_]) -> dict[str, Any]:
    known = ~np.isnan(targets)
    error = np.abs(found.value - targets)
    inside = (targets >= found.low - 1e-6) & (targets <= found.high + 1e-6)
    return {
        "n": int(known.sum()),
        "mae": float(error[known].mean()),
        "median_error": float(np.median(error[known])),
        "mae_of_the_median": float(np.abs(targets - np.median(targets[known]))[known].mean()),
        "coverage_68": float((error <= found.sigma)[known].mean()),
        "coverage_95": float(inside[known].mean()),
        **_coverage_of_the_unsure(error[known], found.sigma[known], inside[known]),
        "mean_sigma": float(found.sigma[known].mean()),
        "mean_width_95": float((found.high - found.low)[known].mean()),
        "in_distribution": float(familiar[known].mean()),
        "mae_in_distribution": float(error[known & familiar].mean()) if (known & familiar).any() else None,
    }


def _coverage_of_the_unsure(error: NDArray[Any], sigma: NDArray[Any], inside: NDArray[np.bool_]) -> dict[str, float]:
    """Coverages over the half with the larger sigmas: in the other half of the gaps are the metals, all but sure."""
    unsure = sigma >= np.median(sigma)
    return {
        "coverage_68_of_unsure_half": float((error <= sigma)[unsure].mean()),
        "coverage_95_of_unsure_half": float(inside[unsure].mean()),
    }


def _stability(found: Interval, targets: Floats) -> dict[str, Any]:
    """How often "within 50 meV/atom of the hull" is right, and the rank correlation with the true energies."""
    known = ~np.isnan(targets)
    said, true = found.value[known] <= _STABLE_EV, targets[known] <= _STABLE_EV
    correlation = np.corrcoef(_ranks(found.value[known]), _ranks(targets[known]))[0, 1]
    return {"stable_right": float((said == true).mean()), "rank_correlation": float(correlation)}


def _ranks(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.argsort(np.argsort(values)))


def _conformal(scores: NDArray[Any], coverage: float) -> float:
    """The quantile with the finite-sample correction (n + 1) / n."""
    level = min(1.0, np.ceil((len(scores) + 1) * coverage) / len(scores))
    return float(np.quantile(scores, level, method="higher"))


def _halved(value: NDArray[Any]) -> NDArray[Any]:
    return value.astype(np.float16) if value.ndim == 2 else value
