"""Heads that let pairs of atoms act directly: forces on the atoms and a strain of the cell.

Ours, not part of the published networks: with them coordinates and lattices are learned in far fewer steps.
Shapes: B crystals, N atoms (padded), K frequencies, F input features of an edge.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.cspnet import CSPNetConfig, Encoded, SplitEdgeLayer
from crystal_studio.engines.nets.embeddings import relative_lattice

_VOIGT = ((0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1))
_INVERSE_SPREAD = (1.8, 1.6, 0.7, 2.1, 2.4, 2.3)
"""One over the usual spread of the six lattice numbers: where the gains of a strain begin."""


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

    def forward(self, encoded: Encoded, lattice_B33: Tensor) -> Tensor:
        """Scores (B, N, 3) in the units of the network's target; the lattice in angstrom."""
        pair = nn.functional.silu(self.edge(encoded.node_BNH, encoded.lattice_BL, encoded.edge_BNNF))
        strength_BNNK = self.strength(pair) * (encoded.weight_BN > 0)[:, None, :, None]
        waves_BNNF = encoded.edge_BNNF[..., : 6 * self.frequencies]
        sines_BNN3K = waves_BNNF.reshape(*waves_BNNF.shape[:3], 3, -1)[..., : self.frequencies]
        plain_BNN1K, metric_BNN1K = strength_BNNK.unsqueeze(-2).chunk(2, dim=-1)
        plain_BN3: Tensor = (plain_BNN1K * sines_BNN3K).sum((2, 4))
        metric_BN3: Tensor = (metric_BNN1K * sines_BNN3K).sum((2, 4))
        relative_B33 = relative_lattice(lattice_B33, (encoded.weight_BN > 0).sum(1))
        return plain_BN3 + metric_BN3 @ relative_B33 @ relative_B33.transpose(1, 2)


class PairStrain(nn.Module):
    """The velocity of the lattice as a virial: each pair of near images strains the cell along its own direction.

    Every pair gives a number for the strain along its direction and one for an even strain; the sum over pairs, per
    atom, acts on the lattice matrix. The layer starts at zero.
    """

    def __init__(self, config: CSPNetConfig) -> None:
        super().__init__()
        self.edge = SplitEdgeLayer(config.hidden, config.edge_features, config.edge_hidden)
        self.strength = nn.Linear(config.edge_hidden, 2)
        self.gain = nn.Parameter(torch.tensor(_INVERSE_SPREAD))
        nn.init.zeros_(self.strength.weight)
        nn.init.zeros_(self.strength.bias)

    def forward(self, encoded: Encoded, frac_BN3: Tensor, lattice_B33: Tensor) -> Tensor:
        """Velocities (B, 6) of the normalised lattice numbers; the lattice in angstrom."""
        pair = nn.functional.silu(self.edge(encoded.node_BNH, encoded.lattice_BL, encoded.edge_BNNF))
        weight_BNN = encoded.weight_BN.unsqueeze(2) * (encoded.weight_BN > 0).unsqueeze(1)
        strength_BP2 = (self.strength(pair) * weight_BNN.unsqueeze(-1)).flatten(1, 2)
        direction_BP3 = _directions(frac_BN3, lattice_B33).flatten(1, 2)
        along_B33 = (direction_BP3 * strength_BP2[..., :1]).transpose(1, 2) @ direction_BP3
        even_B33 = strength_BP2[..., 1].sum(1)[:, None, None] * torch.eye(3).to(lattice_B33)
        change_B33 = (along_B33 + even_B33) @ relative_lattice(lattice_B33, (encoded.weight_BN > 0).sum(1))
        symmetric_B33 = 0.5 * (change_B33 + change_B33.transpose(1, 2))
        out: Tensor = symmetric_B33[:, _VOIGT[0], _VOIGT[1]] * self.gain
        return out


def _directions(frac_BN3: Tensor, lattice_B33: Tensor) -> Tensor:
    """Unit vectors (B, N, N, 3) between near images, zero for an atom and itself."""
    diff_BNN3 = frac_BN3.unsqueeze(1) - frac_BN3.unsqueeze(2)
    cart_BNN3 = torch.einsum("bijx,bxy->bijy", diff_BNN3 - diff_BNN3.round(), lattice_B33)
    return cart_BNN3 / cart_BNN3.square().sum(-1, keepdim=True).add(1e-4).sqrt()
