"""CSPNet on dense padded batches: message passing between all atoms of a cell.

Shapes: B crystals, N atoms (padded), H node features, E edge features, F input features of an edge, L of a lattice.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.embeddings import (
    ElementEmbedding,
    lattice_features,
    periodic_features,
    radial_features,
)

LATTICE_FEATURES = 18


@dataclass(frozen=True)
class CSPNetConfig:
    """Sizes of a CSPNet.

    Attributes:
        hidden: features of a node.
        edge_hidden: features of a message; narrower than a node on two cores, where edges cost most.
        layers: message-passing layers.
        frequencies: K of the periodic embedding.
        radial: Gaussians of the nearest-image distance, 0 for none (as published).
        condition: features of the condition that modulates every layer, 0 for none.
    """

    hidden: int = 256
    edge_hidden: int = 128
    layers: int = 6
    frequencies: int = 16
    radial: int = 24
    condition: int = 0

    @property
    def edge_features(self) -> int:
        """F, the input features of an edge."""
        return 6 * self.frequencies + self.radial


class SplitEdgeLayer(nn.Module):
    """A linear layer over [h_i, h_j, lattice, distance] computed as four smaller ones.

    The per-atom and per-crystal parts are computed once and broadcast over the pairs; the result is the same.
    """

    def __init__(self, hidden: int, edge_features: int, out: int, lattice: int = LATTICE_FEATURES) -> None:
        super().__init__()
        self.receiver = nn.Linear(hidden, out)
        self.sender = nn.Linear(hidden, out, bias=False)
        self.lattice = nn.Linear(lattice, out, bias=False)
        self.distance = nn.Linear(edge_features, out, bias=False)

    def forward(self, node_BNH: Tensor, lattice_BL: Tensor, edge_BNNF: Tensor) -> Tensor:
        """Edge features (B, N, N, out); entry [b, i, j] is the message from atom j to atom i."""
        per_receiver = self.receiver(node_BNH) + self.lattice(lattice_BL).unsqueeze(1)
        out: Tensor = self.distance(edge_BNNF) + per_receiver.unsqueeze(2) + self.sender(node_BNH).unsqueeze(1)
        return out

    def joined_weight(self) -> Tensor:
        """The weight (out, 2H + L + F) of the one layer that this is equal to."""
        return torch.cat([self.receiver.weight, self.sender.weight, self.lattice.weight, self.distance.weight], dim=1)


class CSPLayer(nn.Module):
    """One round of messages. Source: DiffCSP (Jiao et al. 2023), eqs. 6 and 7."""

    def __init__(self, config: CSPNetConfig) -> None:
        super().__init__()
        hidden, edge = config.hidden, config.edge_hidden
        self.norm = nn.LayerNorm(hidden)
        self.first_edge = SplitEdgeLayer(hidden, config.edge_features, edge)
        self.second_edge = nn.Linear(edge, edge)
        self.first_node = nn.Linear(hidden + edge, hidden)
        self.second_node = nn.Linear(hidden, hidden)

    def forward(self, node_BNH: Tensor, lattice_BL: Tensor, edge_BNNF: Tensor, film: Film, weight_BN: Tensor) -> Tensor:
        """Updated node features (B, N, H); ``weight_BN`` is 1/n for real atoms and 0 for padding."""
        modulated = film.apply(self.norm(node_BNH))
        message = nn.functional.silu(self.first_edge(modulated, lattice_BL, edge_BNNF), inplace=True)
        message = nn.functional.silu(self.second_edge(message), inplace=True)
        received = torch.matmul(weight_BN[:, None, None, :], message).squeeze(2)
        update = nn.functional.silu(self.first_node(torch.cat([modulated, received], dim=-1)))
        out: Tensor = node_BNH + self.second_node(update)
        return out


@dataclass(frozen=True)
class Film:
    """Scale and shift (B, 1, H) of all layers; none without a condition. Source: Perez et al. 2018."""

    scale: Tensor | None = None
    shift: Tensor | None = None

    def apply(self, node_BNH: Tensor) -> Tensor:
        """Modulated features (B, N, H)."""
        if self.scale is None or self.shift is None:
            return node_BNH
        return node_BNH * (1 + self.scale) + self.shift


@dataclass(frozen=True)
class Encoded:
    """What a CSPNet makes of a batch: node features, its inputs of edges and lattices, and the averaging weights."""

    node_BNH: Tensor
    edge_BNNF: Tensor
    lattice_BL: Tensor
    weight_BN: Tensor


class CSPNet(nn.Module):
    """Node features of a crystal that do not change with its position, and permute with its atoms."""

    def __init__(self, config: CSPNetConfig) -> None:
        super().__init__()
        self.config = config
        self.element = ElementEmbedding(config.hidden)
        self.layers = nn.ModuleList(CSPLayer(config) for _ in range(config.layers))
        self.final_norm = nn.LayerNorm(config.hidden)
        self.film = nn.Linear(config.condition, 2 * config.hidden) if config.condition else None

    def forward(
        self,
        species_BN: Tensor,
        frac_BN3: Tensor,
        lattice_B33: Tensor,
        mask_BN: Tensor,
        condition_BC: Tensor | None = None,
    ) -> Tensor:
        """Node features (B, N, H); the lattice in angstrom, ``mask_BN`` true for real atoms."""
        return self.encode(species_BN, frac_BN3, lattice_B33, mask_BN, condition_BC).node_BNH

    def encode(
        self,
        species_BN: Tensor,
        frac_BN3: Tensor,
        lattice_B33: Tensor,
        mask_BN: Tensor,
        condition_BC: Tensor | None = None,
    ) -> Encoded:
        """Node features with the inputs that a head over pairs needs."""
        atoms_B = mask_BN.sum(1)
        edge_BNNF = self._edges(frac_BN3, lattice_B33)
        lattice_BL = lattice_features(lattice_B33, atoms_B)
        weight_BN = mask_BN.to(edge_BNNF.dtype) / atoms_B.clamp_min(1).unsqueeze(1)
        film = self._film(condition_BC)
        node_BNH = self.element(species_BN)
        for layer in self.layers:
            node_BNH = layer(node_BNH, lattice_BL, edge_BNNF, film, weight_BN)
        return Encoded(self.final_norm(node_BNH), edge_BNNF, lattice_BL, weight_BN)

    def _edges(self, frac_BN3: Tensor, lattice_B33: Tensor) -> Tensor:
        diff_BNN3 = frac_BN3.unsqueeze(1) - frac_BN3.unsqueeze(2)
        edges = periodic_features(diff_BNN3, self.config.frequencies)
        if not self.config.radial:
            return edges
        return torch.cat([edges, radial_features(diff_BNN3, lattice_B33, self.config.radial)], dim=-1)

    def _film(self, condition_BC: Tensor | None) -> Film:
        if self.film is None or condition_BC is None:
            return Film()
        scale, shift = self.film(condition_BC).unsqueeze(1).chunk(2, dim=-1)
        return Film(scale, shift)


def pool(node_BNH: Tensor, mask_BN: Tensor) -> Tensor:
    """Mean over the real atoms, (B, H)."""
    weight = mask_BN.to(node_BNH.dtype) / mask_BN.sum(1, keepdim=True).clamp_min(1)
    return torch.einsum("bn,bnh->bh", weight, node_BNH)
