"""Scores of the next token from a causal language model, of the whole vocabulary or of the tokens that may come.

Letters of the shapes: N places that are scored, V tokens of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEW = 0.25  # share of the vocabulary up to which scoring only the allowed tokens is worth copying their weights


def scored_places(tokens_of: Mapping[int, Sequence[int]], places: Mapping[int, int] | None) -> NDArray[np.int64]:
    """Which of the tokens that are fed are scored, shape (N,); see `token_rows.TokenRows.advance`."""
    wanted = [(places or {}).get(row, 1) for row in tokens_of]
    ends = np.cumsum([len(tokens) for tokens in tokens_of.values()])
    return np.concatenate([np.arange(end - many, end) for end, many in zip(ends, wanted, strict=True)])


class ScoredHead:
    """Runs a model and gives scores.

    Args:
        model: a causal language model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._head = _head_name(model)

    def scores(self, scored: NDArray[np.int64] | None, **inputs: Any) -> NDArray[np.float64]:
        """Logits in float64 on the CPU, where the draws are made: one seed gives one text on every device.

        Args:
            scored: ascending numbers of the tokens that need a score; None for all.
            inputs: of the model, of one sequence.

        Returns:
            Scores, shape (N, V) or (N, len(scored)).
        """
        import torch

        few = scored is not None and len(scored) <= _FEW * self._model.config.vocab_size
        with torch.inference_mode():
            if few and self._head:
                weight = self._model.get_output_embeddings().weight
                rows = weight.index_select(0, torch.from_numpy(scored).to(weight.device))
                chosen = {f"{self._head}.weight": rows}
                logits = torch.func.functional_call(self._model, chosen, kwargs=inputs, tie_weights=False).logits[0]
            else:
                logits = self._model(**inputs).logits[0]
                logits = logits if scored is None else logits[:, torch.from_numpy(scored).to(logits.device)]
        array: NDArray[np.float64] = logits.double().cpu().numpy()
        return array


def _head_name(model: Any) -> str:
    """Name of the layer that scores the vocabulary; "" where it is not a plain one that can score a part of it."""
    import torch

    head = model.get_output_embeddings()
    if type(head) is not torch.nn.Linear or head.bias is not None:
        return ""
    return str(next(name for name, module in model.named_modules() if module is head))
