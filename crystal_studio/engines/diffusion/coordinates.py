"""Fractional coordinates as a variance-exploding diffusion on the torus.

Source: Jiao et al. 2023 (DiffCSP), section 4.2 and appendix A. Differs from it in that the mean over the atoms is
taken away from score and noise: where the whole crystal stands in its cell carries no information.

Shapes: B crystals, N atoms (padded).
"""

from __future__ import annotations

import torch
from torch import Tensor

_IMAGES = 3


def wrapped_score(shift: Tensor, sigma: Tensor) -> Tensor:
    """d/dx log of the wrapped normal density at ``shift``, both in fractions of the cell; shapes broadcast.

    Three images on either side count: at sigma = 0.5 the next has a weight below 1e-10.
    """
    nearest = shift - shift.round()
    images = torch.arange(-_IMAGES, _IMAGES + 1, device=shift.device, dtype=shift.dtype)
    distance = nearest.unsqueeze(-1) + images
    weight = torch.softmax(-0.5 * (distance / sigma.unsqueeze(-1)) ** 2, dim=-1)
    return -(weight * distance).sum(-1) / sigma**2


def usual_score(sigmas: Tensor) -> Tensor:
    """Root mean square of the score of each sigma (same shape), by quadrature over the normal density."""
    z = torch.linspace(-6, 6, 481, dtype=torch.float64)
    density = torch.exp(-0.5 * z**2)
    density = density / density.sum()
    sigma = sigmas.double().clamp_min(1e-9)[:, None]
    scores = wrapped_score(sigma * z, sigma.expand(-1, len(z)))
    return (scores.square() * density).sum(-1).sqrt()


def step_back(
    frac_BN3: Tensor, score_BN3: Tensor, sigma_t: Tensor, sigma_s: Tensor, noise_BN3: Tensor, stochasticity: float = 1.0
) -> Tensor:
    """From t to the earlier s; stochasticity 1 is the ancestral step, 0 the deterministic one.

    Source: Song et al. 2021 (score SDE), eq. 47, in the form of DDIM so that both share one line.
    """
    t, s = (sigma[:, None, None].to(frac_BN3.dtype) for sigma in (sigma_t, sigma_s))
    fresh = stochasticity * s * (1 - (s / t) ** 2).clamp_min(0).sqrt()
    carried = (s**2 - fresh**2).clamp_min(0).sqrt()
    return frac_BN3 + (t**2 - carried * t) * score_BN3 + fresh * noise_BN3


def correct(frac_BN3: Tensor, score_BN3: Tensor, size_B: Tensor, noise_BN3: Tensor) -> Tensor:
    """One Langevin step of the given size (B,), in squared fractions of the cell."""
    size = size_B[:, None, None].to(frac_BN3.dtype)
    return frac_BN3 + size * score_BN3 + (2 * size).sqrt() * noise_BN3
