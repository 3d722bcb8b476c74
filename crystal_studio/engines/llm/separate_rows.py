"""Many texts under way at once, each with keys and values of its own.

Packed rows (`packed_rows`) hold a long prompt once, and every row is compared with all that any row has written: right
for a few alternatives of one prompt. Here prompts are short and texts are many. The layers see the new tokens of all
rows as one sequence, of as many tokens as each row knows, and the attention of a row looks at that row alone: eighty
crystals take half the time, ten as much as packed ones (`tests/benchmarks/separate_rows.py`).

Letters of the shapes: T new tokens of all rows, S rows, Q new tokens of a row at most, K tokens of a row at most,
H heads of the queries, G heads of the keys and values, D numbers of a head, V tokens of the vocabulary, N places that
are scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.engines.llm.scored_head import ScoredHead, scored_places

_ROOM = 64  # tokens by which the room of a row grows
_ATTENTION = "crystal_studio_separate_rows"


class SeparateRows:
    """Texts under way. Sliding windows of a model are not kept to: all of a row is seen.

    Args:
        model: a causal language model.
        cache: keys and values of the first tokens of all rows.
        continued: row -> the row whose tokens it goes on from.
    """

    def __init__(self, model: Any, cache: Any, continued: Mapping[int, int]) -> None:
        self._model = model
        self._head = ScoredHead(model)
        self._begun = int(cache.get_seq_length())
        self._kept = _Kept([(layer.keys, layer.values) for layer in cache.layers] if self._begun else [])
        self._continued = dict(continued)
        self._rows: list[int] = []  # the row of each slot of what is kept
        self._lengths: list[int] = []

    def advance(
        self,
        tokens_of: Mapping[int, Sequence[int]],
        scored: NDArray[np.int64] | None,
        places: Mapping[int, int] | None = None,
    ) -> NDArray[np.float64]:
        """Feed the next tokens of some rows; see `token_rows.TokenRows`."""
        import torch

        self._end(set(self._rows) - set(tokens_of) - set(self._continued.values()))
        self._start([row for row in tokens_of if row not in self._rows], max(map(len, tokens_of.values())))
        slot_of = {row: slot for slot, row in enumerate(self._rows)}
        fed = [(slot_of[row], len(tokens)) for row, tokens in tokens_of.items()]
        layout = self._kept.layout = _Layout.of(fed, self._lengths, self._model.device)
        tokens_T = [token for tokens in tokens_of.values() for token in tokens]
        with _attending_to_rows(self._model, layout):
            scores = self._head.scores(
                scored,
                input_ids=torch.tensor([tokens_T], device=self._model.device),
                position_ids=layout.places_T[None],
                attention_mask=self._mask(layout),
                past_key_values=self._kept,
                logits_to_keep=torch.tensor(scored_places(tokens_of, places), device=self._model.device),
                use_cache=True,
            )
        for slot, count in fed:
            self._lengths[slot] += count
        return scores

    def forget(self, row: int, count: int) -> None:
        """Take back the last tokens of a row: what comes next takes their place."""
        self._lengths[self._rows.index(row)] -= count

    def _start(self, rows: Sequence[int], widest: int) -> None:
        """A slot for each row that begins: that of the row it goes on from, if nobody else does, or a copy of it."""
        self._kept.make_room(len(self._rows) + len(rows), max([self._begun, *self._lengths]) + widest)
        for row in rows:
            origin = self._continued.pop(row, None)
            if origin is None:
                self._kept.begin(len(self._rows))
                self._rows.append(row)
                self._lengths.append(self._begun)
            elif origin in self._continued.values():
                slot = self._rows.index(origin)
                self._kept.copy(slot, len(self._rows))
                self._rows.append(row)
                self._lengths.append(self._lengths[slot])
            else:
                self._rows[self._rows.index(origin)] = row

    def _end(self, rows: set[int]) -> None:
        """Give the slots of these rows to the last ones."""
        for row in rows:
            slot, last = self._rows.index(row), len(self._rows) - 1
            if slot != last:
                self._kept.copy(last, slot)
            self._rows[slot], self._lengths[slot] = self._rows[last], self._lengths[last]
            del self._rows[last], self._lengths[last]

    def _mask(self, layout: _Layout) -> Any:
        """What is added to the attention, shape (S, 1, Q, K): zero for what stands before a new token, and for it."""
        import torch

        device, dtype = self._model.device, self._model.dtype
        last_SQ = torch.tensor(self._lengths, device=device)[:, None] + torch.arange(layout.widest, device=device)
        hidden_SQK = torch.arange(layout.tokens, device=device) > last_SQ[:, :, None]
        mask_SQK = torch.zeros(hidden_SQK.shape, dtype=dtype, device=device)
        return mask_SQK.masked_fill_(hidden_SQK, torch.finfo(dtype).min)[:, None]


@dataclass(frozen=True)
class _Layout:
    """Where the new tokens of a step belong.

    Attributes:
        slots: S.
        tokens: K.
        slots_T: slot of the row of each new token.
        places_T: its place in that row.
        widest: Q, new tokens of a row at most.
        padded_T: its place among the queries, of which every row has Q.
    """

    slots: int
    tokens: int
    slots_T: Any
    places_T: Any
    widest: int
    padded_T: Any

    @classmethod
    def of(cls, fed: Sequence[tuple[int, int]], lengths: Sequence[int], device: Any) -> _Layout:
        """The layout of a step, from the slots that are fed and how many tokens each is."""
        import torch

        widest = max(count for _, count in fed)
        slots_T = np.concatenate([np.full(count, slot) for slot, count in fed])
        steps_T = np.concatenate([np.arange(count) for _, count in fed])
        places_T = np.asarray(lengths)[slots_T] + steps_T
        numbers = (torch.from_numpy(one).to(device) for one in (slots_T, places_T, slots_T * widest + steps_T))
        slots, places, padded = numbers
        return cls(len(lengths), max(lengths) + widest, slots, places, widest, padded)


class _Kept:
    """Keys and values of all rows, by layer: what a transformers model asks of a cache.

    Args:
        beginning: keys and values of each layer, shape (1, G, K, D), that every row begins with; none for none.
    """

    def __init__(self, beginning: Sequence[tuple[Any, Any]]) -> None:
        self._beginning = beginning
        self._layers = [tuple(one.new_zeros(0, one.shape[1], 0, one.shape[3]) for one in pair) for pair in beginning]
        self._slots = 0
        self._tokens = 0
        self.layout: _Layout | None = None

    def make_room(self, slots: int, tokens: int) -> None:
        """Hold at least so many rows, of so many tokens; what later slots hold may be lost."""
        self._slots, self._tokens = slots, tokens
        self._layers = [tuple(self._grown(one) for one in pair) for pair in self._layers]

    def begin(self, slot: int) -> None:
        """Let a slot hold the beginning."""
        for pair, begun in zip(self._layers, self._beginning, strict=False):
            for kept, first in zip(pair, begun, strict=True):
                kept[slot, :, : first.shape[2]] = first[0]

    def copy(self, slot: int, to: int) -> None:
        """Let a slot hold what another does."""
        for pair in self._layers:
            for kept in pair:
                kept[to] = kept[slot]

    def update(self, keys: Any, values: Any, layer: int, *_: Any, **__: Any) -> tuple[Any, ...]:
        """Keep those of the new tokens, shape (1, G, T, D); those of all rows, shape (S, G, K, D)."""
        layout = self.layout
        if layout is None:
            raise AssertionError("a step begins with its layout")
        if layer == len(self._layers):
            empty = tuple(one.new_zeros(0, one.shape[1], 0, one.shape[3]) for one in (keys, values))
            self._layers.append(tuple(self._grown(one) for one in empty))
        for kept, new in zip(self._layers[layer], (keys, values), strict=True):
            kept[layout.slots_T, :, layout.places_T] = new[0].transpose(0, 1)
        return tuple(kept[: layout.slots, :, : layout.tokens] for kept in self._layers[layer])

    def _grown(self, kept: Any) -> Any:
        """The same with room; what nobody has written is zero, as not a number would outlive its mask."""
        slots, heads, tokens, size = kept.shape
        if slots >= self._slots and tokens >= self._tokens:
            return kept
        room = max(tokens, -(-self._tokens // _ROOM) * _ROOM)
        wider = kept.new_zeros(self._slots, heads, room, size)  # the last rows, which are long, are few
        wider[:slots, :, :tokens] = kept[: self._slots]
        return wider


_LAYOUT: ContextVar[_Layout] = ContextVar("layout of the step that the model takes in this thread")


@contextmanager
def _attending_to_rows(model: Any, layout: _Layout) -> Iterator[None]:
    """Let the attention of a model look at each row alone, for the time of a step."""
    from transformers import AttentionInterface

    AttentionInterface.register(_ATTENTION, _attention)
    config = model.config
    usual = config._attn_implementation
    config._attn_implementation = _ATTENTION
    told = _LAYOUT.set(layout)
    try:
        yield
    finally:
        _LAYOUT.reset(told)
        config._attn_implementation = usual


def _attention(
    _module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float | None = None, **_: Any
) -> tuple[Any, None]:
    """Attention of each row to its own tokens.

    Args:
        query: of all new tokens, shape (1, H, T, D).
        key: of all rows, shape (S, G, K, D); so is `value`.
        mask: what is added, shape (S, 1, Q, K).
        scaling: of the scores; one over the root of D where a model has none of its own.

    Returns:
        What was found, shape (1, T, H, D), and None for the weights.
    """
    import torch

    layout = _LAYOUT.get()
    heads, size = query.shape[1], query.shape[3]
    slots, shared = key.shape[:2]
    group, widest = heads // shared, layout.widest
    padded = query.new_zeros(slots * widest, heads, size)
    padded[layout.padded_T] = query[0].transpose(0, 1)
    # Heads that share their keys are asked as further queries, so that no key is repeated.
    grouped = padded.view(slots, widest, shared, group, size).permute(0, 2, 3, 1, 4)
    grouped = grouped.reshape(slots, shared, group * widest, size)
    found = torch.nn.functional.scaled_dot_product_attention(
        grouped, key, value, attn_mask=mask.repeat(1, 1, group, 1), scale=scaling
    )
    found = found.view(slots, shared, group, widest, size).permute(0, 3, 1, 2, 4).reshape(-1, heads, size)
    return found[layout.padded_T][None], None
