"""A converted Chemeleon checkpoint as a sampler: start states in, drawn crystals out.

Its cells are Niggli cells with c along z and a in the plane of x and z, as in its training.

Shapes: B draws, N atoms (padded), D text features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.devices.choice import choose_device
from crystal_studio.engines.devices.model_folder import VOCABULARY, part_of, read_model
from crystal_studio.engines.diffusion import species
from crystal_studio.engines.diffusion.chemeleon_steps import (
    FREE_ENTRIES,
    Cells,
    ChemeleonSchedule,
    NoiseNetwork,
    StepNoise,
    Wish,
    step_back,
)
from crystal_studio.engines.diffusion.process import Crystals, Process, from_matrices
from crystal_studio.engines.diffusion.reverse import Reverse, time_table
from crystal_studio.engines.nets.chemeleon_net import (
    ChemeleonDenoiser,
    ChemeleonGraphConfig,
    ChemeleonText,
    ChemeleonTextConfig,
    NoisePrediction,
)
from crystal_studio.engines.nets.word_pieces import WordPieces
from crystal_studio.engines.sampling.denoiser import Follower, settings_of
from crystal_studio.engines.sampling.denoiser_frames import FrameMaker
from crystal_studio.engines.sampling.denoiser_states import Starts, gather, in_their_cells, to_crystals
from crystal_studio.engines.sampling.sparing import SparingNetwork
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState

PUBLISHED = Reverse(steps=1000, guidance=2.0, corrector_steps=1, corrector_size=0.1)
"""As published: step_lr 1e-5 · (sigma / 0.01)² is a tenth of sigma²."""

SCHEDULE = ("betas", "kept", "sigmas", "score_squares")
_LARGEST_BATCH = 64
Rows = TypeVar("Rows", Cells, Wish, StepNoise)


@dataclass(frozen=True)
class ChemeleonSampler:
    """Draws crystals with Chemeleon's weights; every random number comes from the request's seed, on the CPU."""

    net: ChemeleonDenoiser
    text: ChemeleonText
    pieces: WordPieces
    schedule: ChemeleonSchedule
    defaults: Reverse
    device: torch.device

    def sample(self, request: SampleRequest, context: JobContext) -> list[Crystal]:
        """Draw one crystal per start state, in order; a start without noise comes back as it is.

        Raises:
            JobCancelled: stopped between two denoising steps.
            UserCorrectable: a start state does not fit together.
        """
        settings = settings_of(request, self.defaults, self.schedule.steps)
        generator = torch.Generator()
        generator.manual_seed(request.seed)
        text_D = self._embed(request.text)
        self.net.to(self.device)  # an earlier call may have had to leave the card
        network: SparingNetwork[NoisePrediction] = SparingNetwork(
            self.net, self.device, lambda notice: context.partial("notice", notice)
        )
        parts = [request.states[i : i + _LARGEST_BATCH] for i in range(0, len(request.states), _LARGEST_BATCH)]
        drawn: list[Crystal] = []
        for index, part in enumerate(parts):
            follow = Follower(context, index, len(parts), index * _LARGEST_BATCH)
            starts = gather(part, Process(steps=self.schedule.steps))
            wish = Wish(
                text_BD=text_D.expand(len(part), -1),
                has_text_B=torch.full((len(part),), bool(request.text.strip())),
                allowed_BNC=starts.allowed_BNC,
                locked_BN=starts.locked_BN,
            )
            drawn += self._draw(network, part, starts, wish, settings, generator, follow)
        context.progress("sampling", 1.0)
        return drawn

    def _draw(
        self,
        network: NoiseNetwork,
        states: Sequence[StartState],
        starts: Starts,
        wish: Wish,
        settings: Reverse,
        generator: torch.Generator,
        follow: Follower,
    ) -> list[Crystal]:
        frames = FrameMaker(states, starts, follow.first_draw)
        cells = noised_cells(self.schedule, starts, generator)
        times_SB = time_table(starts.t_B, self.schedule.steps, settings)
        steps = len(times_SB) - 1
        for step in range(steps):
            follow.poll(step, steps)
            if frames.is_due(step, steps):
                follow.context.partial("frames", frames.unfinished(step, steps, _symmetric(cells)))
            noise = StepNoise.draw(cells, self.net.graph.config.classes, generator)
            rows = (times_SB[step] > times_SB[step + 1]).nonzero().squeeze(1)
            if len(rows):
                times = (times_SB[step][rows], times_SB[step + 1][rows])
                moved = step_back(
                    network,
                    self.schedule,
                    _taken(cells, rows),
                    times,
                    _taken(wish, rows),
                    settings,
                    _taken(noise, rows),
                )
                cells = _merged(cells, moved, rows)
        finished = in_their_cells(to_crystals(_symmetric(cells)), states, starts)
        follow.context.partial("frames", frames.finished(finished))
        return finished

    @torch.no_grad()
    def _embed(self, text: str) -> Tensor:
        out: Tensor = self.text(self.pieces.encode_batch([text]).to(self.device)).float().cpu()[0]
        return out


def create(folder: Path, options: Mapping[str, Any]) -> ChemeleonSampler:
    """Load a converted Chemeleon from its registry folder.

    Raises:
        Unavailable: a file is missing.
    """
    config, weights = read_model(folder)
    text = ChemeleonTextConfig.from_dict(config["text"])
    net = ChemeleonDenoiser(text, ChemeleonGraphConfig(**config["graph"]), config["time"], config["embedded"])
    encoder = ChemeleonText(text)
    net.load_state_dict(part_of(weights, "denoiser."))
    encoder.load_state_dict(part_of(weights, "text."))
    device = choose_device(str(options.get("device", "auto")))
    settings = {name: options[name] for name in vars(PUBLISHED) if name in options}
    schedule = ChemeleonSchedule(*(weights[f"schedule.{name}"] for name in SCHEDULE))
    return ChemeleonSampler(
        net=net.to(device).eval(),
        text=encoder.to(device).eval(),
        pieces=WordPieces.load(folder / VOCABULARY),
        schedule=schedule,
        defaults=replace(PUBLISHED, **{"steps": schedule.steps, **settings}),
        device=device,
    )


def noised_cells(schedule: ChemeleonSchedule, starts: Starts, generator: torch.Generator) -> Cells:
    """The noisy cells to go back from; the forward process of `chemeleon_steps`, to t of each crystal."""
    clean = starts.clean
    t_B, wild = starts.t_B, starts.from_noise_B[:, None, None]
    kept_B = schedule.kept[(t_B - 1).clamp_min(0)]
    species_BN = species.absorb(clean.species_BN, kept_B, starts.locked_BN, generator)
    species_BN = species_BN.masked_fill(starts.replaced_BN | ~clean.mask_BN, species.ABSORBED)
    shift_BN3 = torch.randn(clean.frac_BN3.shape, generator=generator) * schedule.sigmas[t_B][:, None, None]
    uniform_BN3 = torch.rand(clean.frac_BN3.shape, generator=generator)
    noise_B33 = torch.randn((len(t_B), 3, 3), generator=generator) * FREE_ENTRIES
    kept_B11 = schedule.kept[t_B][:, None, None]
    lattice_B33 = kept_B11.sqrt() * upright(clean.lattice_B33) + (1 - kept_B11).sqrt() * noise_B33
    frac_BN3 = torch.where(wild, uniform_BN3, (clean.frac_BN3 + shift_BN3) % 1.0) * clean.mask_BN.unsqueeze(-1)
    return Cells(species_BN, frac_BN3, torch.where(wild, noise_B33, lattice_B33), clean.mask_BN)


def upright(lattice_B33: Tensor) -> Tensor:
    """The same cells (rows are vectors, angstrom) with c along z and a in the plane of x and z."""
    order = [2, 0, 1]
    gram_B33 = (lattice_B33.double() @ lattice_B33.double().transpose(1, 2))[:, order][:, :, order]
    lower_B33 = torch.linalg.cholesky(gram_B33)  # rows c, a, b; columns z, x, y
    out_B33 = torch.empty_like(lower_B33)
    for row, vector in enumerate(order):
        for column, axis in enumerate(order):
            out_B33[:, vector, axis] = lower_B33[:, row, column]
    return out_B33.to(lattice_B33.dtype)


def _symmetric(cells: Cells) -> Crystals:
    """The cells with the symmetric lattice matrices that the other denoiser works in."""
    values_B3, vectors_B33 = torch.linalg.eigh(cells.lattice_B33.double() @ cells.lattice_B33.double().transpose(1, 2))
    edges_B33 = torch.diag_embed(values_B3.clamp_min(0).sqrt())
    lattice_B33 = (vectors_B33 @ edges_B33 @ vectors_B33.transpose(1, 2)).to(cells.lattice_B33.dtype)
    return from_matrices(cells.species_BN, cells.frac_BN3, lattice_B33, cells.mask_BN)


def _taken(whole: Rows, rows: Tensor) -> Rows:
    parts: dict[str, Any] = {name: None if value is None else value[rows] for name, value in vars(whole).items()}
    return replace(whole, **parts)


def _merged(cells: Cells, part: Cells, rows: Tensor) -> Cells:
    pairs = zip(vars(cells).values(), vars(part).values(), strict=True)
    return Cells(*(whole.index_copy(0, rows, new) for whole, new in pairs))
