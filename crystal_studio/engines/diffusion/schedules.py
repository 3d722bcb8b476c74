"""Noise levels of a diffusion: index t runs from 0 (clean) to T (noise), so every table has T + 1 rows."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def cosine_alpha_bar(steps: int, offset: float = 0.008) -> Tensor:
    """Kept share of the signal, 1 at t = 0 and 0 at t = T; shape (T + 1,), float64.

    Source: Nichol and Dhariwal 2021, eq. 17.
    """
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    values = torch.cos((t + offset) / (1 + offset) * math.pi / 2) ** 2
    values = values / values[0]
    values[-1] = 0.0
    return values


def geometric_sigmas(steps: int, smallest: float, largest: float) -> Tensor:
    """Standard deviations of the coordinate noise in fractions of the cell, 0 at t = 0; shape (T + 1,), float64.

    Source: Song and Ermon 2019; the range 0.005 to 0.5 is DiffCSP's (Jiao et al. 2023).
    """
    exponent = torch.linspace(0, 1, steps, dtype=torch.float64)
    sigmas = smallest * (largest / smallest) ** exponent
    return torch.cat([torch.zeros(1, dtype=torch.float64), sigmas])
