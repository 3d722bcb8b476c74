"""Crystal CLIP as an aligner: cosine of the embeddings of a text and of crystals.

Shapes: B crystals, N atoms (padded).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.engines.devices.arithmetic import one_thread
from crystal_studio.engines.devices.choice import choose_device
from crystal_studio.engines.devices.model_folder import VOCABULARY, read_model
from crystal_studio.engines.devices.sparing import CardSparing, loaded_where_it_fits, memory_in_words
from crystal_studio.engines.nets.clip_net import CrystalClip
from crystal_studio.engines.nets.configurations import clip_from_dict
from crystal_studio.engines.nets.tokenizer import Tokenizer
from crystal_studio.engines.sampling.denoiser_cell import canonical_cell

logger = logging.getLogger(__name__)
_LARGEST_BATCH = 64
_PROCESSOR = torch.device("cpu")


class TwoEncoders(Protocol):
    """Unit vectors (B, D) of texts and of crystals."""

    def to(self, device: torch.device) -> object:
        """Move the weights."""

    def encode_text(self, tokens_BL: Tensor) -> Tensor:
        """Of texts."""

    def encode_crystal(self, species_BN: Tensor, frac_BN3: Tensor, lattice_B33: Tensor, mask_BN: Tensor) -> Tensor:
        """Of crystals in their `canonical_cell`."""


class Words(Protocol):
    """Texts as rows of indices."""

    def encode_batch(self, texts: Sequence[str]) -> Tensor:
        """Indices (B, L), padded with zeros to the longest text."""


@dataclass(frozen=True)
class CrystalClipAligner:
    """Scores crystals under a text with a trained Crystal CLIP."""

    model: TwoEncoders
    tokenizer: Words
    device: torch.device
    sparing: CardSparing = field(init=False)

    def __post_init__(self) -> None:
        leave = CardSparing(self.device.type != "cpu", lambda: self.model.to(_PROCESSOR), "scored", "crystal")
        object.__setattr__(self, "sparing", leave)

    @torch.no_grad()
    def score(self, text: str, crystals: Sequence[Crystal]) -> list[float]:
        """Alignment of each crystal with the text, -1 to 1."""
        if not crystals:
            return []
        text_D = self._embed_texts([text])[0]
        return [float(score) for score in self.embed(crystals) @ text_D]

    @torch.no_grad()
    def scores(self, texts: Sequence[str], crystals: Sequence[Crystal]) -> list[list[float]]:
        """Alignment of each text (row) with each crystal (column); every text and crystal is read once."""
        if not texts or not crystals:
            return [[] for _ in texts]
        text_TD = self._embed_texts(texts)
        parts = [crystals[i : i + _LARGEST_BATCH] for i in range(0, len(crystals), _LARGEST_BATCH)]
        crystal_BD = torch.cat([self.embed(part) for part in parts])
        return [[float(score) for score in row] for row in text_TD @ crystal_BD.T]

    @torch.no_grad()
    def embed(self, crystals: Sequence[Crystal]) -> Tensor:
        """Unit vectors (B, D) of crystals, on the processor.

        Raises:
            Unavailable: not even the processor has memory for them.
        """
        tensors = batch_of(crystals)

        def part(begin: int, end: int) -> Tensor:
            return self.model.encode_crystal(*(tensor[begin:end].to(self._place) for tensor in tensors)).cpu()

        with one_thread():
            return self._in_parts(len(crystals), part)

    def _embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (T, D) of texts, on the processor."""
        tokens = self.tokenizer.encode_batch(list(texts))
        return self._in_parts(
            len(texts), lambda begin, end: self.model.encode_text(tokens[begin:end].to(self._place)).cpu()
        )

    def _in_parts(self, count: int, part: Callable[[int, int], Tensor]) -> Tensor:
        """As many at once as the graphics card has memory for; where it has too little, the log is told."""
        with memory_in_words("scoring crystals"):
            return torch.cat(self.sparing.run(count, part, logger.warning))

    @property
    def _place(self) -> torch.device:
        """Where the model is; it stays on the processor once it had to leave the card."""
        return self.device if self.sparing.on_card else _PROCESSOR


def create(folder: Path, options: Mapping[str, Any]) -> CrystalClipAligner:
    """Load a Crystal CLIP from its registry folder.

    Raises:
        Unavailable: a file is missing.
    """
    config, weights = read_model(folder)
    model = CrystalClip(clip_from_dict(config["clip"]))
    model.load_state_dict(weights)
    device = choose_device(str(options.get("device", "auto")))
    _model, has_left = loaded_where_it_fits(model.to, str(device))
    return CrystalClipAligner(model.eval(), Tokenizer.load(folder / VOCABULARY), _PROCESSOR if has_left else device)


def batch_of(crystals: Sequence[Crystal]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Species (B, N), fractional coordinates (B, N, 3), symmetric lattices (B, 3, 3) and mask (B, N), padded."""
    cells = [canonical_cell(crystal) for crystal in crystals]
    width = max(len(cell) for cell in cells)
    species = np.zeros((len(cells), width), dtype=np.int64)
    frac = np.zeros((len(cells), width, 3), dtype=np.float32)
    for row, cell in enumerate(cells):
        species[row, : len(cell)] = [BY_SYMBOL[symbol].number for symbol in cell.species]
        frac[row, : len(cell)] = cell.frac_coords
    lattices = np.stack([cell.lattice for cell in cells]).astype(np.float32)
    return (
        torch.from_numpy(species),
        torch.from_numpy(frac),
        torch.from_numpy(lattices),
        torch.from_numpy(species > 0),
    )
