"""Bytes that a language model's weights take at each precision.

4 bit is bitsandbytes' NF4: half a byte a weight and one 32-bit scale for every 64 weights (Dettmers et al., QLoRA,
arXiv:2305.14314, section 3; without its second quantization, as the engine loads it). 8 bit is LLM.int8(): a byte a
weight (Dettmers et al., arXiv:2208.07339; its scale a row is left out, 0.1 % at 4,096 columns). Only the matrices
inside the layers are made smaller; embeddings, the head and norms stay at 16 bits. Activations and the cache of a
conversation come on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

_BYTES_IN_LAYERS: Mapping[str, float] = {"4 bit": 0.5 + 4 / 64, "8 bit": 1.0, "16 bit": 2.0}
_BYTES_ELSEWHERE = 2.0


def weights_mb(in_layers: int, elsewhere: int) -> dict[str, int]:
    """Precision -> MB of 10^6 bytes.

    Args:
        in_layers: weights in matrices of the layers.
        elsewhere: all others.
    """
    return {
        precision: ceil((in_layers * size + elsewhere * _BYTES_ELSEWHERE) / 1e6)
        for precision, size in _BYTES_IN_LAYERS.items()
    }
