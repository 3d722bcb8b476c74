"""Train the members of the property network: one trunk, and heads for gap, formation energy and hull energy.

Each member is written when it is finished, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from crystal_studio.engines.predictors.property_network import (
    BAND_GAP,
    E_ABOVE_HULL,
    HULL_UNIT_EV,
    OUTPUTS,
    SOFTNESS,
)
from crystal_studio.training.properties_data import Floats, Samples, say

_HIDDEN = 256
_LATENT = 96
_DROPOUT = 0.15
BATCH = 256
_RATE = 1.5e-3
_DECAY = 2e-2
_METAL_EV = 0.05
_GAP_WEIGHT = 2.0
# Typical errors (eV, eV/atom, eV/atom): one unit of the sum by which the best epoch is chosen.
_TYPICAL_ERRORS = torch.tensor([0.24, 0.06, 0.025])
Split = tuple[Tensor, Tensor]


class PropertyNet(nn.Module):
    """Features -> logit of having a gap, the gap, its log scale; formation energy, its log scale; hull, its log scale.

    The hull's head works in log(1 + energy / HULL_UNIT_EV).
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _LATENT)
        self.last = nn.Linear(_LATENT, OUTPUTS)
        self.drop = nn.Dropout(_DROPOUT)

    def forward(self, features_BF: Tensor) -> Tensor:
        """Seven numbers a crystal, shape (B, 7)."""
        hidden = self.drop(nn.functional.silu(self.first(features_BF)))
        hidden = self.drop(nn.functional.silu(self.second(hidden)))
        result: Tensor = self.last(hidden)
        return result


def train(fitted: Samples, selected: Samples, output: Path, *, members: int, epochs: int, seed: int = 0) -> None:
    """Train the members that are not there yet and keep each one's best epoch on `selected`."""
    centre, scale = scaling(fitted)
    inputs, chosen = _split(fitted, centre, scale), _split(selected, centre, scale)
    for member in range(members):
        path = member_path(output, member)
        if path.exists():
            continue
        trainer = MemberTrainer(inputs, seed + member, epochs)
        state, errors = trainer.run(chosen)
        say({"member": member, "val_mae": [round(float(error), 4) for error in errors]})
        save_file(state, path.with_suffix(".partial"))
        os.replace(path.with_suffix(".partial"), path)


def member_path(output: Path, member: int) -> Path:
    """Where a finished member lies."""
    return output / f"member-{member}.safetensors"


def trained_members(output: Path) -> dict[str, Floats]:
    """The weights of all finished members, named `<member>.<tensor>`."""
    paths = sorted(output.glob("member-*.safetensors"))
    return {
        f"{index}.{name}": value.numpy() for index, path in enumerate(paths) for name, value in load_file(path).items()
    }


def scaling(fitted: Samples) -> tuple[Floats, Floats]:
    """Mean and spread of each training feature, each of shape (F,)."""
    return fitted.features.mean(0), fitted.features.std(0) + np.float32(1e-3)


def scaled(features: Floats, centre: Floats, scale: Floats) -> Floats:
    """Features as the network takes them: standardised and cut off at six spreads."""
    return np.asarray(np.clip((features - centre) / scale, -6, 6), dtype=np.float32)


class MemberTrainer:
    """Trains one member; the seed fixes its weights, its batches and its dropout."""

    def __init__(self, fitted: Split, seed: int, epochs: int) -> None:
        torch.manual_seed(seed)
        self._draws = torch.Generator().manual_seed(seed)
        self._features, self._targets = fitted
        self._epochs = epochs
        self.net = PropertyNet(self._features.shape[1])
        self._optimizer = torch.optim.AdamW(self.net.parameters(), lr=_RATE, weight_decay=_DECAY)
        steps = epochs * -(-len(self._targets) // BATCH)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, _RATE, total_steps=steps)

    def run(self, selected: Split) -> tuple[dict[str, Tensor], Tensor]:
        """The best state of the second half of the epochs, and its errors (3,) on `selected`."""
        best: tuple[dict[str, Tensor], Tensor] = ({}, torch.full((3,), torch.inf))
        for epoch in range(self._epochs):
            self.epoch()
            if epoch < self._epochs // 2:
                continue
            errors = self._errors(selected)
            if _selection(errors) < _selection(best[1]):
                best = ({name: value.clone() for name, value in self.net.state_dict().items()}, errors)
        return best

    def epoch(self, watch: Callable[[float], None] = lambda loss: None) -> None:
        """One pass over the training set; `watch` is told each step's loss."""
        self.net.train()
        for batch in torch.randperm(len(self._targets), generator=self._draws).split(BATCH):  # type: ignore[no-untyped-call]
            self._optimizer.zero_grad()
            loss = loss_of(self.net(self._features[batch]), self._targets[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._schedule.step()
            watch(float(loss.detach()))

    def _errors(self, selected: Split) -> Tensor:
        """Mean absolute error of each target that is known, shape (3,)."""
        self.net.eval()
        with torch.no_grad():
            return torch.nanmean((predicted_values(self.net(selected[0])) - selected[1]).abs(), dim=0)


def predicted_values(outputs_B7: Tensor) -> Tensor:
    """Gap, formation energy and energy above the hull, shape (B, 3), in eV and eV/atom."""
    gap = outputs_B7[:, 0].sigmoid() * _gap(outputs_B7)
    return torch.stack([gap, outputs_B7[:, 3], HULL_UNIT_EV * torch.expm1(_hull(outputs_B7))], dim=1)


def loss_of(outputs_B7: Tensor, targets_B3: Tensor) -> Tensor:
    """Sum of the heads' losses, each over the crystals whose target is known."""
    gap, formation, hull = targets_B3.T
    in_log = torch.log1p(hull.clamp(min=0) / HULL_UNIT_EV)
    return (
        _GAP_WEIGHT * _known_mean(_gap_loss(outputs_B7, gap.nan_to_num()), gap)
        + _known_mean(_laplace(outputs_B7[:, 3], outputs_B7[:, 4], formation.nan_to_num()), formation)
        + _known_mean(2 * (outputs_B7[:, 3] - formation.nan_to_num()).abs(), formation)
        + _known_mean(_laplace(_hull(outputs_B7), outputs_B7[:, 6], in_log.nan_to_num()), hull)
    )


def _gap_loss(outputs_B7: Tensor, gaps_B: Tensor) -> Tensor:
    """Cross-entropy of "has a gap", a Laplace likelihood of the gap where there is one, and the mixture's error."""
    has_gap = (gaps_B > _METAL_EV).float()
    gate = nn.functional.binary_cross_entropy_with_logits(outputs_B7[:, 0], has_gap, reduction="none")
    likelihood = _laplace(outputs_B7[:, 1], outputs_B7[:, 2], gaps_B, lowest=-4) * has_gap
    # The mixture's mean is what is reported, so its own error is trained as well.
    mixture = (outputs_B7[:, 0].sigmoid() * _gap(outputs_B7) - gaps_B).abs()
    return gate + likelihood + 2 * mixture


def _laplace(mean_B: Tensor, log_scale_B: Tensor, target_B: Tensor, lowest: float = -6.0) -> Tensor:
    """Negative log-likelihood of a Laplace distribution, without its constant."""
    log_scale = log_scale_B.clamp(lowest, 2)
    return (target_B - mean_B).abs() / log_scale.exp() + log_scale


def _known_mean(losses_B: Tensor, targets_B: Tensor) -> Tensor:
    known = ~targets_B.isnan()
    return torch.where(known, losses_B, 0.0).sum() / known.sum().clamp(min=1)


def _gap(outputs_B7: Tensor) -> Tensor:
    return nn.functional.softplus(outputs_B7[:, 1], beta=SOFTNESS[BAND_GAP])


def _hull(outputs_B7: Tensor) -> Tensor:
    return nn.functional.softplus(outputs_B7[:, 5], beta=SOFTNESS[E_ABOVE_HULL])


def _selection(errors_3: Tensor) -> float:
    return float((errors_3 / _TYPICAL_ERRORS).sum())


def _split(samples: Samples, centre: Floats, scale: Floats) -> Split:
    return torch.from_numpy(scaled(samples.features, centre, scale)), torch.from_numpy(samples.targets)
