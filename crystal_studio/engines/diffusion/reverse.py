"""The reverse process: from noisy crystals to clean ones, with guidance, clamped species and forbidden elements.

Shapes: B crystals, N atoms (padded), C classes, T text features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from crystal_studio.engines.diffusion import coordinates, lattice, species
from crystal_studio.engines.diffusion.process import Crystals, Process
from crystal_studio.engines.nets.denoiser_net import Prediction, without_mean

Network = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], Prediction]
"""A denoiser: species, coordinates, lattice matrix, mask, time in [0, 1], text and whether there is one."""

Poll = Callable[[int, int, Crystals], None]
"""Called before every denoising step with its number, the number of steps and the crystals; may raise to stop."""


@dataclass(frozen=True)
class Reverse:
    """How to go back.

    Attributes:
        steps: network steps from T to 0; a start at t takes its share of them, but at least ``least_steps``.
        guidance: scale of classifier-free guidance; 1 follows the text without amplification.
        stochasticity: 1 for ancestral steps, 0 for deterministic ones.
        corrector_steps: Langevin steps after each step.
        corrector_size: their size at the smallest sigma, relative to its square.
    """

    steps: int = 50
    guidance: float = 2.0
    stochasticity: float = 1.0
    corrector_steps: int = 0
    corrector_size: float = 0.4
    least_steps: int = 8


@dataclass(frozen=True)
class Condition:
    """A text of each crystal (rows without one are marked) and the classes each atom may become."""

    text_BT: Tensor
    has_text_B: Tensor
    allowed_BNC: Tensor


def start_noise(crystals: Crystals, from_noise_B: Tensor, generator: torch.Generator) -> Crystals:
    """Pure noise in place of geometry for the crystals that start from it; given species stay."""
    uniform_BN3 = torch.rand(crystals.frac_BN3.shape, generator=generator)
    normal_B6 = torch.randn(crystals.lattice_B6.shape, generator=generator)
    chosen = from_noise_B[:, None]
    return replace(
        crystals,
        frac_BN3=torch.where(chosen.unsqueeze(-1), uniform_BN3 * crystals.mask_BN[:, :, None], crystals.frac_BN3),
        lattice_B6=torch.where(chosen, normal_B6, crystals.lattice_B6),
    )


@torch.no_grad()
def denoise(
    net: Network,
    process: Process,
    noisy: Crystals,
    t_B: Tensor,
    condition: Condition,
    settings: Reverse,
    generator: torch.Generator,
    poll: Poll | None = None,
) -> Crystals:
    """Clean crystals from noisy ones at times ``t_B``; a crystal at t = 0 is returned as it is."""
    times_SB = time_table(t_B, process.steps, settings)
    crystals = noisy
    for step in range(len(times_SB) - 1):
        if poll is not None:
            poll(step, len(times_SB) - 1, crystals)
        active_B = times_SB[step] > times_SB[step + 1]
        noise = _draw(crystals, generator)
        if not bool(active_B.any()):
            continue
        rows = active_B.nonzero().squeeze(1)
        part = _Step(net, process, _rows(condition, rows), settings, times_SB[step][rows], times_SB[step + 1][rows])
        crystals = _merged(crystals, part.run(_take(crystals, rows), _rows_of(noise, rows), generator), rows)
    return replace(crystals, frac_BN3=crystals.frac_BN3 % 1.0)


def time_table(t_B: Tensor, total: int, settings: Reverse) -> Tensor:
    """Times (S + 1, B) falling to 0; crystals that start later wait, so that all end together."""
    counts_B = torch.ceil(settings.steps * t_B / total).long().clamp_min(min(settings.least_steps, settings.steps))
    counts_B = torch.minimum(counts_B, t_B).clamp_min(1)
    longest = int(counts_B.max())
    left_S1 = torch.arange(longest, -1, -1)[:, None]
    return torch.round(t_B * (left_S1 / counts_B).clamp(max=1)).long()


@dataclass(frozen=True)
class _Noise:
    """Random numbers of one step; drawn for all crystals, so that one crystal's do not depend on the others' times."""

    lattice_B6: Tensor
    frac_BN3: Tensor


@dataclass(frozen=True)
class _Step:
    """One step from ``t_B`` to ``s_B`` of some of the crystals."""

    net: Network
    process: Process
    condition: Condition
    settings: Reverse
    t_B: Tensor
    s_B: Tensor

    def run(self, crystals: Crystals, noise: _Noise, generator: torch.Generator) -> Crystals:
        predicted = guided(self.net, crystals, self.t_B / self.process.steps, self.condition, self.settings.guidance)
        alpha_t, alpha_s = self.process.alpha_bar[self.t_B], self.process.alpha_bar[self.s_B]
        species_BN = species.reveal(
            crystals.species_BN,
            predicted.species_BNC,
            self.condition.allowed_BNC,
            species.reveal_probability(alpha_t, alpha_s),
            generator,
        )
        moved = Crystals(
            species_BN=species_BN.masked_fill(~crystals.mask_BN, species.ABSORBED),
            frac_BN3=self._moved(crystals, predicted, noise.frac_BN3),
            lattice_B6=lattice.step_back(
                crystals.lattice_B6,
                predicted.lattice_B6,
                alpha_t,
                alpha_s,
                noise.lattice_B6,
                self.settings.stochasticity,
            ),
            mask_BN=crystals.mask_BN,
        )
        return self._corrected(moved, generator)

    def _moved(self, crystals: Crystals, predicted: Prediction, noise_BN3: Tensor) -> Tensor:
        score_BN3 = predicted.score_BN3 * self.process.usual_scores[self.t_B][:, None, None].float()
        sigma_t, sigma_s = self.process.sigmas[self.t_B], self.process.sigmas[self.s_B]
        noise = without_mean(noise_BN3, crystals.mask_BN)
        return coordinates.step_back(crystals.frac_BN3, score_BN3, sigma_t, sigma_s, noise, self.settings.stochasticity)

    def _corrected(self, crystals: Crystals, generator: torch.Generator) -> Crystals:
        if bool((self.s_B == 0).any()):
            return crystals
        size_B = self.settings.corrector_size * self.process.sigmas[self.s_B] ** 2
        for _ in range(self.settings.corrector_steps):
            time_B = self.s_B / self.process.steps
            predicted = guided(self.net, crystals, time_B, self.condition, self.settings.guidance)
            score_BN3 = predicted.score_BN3 * self.process.usual_scores[self.s_B][:, None, None].float()
            noise_BN3 = without_mean(torch.randn(crystals.frac_BN3.shape, generator=generator), crystals.mask_BN)
            frac_BN3 = coordinates.correct(crystals.frac_BN3, score_BN3, size_B, noise_BN3)
            crystals = replace(crystals, frac_BN3=frac_BN3)
        return crystals


def guided(net: Network, crystals: Crystals, time_B: Tensor, condition: Condition, scale: float) -> Prediction:
    """Classifier-free guidance u + scale (c - u) by one call of the network on both halves.

    Source: Ho and Salimans 2022, eq. 6 (with scale = 1 + w). Without any text, or at scale 1, one half is enough.
    """
    has_text_B = condition.has_text_B
    if scale == 1.0 or not bool(has_text_B.any()):
        return _call(net, crystals, time_B, condition.text_BT, has_text_B)
    twice = Crystals(*(torch.cat([tensor, tensor]) for tensor in vars(crystals).values()))
    none_B = torch.zeros_like(has_text_B)
    both = _call(
        net, twice, torch.cat([time_B, time_B]), condition.text_BT.repeat(2, 1), torch.cat([has_text_B, none_B])
    )
    parts = ((tensor.chunk(2)) for tensor in vars(both).values())
    return Prediction(*(without + scale * (with_text - without) for with_text, without in parts))


def _call(net: Network, crystals: Crystals, time_B: Tensor, text_BT: Tensor, has_text_B: Tensor) -> Prediction:
    lattice_B33 = crystals.lattice_B33
    return net(
        crystals.species_BN, crystals.frac_BN3, lattice_B33, crystals.mask_BN, time_B.float(), text_BT, has_text_B
    )


def _draw(crystals: Crystals, generator: torch.Generator) -> _Noise:
    return _Noise(
        lattice_B6=torch.randn(crystals.lattice_B6.shape, generator=generator),
        frac_BN3=torch.randn(crystals.frac_BN3.shape, generator=generator),
    )


def _take(crystals: Crystals, rows: Tensor) -> Crystals:
    return Crystals(*(tensor[rows] for tensor in vars(crystals).values()))


def _rows(condition: Condition, rows: Tensor) -> Condition:
    return Condition(*(tensor[rows] for tensor in vars(condition).values()))


def _rows_of(noise: _Noise, rows: Tensor) -> _Noise:
    return _Noise(noise.lattice_B6[rows], noise.frac_BN3[rows])


def _merged(crystals: Crystals, part: Crystals, rows: Tensor) -> Crystals:
    pairs = zip(vars(crystals).values(), vars(part).values(), strict=True)
    return Crystals(*(whole.index_copy(0, rows, new) for whole, new in pairs))
