"""Seconds of CPU for one training step of the stage ``sft``: by precision of the frozen weights, and by whose loss.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/supervised_tuning.py --data runs/crystext [--tokens N] [--repeats N]
The same packed row is trained on each time. "unpacked" is what the stage does with NF4 on a CPU: the 4-bit numbers as
float32. Time is of the process, so that other programs do not count. Prints figures and ratios; never fails on one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling
from trl.trainer.utils import add_fused_lm_head

from crystal_studio.app.paths import user_models_folder
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer, unpacked
from crystal_studio.training.sft_rows import Example, read_examples
from crystal_studio.training.sft_trainer import PROJECTIONS, summed_loss

_BASE = user_models_folder() / "language_model" / "smollm2-135m-instruct"
_KINDS = ("unpacked", "float32", "nf4", "bfloat16")


def packed_row(examples: Sequence[Example], most_tokens: int) -> dict[str, Any]:
    """The first examples that fit, as one row."""
    chosen: list[Example] = []
    for example in examples:
        if sum(len(each.tokens) for each in chosen) + len(example.tokens) <= most_tokens:
            chosen.append(example)
    rows = [example.to_dict() for example in chosen]
    row: dict[str, Any] = {name: [token for each in rows for token in each[name]] for name in ("input_ids", "labels")}
    row["seq_lengths"] = [len(example.tokens) for example in chosen]
    return dict(DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)([row]))


def tuned(kind: str) -> Any:
    """The base in one precision, with a fresh adapter."""
    base = load_base(_BASE, "nf4" if kind == "unpacked" else kind)  # type: ignore[arg-type]
    base = unpacked(base) if kind == "unpacked" else base
    add_fused_lm_head(base, outputs=("log_probs", "entropy", "is_top1"))
    lora = LoraConfig(r=16, lora_alpha=16, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    return get_peft_model(base, lora).train()


def seconds_of_a_step(model: Any, row: dict[str, Any], loss_of: str, repeats: int) -> float:
    """The least seconds of CPU for one forward and backward pass."""
    times = []
    for _ in range(repeats):
        started = process_time()
        if loss_of == "ours":
            nll, count = summed_loss(model, row)
            loss = nll / count
        else:
            loss = model(**row, use_cache=False, fused_lm_head=True).loss
        loss.backward()
        times.append(process_time() - started)
    return min(times)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for every precision, and one for trl's own loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("runs/crystext"))
    parser.add_argument("--kinds", nargs="+", choices=_KINDS, default=list(_KINDS))
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    row = packed_row(read_examples(options.data / "val.jsonl", load_tokenizer(_BASE), options.tokens), options.tokens)
    tokens, first = row["input_ids"].numel(), None
    for kind in options.kinds:
        model = tuned(kind)
        for loss_of in ("ours", "trl's") if kind == options.kinds[0] else ("ours",):
            seconds = seconds_of_a_step(model, row, loss_of, options.repeats)
            first = first or seconds
            print(
                f"{kind:9} {loss_of:5} loss: {seconds:6.2f} s of CPU for {tokens} tokens, {tokens / seconds:5.0f} a "
                f"second; {seconds / first:5.2f} times the first",
                flush=True,
            )
        del model


if __name__ == "__main__":
    main()
