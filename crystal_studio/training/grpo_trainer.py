"""trl's GRPO trainer as we use it: offline, silent, logged by us, stopped where nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from crystal_studio.training.grpo_config import GrpoConfig
from crystal_studio.training.grpo_log import RunLog
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.rewards import PART_NAMES
from crystal_studio.training.stopping import Stop

# Name in our log -> name in trl's.
_FIGURES = {
    "reward": "reward",
    "reward_spread": "reward_std",
    **{name: name for name in PART_NAMES},
    "kl": "kl",
    "entropy": "entropy",
    "mean_tokens": "completions/mean_length",
    "cut_off": "completions/clipped_ratio",
    "loss": "loss",
    "learning_rate": "learning_rate",
}


class QuietTrainer(GRPOTrainer):  # type: ignore[misc]
    """Tells nobody that it runs, and writes no card of its own."""

    def _send_telemetry(self) -> None:
        return

    def create_model_card(self, *_arguments: Any, **_options: Any) -> None:
        """Ours are written when an adapter is exported."""


class Watch(TrainerCallback):  # type: ignore[misc]
    """Writes the log, and ends the run when it is time, after a whole step."""

    def __init__(self, config: GrpoConfig, log: RunLog, stop: Stop) -> None:
        self._config = config
        self._log = log
        self._stop = stop
        self._began = time.monotonic() - log.seconds

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_others: Any) -> None:
        """Keep the figures of a step."""
        if "reward" not in logs:
            return  # the summary of the whole run
        figures = {ours: round(logs[theirs], 6) for ours, theirs in _FIGURES.items() if logs.get(theirs) is not None}
        examples = state.global_step * self._config.prompts_per_step * self._config.generations
        seconds = round(time.monotonic() - self._began, 2)
        self._log.add({"step": state.global_step, "seconds": seconds, "examples": examples, **figures})

    def on_step_end(self, args: Any, state: Any, control: Any, **_others: Any) -> None:
        """Save and end where a stop was asked for or the time is over."""
        if self._stop.requested or time.monotonic() - self._began >= 60 * self._config.minutes:
            control.should_save = control.should_training_stop = True


def make_trainer(
    config: GrpoConfig,
    policy: Any,
    tokenizer: Any,
    prompts: Sequence[dict[str, str]],
    reward: GroupReward,
    log: RunLog,
    stop: Stop,
) -> QuietTrainer:
    """The trainer of a run. Given a trained adapter, trl keeps a frozen copy of it, "ref", as the reference."""
    tokenizer.padding_side = "left"
    trainer = QuietTrainer(
        model=policy,
        reward_funcs=reward,
        args=_arguments(config),
        train_dataset=Dataset.from_list(list(prompts)),
        processing_class=tokenizer,
        callbacks=[Watch(config, log, stop)],
    )
    for printing in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(printing)
    for parameter in policy.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # trl makes those on 4-bit weights bfloat16: steps of 1e-6 are lost
    return trainer


def _arguments(config: GrpoConfig) -> GRPOConfig:
    return GRPOConfig(
        output_dir=str(Path(config.output) / "checkpoints"),
        per_device_train_batch_size=config.generations,
        gradient_accumulation_steps=config.prompts_per_step,
        num_generations=config.generations,
        max_completion_length=config.max_tokens,
        temperature=config.temperature,
        beta=config.beta,
        loss_type="grpo",
        scale_rewards="group",
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=config.warmup_steps,
        max_steps=config.max_steps,
        use_cpu=config.device == "cpu",
        bf16=config.device != "cpu",
        gradient_checkpointing=config.device != "cpu",
        seed=config.seed,
        save_steps=config.save_steps,
        save_total_limit=2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
