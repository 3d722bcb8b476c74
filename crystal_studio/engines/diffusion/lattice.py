"""The lattice as a Gaussian diffusion of the six numbers of its symmetric matrix, scaled to unit spread.

Shapes: B crystals.
"""

from __future__ import annotations

import torch
from torch import Tensor

_PLACES = torch.tensor([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)])
_MEAN = torch.tensor([2.32, 2.66, 3.63, 0.0, 0.05, 0.02])
_SPREAD = torch.tensor([0.56, 0.61, 1.50, 0.465, 0.41, 0.43])
"""Mean and standard deviation over the training crystals of P / N^(1/3), angstrom, where P is the symmetric matrix."""


def normalise(lattice_B33: Tensor, atoms_B: Tensor) -> Tensor:
    """Six numbers (B, 6) of roughly unit spread from symmetric lattice matrices in angstrom."""
    entries_B6 = lattice_B33[:, _PLACES[:, 0], _PLACES[:, 1]]
    return (entries_B6 / _edge(atoms_B, lattice_B33) - _MEAN.to(lattice_B33)) / _SPREAD.to(lattice_B33)


def denormalise(lattice_B6: Tensor, atoms_B: Tensor) -> Tensor:
    """Inverse of `normalise`."""
    entries_B6 = (lattice_B6 * _SPREAD.to(lattice_B6) + _MEAN.to(lattice_B6)) * _edge(atoms_B, lattice_B6)
    lattice_B33 = lattice_B6.new_zeros(len(lattice_B6), 3, 3)
    lattice_B33[:, _PLACES[:, 0], _PLACES[:, 1]] = entries_B6
    lattice_B33[:, _PLACES[:, 1], _PLACES[:, 0]] = entries_B6
    return lattice_B33


def noised(clean_B6: Tensor, noise_B6: Tensor, alpha_bar_B: Tensor) -> Tensor:
    """Forward process. Source: Ho et al. 2020, eq. 4."""
    signal, spread = _roots(alpha_bar_B)
    return signal * clean_B6 + spread * noise_B6


def velocity(clean_B6: Tensor, noise_B6: Tensor, alpha_bar_B: Tensor) -> Tensor:
    """What the network predicts, finite at both ends of the schedule. Source: Salimans and Ho 2022, appendix D."""
    signal, spread = _roots(alpha_bar_B)
    return signal * noise_B6 - spread * clean_B6


def step_back(
    noisy_B6: Tensor,
    velocity_B6: Tensor,
    alpha_bar_t: Tensor,
    alpha_bar_s: Tensor,
    noise_B6: Tensor,
    stochasticity: float = 1.0,
) -> Tensor:
    """From t to the earlier s; stochasticity 1 is the ancestral step, 0 the deterministic one.

    The clean estimate is held within five spreads. Source: Song et al. 2021 (DDIM), eqs. 12 and 16.
    """
    signal_t, spread_t = _roots(alpha_bar_t)
    clean_B6 = (signal_t * noisy_B6 - spread_t * velocity_B6).clamp(-5, 5)
    noise_estimate_B6 = (noisy_B6 - signal_t * clean_B6) / spread_t.clamp_min(1e-6)
    kept = alpha_bar_t / alpha_bar_s.clamp_min(1e-12)
    variance = stochasticity**2 * (1 - alpha_bar_s) / (1 - alpha_bar_t).clamp_min(1e-12) * (1 - kept)
    fresh = variance.clamp_min(0).sqrt()[:, None].to(noisy_B6.dtype)
    carried = (1 - alpha_bar_s - variance).clamp_min(0).sqrt()[:, None].to(noisy_B6.dtype)
    return _roots(alpha_bar_s)[0] * clean_B6 + carried * noise_estimate_B6 + fresh * noise_B6


def made_positive(lattice_B33: Tensor, atoms_B: Tensor, least: float = 0.35) -> Tensor:
    """The nearest symmetric matrices whose eigenvalues are at least ``least`` mean edges of an atom's share."""
    values_B3, vectors_B33 = torch.linalg.eigh(lattice_B33.double())
    floor_B1 = least * 2.5 * atoms_B.double().clamp_min(1).pow(1 / 3)[:, None]
    if bool((values_B3 >= floor_B1).all()):
        return lattice_B33
    raised = torch.maximum(values_B3, floor_B1)
    out_B33: Tensor = vectors_B33 @ torch.diag_embed(raised) @ vectors_B33.transpose(1, 2)
    return out_B33.to(lattice_B33.dtype)


def _edge(atoms_B: Tensor, like: Tensor) -> Tensor:
    edge_B1: Tensor = atoms_B.to(like.dtype).clamp_min(1).pow(1 / 3).unsqueeze(1)
    return edge_B1


def _roots(alpha_bar_B: Tensor) -> tuple[Tensor, Tensor]:
    signal = alpha_bar_B.clamp(0, 1).sqrt()[:, None].to(torch.float32)
    spread = (1 - alpha_bar_B).clamp(0, 1).sqrt()[:, None].to(torch.float32)
    return signal, spread
