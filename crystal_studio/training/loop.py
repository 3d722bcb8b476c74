"""One training loop for all stages: schedule, clipping, moving average, logs, checkpoints and validation."""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from crystal_studio.training.checkpoints import MovingAverage, RunState, load_state, save_state, write_atomically

Losses = dict[str, Tensor]
BEST = "best.pt"


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train: ``minutes`` of wall time over all restarts or ``steps``, whichever ends first."""

    folder: Path
    learning_rate: float
    steps: int | None = None
    minutes: float | None = None
    warmup_steps: int = 300
    weight_decay: float = 0.01
    clip: float = 1.0
    average_decay: float = 0.999
    evaluate_every: int = 1000
    save_every: int = 500
    log_every: int = 50


@dataclass(frozen=True)
class Stage:
    """What a stage trains: ``loss`` of a step (its key "loss" is minimised) and ``evaluate``, whose "loss" selects."""

    loss: Callable[[nn.Module, int], Losses]
    evaluate: Callable[[nn.Module], dict[str, float]]


class Trainer:
    """Runs a stage until its plan ends; made again after a kill, it goes on where the checkpoint stands."""

    def __init__(self, model: nn.Module, stage: Stage, plan: Plan) -> None:
        self.model, self.stage, self.plan = model, stage, plan
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
        self.average = MovingAverage(model, plan.average_decay)
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        self._resume()

    def run(self) -> dict[str, float]:
        """Train to the end of the plan and return the last validation figures."""
        started = time.monotonic() - self.seconds
        while self.progress() < 1:
            losses = self._train_step()
            self.seconds = time.monotonic() - started
            if self.step % self.plan.log_every == 0:
                self._log({"step": self.step, **{name: float(value.detach()) for name, value in losses.items()}})
            if self.step % self.plan.evaluate_every == 0:
                self._evaluate()
            if self.step % self.plan.save_every == 0:
                self._save()
        figures = self._evaluate()
        self._save()
        return figures

    def progress(self) -> float:
        """Share of the plan that is done, 0 to 1."""
        parts = [0.0]
        if self.plan.steps is not None:
            parts.append(self.step / self.plan.steps if self.plan.steps else 1.0)
        if self.plan.minutes is not None:
            parts.append(self.seconds / (60 * self.plan.minutes))
        return max(parts)

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine down to 2 % at the end of the plan."""
        warm = min(1.0, (self.step + 1) / self.plan.warmup_steps)
        cosine = 0.5 * (1 + math.cos(math.pi * min(self.progress(), 1.0)))
        return self.plan.learning_rate * warm * (0.02 + 0.98 * cosine)

    def _train_step(self) -> Losses:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.model.train()
        losses = self.stage.loss(self.model, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        self.optimizer.step()
        self.step += 1
        self.average.update(self.model, self.step)
        return losses

    def averaged_model(self) -> nn.Module:
        """A copy of the model with the averaged weights."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.average.weights)
        return model.eval()

    def _evaluate(self) -> dict[str, float]:
        with torch.no_grad():
            figures = self.stage.evaluate(self.averaged_model())
        self._log({"step": self.step, **{f"val_{name}": value for name, value in figures.items()}})
        if figures["loss"] < self.best:
            self.best = figures["loss"]
            body = {"weights": self.average.weights, "step": self.step, "seconds": self.seconds, "figures": figures}
            write_atomically(body, self.plan.folder / BEST)
        return figures

    def _save(self) -> None:
        state = RunState(
            step=self.step,
            seconds=self.seconds,
            best=self.best,
            model=self.model.state_dict(),
            average=self.average.weights,
            optimizer=self.optimizer.state_dict(),
        )
        save_state(state, self.plan.folder)

    def _resume(self) -> None:
        state = load_state(self.plan.folder)
        if state is None:
            return
        self.step, self.seconds, self.best = state.step, state.seconds, state.best
        self.model.load_state_dict(state.model)
        self.optimizer.load_state_dict(state.optimizer)
        self.average.weights = state.average

    def _log(self, row: dict[str, float]) -> None:
        self.plan.folder.mkdir(parents=True, exist_ok=True)
        line = {key: round(value, 5) for key, value in row.items()} | {"minutes": round(self.seconds / 60, 2)}
        with (self.plan.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def report(figures: dict[str, float]) -> None:
    """Write the final figures of a stage to standard output, as one JSON line."""
    sys.stdout.write(json.dumps(figures) + "\n")
