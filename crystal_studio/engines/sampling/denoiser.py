"""The denoiser as a sampler: start states in, drawn crystals out.

Shapes: B draws, N atoms (padded), T text features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.devices.arithmetic import one_thread
from crystal_studio.engines.devices.choice import choose_device
from crystal_studio.engines.devices.model_folder import VOCABULARY, part_of, read_model
from crystal_studio.engines.devices.sparing import loaded_where_it_fits, memory_in_words, run_where_it_fits
from crystal_studio.engines.diffusion.process import Crystals, Process
from crystal_studio.engines.diffusion.reverse import Condition, Network, Reverse, denoise
from crystal_studio.engines.nets.clip_net import TextHalf
from crystal_studio.engines.nets.configurations import clip_from_dict, denoiser_from_dict
from crystal_studio.engines.nets.denoiser_net import DenoiserNet, Prediction
from crystal_studio.engines.nets.tokenizer import Tokenizer
from crystal_studio.engines.sampling.denoiser_frames import FrameMaker
from crystal_studio.engines.sampling.denoiser_states import gather, in_their_cells, to_crystals
from crystal_studio.engines.sampling.sparing import SparingNetwork
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState

_LARGEST_BATCH = 64


@dataclass(frozen=True)
class DenoiserSampler:
    """Draws crystals with a trained denoiser; every random number comes from the request's seed, on the CPU."""

    net: DenoiserNet
    text: TextHalf
    tokenizer: Tokenizer
    process: Process
    defaults: Reverse
    device: torch.device

    def sample(self, request: SampleRequest, context: JobContext) -> list[Crystal]:
        """Draw one crystal per start state, in order; a start without noise comes back as it is.

        Raises:
            JobCancelled: stopped between two denoising steps.
            UserCorrectable: a start state does not fit together.
            Unavailable: not even the processor has memory for it.
        """
        with memory_in_words("drawing crystals"):
            return self._sampled(request, context)

    def _sampled(self, request: SampleRequest, context: JobContext) -> list[Crystal]:
        settings = settings_of(request, self.defaults, self.process.steps)
        generator = torch.Generator()
        generator.manual_seed(request.seed)
        text_T = self._embed(request.text)
        network: SparingNetwork[Prediction] = SparingNetwork(
            self.net, self.device, lambda notice: context.partial("notice", notice)
        )
        parts = [request.states[i : i + _LARGEST_BATCH] for i in range(0, len(request.states), _LARGEST_BATCH)]
        drawn: list[Crystal] = []
        for index, part in enumerate(parts):
            follow = Follower(context, index, len(parts), index * _LARGEST_BATCH)
            drawn += self._draw(network, part, text_T, bool(request.text.strip()), settings, generator, follow)
        context.progress("sampling", 1.0)
        return drawn

    def _draw(
        self,
        network: Network,
        states: Sequence[StartState],
        text_T: Tensor,
        has_text: bool,
        settings: Reverse,
        generator: torch.Generator,
        follow: Follower,
    ) -> list[Crystal]:
        starts = gather(states, self.process)
        noisy = starts.noised(self.process, generator)
        condition = Condition(
            text_BT=text_T.expand(len(states), -1),
            has_text_B=torch.full((len(states),), has_text),
            allowed_BNC=starts.allowed_BNC,
        )
        frames = FrameMaker(states, starts, follow.first_draw)

        def poll(step: int, steps: int, crystals: Crystals) -> None:
            follow.poll(step, steps)
            if frames.is_due(step, steps):
                follow.context.partial("frames", frames.unfinished(step, steps, crystals))

        with one_thread():
            drawn = denoise(network, self.process, noisy, starts.t_B, condition, settings, generator, poll)
        finished = in_their_cells(to_crystals(drawn), states, starts)
        follow.context.partial("frames", frames.finished(finished))
        return finished

    @torch.no_grad()
    def _embed(self, text: str) -> Tensor:
        tokens = self.tokenizer.encode_batch([text])
        condition: Tensor = run_where_it_fits(self.text, lambda place: self.text.condition(tokens.to(place)))
        return condition.float().cpu()[0]


def settings_of(request: SampleRequest, defaults: Reverse, most_steps: int) -> Reverse:
    """What a request asks for, the defaults where it says nothing.

    Raises:
        UserCorrectable: more steps than the process has, or none.
    """
    steps = defaults.steps if request.steps is None else request.steps
    guidance = defaults.guidance if request.guidance is None else request.guidance
    if not 1 <= steps <= most_steps:
        raise UserCorrectable(f"{steps} denoising steps are not possible. Choose 1 to {most_steps}.")
    return replace(defaults, steps=steps, guidance=guidance)


@dataclass(frozen=True)
class Follower:
    """Polls for cancellation and reports progress of one of several batches."""

    context: JobContext
    batch: int
    batches: int
    first_draw: int

    def poll(self, step: int, steps: int) -> None:
        """Call before every denoising step.

        Raises:
            JobCancelled: the person has stopped the job.
        """
        self.context.check_cancelled()
        self.context.progress("sampling", (self.batch + step / steps) / self.batches)


def create(folder: Path, options: Mapping[str, Any]) -> DenoiserSampler:
    """Load a denoiser from its registry folder.

    Raises:
        Unavailable: a file is missing.
    """
    config, weights = read_model(folder)
    net, text = DenoiserNet(denoiser_from_dict(config["denoiser"])), TextHalf(clip_from_dict(config["clip"]))
    net.load_state_dict(part_of(weights, "denoiser."))
    text.load_state_dict(part_of(weights, "clip."))
    device = choose_device(str(options.get("device", "auto")))
    for module in (net, text):
        loaded_where_it_fits(module.to, str(device))
    settings = {name: options[name] for name in vars(Reverse()) if name in options}
    return DenoiserSampler(
        net=net.eval(),
        text=text.eval(),
        tokenizer=Tokenizer.load(folder / VOCABULARY),
        process=Process(),
        defaults=Reverse(**settings),
        device=device,
    )
