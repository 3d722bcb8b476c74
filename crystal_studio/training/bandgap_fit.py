"""Train, calibrate and judge the band-gap ensemble."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import nn

from crystal_studio.engines.predictors.band_gap import Ensemble

Floats = NDArray[np.float32]
_HIDDEN = 256
_LATENT = 96
_DROPOUT = 0.15
_BATCH = 256
_RATE = 1.5e-3
_DECAY = 2e-2
_METAL_EV = 0.05
_COVERAGES = (0.6827, 0.95)


def say(report: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Samples:
    """Features (M, F), PBE gaps (M,) in eV and numbers of atoms (M,)."""

    features: Floats
    gaps: Floats
    sizes: NDArray[np.int64]


class GapNet(nn.Module):
    """Features -> (logit that there is a gap, its mean, its log scale)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _LATENT)
        self.last = nn.Linear(_LATENT, 3)
        self.drop = nn.Dropout(_DROPOUT)

    def forward(self, features_BF: torch.Tensor) -> torch.Tensor:
        """Three numbers a crystal, shape (B, 3)."""
        hidden = self.drop(nn.functional.silu(self.first(features_BF)))
        hidden = self.drop(nn.functional.silu(self.second(hidden)))
        result: torch.Tensor = self.last(hidden)
        return result


def train(fitted: Samples, selected: Samples, output: Path, *, members: int, epochs: int, seed: int = 0) -> None:
    """Train the ensemble, keep each member's best epoch on `selected`, calibrate, and write `ensemble.safetensors`."""
    centre, scale = fitted.features.mean(0), fitted.features.std(0) + 1e-3
    tensors: dict[str, NDArray[Any]] = {"centre": centre, "scale": scale}
    inputs, chosen = _scaled(fitted, centre, scale), _scaled(selected, centre, scale)
    for member in range(members):
        state, error = _train_member(inputs, chosen, seed + member, epochs)
        say({"member": member, "val_mae": round(error, 4)})
        for name, value in state.items():
            tensors[f"{member}.{name}"] = value.numpy()
    tensors |= _familiarity(inputs[0].numpy(), chosen[0].numpy())
    tensors |= {"sigma_scale": np.ones(1, np.float32), "sigma_floor": np.zeros(1, np.float32)}
    tensors |= _calibration(Ensemble(tensors), selected)
    halved = {name: value.astype(np.float16) if value.ndim == 2 else value for name, value in tensors.items()}
    # safetensors writes the memory as it lies: a transposed array would come back scrambled.
    save_file({name: np.ascontiguousarray(value) for name, value in halved.items()}, output / "ensemble.safetensors")


def evaluate(samples: Samples, output: Path) -> dict[str, Any]:
    """MAE, bias and coverage of the intervals on one split."""
    mean, sigma, familiar = Ensemble(load_file(output / "ensemble.safetensors")).predict(samples.features)
    error = np.abs(mean - samples.gaps)
    within = [float((error <= width * sigma).mean()) for width in (1.0, 1.96)]
    return {
        "n": len(error),
        "mae_ev": float(error.mean()),
        "mae_20_atoms_ev": float(error[samples.sizes <= 20].mean()),
        "median_error_ev": float(np.median(error)),
        "coverage_68": within[0],
        "coverage_95": within[1],
        "in_distribution": float(familiar.mean()),
        "mae_in_distribution_ev": float(error[familiar].mean()) if familiar.any() else None,
    }


def _scaled(samples: Samples, centre: Floats, scale: Floats) -> tuple[torch.Tensor, torch.Tensor]:
    features = np.clip((samples.features - centre) / scale, -6, 6)
    return torch.from_numpy(features.astype(np.float32)), torch.from_numpy(samples.gaps)


def _train_member(
    fitted: tuple[torch.Tensor, torch.Tensor], selected: tuple[torch.Tensor, torch.Tensor], seed: int, epochs: int
) -> tuple[dict[str, torch.Tensor], float]:
    torch.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    features, gaps = fitted
    net = GapNet(features.shape[1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    batches = -(-len(gaps) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * batches)
    best: tuple[dict[str, torch.Tensor], float] = ({}, float("inf"))
    for epoch in range(epochs):
        net.train()
        for batch in torch.randperm(len(gaps), generator=draws).split(_BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            _loss(net(features[batch]), gaps[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        error = _error(net, selected) if epoch >= epochs // 2 else float("inf")
        if error < best[1]:
            best = ({name: value.clone() for name, value in net.state_dict().items()}, error)
    return best


def _loss(outputs_B3: torch.Tensor, gaps_B: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of "has a gap" and a Laplace likelihood of the gap where there is one."""
    has_gap = (gaps_B > _METAL_EV).float()
    gate = nn.functional.binary_cross_entropy_with_logits(outputs_B3[:, 0], has_gap)
    probability = outputs_B3[:, 0].sigmoid()
    log_scale = outputs_B3[:, 2].clamp(-4, 2)
    likelihood = ((gaps_B - outputs_B3[:, 1]).abs() / log_scale.exp() + log_scale) * has_gap
    # The mixture's mean is what is reported, so its own error is trained as well.
    mixture = (probability * nn.functional.softplus(outputs_B3[:, 1], beta=4) - gaps_B).abs().mean()
    return gate + likelihood.mean() + 2 * mixture


def _error(net: GapNet, selected: tuple[torch.Tensor, torch.Tensor]) -> float:
    net.eval()
    with torch.no_grad():
        outputs = net(selected[0])
        mean = outputs[:, 0].sigmoid() * nn.functional.softplus(outputs[:, 1], beta=4)
        return float((mean - selected[1]).abs().mean())


def _familiarity(fitted: Floats, selected: Floats) -> dict[str, NDArray[Any]]:
    """Principal axes of the training features and the squared length that 98 % of `selected` stay below."""
    _, values, axes = np.linalg.svd(fitted[::4], full_matrices=False)
    kept = 40
    whiten = (axes[:kept].T / (values[:kept] / np.sqrt(len(fitted[::4])))).astype(np.float32)
    length = ((selected @ whiten) ** 2).sum(1)
    return {"axes": whiten, "furthest": np.array([np.quantile(length, 0.98)], np.float32)}


def _calibration(ensemble: Ensemble, selected: Samples) -> dict[str, NDArray[Any]]:
    """Scale and floor of sigma that bring the coverages of one and of 1.96 sigma on `selected` nearest to their due."""
    mean, sigma, _ = ensemble.predict(selected.features)
    error = np.abs(mean - selected.gaps)
    best = min(
        ((scale, floor) for scale in np.arange(0.2, 3.0, 0.05) for floor in np.arange(0.0, 0.31, 0.02)),
        key=lambda pair: _miscoverage(error, np.sqrt((pair[0] * sigma) ** 2 + pair[1] ** 2)),
    )
    return {"sigma_scale": np.array([best[0]], np.float32), "sigma_floor": np.array([best[1]], np.float32)}


def _miscoverage(error: NDArray[Any], sigma: NDArray[Any]) -> float:
    return abs(float((error <= sigma).mean()) - _COVERAGES[0]) + abs(
        float((error <= 1.96 * sigma).mean()) - _COVERAGES[1]
    )
