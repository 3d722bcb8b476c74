"""Named sizes: ``tiny`` for tests, ``small`` and ``medium`` for two cores, ``paper`` for a graphics card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crystal_studio.engines.nets.clip_net import ClipConfig
from crystal_studio.engines.nets.cspnet import CSPNetConfig
from crystal_studio.engines.nets.denoiser_net import DenoiserConfig
from crystal_studio.engines.nets.text_encoder import TextEncoderConfig

_PAPER_GRAPH = CSPNetConfig(hidden=512, edge_hidden=512, layers=6, frequencies=128, radial=0)

CLIPS: dict[str, ClipConfig] = {
    "tiny": ClipConfig(
        shared=32,
        text=TextEncoderConfig(hidden=32, layers=1, heads=2, max_tokens=24),
        graph=CSPNetConfig(hidden=32, edge_hidden=16, layers=2, frequencies=4, radial=8),
    ),
    "small": ClipConfig(
        shared=128,
        text=TextEncoderConfig(hidden=128, layers=2, heads=4, max_tokens=48),
        graph=CSPNetConfig(hidden=128, edge_hidden=48, layers=3, frequencies=6, radial=20),
    ),
    "paper": ClipConfig(
        shared=768,
        text=TextEncoderConfig(30522, 256, hidden=768, layers=12, heads=12, kind="bert"),
        graph=_PAPER_GRAPH,
    ),
}

DENOISERS: dict[str, DenoiserConfig] = {
    "tiny": DenoiserConfig(32, 16, 32, CSPNetConfig(32, 16, 2, frequencies=4, radial=8, condition=32)),
    "small": DenoiserConfig(128, 64, 128, CSPNetConfig(128, 48, 3, frequencies=6, radial=20, condition=128)),
    "medium": DenoiserConfig(128, 64, 128, CSPNetConfig(256, 64, 4, frequencies=8, radial=24, condition=128)),
    "paper": DenoiserConfig(768, 128, 512, CSPNetConfig(512, 512, 6, 128, radial=0, condition=512), pair_heads=False),
}


def clip_to_dict(config: ClipConfig) -> dict[str, Any]:
    """Plain data of a configuration, stored beside the weights."""
    return asdict(config)


def clip_from_dict(data: Mapping[str, Any]) -> ClipConfig:
    """Inverse of `clip_to_dict`."""
    return ClipConfig(data["shared"], TextEncoderConfig(**data["text"]), CSPNetConfig(**data["graph"]))


def denoiser_to_dict(config: DenoiserConfig) -> dict[str, Any]:
    """Plain data of a configuration, stored beside the weights."""
    return asdict(config)


def denoiser_from_dict(data: Mapping[str, Any]) -> DenoiserConfig:
    """Inverse of `denoiser_to_dict`."""
    return DenoiserConfig(**{**data, "graph": CSPNetConfig(**data["graph"])})
