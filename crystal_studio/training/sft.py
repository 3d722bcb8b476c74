"""Stage ``sft``: teach the language model to write pivots, with a LoRA adapter on its frozen 4-bit weights (QLoRA).

A plain loop: batches of similar length, loss on the pivot alone, cosine schedule over the minutes given, a checkpoint
now and then from which the next call resumes. Source: Dettmers et al., NeurIPS 2023 (QLoRA); Hu et al., ICLR 2022.

    python -m crystal_studio.training.sft --base FOLDER --dialogues runs/dialogues --output runs/sft --minutes 60
    python -m crystal_studio.training.sft --config tiny --output runs/sft-tiny
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.base_model import Precision, load_base, load_tokenizer
from crystal_studio.training.sft_tiny import make_tiny

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class SftConfig:
    """Everything that decides a run."""

    base: str = ""
    dialogues: str = "runs/dialogues"
    output: str = "runs/sft"
    minutes: float = 60.0
    max_steps: int = 1_000_000
    batch: int = 6
    learning_rate: float = 8e-4
    rank: int = 16
    alpha: int = 16
    max_tokens: int = 192
    precision: Precision = "nf4"
    threads: int = 1
    seed: int = 0
    val_rows: int = 48
    save_minutes: float = 4.0


@dataclass(frozen=True)
class Example:
    """Token numbers of one dialogue; the target starts at `start`."""

    tokens: list[int]
    start: int


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    seconds: float = 0.0
    examples: int = 0


def read_examples(path: Path, tokenizer: Any, max_tokens: int) -> list[Example]:
    """Tokenize the dialogues of a file; those longer than `max_tokens` are left out.

    Raises:
        UserCorrectable: the stage ``dialogues`` has not been run.
    """
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'python -m crystal_studio.training.dialogues' first.")
    found = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        prompt = tokenizer(row["prompt"], add_special_tokens=False)["input_ids"]
        target = tokenizer(" " + row["target"], add_special_tokens=False)["input_ids"]
        tokens = [*prompt, *target, tokenizer.eos_token_id]
        if len(tokens) <= max_tokens:
            found.append(Example(tokens, len(prompt)))
    return found


def batches(examples: Sequence[Example], size: int, generator: random.Random) -> Iterator[list[Example]]:
    """Endless batches of similar length, in random order."""
    while True:
        order = list(examples)
        generator.shuffle(order)
        for first in range(0, len(order), 16 * size):
            pool = sorted(order[first : first + 16 * size], key=lambda each: len(each.tokens))
            groups = [pool[i : i + size] for i in range(0, len(pool), size)]
            generator.shuffle(groups)
            yield from groups


def target_loss(model: Any, batch: Sequence[Example], pad: int) -> torch.Tensor:
    """Mean cross-entropy of the target tokens, nats a token; the prompt is not learned.

    The vocabulary is 85 times as wide as the model, so logits are only computed where a target stands.
    """
    width = max(len(each.tokens) for each in batch)
    tokens_BL = torch.tensor([each.tokens + [pad] * (width - len(each.tokens)) for each in batch])
    mask_BL = torch.tensor([[1] * len(each.tokens) + [0] * (width - len(each.tokens)) for each in batch])
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden_BLD = causal.model(input_ids=tokens_BL, attention_mask=mask_BL).last_hidden_state
    places = [(row, at) for row, each in enumerate(batch) for at in range(each.start, len(each.tokens))]
    rows, columns = torch.tensor(places).unbind(1)
    logits_MV = causal.lm_head(hidden_BLD[rows, columns - 1]).float()
    return torch.nn.functional.cross_entropy(logits_MV, tokens_BL[rows, columns])


def with_adapter(base: Any, config: SftConfig) -> Any:
    """The base with a fresh, trainable LoRA adapter on all projections."""
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    torch.manual_seed(config.seed)
    return get_peft_model(base, lora)


def learning_rate(config: SftConfig, progress: Progress) -> float:
    """Warm-up over the first 4 % of the run, then a cosine to 5 % of the peak."""
    done = max(progress.seconds / (60 * config.minutes), progress.step / config.max_steps)
    if done < 0.04:
        return config.learning_rate * (0.1 + 0.9 * done / 0.04)
    return config.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


@torch.no_grad()
def validation_loss(model: Any, examples: Sequence[Example], config: SftConfig, pad: int) -> float:
    """Mean target loss over the held-out dialogues."""
    model.eval()
    chosen = sorted(examples[: config.val_rows], key=lambda each: len(each.tokens))
    groups = [chosen[i : i + config.batch] for i in range(0, len(chosen), config.batch)]
    losses = [float(target_loss(model, group, pad)) for group in groups]
    model.train()
    return sum(losses) / len(losses)


class Trainer:
    """One run: model, optimizer, progress and log."""

    def __init__(self, config: SftConfig) -> None:
        torch.set_num_threads(config.threads)
        self.config = config
        self.output = Path(config.output)
        self.output.mkdir(parents=True, exist_ok=True)
        self.tokenizer = load_tokenizer(Path(config.base))
        self.train = read_examples(Path(config.dialogues) / "train.jsonl", self.tokenizer, config.max_tokens)
        self.val = read_examples(Path(config.dialogues) / "val.jsonl", self.tokenizer, config.max_tokens)
        self.model = with_adapter(load_base(Path(config.base), config.precision), config)
        self.parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=config.learning_rate, weight_decay=0.0)
        self.progress = Progress()
        self._resume()

    def run(self) -> dict[str, float]:
        """Train until the minutes or the steps are used up; returns the last figures."""
        generator = random.Random(self.config.seed + self.progress.step)
        self.model.train()
        last_save = started = time.monotonic()
        before = self.progress.seconds
        for batch in batches(self.train, self.config.batch, generator):
            if self.progress.seconds >= 60 * self.config.minutes or self.progress.step >= self.config.max_steps:
                break
            loss = self._step(batch)
            self.progress.seconds = before + time.monotonic() - started
            self._log({"loss": round(loss, 4), "tokens": sum(len(each.tokens) for each in batch)})
            if time.monotonic() - last_save > 60 * self.config.save_minutes:
                self.save()
                last_save = time.monotonic()
        figures = {"val_loss": validation_loss(self.model, self.val, self.config, self.tokenizer.eos_token_id)}
        self._log(figures)
        self.save()
        return figures

    def _step(self, batch: Sequence[Example]) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss = target_loss(self.model, batch, self.tokenizer.eos_token_id)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.progress.step += 1
        self.progress.examples += len(batch)
        return float(loss.detach())

    def _log(self, figures: dict[str, float]) -> None:
        row = {**asdict(self.progress), **figures}
        with (self.output / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")

    def save(self) -> None:
        """Write the adapter, and beside it what a resumed run needs; the state is replaced in one step."""
        self.model.save_pretrained(str(self.output / "adapter"), save_embedding_layers=False)
        state = {"optimizer": self.optimizer.state_dict(), "progress": asdict(self.progress)}
        torch.save(state, self.output / "state.new")
        (self.output / "state.new").replace(self.output / "state.pt")
        (self.output / "config.json").write_text(json.dumps(asdict(self.config), indent=1), encoding="utf-8")

    def _resume(self) -> None:
        if not (self.output / "state.pt").exists():
            return
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(self.model, load_file(self.output / "adapter" / "adapter_model.safetensors"))
        state = torch.load(self.output / "state.pt", weights_only=True)
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])


def configuration(arguments: Sequence[str] | None = None) -> SftConfig:
    """Read the command line; ``--config tiny`` makes its own model and dialogues."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.sft", description=__doc__)
    parser.add_argument("--config", choices=["smollm2", "tiny"], default="smollm2")
    for each in fields(SftConfig):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=None)
    options = vars(parser.parse_args(arguments))
    tiny = options.pop("config") == "tiny"
    given = {name: value for name, value in options.items() if value is not None}
    if not tiny:
        return SftConfig(**given)
    output = Path(given.get("output", "runs/sft-tiny"))
    make_tiny(output / "base", output / "dialogues")
    small: dict[str, Any] = {"max_steps": 10, "batch": 4, "rank": 4, "minutes": 0.3, "precision": "float32"}
    folders = {"base": str(output / "base"), "dialogues": str(output / "dialogues"), "output": str(output)}
    return SftConfig(**{**small, **given, **folders})


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    print(json.dumps(Trainer(configuration(arguments)).run()))  # noqa: T201


if __name__ == "__main__":
    main()
