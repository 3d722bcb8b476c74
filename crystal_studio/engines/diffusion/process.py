"""The joint diffusion of species, lattice and coordinates: schedules, forward noise and training losses.

Shapes: B crystals, N atoms (padded), C classes; t_B counts steps, 0 (clean) to T (noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from crystal_studio.engines.diffusion import coordinates, lattice, species
from crystal_studio.engines.diffusion.schedules import cosine_alpha_bar, geometric_sigmas
from crystal_studio.engines.nets.denoiser_net import Prediction, without_mean


@dataclass(frozen=True)
class Crystals:
    """Crystals in the form that diffuses.

    Attributes:
        species_BN: class 0 for absorbed atoms and padding, else the atomic number.
        frac_BN3: fractional coordinates.
        lattice_B6: normalised lattice numbers.
        mask_BN: true for real atoms.
    """

    species_BN: Tensor
    frac_BN3: Tensor
    lattice_B6: Tensor
    mask_BN: Tensor

    @property
    def atoms_B(self) -> Tensor:
        """Atoms of each crystal."""
        return self.mask_BN.sum(1)

    @property
    def lattice_B33(self) -> Tensor:
        """Symmetric lattice matrices, angstrom."""
        return lattice.denormalise(self.lattice_B6, self.atoms_B)


@dataclass(frozen=True)
class Noised:
    """Noisy crystals with what the network is to predict of them."""

    crystals: Crystals
    clean_BN: Tensor
    velocity_B6: Tensor
    score_BN3: Tensor
    t_B: Tensor


@dataclass(frozen=True)
class Process:
    """The schedules of a diffusion of ``steps`` steps; sigmas in fractions of the cell.

    ``weights`` of the species, lattice and coordinate losses differ from the published 1 : 1 : 1, since the species
    are mostly given and the coordinates are the hard part.
    """

    steps: int = 1000
    sigma_min: float = 0.005
    sigma_max: float = 0.5
    weights: tuple[float, float, float] = (0.3, 1.0, 2.0)

    @cached_property
    def alpha_bar(self) -> Tensor:
        """Kept share of species and lattice, (T + 1,)."""
        return cosine_alpha_bar(self.steps)

    @cached_property
    def sigmas(self) -> Tensor:
        """Spread of the coordinates, (T + 1,)."""
        return geometric_sigmas(self.steps, self.sigma_min, self.sigma_max)

    @cached_property
    def usual_scores(self) -> Tensor:
        """Root mean square score, (T + 1,); the first row, without noise, is of no use."""
        return usual_of(self.sigmas)

    def noise(
        self,
        clean: Crystals,
        t_B: Tensor,
        locked_BN: Tensor,
        replaced_BN: Tensor,
        generator: torch.Generator,
    ) -> Noised:
        """Forward process to t of each crystal.

        Locked atoms keep their species; replaced ones are absorbed whatever t, so that even a lightly noised parent
        can change an element. A crystal at t = 0 is only affected by the latter.
        """
        noisy_BN = species.absorb(clean.species_BN, self.alpha_bar[t_B], locked_BN, generator)
        noisy_BN = noisy_BN.masked_fill(replaced_BN | ~clean.mask_BN, species.ABSORBED)
        noise_B6 = torch.randn(clean.lattice_B6.shape, generator=generator)
        noise_BN3 = torch.randn(clean.frac_BN3.shape, generator=generator)
        alpha_bar_B = self.alpha_bar[t_B]
        shift_BN3 = noise_BN3 * self.sigmas[t_B][:, None, None].float()
        crystals = Crystals(
            species_BN=noisy_BN,
            frac_BN3=(clean.frac_BN3 + shift_BN3) * clean.mask_BN[:, :, None],
            lattice_B6=lattice.noised(clean.lattice_B6, noise_B6, alpha_bar_B),
            mask_BN=clean.mask_BN,
        )
        velocity_B6 = lattice.velocity(clean.lattice_B6, noise_B6, alpha_bar_B)
        return Noised(crystals, clean.species_BN, velocity_B6, self._score_target(shift_BN3, t_B, clean.mask_BN), t_B)

    def losses(self, predicted: Prediction, noised: Noised) -> dict[str, Tensor]:
        """Species, lattice and coordinate losses and their weighted sum."""
        mask_BN = noised.crystals.mask_BN
        t_B = noised.t_B
        reveal_B = species.reveal_probability(self.alpha_bar[t_B], self.alpha_bar[(t_B - 1).clamp_min(0)])
        of_species = species.species_loss(
            predicted.species_BNC, noised.clean_BN, noised.crystals.species_BN, mask_BN, reveal_B
        )
        of_lattice = (predicted.lattice_B6 - noised.velocity_B6).square().mean()
        error_BN = (predicted.score_BN3 - noised.score_BN3).square().mean(-1)
        of_coordinates = (error_BN * mask_BN).sum() / mask_BN.sum()
        parts = (of_species, of_lattice, of_coordinates)
        total = torch.stack([w * part for w, part in zip(self.weights, parts, strict=True)]).sum()
        return {"loss": total, "species": of_species, "lattice": of_lattice, "coordinates": of_coordinates}

    def _score_target(self, shift_BN3: Tensor, t_B: Tensor, mask_BN: Tensor) -> Tensor:
        sigma_B11 = self.sigmas[t_B].clamp_min(1e-9)[:, None, None].float()
        score_BN3 = coordinates.wrapped_score(shift_BN3, sigma_B11.expand_as(shift_BN3))
        return without_mean(score_BN3 / self.usual_scores[t_B][:, None, None].float(), mask_BN)


def usual_of(sigmas: Tensor) -> Tensor:
    """Root mean square scores of a table of sigmas whose first row is zero; that row becomes one."""
    return torch.cat([torch.ones(1, dtype=torch.float64), coordinates.usual_score(sigmas[1:])])


def from_matrices(species_BN: Tensor, frac_BN3: Tensor, lattice_B33: Tensor, mask_BN: Tensor) -> Crystals:
    """Crystals from symmetric lattice matrices in angstrom."""
    return Crystals(species_BN, frac_BN3, lattice.normalise(lattice_B33, mask_BN.sum(1)), mask_BN)
