"""Text encoders: a small transformer of our own, and a BERT of the published size.

Shapes: B texts, L tokens, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class TextEncoderConfig:
    """Sizes of a text encoder; ``kind`` is "small" (ours) or "bert" (transformers, random weights until loaded)."""

    vocabulary: int = 2000
    max_tokens: int = 64
    hidden: int = 192
    layers: int = 3
    heads: int = 4
    kind: str = "small"


class SmallTextEncoder(nn.Module):
    """A pre-norm transformer; the text's vector is that of its start token. Source: Vaswani et al. 2017."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.token = nn.Embedding(config.vocabulary, config.hidden, padding_idx=0)
        self.position = nn.Parameter(0.02 * torch.randn(config.max_tokens, config.hidden))
        layer = nn.TransformerEncoderLayer(
            config.hidden,
            config.heads,
            dim_feedforward=3 * config.hidden,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, config.layers, nn.LayerNorm(config.hidden), enable_nested_tensor=False
        )
        nn.init.normal_(self.token.weight, std=0.1)

    def forward(self, tokens_BL: Tensor) -> Tensor:
        """Vectors (B, D); token 0 is padding."""
        embedded = self.token(tokens_BL) + self.position[: tokens_BL.shape[1]]
        out: Tensor = self.layers(embedded, src_key_padding_mask=tokens_BL == 0)
        return out[:, 0]


class BertTextEncoder(nn.Module):
    """BERT of the configured size; its weights come from a checkpoint that the caller loads."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        self.model = BertModel(
            BertConfig(
                vocab_size=config.vocabulary,
                hidden_size=config.hidden,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                intermediate_size=4 * config.hidden,
                max_position_embeddings=max(config.max_tokens, 2),
            ),
            add_pooling_layer=False,
        )

    def forward(self, tokens_BL: Tensor) -> Tensor:
        """Vectors (B, D) of the first token."""
        mask = (tokens_BL != 0).long()
        out: Tensor = self.model(input_ids=tokens_BL, attention_mask=mask).last_hidden_state
        return out[:, 0]


def build_text_encoder(config: TextEncoderConfig) -> nn.Module:
    """The encoder that a configuration names."""
    encoders = {"small": SmallTextEncoder, "bert": BertTextEncoder}
    return encoders[config.kind](config)
