"""A small checkpoint in the published layout of Chemeleon, with random weights, made without the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from crystal_studio.engines.nets.word_pieces import SPECIAL

WORDS = (*SPECIAL, "na", "##cl", "sr", "##ti", "##o", "##3", "cubic", "crystal", ",", ".")
HIDDEN, TEXT, TIME, EMBEDDED, LAYERS, FREQUENCIES, STEPS = 16, 24, 8, 12, 2, 4, 60
SETTINGS: dict[str, Any] = {
    "hidden_dim": HIDDEN, "num_layers": LAYERS, "act_fn": "silu", "dis_emb": "sin", "edge_style": "fc", "ln": True,
    "ip": True, "smooth": False, "pred_atom_types": True, "text_guide": True, "max_text_len": 12, "timesteps": STEPS,
    "graph_pooling": "mean", "text_targets": ["prompt"],
}  # fmt: skip


def write_word_pieces(folder: Path) -> None:
    """What a person must bring: the vocabulary of the text encoder."""
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")


def clip_checkpoint(**settings: Any) -> dict[str, Any]:
    """As Lightning saves a Crystal CLIP."""
    return {"state_dict": _clip(), "hyper_parameters": SETTINGS | settings, "epoch": 3, "global_step": 12}


def denoiser_checkpoint(**settings: Any) -> dict[str, Any]:
    """As Lightning saves a denoiser: with the Crystal CLIP that it was trained with, and BERT twice over."""
    clip = _clip()
    state = {f"text_encoder.clip_model.{name}": value for name, value in clip.items()}
    state |= {name: value for name, value in clip.items() if name.startswith("text_encoder.")}
    state |= {"text_encoder.null_text_embeds": torch.randn(1, TEXT)}
    state |= _projection("text_encoder.text_emb.", TEXT, EMBEDDED)
    state |= _graph("decoder.") | _linear("decoder.film_layer.mlp_cond.0", TIME + EMBEDDED, 2 * HIDDEN)
    state |= _linear("decoder.film_layer.proj", HIDDEN, HIDDEN) | _norm("decoder.film_layer.norm", HIDDEN)
    return {"state_dict": state | _schedule(), "hyper_parameters": SETTINGS | settings, "epoch": 3}


def _clip() -> dict[str, Tensor]:
    sizes = {"hidden_size": TEXT, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4 * TEXT}
    bert = BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=16, **sizes))
    state = {f"text_encoder.{name}": value for name, value in bert.state_dict().items()}
    return (
        state
        | _projection("text_proj.", TEXT, TEXT)
        | _projection("graph_proj.", HIDDEN, TEXT)
        | _graph("graph_encoder.")
    )


def _graph(prefix: str) -> dict[str, Tensor]:
    state = {f"{prefix}node_embedding.weight": torch.randn(104, HIDDEN)}
    for layer in range(LAYERS):
        name = f"{prefix}csp_layer_{layer}."
        state |= _linear(f"{name}edge_mlp.0", 2 * HIDDEN + 9 + 6 * FREQUENCIES, HIDDEN)
        state |= _linear(f"{name}edge_mlp.2", HIDDEN, HIDDEN) | _linear(f"{name}node_mlp.0", 2 * HIDDEN, HIDDEN)
        state |= _linear(f"{name}node_mlp.2", HIDDEN, HIDDEN) | _norm(f"{name}layer_norm", HIDDEN)
    state |= _norm(f"{prefix}final_layer_norm", HIDDEN) | _linear(f"{prefix}type_out", HIDDEN, 104)
    heads = {f"{prefix}lattice_out.weight": (9, HIDDEN), f"{prefix}coord_out.weight": (3, HIDDEN)}
    return state | {name: 0.1 * torch.randn(shape) for name, shape in heads.items()}


def _schedule() -> dict[str, Tensor]:
    betas = torch.cat([torch.zeros(1), torch.linspace(0.01, 0.4, STEPS)])
    sigmas = torch.cat([torch.zeros(1), 0.01 * 100 ** torch.linspace(0, 1, STEPS)])
    return {
        "beta_scheduler.betas": betas,
        "beta_scheduler.alphas_cumprod": (1 - betas).cumprod(0),
        "sigma_scheduler.sigmas": sigmas,
        "sigma_scheduler.sigmas_norm": 1 / sigmas.clamp_min(0.01) ** 2,
        "d3pm.q_mats": torch.zeros(STEPS + 1, 4, 4),
    }


def _projection(prefix: str, size: int, out: int) -> dict[str, Tensor]:
    return _linear(f"{prefix}0", size, size) | _norm(f"{prefix}1", size) | _linear(f"{prefix}3", size, out)


def _linear(name: str, size: int, out: int) -> dict[str, Tensor]:
    return {f"{name}.weight": torch.randn(out, size) / size**0.5, f"{name}.bias": 0.1 * torch.randn(out)}


def _norm(name: str, size: int) -> dict[str, Tensor]:
    return {f"{name}.weight": 1 + 0.1 * torch.randn(size), f"{name}.bias": 0.1 * torch.randn(size)}
