"""Stage ``clip``: train Crystal CLIP on prepared crystals and their texts.

    python -m crystal_studio.training.clip --minutes 15 --export models_registry/aligner/crystal-clip-small

Differs from Chemeleon (Park et al. 2025) in three ways: batches hold crystals of similar size, which makes the wrong
answers harder; each text is also offered distorted copies of half of the crystals, so that the score sees geometry;
and a space-group loss on both vectors keeps the symmetry.

Shapes: B crystals, N atoms (padded), L tokens.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.clip_net import CrystalClip, contrastive_loss
from crystal_studio.engines.nets.configurations import CLIPS
from crystal_studio.engines.nets.tokenizer import Tokenizer, pad_tokens
from crystal_studio.training.batches import BatchPlan, CrystalTensors, Order, collate, step_generator
from crystal_studio.training.data import Prepared, load_prepared
from crystal_studio.training.export import Provenance, export_clip
from crystal_studio.training.loop import Losses, Plan, Stage, Trainer, report

TEXT_SHARES = (0.15, 0.75)
"""Below the first the formula, below the second the short pivot, else the whole description."""
SYMMETRY_WEIGHT = 0.2


class ClipStage:
    """The losses of Crystal CLIP over one training and one validation split."""

    def __init__(self, train: Prepared, val: Prepared, tokenizer: Tokenizer, seed: int, batch: int) -> None:
        self.train, self.val, self.seed, self.batch = train, val, seed, batch
        self.tokens = {id(data): tokenize(data, tokenizer) for data in (train, val)}
        self.groups = {id(data): space_groups(self.tokens[id(data)], tokenizer) for data in (train, val)}
        self.plan = BatchPlan(train.sizes, seed, batch, batch * 400)

    def stage(self) -> Stage:
        """The stage as the loop wants it."""
        return Stage(self.loss, self.evaluate)

    def loss(self, model: nn.Module, step: int) -> Losses:
        """Contrastive and space-group loss of one step."""
        rows = self.plan.rows(step)
        generator = step_generator(self.seed, step)
        draw = float(torch.rand((), generator=generator))
        variant = 0 if draw < TEXT_SHARES[0] else 1 if draw < TEXT_SHARES[1] else 2
        return self._losses(cast(CrystalClip, model), self.train, rows, variant, generator)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean validation losses over short pivots and whole texts, and how often the right crystal comes first."""
        rows = np.random.default_rng(0).permutation(len(self.val))
        parts = [rows[i : i + self.batch] for i in range(0, len(rows) - self.batch + 1, self.batch)] or [rows]
        found: list[dict[str, float]] = []
        for part in parts:
            for variant in (1, 2):
                losses = self._losses(cast(CrystalClip, model), self.val, part, variant, step_generator(1, len(found)))
                found.append({name: float(value.detach()) for name, value in losses.items()})
        return {name: float(np.mean([row[name] for row in found])) for name in found[0]}

    def _losses(self, model: CrystalClip, data: Prepared, rows: Order, variant: int, rng: torch.Generator) -> Losses:
        crystals = collate(data, rows)
        text = model.encode_text(pad_tokens([self.tokens[id(data)][row][variant] for row in rows]))
        right, wrong = encode(model, crystals), encode(model, distort(first_half(crystals), rng))
        contrast = contrastive_loss(text, right, model.scale(), wrong)
        groups = self.groups[id(data)][torch.from_numpy(rows)]
        symmetry = _symmetry_loss(model, right, groups)
        if variant:
            symmetry = symmetry + _symmetry_loss(model, text, groups)
        first = ((text @ right.T).argmax(1) == torch.arange(len(rows))).float().mean()
        preferred = ((text * right).sum(1)[: len(wrong)] > (text[: len(wrong)] * wrong).sum(1)).float().mean()
        loss = contrast + SYMMETRY_WEIGHT * symmetry
        figures = {"contrast": contrast, "symmetry": symmetry, "first": first, "over_distorted": preferred}
        return {"loss": loss} | {name: value.detach() for name, value in figures.items()}


def encode(model: CrystalClip, crystals: CrystalTensors) -> Tensor:
    """Vectors (B, D) of the crystals of a batch."""
    return model.encode_crystal(crystals.species_BN, crystals.frac_BN3, crystals.lattice_B33, crystals.mask_BN)


def first_half(crystals: CrystalTensors) -> CrystalTensors:
    """The first half of a batch (at least one crystal)."""
    half = max(1, len(crystals) // 2)
    return CrystalTensors(*(tensor[:half] for tensor in vars(crystals).values()))


def distort(crystals: CrystalTensors, generator: torch.Generator) -> CrystalTensors:
    """The same atoms moved by 0.02 to 0.25 of the cell and a cell strained by 2 to 15 %, each crystal by its own."""
    count = len(crystals)
    draw_B2 = torch.rand(count, 2, generator=generator)
    shift_B = 0.02 * (0.25 / 0.02) ** draw_B2[:, 0]
    strain_B = 0.02 * (0.15 / 0.02) ** draw_B2[:, 1]
    noise_BN3 = torch.randn(crystals.frac_BN3.shape, generator=generator)
    strain_B33 = torch.randn(count, 3, 3, generator=generator) * strain_B[:, None, None]
    strained_B33 = crystals.lattice_B33 @ (torch.eye(3) + 0.5 * (strain_B33 + strain_B33.transpose(1, 2)))
    gram_B33 = strained_B33 @ strained_B33.transpose(1, 2)
    values_B3, vectors_B33 = torch.linalg.eigh(gram_B33)
    symmetric_B33 = vectors_B33 @ torch.diag_embed(values_B3.clamp_min(0).sqrt()) @ vectors_B33.transpose(1, 2)
    return CrystalTensors(
        crystals.species_BN, crystals.frac_BN3 + noise_BN3 * shift_B[:, None, None], symmetric_B33, crystals.mask_BN
    )


def tokenize(data: Prepared, tokenizer: Tokenizer) -> list[tuple[list[int], list[int], list[int]]]:
    """Token indices of formula, short pivot and description (the pivot again where there is none) of each crystal."""
    encoded = tokenizer.encode
    return [(encoded(t.formula), encoded(t.short), encoded(t.full or t.short)) for t in data.texts]


def space_groups(tokens: list[tuple[list[int], list[int], list[int]]], tokenizer: Tokenizer) -> Tensor:
    """Space-group class 0 to 229 of each crystal as its short pivot names it, -100 where it names none."""
    first = tokenizer.index["<sg1>"]
    named = [[index - first for index in row[1] if 0 <= index - first < 230] for row in tokens]
    return torch.tensor([found[0] if found else -100 for found in named])


def _symmetry_loss(model: CrystalClip, vectors_BD: Tensor, groups_B: Tensor) -> Tensor:
    if not bool((groups_B >= 0).any()):
        return vectors_BD.sum() * 0
    return nn.functional.cross_entropy(model.symmetry_logits(vectors_BD), groups_B)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    folder = Path(options.run)
    train, val = (load_prepared(Path(options.prepared) / f"{split}.npz") for split in ("train", "val"))
    config = CLIPS[options.config]
    tokenizer = _tokenizer(folder, train, config.text.vocabulary, config.text.max_tokens)
    stage = ClipStage(train, val, tokenizer, options.seed, options.batch)
    plan = Plan(folder, options.lr, options.steps, options.minutes, warmup_steps=options.warmup, evaluate_every=250)
    if not options.export_only:
        report(Trainer(CrystalClip(config), stage.stage(), plan).run())
    if options.export:
        provenance = Provenance(
            len(train), train.digest, options.seed, options.config, options.measured, options.version
        )
        export_clip(folder, config, tokenizer, Path(options.export), provenance)


def _tokenizer(folder: Path, train: Prepared, size: int, max_tokens: int) -> Tokenizer:
    path = folder / "vocabulary.json"
    if path.exists():
        return Tokenizer.load(path)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.fit((text for texts in train.texts for text in texts.variants), size, max_tokens)
    tokenizer.save(path)
    return tokenizer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.clip", description=__doc__)
    parser.add_argument("--prepared", default="runs/prepared")
    parser.add_argument("--run", default="runs/clip", help="folder of logs and checkpoints; an old run goes on")
    parser.add_argument("--config", choices=sorted(CLIPS), default="small")
    parser.add_argument("--minutes", type=float, help="wall time over all restarts")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--export", help="registry folder for the weights and the card")
    parser.add_argument("--version", default=Provenance.version, help="of the model, for the card")
    parser.add_argument("--measured", default=Provenance.measured, help="scores of these weights, for the card")
    parser.add_argument("--export-only", action="store_true", help="export the best weights so far, train nothing")
    return parser


if __name__ == "__main__":
    main()
