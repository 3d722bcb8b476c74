"""Where each weight of a published Chemeleon checkpoint lies in our modules.

A checkpoint of the denoiser (`chemeleon-*.ckpt`) holds the whole Crystal CLIP that it was trained with, and BERT twice
over; one of the Crystal CLIP (`clip-*.ckpt`) holds heads that nothing uses. What is not named here is left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.nets.embeddings import SPECIES_CLASSES

_BERT, _PROJECTION = "text_encoder.", "text_proj."
_CLIP_IN_DENOISER = "text_encoder.clip_model."
_SCHEDULE = {
    "beta_scheduler.betas": "schedule.betas",
    "beta_scheduler.alphas_cumprod": "schedule.kept",
    "sigma_scheduler.sigmas": "schedule.sigmas",
    "sigma_scheduler.sigmas_norm": "schedule.score_squares",
}
_HEADS = {"type_out": "species_head", "lattice_out": "lattice_head", "coord_out": "shift_head"}
_IN_LAYER = {
    "layer_norm": "norm",
    "edge_mlp.2": "second_edge",
    "node_mlp.0": "first_node",
    "node_mlp.2": "second_node",
}
_FILM = {"mlp_cond.0": "condition", "proj": "projection", "norm": "norm"}
_UNUSED_IN_BERT = ("pooler.", "embeddings.position_ids")
_LATTICE_PRODUCTS = 9


class Published:
    """The weights of a checkpoint by their published names; notes which were asked for and are missing."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._weights:
            raise UserCorrectable(
                f"This is no Chemeleon checkpoint that can be used: '{name}' is missing. Name the checkpoint of a "
                "denoiser that was trained with Crystal CLIP, or that of a Crystal CLIP."
            )
        return self._weights[name].float()

    def under(self, prefix: str) -> list[str]:
        """Names that begin with the prefix, without it."""
        return sorted(name.removeprefix(prefix) for name in self._weights if name.startswith(prefix))

    @property
    def is_denoiser(self) -> bool:
        """Whether it is a denoiser, rather than a Crystal CLIP."""
        return bool(self.under("decoder."))


@dataclass(frozen=True)
class GraphSizes:
    """Sizes of a CSPNet, read off its weights."""

    hidden: int
    layers: int
    frequencies: int
    classes: int


def graph_sizes(published: Published) -> GraphSizes:
    """Sizes of the one that the checkpoint is about.

    Raises:
        UserCorrectable: a weight is missing, or too narrow.
    """
    prefix = _graph_prefix(published)
    classes, hidden = published[f"{prefix}node_embedding.weight"].shape
    layers = {name.partition(".")[0] for name in published.under(f"{prefix}csp_layer_")}
    distance = published[f"{prefix}csp_layer_0.edge_mlp.0.weight"].shape[1] - 2 * hidden - _LATTICE_PRODUCTS
    if distance < 6 or distance % 6 or classes != SPECIES_CLASSES:
        raise UserCorrectable("The edges or elements of this checkpoint are not those of the published Chemeleon.")
    return GraphSizes(hidden, len(layers), distance // 6, classes)


def condition_sizes(published: Published) -> tuple[int, int]:
    """Widths of the time's and of the text's embedding.

    Raises:
        UserCorrectable: a weight is missing.
    """
    embedded = published["text_encoder.text_emb.3.weight"].shape[0]
    return published["decoder.film_layer.mlp_cond.0.weight"].shape[1] - embedded, embedded


def bert_prefix(published: Published) -> str:
    """What the names of BERT's weights begin with."""
    return _clip_prefix(published) + _BERT


def shared_size(published: Published) -> int:
    """Width of the common space of text and crystal."""
    return published[f"{_clip_prefix(published)}{_PROJECTION}3.weight"].shape[0]


def denoiser_weights(published: Published) -> dict[str, Tensor]:
    """Weights of `ChemeleonDenoiser` ("denoiser."), `ChemeleonText` ("text.") and the schedule.

    Raises:
        UserCorrectable: a weight is missing.
    """
    ours = {f"denoiser.graph.{name}": value for name, value in _graph(published).items()}
    ours |= _linear(published, {f"decoder.{theirs}": f"denoiser.{name}" for theirs, name in _HEADS.items()})
    ours |= _sequence(published, "text_encoder.text_emb.", "denoiser.text_embedding.")
    ours["denoiser.no_text"] = published["text_encoder.null_text_embeds"].squeeze(0)
    ours |= _text(published, "text.")
    return ours | {name: published[theirs] for theirs, name in _SCHEDULE.items()}


def clip_weights(published: Published) -> dict[str, Tensor]:
    """Weights of `ChemeleonClip` ("clip.").

    Raises:
        UserCorrectable: a weight is missing.
    """
    ours = {f"clip.graph.{name}": value for name, value in _graph(published).items()}
    ours |= _sequence(published, "graph_proj.", "clip.graph_projection.")
    return ours | _text(published, "clip.text.")


def _clip_prefix(published: Published) -> str:
    return _CLIP_IN_DENOISER if published.is_denoiser else ""


def _graph_prefix(published: Published) -> str:
    return "decoder." if published.is_denoiser else "graph_encoder."


def _graph(published: Published) -> dict[str, Tensor]:
    prefix = _graph_prefix(published)
    ours = {"element.weight": published[f"{prefix}node_embedding.weight"]}
    ours |= _linear(published, {f"{prefix}final_layer_norm": "final_norm"})
    if published.under(f"{prefix}film_layer."):
        ours |= _linear(published, {f"{prefix}film_layer.{theirs}": f"film.{name}" for theirs, name in _FILM.items()})
    for layer in range(graph_sizes(published).layers):
        theirs, name = f"{prefix}csp_layer_{layer}.", f"layers.{layer}."
        ours |= _linear(published, {f"{theirs}{part}": f"{name}{own}" for part, own in _IN_LAYER.items()})
        weight, bias = (published[f"{theirs}edge_mlp.0.{kind}"] for kind in ("weight", "bias"))
        ours |= {f"{name}first_edge.{part}": value for part, value in _split(weight, bias).items()}
    return ours


def _split(weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """The columns of [h_i, h_j, lattice, distance] apart, as `SplitEdgeLayer` has them."""
    hidden = weight.shape[0]
    sizes = [hidden, hidden, _LATTICE_PRODUCTS, weight.shape[1] - 2 * hidden - _LATTICE_PRODUCTS]
    parts = zip(("receiver", "sender", "lattice", "distance"), torch.split(weight, sizes, dim=1), strict=True)
    return {f"{name}.weight": part.contiguous() for name, part in parts} | {"receiver.bias": bias}


def _text(published: Published, ours: str) -> dict[str, Tensor]:
    bert = bert_prefix(published)
    kept = [name for name in published.under(bert) if not name.startswith(_UNUSED_IN_BERT)]
    weights = {f"{ours}encoder.model.{name}": published[f"{bert}{name}"] for name in kept}
    return weights | _sequence(published, f"{_clip_prefix(published)}{_PROJECTION}", f"{ours}projection.")


def _sequence(published: Published, theirs: str, ours: str) -> dict[str, Tensor]:
    return _linear(published, {f"{theirs}{index}": f"{ours}{index}" for index in (0, 1, 3)})


def _linear(published: Published, names: Mapping[str, str]) -> dict[str, Tensor]:
    """Weights, and biases where there are any, of layers that only change their name."""
    return {
        f"{ours}.{kind}": published[f"{theirs}.{kind}"]
        for theirs, ours in names.items()
        for kind in _kinds(published, theirs)
    }


def _kinds(published: Published, theirs: str) -> Iterable[str]:
    return ("weight", *({"bias"} & set(published.under(f"{theirs}."))))
