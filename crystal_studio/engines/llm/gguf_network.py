"""The numbers and the shape of a network, in the names and the order that llama.cpp expects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import UserCorrectable

# llama.cpp's name of each architecture of transformers whose blocks it computes alike.
_NETWORKS = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
_INTERLEAVED = frozenset({"llama"})  # these turn neighbouring numbers together, not the two halves of a head
_FILE_TYPES = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0"}


def write_network(writer: Any, model: Any, kind: str) -> None:
    """Add shape and tensors of a causal language model.

    Args:
        writer: of the library gguf, not yet opened for writing.
        model: of transformers, with plain linear layers.
        kind: "f32", "f16" or "q8_0"; vectors and what has no whole blocks stay finer.

    Raises:
        UserCorrectable: the architecture or its rotary embedding is of a kind that is not known here.
    """
    import gguf

    config = model.config
    name = _NETWORKS.get(config.model_type)
    if name is None:
        known = ", ".join(sorted(_NETWORKS))
        raise UserCorrectable(f"A network of the kind '{config.model_type}' cannot be exported; {known} can.")
    writer.arch = name
    writer.add_architecture()
    writer.add_file_type(gguf.LlamaFileType[_FILE_TYPES[kind]])
    _write_shape(writer, config)
    number = next(key for key, arch in gguf.MODEL_ARCH_NAMES.items() if arch == name)
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    for own, tensor in model.state_dict().items():
        if own == "lm_head.weight" and config.tie_word_embeddings:
            continue
        theirs = names.get_name(own, try_suffixes=(".weight", ".bias"))
        if theirs is None:
            raise UserCorrectable(f"The network's part '{own}' has no place in GGUF, so it cannot be exported.")
        values = tensor.float().cpu().numpy()
        if name in _INTERLEAVED:
            values = _interleaved(own, values, config)
        _add(writer, theirs, values, kind)


def _write_shape(writer: Any, config: Any) -> None:
    rope = dict(getattr(config, "rope_parameters", None) or {})
    if rope.get("rope_type", "default") != "default":
        raise UserCorrectable(f"Rotary embeddings of the kind '{rope['rope_type']}' cannot be exported yet.")
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(rope.get("rope_theta", 10_000.0)))
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _interleaved(name: str, values: NDArray[np.float32], config: Any) -> NDArray[np.float32]:
    """Rows of queries and keys in the order (0, d/2, 1, d/2 + 1, ...) of each head with d numbers."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return values
    halves = values.reshape(heads, 2, -1, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)


def _add(writer: Any, name: str, values: NDArray[np.float32], kind: str) -> None:
    import gguf

    if kind == "f32" or values.ndim == 1:
        writer.add_tensor(name, np.ascontiguousarray(values))
    elif kind == "q8_0" and values.shape[-1] % 32 == 0:
        packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    else:
        writer.add_tensor(name, values.astype(np.float16))
