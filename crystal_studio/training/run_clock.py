"""Wall time of a run over all its restarts: when to save, to validate and to end, and a safe stop on a signal."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

from torch.optim.lr_scheduler import LambdaLR
from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

_WARM_UP, _LEAST_RATE = 0.04, 0.05


class Times(Protocol):
    """What a clock asks of a run's configuration; times in minutes."""

    @property
    def minutes(self) -> float:
        """Of the whole run."""

    @property
    def max_steps(self) -> int:
        """Of the whole run, if it is not over before."""

    @property
    def save_minutes(self) -> float:
        """Between two checkpoints."""

    @property
    def evaluate_minutes(self) -> float:
        """Between two validations."""


class RunClock(TrainerCallback, ExportableState):  # type: ignore[misc]
    """Tells a trainer what is due.

    Attributes:
        stopped: whether the run was asked to end early; it does so after its step, with a checkpoint.
    """

    def __init__(self, times: Times, seconds: float = 0.0) -> None:
        self._times = times
        self._before = seconds
        self._started: float | None = None
        self._saved = self._validated = 0.0
        self.stopped = False

    @property
    def seconds(self) -> float:
        """Of training so far, those of earlier calls included."""
        return self._before + (0.0 if self._started is None else time.monotonic() - self._started)

    def progress(self, step: int) -> float:
        """Share of the schedule that is done."""
        return max(self.seconds / (60 * self._times.minutes), step / self._times.max_steps)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """End the run after this step, with a checkpoint."""
        self.stopped = True

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"args": {}, "attributes": {"seconds": self.seconds}}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_others: Any) -> Any:
        """Time runs from here; loading the model does not count."""
        self._started = self._saved = self._validated = time.monotonic()
        return control

    def on_step_end(self, args: Any, state: Any, control: Any, **_others: Any) -> Any:
        """Ask for what is due."""
        now = time.monotonic()
        ends = self.stopped or self.progress(state.global_step) >= 1
        if ends or now - self._saved >= 60 * self._times.save_minutes:
            control.should_save, self._saved = True, now
        if not self.stopped and (ends or now - self._validated >= 60 * self._times.evaluate_minutes):
            control.should_evaluate, self._validated = True, now
        control.should_training_stop = control.should_training_stop or ends
        return control

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_others: Any) -> Any:
        """Nothing is due again: the last step has done what was asked for, and would be asked a second time."""
        control.should_save = control.should_evaluate = False
        return control


def rate(progress: float) -> float:
    """Learning rate as a share of its peak: a warm-up over the first 4 % of the run, then a cosine to 5 %."""
    if progress < _WARM_UP:
        return 0.1 + 0.9 * progress / _WARM_UP
    return _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def scheduled(trainer: Any, clock: RunClock, optimizer: Any = None) -> Any:
    """The scheduler of a trainer of transformers, made once: its rate falls by the clock."""
    if trainer.lr_scheduler is None:
        trainer.lr_scheduler = LambdaLR(optimizer or trainer.optimizer, lambda step: rate(clock.progress(step)))
        trainer._created_lr_scheduler = True
    return trainer.lr_scheduler


@contextmanager
def stopped_by_signals(clock: RunClock) -> Iterator[None]:
    """While inside, Ctrl-C and a polite kill end the run after its step; the second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        clock.stop(number, frame)
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
