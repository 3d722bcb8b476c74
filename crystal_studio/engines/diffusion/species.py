"""Species as a discrete diffusion with an absorbing state (class 0).

Source: D3PM (Austin et al. 2021), appendix A.2.2. The chain is q(x_t = 0 | x_0) = 1 - alpha_bar[t]; every table is
indexed by t itself, 0 to T, and never by t - 1 or t - 2, so that nothing wraps round at t = 1.

Shapes: B crystals, N atoms (padded), C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

ABSORBED = 0
_IMPOSSIBLE = -1e9


def absorb(species_BN: Tensor, alpha_bar_B: Tensor, locked_BN: Tensor, generator: torch.Generator) -> Tensor:
    """Forward process: each atom that is not locked is absorbed with probability 1 - alpha_bar."""
    draw_BN = torch.rand(species_BN.shape, generator=generator).to(species_BN.device)
    gone_BN = (draw_BN >= alpha_bar_B[:, None]) & ~locked_BN
    return species_BN.masked_fill(gone_BN, ABSORBED)


def reveal_probability(alpha_bar_t: Tensor, alpha_bar_s: Tensor) -> Tensor:
    """Probability that an atom absorbed at t is not absorbed at the earlier s: (a_s - a_t) / (1 - a_t)."""
    return (alpha_bar_s - alpha_bar_t) / (1 - alpha_bar_t).clamp_min(1e-12)


def posterior(clean: int, noisy: int, alpha_bar_t: Tensor, alpha_bar_s: Tensor, classes: int) -> Tensor:
    """q(x_s | x_t, x_0) over all classes, shape (C,), for s < t."""
    out = torch.zeros(classes, dtype=alpha_bar_t.dtype)
    if noisy != ABSORBED:
        out[noisy] = 1.0
        return out
    revealed = reveal_probability(alpha_bar_t, alpha_bar_s)
    out[clean] += revealed
    out[ABSORBED] += 1 - revealed
    return out


def masked_logits(logits_BNC: Tensor, allowed_BNC: Tensor) -> Tensor:
    """Logits with every forbidden class, and always the absorbing state, made impossible."""
    out = logits_BNC.masked_fill(~allowed_BNC, _IMPOSSIBLE)
    out[..., ABSORBED] = 2 * _IMPOSSIBLE
    return out


def reveal(
    species_BN: Tensor,
    logits_BNC: Tensor,
    allowed_BNC: Tensor,
    probability_B: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """One reverse step: absorbed atoms are revealed with a probability, their class drawn from the allowed ones.

    An atom that has a class keeps it, so a clamped atom never changes.
    """
    chances_BNC = masked_logits(logits_BNC, allowed_BNC).double().softmax(-1)
    draw_BN2 = torch.rand((*species_BN.shape, 2), generator=generator, dtype=torch.float64).to(species_BN.device)
    cumulative_BNC = chances_BNC.cumsum(-1)
    level_BN1 = draw_BN2[..., :1] * cumulative_BNC[..., -1:]
    drawn_BN = torch.searchsorted(cumulative_BNC, level_BN1, right=True).squeeze(-1)
    drawn_BN = drawn_BN.clamp(max=logits_BNC.shape[-1] - 1)
    shown_BN = (species_BN == ABSORBED) & (draw_BN2[..., 1] < probability_B[:, None])
    return torch.where(shown_BN, drawn_BN, species_BN)


def species_loss(
    logits_BNC: Tensor, clean_BN: Tensor, noisy_BN: Tensor, mask_BN: Tensor, step_reveal_B: Tensor
) -> Tensor:
    """Variational bound plus cross-entropy over absorbed atoms, their mean.

    For an absorbing chain KL(q(x_{t-1} | x_t, x_0) || p) is the reveal probability of the step times the
    cross-entropy, and zero for an atom that is not absorbed.
    """
    absorbed_BN = (noisy_BN == ABSORBED) & mask_BN
    if not bool(absorbed_BN.any()):
        return logits_BNC.sum() * 0
    entropy = torch.nn.functional.cross_entropy(logits_BNC[absorbed_BN], clean_BN[absorbed_BN], reduction="none")
    weight = 1 + step_reveal_B[:, None].expand_as(clean_BN)[absorbed_BN].to(entropy.dtype)
    return (weight * entropy).mean()
