"""Which processor a model runs on."""

from __future__ import annotations

import torch

from crystal_studio.domain.errors import UserCorrectable


def choose_device(name: str = "auto") -> torch.device:
    """The named device; "auto" takes the CUDA card where there is one, else the processor.

    Raises:
        UserCorrectable: a CUDA card is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UserCorrectable("There is no CUDA card here. Set the device to 'auto' or 'cpu'.")
    return torch.device(name)
