"""The denoiser: CSPNet under a condition, with heads for species, lattice and coordinates.

Shapes: B crystals, N atoms (padded), T text features, C species classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.cspnet import CSPNet, CSPNetConfig, pool
from crystal_studio.engines.nets.embeddings import SPECIES_CLASSES, sinusoidal_time
from crystal_studio.engines.nets.pair_heads import PairScore, PairStrain


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of a denoiser.

    Attributes:
        text: width of the text embedding.
        time: width of the time embedding.
        condition: width of the hidden layer of the condition.
        graph: sizes of the CSPNet.
        pair_heads: whether pairs of atoms act on each other and on the cell directly (ours, not published).
    """

    text: int = 256
    time: int = 128
    condition: int = 256
    graph: CSPNetConfig = field(default_factory=CSPNetConfig)
    pair_heads: bool = True


@dataclass(frozen=True)
class Prediction:
    """What the network says of a noisy crystal.

    Attributes:
        species_BNC: logits of the clean species.
        lattice_B6: velocity of the six normalised lattice numbers.
        score_BN3: score of the coordinates times its usual size, with no mean over the atoms of a crystal.
    """

    species_BNC: Tensor
    lattice_B6: Tensor
    score_BN3: Tensor


class DenoiserNet(nn.Module):
    """Predicts species, lattice velocity and coordinate score. Source: Chemeleon (Park et al. 2025); see `Prediction`.

    Differs from it in a symmetric lattice matrix, the number of atoms in the condition, and the removal of the mean
    score: the score of a distribution that does not change with translation sums to zero.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.graph.hidden
        self.no_text = nn.Parameter(torch.zeros(config.text))
        self.condition = nn.Sequential(
            nn.Linear(config.time + config.text + 3, config.condition),
            nn.SiLU(),
            nn.Linear(config.condition, config.graph.condition),
        )
        self.graph = CSPNet(config.graph)
        self.species_head = nn.Linear(hidden, SPECIES_CLASSES)
        self.lattice_head = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 6))
        self.score_head = nn.Linear(hidden, 3, bias=False)
        self.pair_score = PairScore(config.graph) if config.pair_heads else None
        self.pair_strain = PairStrain(config.graph) if config.pair_heads else None

    def forward(
        self,
        species_BN: Tensor,
        frac_BN3: Tensor,
        lattice_B33: Tensor,
        mask_BN: Tensor,
        time_B: Tensor,
        text_BT: Tensor,
        has_text_B: Tensor,
    ) -> Prediction:
        """Predict for times in [0, 1]; rows without a text use the learned vector of "no text"."""
        text = torch.where(has_text_B.unsqueeze(1), text_BT, self.no_text)
        size = _size_features(mask_BN.sum(1).to(frac_BN3.dtype))
        time = sinusoidal_time(time_B, self.config.time)
        condition = self.condition(torch.cat([time, text, size], dim=-1))
        encoded = self.graph.encode(species_BN, frac_BN3, lattice_B33, mask_BN, condition)
        node_BNH = encoded.node_BNH
        score, velocity = self.score_head(node_BNH), self.lattice_head(pool(node_BNH, mask_BN))
        if self.pair_score is not None and self.pair_strain is not None:
            score = score + self.pair_score(encoded, lattice_B33)
            velocity = velocity + self.pair_strain(encoded, frac_BN3, lattice_B33)
        return Prediction(
            species_BNC=self.species_head(node_BNH),
            lattice_B6=velocity,
            score_BN3=without_mean(score, mask_BN),
        )


def without_mean(vectors_BN3: Tensor, mask_BN: Tensor) -> Tensor:
    """Vectors with the mean over the real atoms of each crystal taken away; padding stays zero."""
    weight = mask_BN.unsqueeze(-1).to(vectors_BN3.dtype)
    mean = (vectors_BN3 * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1)
    return (vectors_BN3 - mean) * weight


def _size_features(atoms_B: Tensor) -> Tensor:
    return torch.stack([atoms_B / 20, atoms_B.clamp_min(1).log() / 3, 1 / atoms_B.clamp_min(1)], dim=-1)
