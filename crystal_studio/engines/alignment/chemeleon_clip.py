"""A converted Crystal CLIP of Chemeleon as an aligner.

It was trained on inner products; the port asks for cosines, so the vectors are brought to unit length.

Shapes: B texts or crystals, N atoms (padded), L tokens, D features of the common space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crystal_studio.engines.alignment.crystal_clip import CrystalClipAligner
from crystal_studio.engines.devices.choice import choose_device
from crystal_studio.engines.devices.model_folder import VOCABULARY, part_of, read_model
from crystal_studio.engines.nets.chemeleon_net import ChemeleonClip, ChemeleonGraphConfig, ChemeleonTextConfig
from crystal_studio.engines.nets.word_pieces import WordPieces


@dataclass(frozen=True)
class UnitVectors:
    """The two encoders of a published Crystal CLIP, with vectors of unit length."""

    clip: ChemeleonClip

    def to(self, device: torch.device) -> None:
        """Move the weights."""
        self.clip.to(device)

    def encode_text(self, tokens_BL: Tensor) -> Tensor:
        """Unit vectors (B, D) of texts."""
        return nn.functional.normalize(self.clip.text(tokens_BL), dim=-1)

    def encode_crystal(self, species_BN: Tensor, frac_BN3: Tensor, lattice_B33: Tensor, mask_BN: Tensor) -> Tensor:
        """Unit vectors (B, D) of crystals."""
        return nn.functional.normalize(self.clip.encode_crystal(species_BN, frac_BN3, lattice_B33, mask_BN), dim=-1)


def create(folder: Path, options: Mapping[str, Any]) -> CrystalClipAligner:
    """Load a converted Crystal CLIP from its registry folder.

    Raises:
        Unavailable: a file is missing.
    """
    config, weights = read_model(folder)
    clip = ChemeleonClip(ChemeleonTextConfig.from_dict(config["text"]), ChemeleonGraphConfig(**config["graph"]))
    clip.load_state_dict(part_of(weights, "clip."))
    device = choose_device(str(options.get("device", "auto")))
    return CrystalClipAligner(UnitVectors(clip.to(device).eval()), WordPieces.load(folder / VOCABULARY), device)
