"""trl's SFTTrainer with a clock: schedule by wall time, safe stop, checkpoints that survive a kill, one log.

Examples are packed (best fit, none cut) into rows; a row is one forward pass, and a step adds up several. Without flash
attention the examples of a row are kept apart by a block-diagonal mask that transformers derives from their position
numbers, so none sees another; the mask costs attention over the whole row, which is little at a few hundred tokens, and
rows of 256 tokens are 98 % full of crystals, where batches would be padded.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar as disable_progress_bar_of_datasets
from peft import LoraConfig, PeftModel
from torch.nn.functional import cross_entropy
from transformers.utils.logging import disable_progress_bar
from trl import SFTConfig as TrlConfig
from trl import SFTTrainer

from crystal_studio.engines.llm.base_model import load_base, load_tokenizer, unpacked
from crystal_studio.training.run_clock import RunClock, scheduled, stopped_by_signals
from crystal_studio.training.sft_checkpoints import LOG, prepare_folder, stored_in
from crystal_studio.training.sft_rows import IGNORED, Example, read_examples

if TYPE_CHECKING:
    from crystal_studio.training.sft import SftConfig

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Tuner(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer whose schedule, validation and log are ours; see the module."""

    def __init__(self, clock: RunClock, log: Path, **options: Any) -> None:
        self._clock, self._log, self._tokens = clock, log, 0
        super().__init__(callbacks=[clock], **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Mean cross-entropy of the target tokens, nats a token.

        trl's own projects every place onto the vocabulary where there is no Triton. The vocabulary is 85 times as wide
        as the model, so it is done only where a target stands.
        """
        self._tokens += int(inputs["input_ids"].numel())
        nll, count = summed_loss(model, inputs)
        return nll / (count if num_items_in_batch is None else num_items_in_batch)

    @torch.no_grad()
    def evaluate(self, *_: Any, **_others: Any) -> dict[str, float]:
        """Mean target loss over the held-out examples, nats a token."""
        self.model.eval()
        sums = [summed_loss(self.model, self._prepare_inputs(rows)) for rows in self.get_eval_dataloader()]
        self.model.train()
        loss = sum(float(nll) for nll, _count in sums) / sum(count for _nll, count in sums)
        self.log({"val_loss": loss})
        return {"eval_loss": loss}

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """See `run_clock.scheduled`."""
        return scheduled(self, self._clock, optimizer)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """One line for each step and each validation."""
        if not logs.keys() & {"loss", "val_loss"}:
            return
        kept = {name: round(value, 6) for name, value in logs.items() if name in ("loss", "val_loss", "learning_rate")}
        row = {"step": self.state.global_step, "seconds": round(self._clock.seconds, 1), **kept}
        if "loss" in logs:
            row["tokens"], self._tokens = self._tokens, 0
        with self._log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")

    def create_model_card(self, *_: Any, **_others: Any) -> None:
        """The card is written when the adapter is exported."""


def summed_loss(model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, int]:
    """Cross-entropy summed over the target tokens of the rows, and their number."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    read = {name: inputs[name] for name in ("input_ids", "attention_mask", "position_ids") if name in inputs}
    hidden_BLD = causal.model(**read, use_cache=False).last_hidden_state
    labels_BL = inputs["labels"][:, 1:]
    learned = labels_BL != IGNORED
    logits_MV = causal.lm_head(hidden_BLD[:, :-1][learned]).float()
    return cross_entropy(logits_MV, labels_BL[learned], reduction="sum"), int(learned.sum())


def train(config: SftConfig) -> dict[str, float]:
    """See `sft.run`; a run that has ended is left alone."""
    disable_progress_bar()
    disable_progress_bar_of_datasets()
    output = Path(config.output)
    checkpoint = prepare_folder(output, asdict(config))
    stored = stored_in(checkpoint) if checkpoint else {"step": 0, "seconds": 0.0}
    clock, step = RunClock(config, stored["seconds"]), int(stored["step"])
    if clock.progress(step) < 1:
        tuner = _tuner(config, clock, output)
        with stopped_by_signals(clock):
            tuner.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        step = tuner.state.global_step
    return {"step": step, "seconds": round(clock.seconds, 1), "stopped": clock.stopped}


def _tuner(config: SftConfig, clock: RunClock, output: Path) -> Tuner:
    tokenizer = load_tokenizer(Path(config.base))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    base = load_base(Path(config.base), config.precision, device)
    if config.precision == "nf4" and device == "cpu":
        base = unpacked(base)
    data = Path(config.data)
    val = read_examples(data / "val.jsonl", tokenizer, config.row_tokens)
    chosen = random.Random(0).sample(val, min(config.val_rows, len(val)))
    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    begun = PeftModel.from_pretrained(base, config.adapter, is_trainable=True) if config.adapter else None
    return Tuner(
        clock,
        output / LOG,
        model=begun or base,
        args=_options(config, output, device),
        train_dataset=_dataset(read_examples(data / "train.jsonl", tokenizer, config.row_tokens)),
        eval_dataset=_dataset(chosen),
        processing_class=tokenizer,
        peft_config=None if begun else lora,
    )


def _options(config: SftConfig, output: Path, device: str) -> TrlConfig:
    return TrlConfig(
        output_dir=str(output),
        max_length=config.row_tokens,
        packing=True,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=config.rows,
        gradient_checkpointing=device != "cpu",  # memory is not what a CPU is short of
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        weight_decay=0.0,
        max_grad_norm=1.0,
        use_cpu=device == "cpu",
        bf16=device != "cpu",
        logging_steps=1,
        save_strategy="no",  # the clock says when
        save_total_limit=2,
        seed=config.seed,
        data_seed=config.seed,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=device != "cpu",
    )


def _dataset(examples: Sequence[Example]) -> Dataset:
    return Dataset.from_list([example.to_dict() for example in examples])
