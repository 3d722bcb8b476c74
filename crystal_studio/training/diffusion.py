"""Stage ``diffusion``: train the denoiser on prepared crystals under the embeddings of a trained Crystal CLIP.

    python -m crystal_studio.training.diffusion --minutes 75 --export models_registry/denoiser/crystal-denoiser-small

Half of the crystals have their composition given, a fifth have one element to be found, the rest none: one model
completes, replaces and invents. Shapes: B crystals, N atoms (padded), T text features, M crystals of a split.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from crystal_studio.engines.diffusion.process import Crystals, Noised, Process, from_matrices
from crystal_studio.engines.nets.clip_net import CrystalClip
from crystal_studio.engines.nets.configurations import CLIPS, DENOISERS
from crystal_studio.engines.nets.denoiser_net import DenoiserNet
from crystal_studio.engines.nets.tokenizer import Tokenizer, pad_tokens
from crystal_studio.training.batches import BatchPlan, Order, collate, step_generator
from crystal_studio.training.data import Prepared, load_prepared
from crystal_studio.training.export import Provenance, export_denoiser
from crystal_studio.training.loop import BEST, Losses, Plan, Stage, Trainer, report

TEXT_SHARES = (0.15, 0.75)
CONDITION_DROPOUT = 0.2
GIVEN_SHARE, ONE_ELEMENT_SHARE = 0.5, 0.2
MIDDLE_SHARE = 0.5


@dataclass(frozen=True)
class Example:
    """A noisy batch with its condition, ready for the network."""

    noised: Noised
    text_BT: Tensor
    has_text_B: Tensor


class DiffusionStage:
    """The losses of the denoiser over one training and one validation split.

    Args:
        train, val: prepared splits.
        train_texts_M3T, val_texts_M3T: embeddings of formula, short pivot and description of each crystal.
        process: schedules.
        seed: decides the batches and all noise.
        max_batch, max_pairs: limits of a batch.
    """

    def __init__(
        self,
        train: Prepared,
        val: Prepared,
        train_texts_M3T: Tensor,
        val_texts_M3T: Tensor,
        process: Process,
        seed: int,
        max_batch: int,
        max_pairs: int,
    ) -> None:
        self.train, self.val, self.process, self.seed = train, val, process, seed
        self.texts = {id(train): train_texts_M3T, id(val): val_texts_M3T}
        self.plan = BatchPlan(train.sizes, seed, max_batch, max_pairs)
        self.val_plan = BatchPlan(val.sizes, 0, 4 * max_batch, 4 * max_pairs)

    def stage(self) -> Stage:
        """The stage as the loop wants it."""
        return Stage(self.loss, self.evaluate)

    def loss(self, model: nn.Module, step: int) -> Losses:
        """Losses of one step."""
        generator = step_generator(self.seed, step)
        example = self.example(self.train, self.plan.rows(step), generator, MIDDLE_SHARE)
        return self.losses_of(cast(DenoiserNet, model), example)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean losses over the validation split, two passes with noise that is the same every time."""
        rows: list[dict[str, float]] = []
        weights: list[int] = []
        seen = 0
        while seen < 2 * len(self.val):
            batch = self.val_plan.rows(len(rows))
            example = self.example(self.val, batch, step_generator(1, len(rows)))
            losses = self.losses_of(cast(DenoiserNet, model), example)
            rows.append({name: float(value) for name, value in losses.items()})
            weights.append(len(batch))
            seen += len(batch)
        return {name: float(np.average([row[name] for row in rows], weights=weights)) for name in rows[0]}

    def losses_of(self, model: DenoiserNet, example: Example) -> Losses:
        """The network's losses on an example."""
        noisy = example.noised.crystals
        predicted = model(
            noisy.species_BN,
            noisy.frac_BN3,
            noisy.lattice_B33,
            noisy.mask_BN,
            example.noised.t_B / self.process.steps,
            example.text_BT,
            example.has_text_B,
        )
        return self.process.losses(predicted, example.noised)

    def example(self, data: Prepared, rows: Order, generator: torch.Generator, middle: float = 0.0) -> Example:
        """Noise a batch: times spread evenly, species given, partly given or not, one of the texts or none."""
        batch = collate(data, rows)
        clean = from_matrices(batch.species_BN, batch.frac_BN3, batch.lattice_B33, batch.mask_BN)
        count = len(batch)
        draws_B4 = torch.rand(count, 4, generator=generator)
        locked_BN, replaced_BN = given_species(clean, draws_B4[:, 0], draws_B4[:, 1])
        t_B = spread_times(count, self.process.steps, generator, middle)
        variant_B = torch.bucketize(draws_B4[:, 2].contiguous(), torch.tensor(TEXT_SHARES), right=True)
        return Example(
            noised=self.process.noise(clean, t_B, locked_BN, replaced_BN, generator),
            text_BT=self.texts[id(data)][torch.from_numpy(rows), variant_B],
            has_text_B=draws_B4[:, 3] >= CONDITION_DROPOUT,
        )


def given_species(clean: Crystals, mode_B: Tensor, which_B: Tensor) -> tuple[Tensor, Tensor]:
    """Locked and replaced atoms (B, N) by two uniform draws: all locked, all but one element, or none."""
    all_B1 = (mode_B < GIVEN_SHARE)[:, None]
    one_B1 = ((mode_B >= GIVEN_SHARE) & (mode_B < GIVEN_SHARE + ONE_ELEMENT_SHARE))[:, None]
    chosen_B1 = (which_B * clean.atoms_B).long().clamp(max=clean.mask_BN.shape[1] - 1)[:, None]
    same_BN = (clean.species_BN == clean.species_BN.gather(1, chosen_B1)) & clean.mask_BN
    return (all_B1 | (one_B1 & ~same_BN)) & clean.mask_BN, one_B1 & same_BN


def spread_times(count: int, steps: int, generator: torch.Generator, middle: float = 0.0) -> Tensor:
    """Times 1 to T (B,), one from each of B equal strata in random order: less noise in the loss than free draws.

    A share ``middle`` of them falls between 0.3 T and 0.8 T, where the structure is decided: earlier there is only
    noise to see, later only sites to sharpen.
    """
    level = (torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)) / count
    inner = 0.3 + 0.5 * level / max(middle, 1e-9)
    outer = (level - middle) / max(1 - middle, 1e-9)
    return (torch.where(level < middle, inner, outer) * steps).long().clamp(0, steps - 1) + 1


@torch.no_grad()
def embed_texts(model: CrystalClip, tokenizer: Tokenizer, data: Prepared, batch: int = 256) -> Tensor:
    """Embeddings (M, 3, T) of formula, short pivot and description."""
    texts = [text for t in data.texts for text in (t.formula, t.short, t.full or t.short)]
    unique = sorted(set(texts), key=lambda text: (len(text), text))
    parts = [unique[i : i + batch] for i in range(0, len(unique), batch)]
    vectors = torch.cat([model.condition(pad_tokens([tokenizer.encode(t) for t in part])) for part in parts])
    place = {text: row for row, text in enumerate(unique)}
    return vectors[torch.tensor([place[text] for text in texts])].reshape(len(data), 3, -1)


def load_clip(folder: Path, config: str) -> tuple[CrystalClip, Tokenizer]:
    """The best Crystal CLIP of a run and its tokenizer."""
    model = CrystalClip(CLIPS[config])
    model.load_state_dict(torch.load(folder / BEST, map_location="cpu", weights_only=True)["weights"])
    return model.eval(), Tokenizer.load(folder / "vocabulary.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    train, val = (load_prepared(Path(options.prepared) / f"{split}.npz") for split in ("train", "val"))
    stage = _stage(options, train, val)
    plan = Plan(
        Path(options.run),
        options.lr,
        options.steps,
        options.minutes,
        warmup_steps=options.warmup,
        average_decay=options.average,
    )
    if not options.export_only:
        report(Trainer(DenoiserNet(DENOISERS[options.config]), stage.stage(), plan).run())
    if options.export:
        _export(options, train)


def _stage(options: argparse.Namespace, train: Prepared, val: Prepared) -> DiffusionStage:
    texts = _cached_texts(options, {"train": train, "val": val})
    return DiffusionStage(
        train, val, texts["train"], texts["val"], Process(), options.seed, options.batch, options.pairs
    )


def _cached_texts(options: argparse.Namespace, splits: dict[str, Prepared]) -> dict[str, Tensor]:
    path = Path(options.run) / "text_embeddings.pt"
    if path.exists():
        cached: dict[str, Tensor] = torch.load(path, weights_only=True)
        return {split: tensor.float() for split, tensor in cached.items()}
    model, tokenizer = load_clip(Path(options.clip), options.clip_config or options.config)
    embedded = {split: embed_texts(model, tokenizer, data) for split, data in splits.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({split: tensor.half() for split, tensor in embedded.items()}, path)
    return {split: tensor.half().float() for split, tensor in embedded.items()}


def _export(options: argparse.Namespace, train: Prepared) -> None:
    model, tokenizer = load_clip(Path(options.clip), options.clip_config or options.config)
    provenance = Provenance(len(train), train.digest, options.seed, options.config, options.measured, options.version)
    export_denoiser(Path(options.run), DENOISERS[options.config], model, tokenizer, Path(options.export), provenance)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.diffusion", description=__doc__)
    parser.add_argument("--prepared", default="runs/prepared")
    parser.add_argument("--clip", default="runs/clip", help="run folder of the Crystal CLIP")
    parser.add_argument("--clip-config", choices=sorted(CLIPS), help="its size, where it is not the denoiser's")
    parser.add_argument("--run", default="runs/diffusion", help="folder of logs and checkpoints; an old run goes on")
    parser.add_argument("--config", choices=sorted(DENOISERS), default="small")
    parser.add_argument("--minutes", type=float, help="wall time over all restarts")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64, help="most crystals of a batch")
    parser.add_argument("--pairs", type=int, default=6000, help="most atom pairs of a batch")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=300)
    parser.add_argument("--average", type=float, default=0.999, help="decay of the averaged weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--export", help="registry folder for the weights and the card")
    parser.add_argument("--version", default=Provenance.version, help="of the model, for the card")
    parser.add_argument("--measured", default=Provenance.measured, help="scores of these weights, for the card")
    parser.add_argument("--export-only", action="store_true", help="export the best weights so far, train nothing")
    return parser


if __name__ == "__main__":
    main()
