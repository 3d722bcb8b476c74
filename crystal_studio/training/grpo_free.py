"""Free texts of a run of the stage ``grpo``, drawn together.

transformers' `generate` keeps a text that has ended in its batch until the longest has, and draws with one exponential
number for each word of the vocabulary. Here a text leaves the batch with its end, and a token takes one random number:
72 texts of at most 64 tokens take 37 s of a core instead of 56, 36 of them 24 instead of 28
(`tests/benchmarks/reinforcement.py`).

Letters of the shapes: B texts under way, E tokens that end one, P tokens of the longest prompt, V tokens of the
vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache


@torch.no_grad()
def free_texts(
    policy: Any,
    prompts: Sequence[Sequence[int]],
    ends: Sequence[int],
    temperature: float,
    max_tokens: int,
    seed: tuple[int, ...],
) -> list[list[int]]:
    """One text for each prompt, with its end where it came to one.

    Args:
        policy: a causal language model in evaluation mode.
        prompts: token numbers, at least one each.
        ends: tokens that end a text, each of them.
        temperature: of the draws, above zero.
        max_tokens: longest text.
        seed: decides every draw.
    """
    device = policy.device
    generator = torch.Generator(device).manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    width = max(map(len, prompts))
    tokens_BP = torch.tensor([[ends[0]] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    mask_BP = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    place_BP = (mask_BP.cumsum(dim=1) - 1).clamp(min=0)
    ends_E = torch.tensor(list(ends), device=device)
    cache = DynamicCache(config=policy.config)
    texts: list[list[int]] = [[] for _ in prompts]
    going = torch.arange(len(prompts), device=device)
    for _ in range(max_tokens):
        logits_BV = policy(
            input_ids=tokens_BP,
            attention_mask=mask_BP,
            position_ids=place_BP,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        drawn_B = _drawn(logits_BV.float() / temperature, generator)
        for text, token in zip(going.tolist(), drawn_B.tolist(), strict=True):
            texts[text].append(token)
        on_B = torch.nonzero(~torch.isin(drawn_B, ends_E))[:, 0]
        if not len(on_B):
            break
        if len(on_B) < len(going):
            cache.batch_select_indices(on_B)
        going, tokens_BP = going[on_B], drawn_B[on_B, None]
        mask_BP = torch.cat([mask_BP[on_B], torch.ones_like(tokens_BP)], dim=1)
        place_BP = place_BP[on_B, -1:] + 1
    return texts


def _drawn(logits_BV: Tensor, generator: torch.Generator) -> Tensor:
    """A token of each row by its probability: where a random share of their sum is passed."""
    heaped_BV = logits_BV.softmax(dim=-1).cumsum(dim=-1)
    share_B1 = torch.rand((len(heaped_BV), 1), generator=generator, device=heaped_BV.device)
    last = heaped_BV.shape[1] - 1
    return torch.searchsorted(heaped_BV, share_B1 * heaped_BV[:, -1:], right=True)[:, 0].clamp(max=last)
