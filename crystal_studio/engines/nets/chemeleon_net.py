"""The networks of Chemeleon as published, so that its weights give their own outputs here.

Source: Park et al. 2025 (Chemeleon), methods, and Jiao et al. 2023 (DiffCSP) for the CSPNet. They differ from our own
`cspnet`, `clip_net` and `denoiser_net` in: a FiLM layer with its own projection and norm before every layer, raw inner
products of the lattice vectors, a constant first frequency, an activation behind every message and node update,
projections as wide as their input, a text vector that is not normalised, and heads that predict noise. Atoms of a
batch are padded instead of gathered, and the first layer of an edge is split; both leave the outputs as they are.

Shapes: B crystals, N atoms (padded), H node features, F input features of an edge, L tokens, D text features,
C species classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crystal_studio.engines.nets.cspnet import SplitEdgeLayer, pool
from crystal_studio.engines.nets.embeddings import sinusoids
from crystal_studio.engines.nets.text_encoder import TextEncoderConfig, build_text_encoder

_LATTICE_PRODUCTS = 9


@dataclass(frozen=True)
class ChemeleonGraphConfig:
    """Sizes of a published CSPNet; ``condition`` is the width of time and text together, 0 for none."""

    hidden: int = 512
    layers: int = 6
    frequencies: int = 128
    classes: int = 104
    condition: int = 0


@dataclass(frozen=True)
class ChemeleonTextConfig:
    """Sizes of the text side: BERT, and the common space of text and crystal."""

    encoder: TextEncoderConfig
    shared: int = 768

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChemeleonTextConfig:
        """Inverse of `dataclasses.asdict`."""
        return cls(TextEncoderConfig(**data["encoder"]), int(data["shared"]))


@dataclass(frozen=True)
class NoisePrediction:
    """What the denoiser says of a noisy crystal.

    Attributes:
        species_BNC: logits of the clean species.
        lattice_B33: noise in the lattice matrix.
        shift_BN3: minus the score of the coordinates, in units of its root mean square.
    """

    species_BNC: Tensor
    lattice_B33: Tensor
    shift_BN3: Tensor


class ChemeleonText(nn.Module):
    """BERT's vector of the first token, projected into the common space."""

    def __init__(self, config: ChemeleonTextConfig) -> None:
        super().__init__()
        self.encoder = build_text_encoder(config.encoder)
        self.projection = _projection(config.encoder.hidden, config.shared)

    def forward(self, tokens_BL: Tensor) -> Tensor:
        """Vectors (B, D) of texts; token 0 is padding."""
        out: Tensor = self.projection(self.encoder(tokens_BL))
        return out


class ChemeleonGraph(nn.Module):
    """The published CSPNet: all pairs of atoms of a cell, an atom and itself among them."""

    def __init__(self, config: ChemeleonGraphConfig) -> None:
        super().__init__()
        self.config = config
        self.element = nn.Embedding(config.classes, config.hidden)
        self.film = _FilmLayer(config) if config.condition else None
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.final_norm = nn.LayerNorm(config.hidden)

    def forward(
        self,
        species_BN: Tensor,
        frac_BN3: Tensor,
        lattice_B33: Tensor,
        mask_BN: Tensor,
        condition_BC: Tensor | None = None,
    ) -> Tensor:
        """Node features (B, N, H); the lattice in angstrom, ``mask_BN`` true for real atoms."""
        edge_BNNF = _waves(frac_BN3, self.config.frequencies)
        products_BL = (lattice_B33 @ lattice_B33.transpose(1, 2)).flatten(1)
        weight_BN = mask_BN.to(frac_BN3.dtype) / mask_BN.sum(1, keepdim=True).clamp_min(1)
        node_BNH = self.element(species_BN)
        for layer in self.layers:
            if self.film is not None and condition_BC is not None:
                node_BNH = self.film(node_BNH, condition_BC)
            node_BNH = layer(node_BNH, products_BL, edge_BNNF, weight_BN)
        out: Tensor = self.final_norm(node_BNH)
        return out


class ChemeleonClip(nn.Module):
    """Crystal CLIP as published: two vectors that are compared by their inner product."""

    def __init__(self, text: ChemeleonTextConfig, graph: ChemeleonGraphConfig) -> None:
        super().__init__()
        self.text = ChemeleonText(text)
        self.graph = ChemeleonGraph(graph)
        self.graph_projection = _projection(graph.hidden, text.shared)

    def encode_crystal(self, species_BN: Tensor, frac_BN3: Tensor, lattice_B33: Tensor, mask_BN: Tensor) -> Tensor:
        """Vectors (B, D) of crystals, from the mean over their atoms."""
        node_BNH = self.graph(species_BN, frac_BN3, lattice_B33, mask_BN)
        out: Tensor = self.graph_projection(pool(node_BNH, mask_BN))
        return out


class ChemeleonDenoiser(nn.Module):
    """The denoiser as published: species, noise of the lattice and score of the coordinates at a step t of T.

    Args:
        text: sizes of the text side, which is not part of this module.
        graph: sizes of the CSPNet; its condition is as wide as ``time`` and ``embedded`` together.
        time: width of the time embedding.
        embedded: width of the text's embedding.
    """

    def __init__(self, text: ChemeleonTextConfig, graph: ChemeleonGraphConfig, time: int, embedded: int) -> None:
        super().__init__()
        self.time = time
        self.no_text = nn.Parameter(torch.zeros(text.shared))
        self.text_embedding = _projection(text.shared, embedded)
        self.graph = ChemeleonGraph(graph)
        self.species_head = nn.Linear(graph.hidden, graph.classes)
        self.lattice_head = nn.Linear(graph.hidden, 9, bias=False)
        self.shift_head = nn.Linear(graph.hidden, 3, bias=False)

    def forward(
        self,
        species_BN: Tensor,
        frac_BN3: Tensor,
        lattice_B33: Tensor,
        mask_BN: Tensor,
        t_B: Tensor,
        text_BD: Tensor,
        has_text_B: Tensor,
    ) -> NoisePrediction:
        """Predict at steps 1 to T; rows without a text use the learned vector of "no text"."""
        text_BD = self.text_embedding(torch.where(has_text_B.unsqueeze(1), text_BD, self.no_text))
        condition_BC = torch.cat([sinusoids(t_B, self.time), text_BD], dim=1)
        node_BNH = self.graph(species_BN, frac_BN3, lattice_B33, mask_BN, condition_BC)
        return NoisePrediction(
            species_BNC=self.species_head(node_BNH),
            lattice_B33=self.lattice_head(pool(node_BNH, mask_BN)).view(-1, 3, 3) @ lattice_B33,
            shift_BN3=self.shift_head(node_BNH) * mask_BN.unsqueeze(-1),
        )


class _FilmLayer(nn.Module):
    """Scale and shift by the condition, in a residual block. Source: Perez et al. 2018."""

    def __init__(self, config: ChemeleonGraphConfig) -> None:
        super().__init__()
        self.condition = nn.Linear(config.condition, 2 * config.hidden)
        self.projection = nn.Linear(config.hidden, config.hidden)
        self.norm = nn.LayerNorm(config.hidden)

    def forward(self, node_BNH: Tensor, condition_BC: Tensor) -> Tensor:
        scale, shift = nn.functional.silu(self.condition(condition_BC)).unsqueeze(1).chunk(2, dim=-1)
        return nn.functional.silu(self.norm(self.projection(node_BNH)) * scale + shift) + node_BNH


class _Layer(nn.Module):
    """One round of messages. Source: DiffCSP (Jiao et al. 2023), eqs. 6 and 7."""

    def __init__(self, config: ChemeleonGraphConfig) -> None:
        super().__init__()
        hidden = config.hidden
        self.norm = nn.LayerNorm(hidden)
        self.first_edge = SplitEdgeLayer(hidden, 6 * config.frequencies, hidden, _LATTICE_PRODUCTS)
        self.second_edge = nn.Linear(hidden, hidden)
        self.first_node = nn.Linear(2 * hidden, hidden)
        self.second_node = nn.Linear(hidden, hidden)

    def forward(self, node_BNH: Tensor, products_BL: Tensor, edge_BNNF: Tensor, weight_BN: Tensor) -> Tensor:
        silu = nn.functional.silu
        normed_BNH = self.norm(node_BNH)
        message = silu(self.second_edge(silu(self.first_edge(normed_BNH, products_BL, edge_BNNF))))
        received_BNH = torch.matmul(weight_BN[:, None, None, :], message).squeeze(2)
        update = self.first_node(torch.cat([normed_BNH, received_BNH], dim=-1))
        return node_BNH + silu(self.second_node(silu(update)))


def _waves(frac_BN3: Tensor, frequencies: int) -> Tensor:
    """Sines, then cosines (B, N, N, 6K) of 2 pi k d for k = 0 to K - 1.

    In the published order of roundings: at the highest frequency the last digit of the angle shows in the fifth digit
    of the sine.
    """
    diff_BNN3 = (frac_BN3.unsqueeze(1) - frac_BN3.unsqueeze(2)) % 1.0
    rates_K = 2 * math.pi * torch.arange(frequencies, device=frac_BN3.device)
    angles = (diff_BNN3.unsqueeze(-1) * rates_K).flatten(-2)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _projection(size: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, size), nn.LayerNorm(size), nn.GELU(), nn.Linear(size, out))
