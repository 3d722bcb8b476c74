"""Several continuations of one prompt in one sequence.

On a CPU a step of the model costs little more for sixteen tokens than for four, because reading the weights takes most
of the time (measured for SmolLM2-135M on one core: 0.11 s against 0.15 s). So the alternatives are not rows of a batch,
which must advance by one token each, but parts of one sequence under a mask: each part advances by as many tokens as
it knows, finished parts by none, and the prompt is held once for all.
Source: the mask of tree attention, Miao et al., "SpecInfer", ASPLOS 2024, arXiv:2305.09781.

The cache of keys and values grows by copying. A static one, or one that grows in place, gains nothing measurable on a
CPU: 38 tokens a second against 37, runs of one kind lying further apart (`tests/benchmarks/caches.py`).

Letters of the shapes: Q new tokens, K cached and new tokens, N places that are scored, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.engines.llm.scored_head import ScoredHead, scored_places

_PROMPT = -1
_NOBODY = np.iinfo(np.int64).min


class PackedRows:
    """A prompt and its continuations under way. Sliding windows of a model are not kept to: all of it is seen.

    Args:
        model: a causal language model.
        cache: keys and values of the first tokens of the prompt; it grows with every step.
        continued: row -> the row whose tokens it goes on from, where rows do not all have the same prompt.
    """

    def __init__(self, model: Any, cache: Any, continued: Mapping[int, int] | None = None) -> None:
        self._model = model
        self._cache = cache
        self._head = ScoredHead(model)
        self._continued = continued or {}
        self._owner_K: NDArray[np.int64] = np.full(cache.get_seq_length(), _PROMPT)

    def start(self, tokens: Sequence[int], scored: NDArray[np.int64] | None) -> NDArray[np.float64]:
        """Feed the rest of the prompt, at least one token; scores behind its last, shape (1, V) or (1, len(scored))."""
        return self.advance({_PROMPT: tokens}, scored)

    def advance(
        self,
        tokens_of: Mapping[int, Sequence[int]],
        scored: NDArray[np.int64] | None,
        places: Mapping[int, int] | None = None,
    ) -> NDArray[np.float64]:
        """Feed the next tokens of some rows; see `token_rows.TokenRows`."""
        import torch

        counts = [len(tokens) for tokens in tokens_of.values()]
        owner_Q = np.repeat(np.fromiter(tokens_of, dtype=np.int64), counts)
        before = {row: int(np.isin(self._owner_K, (row, self._begun(row), _PROMPT)).sum()) for row in tokens_of}
        places_Q = [before[row] + step for row, tokens in tokens_of.items() for step in range(len(tokens))]
        self._owner_K = np.concatenate([self._owner_K, owner_Q])
        device = self._model.device
        return self._head.scores(
            scored,
            input_ids=torch.tensor([[token for tokens in tokens_of.values() for token in tokens]], device=device),
            position_ids=torch.tensor([places_Q], device=device),
            attention_mask=self._mask(owner_Q),
            past_key_values=self._cache,
            logits_to_keep=torch.tensor(scored_places(tokens_of, places), device=device),
            use_cache=True,
        )

    def forget(self, row: int, count: int) -> None:
        """Take back the last tokens of a row: their keys stay where they are, and nobody looks at them again."""
        self._owner_K[np.flatnonzero(self._owner_K == row)[-count:]] = _NOBODY

    def _begun(self, row: int) -> int:
        """The row that a row goes on from; itself where there is none."""
        return self._continued.get(row, row)

    def _mask(self, owner_Q: NDArray[np.int64]) -> Any:
        """What is added to the attention, shape (1, 1, Q, K): zero for the prompt and a row's own earlier tokens."""
        import torch

        begun_Q = np.fromiter((self._begun(int(row)) for row in owner_Q), dtype=np.int64)
        own_QK = (self._owner_K == owner_Q[:, None]) | (self._owner_K == _PROMPT)
        own_QK |= self._owner_K == begun_Q[:, None]
        seen_QK = own_QK & np.tri(len(owner_Q), len(self._owner_K), len(self._owner_K) - len(owner_Q), dtype=np.bool_)
        mask_QK = torch.zeros(seen_QK.shape, dtype=self._model.dtype)
        mask_QK[torch.from_numpy(~seen_QK)] = torch.finfo(self._model.dtype).min
        return mask_QK[None, None].to(self._model.device)
