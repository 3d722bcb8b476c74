"""A network that is given as many crystals at once as the card has memory for."""

from __future__ import annotations

from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from crystal_studio.engines.devices.sparing import CardSparing, Tell, loaded_where_it_fits

Predicted = TypeVar("Predicted")
"""A dataclass of tensors (B, ...), whatever the network predicts."""


class SparingNetwork(Generic[Predicted]):
    """Calls a denoiser on parts of a batch where the whole does not fit, and on the processor where nothing does.

    Crystals of a batch do not see each other and every random number is drawn outside, so the parts give what the
    whole would have given.

    Args:
        net: it is moved to `device`, to which an earlier call may have had no access, and to the processor where not
            even one crystal fits.
        device: where it runs.
        tell: is told, in a sentence, what had to be spared.
    """

    def __init__(self, net: nn.Module, device: torch.device, tell: Tell) -> None:
        self._net, self._device, self._tell = net, device, tell
        self._sparing = CardSparing(device.type != "cpu", self._leave, "drawn", "crystal")
        _net, has_left = loaded_where_it_fits(lambda name: net.to(torch.device(name)), str(device))
        if has_left:
            self._device = torch.device("cpu")
            self._sparing.left_at_once()

    def __call__(self, *tensors: Tensor) -> Predicted:
        """The prediction for a batch of inputs, on the processor."""
        parts = self._sparing.run(
            len(tensors[0]), lambda begin, end: self._predict([tensor[begin:end] for tensor in tensors]), self._tell
        )
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return parts[0] if len(parts) == 1 else type(parts[0])(*(torch.cat(column) for column in columns))

    def _predict(self, tensors: list[Tensor]) -> Predicted:
        predicted: Predicted = self._net(*(tensor.to(self._device) for tensor in tensors))
        return type(predicted)(*(tensor.float().cpu() for tensor in vars(predicted).values()))

    def _leave(self) -> None:
        self._device = torch.device("cpu")
        self._net.to(self._device)
