"""Checkpoints that survive being killed at any moment, and the moving average of the weights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

NAME = "checkpoint.pt"


@dataclass
class RunState:
    """All that a run needs to go on: its progress, weights, optimizer and best validation loss."""

    step: int
    seconds: float
    best: float
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]


def save_state(state: RunState, folder: Path) -> None:
    """Write the checkpoint of a run; the old one stays whole until the new one is complete."""
    write_atomically(vars(state), folder / NAME)


def load_state(folder: Path) -> RunState | None:
    """The checkpoint of a run, None where there is none yet."""
    path = folder / NAME
    if not path.exists():
        return None
    return RunState(**torch.load(path, map_location="cpu", weights_only=True))


def write_atomically(content: object, path: Path) -> None:
    """`torch.save` to a temporary neighbour, flushed to disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


class MovingAverage:
    """Exponential moving average of a model's weights, with a short warm-up.

    Source: the decay min(d, (1 + n) / (10 + n)) of Abadi et al. 2016 (TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards the model's weights after a step."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                self.weights[name].lerp_(value, 1 - decay)
            else:
                self.weights[name].copy_(value)
