"""Processor time of a step of packed rows with transformers' growing cache, its static one, and growing in place.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/caches.py [--steps N] [--repeats N]
Each step feeds one token of each of eight rows behind a prompt, as four alternatives under the constraint do, with the
model that `bash installer/studio` installs, in single precision. The static cache has room for the last step, and its
mask hides what is not filled yet. Prints figures, and whether the scores are the same; never fails on one.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time
from typing import Any

import torch
from transformers import DynamicCache, StaticCache
from transformers.cache_utils import DynamicLayer

from crystal_studio.app.paths import user_models_folder
from crystal_studio.engines.llm.base_model import load_base

_ROWS, _PROMPT = 8, 60
_FOLDER = user_models_folder() / "language_model" / "smollm2-135m-instruct"


class _InPlaceLayer(DynamicLayer):
    """Keys and values written into room made beforehand; what is returned is the filled part."""

    room = 0

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            shape = (*key_states.shape[:2], self.room, key_states.shape[3])
            self.all_keys, self.all_values = key_states.new_empty(shape), key_states.new_empty(shape)
            self.filled = 0
        end = self.filled + key_states.shape[2]
        self.all_keys[:, :, self.filled : end] = key_states
        self.all_values[:, :, self.filled : end] = value_states
        self.filled = end
        self.keys, self.values = self.all_keys[:, :, :end], self.all_values[:, :, :end]
        return self.keys, self.values


def fresh(kind: str, model: Any, room: int) -> Any:
    """An empty cache with room for so many tokens."""
    if kind == "static":
        return StaticCache(config=model.config, max_cache_len=room)
    cache = DynamicCache()
    if kind == "in place":
        _InPlaceLayer.room = room
        cache.layer_class_to_replicate = _InPlaceLayer
    return cache


def seconds_a_step(kind: str, model: Any, steps: int) -> tuple[float, torch.Tensor]:
    """Processor time of a step, the prompt apart, and the scores of the last."""
    room = _PROMPT + steps * _ROWS
    cache = fresh(kind, model, room)
    owner_K = torch.full((_PROMPT,), -1)
    ids = torch.arange(100, 100 + _PROMPT)[None]
    started = 0.0
    with torch.inference_mode():
        for step in range(steps + 1):
            owner_Q = owner_K if step == 0 else torch.arange(_ROWS)
            owner_K = owner_Q if step == 0 else torch.cat([owner_K, owner_Q])
            seen = (owner_K == owner_Q[:, None]) | (owner_K == -1)
            seen &= torch.ones_like(seen).tril(len(owner_K) - len(owner_Q))
            mask = torch.zeros(len(owner_Q), room if kind == "static" else len(owner_K))
            mask[:, len(owner_K) :] = torch.finfo(torch.float32).min
            mask[:, : len(owner_K)][~seen] = torch.finfo(torch.float32).min
            place = torch.arange(_PROMPT) if step == 0 else torch.full((_ROWS,), _PROMPT + step - 1)
            scores = model(
                input_ids=ids, position_ids=place[None], attention_mask=mask[None, None], past_key_values=cache
            ).logits
            ids = (torch.arange(_ROWS) * 7 + step * 13 + 200)[None]
            started = process_time() if step == 0 else started
    return (process_time() - started) / steps, scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    model = load_base(_FOLDER, "float32")
    kinds = ("growing", "static", "in place")
    runs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(arguments.repeats):
        last = {}
        for kind in kinds:
            seconds, last[kind] = seconds_a_step(kind, model, arguments.steps)
            runs[kind].append(seconds)
    for kind in kinds:
        apart = float((last[kind] - last["growing"]).abs().max())
        every = ", ".join(f"{_ROWS / one:.0f}" for one in runs[kind])
        print(f"{kind:9} {_ROWS / median(runs[kind]):.0f} tokens a second ({every}); scores differ by {apart:.1e}")


if __name__ == "__main__":
    main()
