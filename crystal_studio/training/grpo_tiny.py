"""A toy for the stage ``grpo``: a two-layer Llama that has learned four crystals, and two wrong ones for each.

It writes the right text, one with another element and one that cannot be read, a third of the time each, so that there
is something to gain that only the reward tells it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.engines.llm.base_model import load_base, load_tokenizer
from crystal_studio.training.sft_tiny import make_tiny_base

_TRUE = (
    ("SrTiO3", 221, "221\n3.91\nSr 1a\nTi 1b\nO 3c"),
    ("CsCl", 221, "221\n4.12\nCs 1a\nCl 1b"),
    ("CaO", 225, "225\n4.81\nCa 4a\nO 4b"),
    ("ZnS", 216, "216\n5.41\nZn 4a\nS 4c"),
)
_OTHER_ELEMENT = {"Sr": "Ba", "Cs": "Rb", "Ca": "Cd", "Zn": "Be"}
_UNREADABLE = {" 1": " 7", " 4": " 5"}
_PRETRAINING_STEPS, _ADAPTER_STEPS = 200, 20
_BATCH = 12


def teach_tiny(folder: Path, seed: int = 0) -> dict[str, str]:
    """Make the toy unless it is there; returns the folders of its base, its adapter and its data."""
    base, adapter, prompts = folder / "base", folder / "adapter", folder / "prompts"
    if not (adapter / "adapter_config.json").exists():
        make_tiny_base(base, seed)
        prompts.mkdir(parents=True, exist_ok=True)
        rows = [
            {"prompt": _prompt(formula, group), "target": text, "formula": formula, "space_group": group}
            for formula, group, text in _TRUE
        ]
        (prompts / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        _teach(base, adapter, seed)
    return {"base": str(base), "adapter": str(adapter), "data": str(prompts)}


def _prompt(formula: str, space_group: int) -> str:
    """Few words: a byte is a token here, and the toy has nothing else to tell apart."""
    return f"{formula} {space_group}\n"


def _wrong(text: str, swaps: dict[str, str]) -> str:
    for right, wrong in swaps.items():
        if right in text:
            return text.replace(right, wrong, 1)
    return text


def _teach(base: Path, adapter: Path, seed: int) -> None:
    """Teach the model the mixture, then an adapter a little more of it."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    tokenizer, model = load_tokenizer(base), load_base(base, "float32")
    texts = [(_prompt(formula, group), text) for formula, group, text in _TRUE]
    taught = [
        (prompt, form)
        for prompt, text in texts
        for form in (text, _wrong(text, _OTHER_ELEMENT), _wrong(text, _UNREADABLE))
    ]
    examples = [_tokens(tokenizer, *each) for each in taught]
    generator = random.Random(seed)
    model.requires_grad_(True)
    _descend(model, examples, _PRETRAINING_STEPS, 1e-2, generator)
    model.save_pretrained(str(base))
    model.requires_grad_(False)
    tuned = get_peft_model(model, LoraConfig(r=8, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    _descend(tuned, examples, _ADAPTER_STEPS, 1e-3, generator)
    tuned.save_pretrained(str(adapter))


def _tokens(tokenizer: Any, prompt: str, text: str) -> tuple[list[int], int]:
    """Tokens of prompt, text and end; how many of them are the prompt's."""
    asked = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    return [*asked, *tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id], len(asked)


def _descend(
    model: Any, examples: Sequence[tuple[list[int], int]], steps: int, learning_rate: float, generator: random.Random
) -> None:
    """Cross-entropy of the texts; the prompts are not learned."""
    import torch

    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps)
    for _ in range(steps):
        batch = generator.sample(list(examples), _BATCH)
        width = max(len(tokens) for tokens, _ in batch)
        tokens_BL = torch.tensor([tokens + [0] * (width - len(tokens)) for tokens, _ in batch])
        labels_BL = torch.tensor(
            [[-100] * start + tokens[start:] + [-100] * (width - len(tokens)) for tokens, start in batch]
        )
        loss = model(input_ids=tokens_BL, labels=labels_BL).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
