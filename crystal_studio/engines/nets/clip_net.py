"""Crystal CLIP: texts and crystals in one space.

Shapes: B texts or crystals, L tokens, N atoms (padded), D features of the shared space.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.cspnet import CSPNet, CSPNetConfig, pool
from crystal_studio.engines.nets.text_encoder import TextEncoderConfig, build_text_encoder

SPACE_GROUPS = 230


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a Crystal CLIP; ``shared`` is the width of the common space."""

    shared: int = 256
    text: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    graph: CSPNetConfig = field(default_factory=CSPNetConfig)


class TextHalf(nn.Module):
    """The text encoder and projection of a Crystal CLIP, all that the denoiser needs of it."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        self.text = build_text_encoder(config.text)
        self.text_projection = _projection(config.text.hidden, config.shared)

    def encode_text(self, tokens_BL: Tensor) -> Tensor:
        """Unit vectors (B, D) of texts."""
        return nn.functional.normalize(self.text_projection(self.text(tokens_BL)), dim=-1)

    def condition(self, tokens_BL: Tensor) -> Tensor:
        """The vectors of texts as the denoiser takes them: entries of unit size on average."""
        return self.encode_text(tokens_BL) * math.sqrt(self.config.shared)


class CrystalClip(TextHalf):
    """Two encoders, two projections and a temperature. Source: Chemeleon (Park et al. 2025), methods.

    Differs from it in unit vectors with a learned temperature (Radford et al. 2021) and in a space-group head, which
    is trained beside the contrastive loss so that symmetry is not lost among compositions.
    """

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(config)
        self.graph = CSPNet(config.graph)
        self.graph_projection = _projection(config.graph.hidden, config.shared)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.symmetry = nn.Linear(config.shared, SPACE_GROUPS)

    def encode_crystal(self, species_BN: Tensor, frac_BN3: Tensor, lattice_B33: Tensor, mask_BN: Tensor) -> Tensor:
        """Unit vectors (B, D) of crystals."""
        node_BNH = self.graph(species_BN, frac_BN3, lattice_B33, mask_BN)
        return nn.functional.normalize(self.graph_projection(pool(node_BNH, mask_BN)), dim=-1)

    def scale(self) -> Tensor:
        """The inverse temperature, at most 100."""
        return self.log_scale.clamp(max=math.log(100.0)).exp()

    def symmetry_logits(self, vectors_BD: Tensor) -> Tensor:
        """Logits (B, 230) of the space group."""
        out: Tensor = self.symmetry(vectors_BD * math.sqrt(self.config.shared))
        return out


def contrastive_loss(text_BD: Tensor, crystal_BD: Tensor, scale: Tensor, wrong_KD: Tensor | None = None) -> Tensor:
    """Symmetric cross-entropy of matching each text with its crystal and each crystal with its text.

    ``wrong_KD`` are crystals that belong to no text (distorted copies); they are only offered to the texts.
    Source: Radford et al. 2021, figure 3.
    """
    logits_BB = scale * text_BD @ crystal_BD.T
    target = torch.arange(len(text_BD), device=text_BD.device)
    offered = logits_BB if wrong_KD is None else torch.cat([logits_BB, scale * text_BD @ wrong_KD.T], dim=1)
    to_crystal = nn.functional.cross_entropy(offered, target)
    to_text = nn.functional.cross_entropy(logits_BB.T, target)
    return 0.5 * (to_crystal + to_text)


def _projection(size: int, shared: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, shared), nn.LayerNorm(shared), nn.GELU(), nn.Linear(shared, shared))
