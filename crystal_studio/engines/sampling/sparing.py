"""A network that is given as many crystals at once as the card has memory for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Predicted = TypeVar("Predicted")
"""A dataclass of tensors (B, ...), whatever the network predicts."""


class SparingNetwork(Generic[Predicted]):
    """Calls a denoiser on parts of a batch where the whole does not fit, and on the processor where nothing does.

    Crystals of a batch do not see each other and every random number is drawn outside, so the parts give what the
    whole would have given.

    Args:
        net: on `device`; it is moved to the processor where not even one crystal fits.
        device: where it runs.
        tell: is told, in a sentence, what had to be spared.
    """

    def __init__(self, net: nn.Module, device: torch.device, tell: Callable[[str], None]) -> None:
        self._net, self._device, self._tell = net, device, tell
        self._most_rows = sys.maxsize

    def __call__(self, *tensors: Tensor) -> Predicted:
        """The prediction for a batch of inputs, on the processor."""
        parts: list[Predicted] = []
        begin, count = 0, len(tensors[0])
        while begin < count:
            end = min(begin + self._most_rows, count)
            try:
                parts.append(self._predict([tensor[begin:end] for tensor in tensors]))
            except torch.OutOfMemoryError:
                if self._device.type == "cpu":
                    raise
                self._spare(end - begin)
                continue
            begin = end
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return parts[0] if len(parts) == 1 else type(parts[0])(*(torch.cat(column) for column in columns))

    def _predict(self, tensors: list[Tensor]) -> Predicted:
        predicted: Predicted = self._net(*(tensor.to(self._device) for tensor in tensors))
        return type(predicted)(*(tensor.float().cpu() for tensor in vars(predicted).values()))

    def _spare(self, rows: int) -> None:
        """Ask for half as much from now on, or leave the card."""
        torch.cuda.empty_cache()
        if rows > 1:
            self._most_rows = (rows + 1) // 2
            self._tell(f"the graphics card ran out of memory: drawn {self._most_rows} at a time")
        else:
            self._device, self._most_rows = torch.device("cpu"), sys.maxsize
            self._net.to(self._device)
            self._tell("the graphics card has no memory for even one crystal: drawn on the processor, which is slower")
