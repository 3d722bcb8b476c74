"""Processor time of a step of reinforcement: texts drawn together against transformers' `generate`, and the loss of the
texts that teach something against the loss of all.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/reinforcement.py --base FOLDER --data runs/crystext [--prompts N]
The texts are free ones of the shipped supervised adapter, six a prompt, rewarded as in training. Prints figures and
ratios; never fails on one.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import torch
from trl import GRPOTrainer

from crystal_studio.engines.llm.crystext.reading import reader_of
from crystal_studio.training.grpo_config import CONFIGS, GrpoConfig
from crystal_studio.training.grpo_free import free_texts
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.grpo_trainer import QuietTrainer, make_trainer, read_prompts
from crystal_studio.training.run_clock import RunClock


def seconds_to_draw(trainer: QuietTrainer, prompts: list[list[int]]) -> dict[str, tuple[float, int]]:
    """Processor time and tokens of one text for each prompt, drawn both ways."""
    found = {}
    policy = trainer.accelerator.unwrap_model(trainer.model_wrapped).eval()
    begun = process_time()
    texts, _ = GRPOTrainer._generate_single_turn(trainer, prompts, None, {}, trainer.num_generations)
    found["generate"] = process_time() - begun, sum(map(len, texts))
    begun = process_time()
    texts = free_texts(policy, prompts, trainer.eos_token_ids, 1.0, trainer.max_completion_length, (0, 0))
    found["together"] = process_time() - begun, sum(map(len, texts))
    policy.train()
    return found


def seconds_to_learn(trainer: QuietTrainer, inputs: list[dict[str, Any]], compute: Any) -> float:
    """Processor time of the gradient of a step."""
    begun = process_time()
    for batch in inputs:
        compute(trainer.model, batch).backward()
    trainer.model.zero_grad(set_to_none=True)
    return process_time() - begun


def batches(trainer: QuietTrainer, rows: list[dict[str, Any]], config: GrpoConfig) -> list[dict[str, Any]]:
    """A step's texts with their advantages, mixed and parted as trl does."""
    scored = trainer._generate_and_score_completions([row for row in rows for _ in range(config.generations)])
    order = torch.randperm(len(scored["advantages"]), generator=torch.Generator().manual_seed(0))
    mixed = {name: value[order] if value.dim() else value for name, value in scored.items()}
    return [
        {name: value[start : start + config.generations] if value.dim() else value for name, value in mixed.items()}
        for start in range(0, len(order), config.generations)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--data", default="runs/crystext")
    parser.add_argument("--prompts", type=int, default=8)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder, reader_of("short") as read:
        config = replace(CONFIGS["crystext"], base=arguments.base, data=arguments.data, output=folder)
        torch.set_num_threads(1)
        trainer = make_trainer(config, RunClock(config, 0.0), GroupReward(read))
        trainer.current_gradient_accumulation_steps = arguments.prompts
        tokenizer = trainer.processing_class
        rows = read_prompts(Path(config.data) / "train.jsonl", tokenizer, config.max_tokens)
        rows = random.Random(0).sample(rows, arguments.prompts)
        prompts = [tokenizer(row["prompt"])["input_ids"] for row in rows for _ in range(config.generations)]
        drawn = seconds_to_draw(trainer, prompts)
        for name, (seconds, tokens) in drawn.items():
            print(f"draw, {name}: {seconds:.1f} s for {len(prompts)} texts of {tokens / len(prompts):.0f} tokens")
        print(f"ratio: {drawn['generate'][0] / drawn['together'][0]:.2f}")
        inputs = batches(trainer, rows, config)
        taught = sum(int(batch["advantages"].count_nonzero()) for batch in inputs)
        whole = seconds_to_learn(trainer, inputs, super(QuietTrainer, trainer).compute_loss)
        spared = seconds_to_learn(trainer, inputs, trainer.compute_loss)
        print(f"learn, all: {whole:.1f} s; the {taught} of {len(prompts)} that teach: {spared:.1f} s")
        print(f"ratio: {whole / spared:.2f}")


if __name__ == "__main__":
    main()
