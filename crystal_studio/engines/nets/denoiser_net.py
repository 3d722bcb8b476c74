"""The denoiser: CSPNet under a condition, with heads for species, lattice and coordinates.

Shapes: B crystals, N atoms (padded), T text features, C species classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.cspnet import CSPNet, CSPNetConfig, Encoded, SplitEdgeLayer, pool
from crystal_studio.engines.nets.embeddings import SPECIES_CLASSES, relative_gram, sinusoidal_time

SYMMETRIC = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Where the six numbers of a symmetric lattice matrix stand (Voigt order)."""


@dataclass(frozen=True)
class DenoiserConfig:
    """Sizes of a denoiser.

    Attributes:
        text: width of the text embedding.
        time: width of the time embedding.
        condition: width of the hidden layer of the condition.
        graph: sizes of the CSPNet.
        pair_score: whether pairs of atoms push and pull each other directly (ours; not in the published network).
    """

    text: int = 256
    time: int = 128
    condition: int = 256
    graph: CSPNetConfig = field(default_factory=CSPNetConfig)
    pair_score: bool = True


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


class PairScore(nn.Module):
    """Scores as sums over pairs: each neighbour contributes sin(2 pi k d), an odd and periodic vector, times a number.

    The number comes from the features of the pair; a second set acts through the metric of the cell, since the
    gradient in fractional coordinates is the metric times a displacement. Repulsion is then learned at once. The
    layer starts at zero.
    """

    def __init__(self, config: CSPNetConfig) -> None:
        super().__init__()
        self.frequencies = config.frequencies
        self.edge = SplitEdgeLayer(config.hidden, config.edge_features, config.edge_hidden)
        self.strength = nn.Linear(config.edge_hidden, 2 * config.frequencies)
        nn.init.zeros_(self.strength.weight)
        nn.init.zeros_(self.strength.bias)

    def forward(self, encoded: Encoded, gram_B33: Tensor) -> Tensor:
        """Scores (B, N, 3); ``gram_B33`` are the inner products of the lattice vectors in units of a typical one."""
        pair = nn.functional.silu(self.edge(encoded.node_BNH, encoded.lattice_BL, encoded.edge_BNNF))
        strength_BNNK = self.strength(pair) * (encoded.weight_BN > 0)[:, None, :, None]
        waves_BNNF = encoded.edge_BNNF[..., : 6 * self.frequencies]
        sines_BNN3K = waves_BNNF.reshape(*waves_BNNF.shape[:3], 3, -1)[..., : self.frequencies]
        plain_BNN1K, metric_BNN1K = strength_BNNK.unsqueeze(-2).chunk(2, dim=-1)
        plain_BN3: Tensor = (plain_BNN1K * sines_BNN3K).sum((2, 4))
        metric_BN3: Tensor = (metric_BNN1K * sines_BNN3K).sum((2, 4))
        return plain_BN3 + metric_BN3 @ gram_B33


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
        self.lattice_head = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, len(SYMMETRIC)))
        self.score_head = nn.Linear(hidden, 3, bias=False)
        self.pair_score = PairScore(config.graph) if config.pair_score else None

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
        score = self.score_head(node_BNH)
        if self.pair_score is not None:
            score = score + self.pair_score(encoded, relative_gram(lattice_B33, mask_BN.sum(1)))
        return Prediction(
            species_BNC=self.species_head(node_BNH),
            lattice_B6=self.lattice_head(pool(node_BNH, mask_BN)),
            score_BN3=without_mean(score, mask_BN),
        )


def without_mean(vectors_BN3: Tensor, mask_BN: Tensor) -> Tensor:
    """Vectors with the mean over the real atoms of each crystal taken away; padding stays zero."""
    weight = mask_BN.unsqueeze(-1).to(vectors_BN3.dtype)
    mean = (vectors_BN3 * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1)
    return (vectors_BN3 - mean) * weight


def _size_features(atoms_B: Tensor) -> Tensor:
    return torch.stack([atoms_B / 20, atoms_B.clamp_min(1).log() / 3, 1 / atoms_B.clamp_min(1)], dim=-1)
