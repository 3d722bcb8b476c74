"""First tokens of prompts, computed once and remembered as keys and values."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.engines.llm.token_rows import TokenRows


@dataclass(frozen=True)
class CachedBeginning:
    """Implements `token_rows.Begun` by keys and values.

    Attributes:
        model: a causal language model.
        cache: keys and values of the tokens.
        kind: of the rows that go on from here: `PackedRows` or `SeparateRows`.
    """

    model: Any
    cache: Any
    kind: Callable[[Any, Any, Mapping[int, int]], TokenRows]

    @property
    def length(self) -> int:
        """How many tokens are computed."""
        return int(self.cache.get_seq_length())

    def rows(self, continued: Mapping[int, int]) -> TokenRows:
        """Texts that go on from here."""
        return self.kind(self.model, self.cache, continued)


class Beginnings:
    """Keys and values of the beginnings of prompts, such as the examples that every prompt of one form starts with.

    What is written does not depend on what is remembered: a beginning is computed by itself the first time as well.

    Args:
        capacity: of these beginnings the latest are kept.
    """

    def __init__(self, capacity: int = 2) -> None:
        self._capacity = capacity
        self._known: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def cache_of(self, model: Any, beginning: Sequence[int]) -> Any:
        """A cache of its own that holds this beginning; empty for an empty one."""
        import torch
        from transformers import DynamicCache

        if not beginning:
            return DynamicCache()
        key = tuple(beginning)
        if key not in self._known:
            fresh = DynamicCache()
            fed = torch.tensor([key], device=model.device)
            with torch.inference_mode():
                model(input_ids=fed, past_key_values=fresh, use_cache=True, logits_to_keep=1)
            self._known[key] = fresh
        self._known.move_to_end(key)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return copy.deepcopy(self._known[key])
