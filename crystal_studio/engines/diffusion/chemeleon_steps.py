"""The diffusion that Chemeleon's published weights were trained for, one reverse step at a time.

Source: Park et al. 2025 (Chemeleon), methods: an absorbing D3PM of the species (Austin et al. 2021), a DDPM of the
lattice matrix in angstrom (Ho et al. 2020), and a variance-exploding diffusion of the coordinates with one Langevin
correction a step (Jiao et al. 2023). The published chain of the species runs one index behind the two others; the
weights were trained so, and it is kept. With steps of one the results are the published ones; longer steps, forbidden
classes and clamped species are ours.

Shapes: B crystals, N atoms (padded), C classes, D text features; t counts steps, 0 (clean) to T (noise).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from crystal_studio.engines.diffusion import species
from crystal_studio.engines.diffusion.reverse import Reverse
from crystal_studio.engines.nets.chemeleon_net import NoisePrediction

NoiseNetwork = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], NoisePrediction]
"""A denoiser: species, coordinates, lattice matrix, mask, step t, text and whether there is one."""

FREE_ENTRIES = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
"""Entries of the lattice matrix that are not zero by choice of axes: c along z, a in the plane of x and z."""

_LEAST = 1.0e-6
_LARGEST_FIRST_LATTICE = 6.0


@dataclass(frozen=True)
class Cells:
    """Crystals as they diffuse: class 0 for absorbed atoms and padding, the lattice in angstrom."""

    species_BN: Tensor
    frac_BN3: Tensor
    lattice_B33: Tensor
    mask_BN: Tensor


@dataclass(frozen=True)
class ChemeleonSchedule:
    """Tables of T + 1 rows, as they lie in a checkpoint.

    Attributes:
        betas: variance added by each step to lattice and species.
        kept: share of the signal left, the running product of 1 - beta.
        sigmas: spread of the coordinates, in fractions of the cell.
        score_squares: mean square of the score of each sigma.
    """

    betas: Tensor
    kept: Tensor
    sigmas: Tensor
    score_squares: Tensor

    @property
    def steps(self) -> int:
        """T."""
        return len(self.betas) - 1

    def changed(self, t_B: Tensor, s_B: Tensor) -> Tensor:
        """Share of the signal lost between s and t, (B,)."""
        return torch.where(s_B == t_B - 1, self.betas[t_B], 1 - self.kept[t_B] / self.kept[s_B])


@dataclass(frozen=True)
class StepNoise:
    """Random numbers of one step: uniform ones for the species, normal ones for all else."""

    species_BNC: Tensor
    lattice_B33: Tensor
    predictor_BN3: Tensor
    corrector_BN3: Tensor

    @classmethod
    def draw(cls, cells: Cells, classes: int, generator: torch.Generator) -> StepNoise:
        """Draw them on the processor."""
        shape = cells.frac_BN3.shape
        return cls(
            torch.rand((*shape[:2], classes), generator=generator),
            torch.randn(cells.lattice_B33.shape, generator=generator),
            torch.randn(shape, generator=generator),
            torch.randn(shape, generator=generator),
        )


@dataclass(frozen=True)
class Wish:
    """What is wanted of each crystal: a text, the classes its atoms may become (all, if None), and given species."""

    text_BD: Tensor
    has_text_B: Tensor
    allowed_BNC: Tensor | None = None
    locked_BN: Tensor | None = None


@torch.no_grad()
def step_back(
    net: NoiseNetwork,
    schedule: ChemeleonSchedule,
    cells: Cells,
    times: tuple[Tensor, Tensor],
    wish: Wish,
    settings: Reverse,
    noise: StepNoise,
) -> Cells:
    """Cells at the earlier of two times (t_B, s_B): predictor for all, then corrector for the coordinates."""
    t_B, s_B = times
    predicted = guided(net, cells, t_B, wish, settings.guidance)
    noisy_B11 = (s_B > 0)[:, None, None]
    moved = Cells(
        species_BN=_species(schedule, cells, predicted.species_BNC, times, wish, noise.species_BNC),
        frac_BN3=_predicted(schedule, cells, predicted.shift_BN3, times, noise.predictor_BN3 * noisy_B11),
        lattice_B33=_lattice(schedule, cells, predicted.lattice_B33, times, noise.lattice_B33 * noisy_B11),
        mask_BN=cells.mask_BN,
    )
    for _ in range(settings.corrector_steps):
        again = guided(net, moved, t_B, wish, settings.guidance)
        size_B11 = _column(settings.corrector_size * schedule.sigmas[t_B] ** 2)
        score_BN3 = again.shift_BN3 * _column(schedule.score_squares[t_B].sqrt())
        shift_BN3 = (2 * size_B11).sqrt() * noise.corrector_BN3 * noisy_B11 - size_B11 * score_BN3
        moved = replace(moved, frac_BN3=moved.frac_BN3 + shift_BN3)
    return replace(moved, frac_BN3=(moved.frac_BN3 % 1.0) * cells.mask_BN.unsqueeze(-1))


def guided(net: NoiseNetwork, cells: Cells, t_B: Tensor, wish: Wish, scale: float) -> NoisePrediction:
    """Classifier-free guidance by one call on both halves. Source: Ho and Salimans 2022, eq. 6 (scale = 1 + w)."""
    if scale == 1.0 or not bool(wish.has_text_B.any()):
        return _call(net, cells, t_B, wish.text_BD, wish.has_text_B)
    twice = Cells(*(torch.cat([tensor, tensor]) for tensor in vars(cells).values()))
    has_text = torch.cat([wish.has_text_B, torch.zeros_like(wish.has_text_B)])
    both = _call(net, twice, torch.cat([t_B, t_B]), wish.text_BD.repeat(2, 1), has_text)
    halves = (tensor.chunk(2) for tensor in vars(both).values())
    return NoisePrediction(*((1 - scale) * without + scale * with_text for with_text, without in halves))


def _call(net: NoiseNetwork, cells: Cells, t_B: Tensor, text_BD: Tensor, has_text_B: Tensor) -> NoisePrediction:
    return net(cells.species_BN, cells.frac_BN3, cells.lattice_B33, cells.mask_BN, t_B, text_BD, has_text_B)


def species_logits(
    schedule: ChemeleonSchedule, species_BN: Tensor, clean_BNC: Tensor, t_B: Tensor, s_B: Tensor
) -> Tensor:
    """Logits of the species at s, given those at t and logits of the clean ones.

    Source: Austin et al. 2021, eq. 3, for the absorbing chain in closed form instead of its matrices.
    """
    behind_t, behind_s = t_B - 1, (s_B - 1).clamp_min(0)
    lost_B11 = _column(schedule.changed(behind_t, behind_s))
    kept_B11 = _column(schedule.kept[behind_s])
    classes = torch.arange(clean_BNC.shape[-1])
    absorbed_BN1 = (species_BN == species.ABSORBED).unsqueeze(-1)
    same_BNC = (classes == species_BN.unsqueeze(-1)).to(clean_BNC.dtype)
    from_here = torch.where(
        absorbed_BN1, torch.where(classes == species.ABSORBED, 1.0, lost_B11), same_BNC * (1 - lost_B11)
    )
    from_clean = kept_B11 * clean_BNC.softmax(-1) + (1 - kept_B11) * (classes == species.ABSORBED)
    logits = (from_here + _LEAST).log() + (from_clean + _LEAST).log()
    return torch.where(_column(s_B) == 0, clean_BNC, logits)


def _species(
    schedule: ChemeleonSchedule,
    cells: Cells,
    clean_BNC: Tensor,
    times: tuple[Tensor, Tensor],
    wish: Wish,
    uniform_BNC: Tensor,
) -> Tensor:
    t_B, s_B = times
    if wish.allowed_BNC is not None:
        clean_BNC = species.masked_logits(clean_BNC, wish.allowed_BNC)
    logits_BNC = species_logits(schedule, cells.species_BN, clean_BNC, t_B, s_B)
    if wish.allowed_BNC is not None:
        absorbed_C = torch.arange(logits_BNC.shape[-1]) == species.ABSORBED
        possible_BNC = wish.allowed_BNC | (absorbed_C & (_column(s_B) > 0))
        logits_BNC = logits_BNC.masked_fill(~possible_BNC, -torch.inf)
    gumbel_BNC = -torch.log(-torch.log(uniform_BNC.clamp(min=_LEAST, max=1.0)))
    drawn_BN = (logits_BNC + gumbel_BNC * (_column(s_B) > 0)).argmax(-1)
    if wish.locked_BN is not None:
        drawn_BN = torch.where(wish.locked_BN, cells.species_BN, drawn_BN)
    return drawn_BN.masked_fill(~cells.mask_BN, species.ABSORBED)


def _lattice(
    schedule: ChemeleonSchedule, cells: Cells, predicted_B33: Tensor, times: tuple[Tensor, Tensor], noise_B33: Tensor
) -> Tensor:
    """Source: Ho et al. 2020, algorithm 2; the first step is held within six angstrom, as published."""
    t_B, s_B = times
    lost_B11 = _column(schedule.changed(t_B, s_B))
    noise_left_B11 = 1 - _column(schedule.kept[t_B])
    spread_B11 = (lost_B11 * (1 - _column(schedule.kept[s_B])) / noise_left_B11).sqrt()
    mean_B33 = (cells.lattice_B33 - lost_B11 / noise_left_B11.sqrt() * predicted_B33) / (1 - lost_B11).sqrt()
    moved_B33 = (mean_B33 + spread_B11 * noise_B33) * FREE_ENTRIES.to(mean_B33)
    held_B33 = moved_B33.clamp(-_LARGEST_FIRST_LATTICE, _LARGEST_FIRST_LATTICE)
    return torch.where(_column(t_B) == schedule.steps, held_B33, moved_B33)


def _predicted(
    schedule: ChemeleonSchedule, cells: Cells, shift_BN3: Tensor, times: tuple[Tensor, Tensor], noise_BN3: Tensor
) -> Tensor:
    """Source: Song et al. 2021 (score SDE), eq. 47."""
    of_t, of_s = (_column(schedule.sigmas[time_B]) for time_B in times)
    gone = of_t**2 - of_s**2
    score_BN3 = shift_BN3 * _column(schedule.score_squares[times[0]].sqrt())
    return cells.frac_BN3 - gone * score_BN3 + (of_s**2 * gone / of_t**2).sqrt() * noise_BN3


def _column(values_B: Tensor) -> Tensor:
    return values_B[:, None, None]
