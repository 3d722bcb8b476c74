"""trl's GRPO trainer as we use it: offline, silent, by our clock and with our log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PrinterCallback, TrainerCallback
from transformers.utils.logging import disable_progress_bar
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import RepeatSampler

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.base_model import load_base, load_tokenizer, unpacked
from crystal_studio.engines.llm.crystext.reading import reader_of
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.training.grpo_config import GrpoConfig
from crystal_studio.training.grpo_constrained import ConstrainedTexts
from crystal_studio.training.grpo_free import free_texts
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.rewards import PART_NAMES
from crystal_studio.training.run_clock import RunClock, scheduled, stopped_by_signals
from crystal_studio.training.sft_checkpoints import LOG, prepare_folder, stored_in

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
    """Tells nobody that it runs, and writes no card of its own.

    Attributes:
        clock: of the run; it tells the learning rate.
        constrained: draws the texts and tells their probabilities under the constraint; None where they are free.
    """

    clock: RunClock
    constrained: ConstrainedTexts | None = None

    def _generate_single_turn(self, prompt_ids: Any, *images: Any, **options: Any) -> tuple[list[list[int]], None]:
        """Token numbers of a text for each prompt."""
        policy = self.accelerator.unwrap_model(self.model_wrapped)
        policy.eval()
        seed = (self.args.seed, self.state.global_step)
        if self.constrained is None:
            how = (self.eos_token_ids, self.temperature, self.max_completion_length)
            texts = free_texts(policy, prompt_ids, *how, seed)
        else:
            texts = self.constrained.drawn(policy, prompt_ids, seed)
        policy.train()
        return texts, None

    def compute_loss(self, model: Any, inputs: dict[str, Any], *others: Any, **options: Any) -> torch.Tensor:
        """The loss of the texts that teach something, as their part of the mean over all.

        A text that is worth what the others of its prompt are worth has no gradient, unless the divergence is charged
        for; and nothing is learned behind the end of the longest. Neither is computed, nor is in the log's entropy.
        """
        loss: torch.Tensor
        advantages = inputs["advantages"]
        taught = torch.nonzero(advantages)[:, 0] if self.beta == 0 else torch.arange(len(advantages))
        if not len(taught):
            loss = 0.0 * next(one for one in model.parameters() if one.requires_grad).sum()
            return loss
        length = int(inputs["completion_mask"][taught].sum(dim=1).max())
        kept = {name: value[taught] for name, value in inputs.items() if torch.is_tensor(value) and value.dim()}
        kept |= {name: kept[name][:, :length] for name in kept if name.startswith("completion_") or "logps" in name}
        loss = super().compute_loss(model, {**inputs, **kept}, *others, **options)
        return loss * (len(taught) / len(advantages))

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Any, attention_mask: Any, logits_to_keep: int, *rest: Any, **options: Any
    ) -> tuple[Any, Any, None]:
        """Log probabilities of the texts' tokens and entropies of their choices, shape (B, L)."""
        if self.constrained is None:
            return super()._get_per_token_logps_and_entropies(  # type: ignore[no-any-return]
                model, input_ids, attention_mask, logits_to_keep, *rest, **options
            )
        found = [
            self._constrained(model, tokens, mask, logits_to_keep)
            for tokens, mask in zip(
                input_ids.split(self.args.per_device_train_batch_size),
                attention_mask.split(self.args.per_device_train_batch_size),
                strict=True,
            )
        ]
        logs, entropies = (torch.cat(parts) for parts in zip(*found, strict=True))
        return logs, entropies, None

    def _constrained(self, model: Any, input_ids: Any, mask: Any, length: int) -> tuple[Any, Any]:
        """The same of one batch; prompts are padded on the left and texts on the right."""
        assert self.constrained is not None
        logits = model(input_ids=input_ids, attention_mask=mask, logits_to_keep=length + 1).logits[:, :-1]
        parts = [
            [tokens[kept.bool()].tolist() for tokens, kept in zip(*pair, strict=True)]
            for pair in ((input_ids[:, :-length], mask[:, :-length]), (input_ids[:, -length:], mask[:, -length:]))
        ]
        return self.constrained.log_probabilities(logits / self.temperature, *parts)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """As of the stage ``sft``."""
        return scheduled(self, self.clock, optimizer)

    def _send_telemetry(self) -> None:
        return

    def create_model_card(self, *_arguments: Any, **_options: Any) -> None:
        """The card is written when the adapter is exported."""

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        usual = super()._get_train_sampler(dataset)
        order = (usual.data_source, usual.mini_repeat_count, usual.batch_size, usual.repeat_count)
        return EpochOrder(*order, shuffle=usual.shuffle, seed=usual.seed)


class EpochOrder(RepeatSampler):  # type: ignore[misc]
    """Shuffles each pass over the prompts by its number.

    trl 1.16 shuffles by how many passes its process has made, so a run that goes on would start over with the first.
    """

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before a pass."""
        self.generator.manual_seed(self.seed + epoch)


class StepLog(TrainerCallback):  # type: ignore[misc]
    """One line for each step, and no validation."""

    def __init__(self, config: GrpoConfig, clock: RunClock, path: Path) -> None:
        self._texts = config.prompts_per_step * config.generations
        self._clock = clock
        self._path = path

    def on_step_end(self, args: Any, state: Any, control: Any, **_others: Any) -> Any:
        """Take back the validation for which the clock asks at the end of a run."""
        control.should_evaluate = False
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_others: Any) -> None:
        """Keep the figures of a step; the summary of the run has none."""
        if "reward" not in logs:
            return
        figures = {ours: round(logs[theirs], 6) for ours, theirs in _FIGURES.items() if logs.get(theirs) is not None}
        row = {"step": state.global_step, "seconds": round(self._clock.seconds, 1), "texts": self._texts, **figures}
        row["tokens"] = round(self._texts * figures["mean_tokens"])
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


def train(config: GrpoConfig) -> dict[str, Any]:
    """See `grpo.run`."""
    disable_progress_bar()
    output = Path(config.output)
    checkpoint = prepare_folder(output, asdict(config))
    stored: dict[str, Any] = stored_in(checkpoint) if checkpoint else {"step": 0, "seconds": 0.0}
    clock = RunClock(config, stored["seconds"])
    step = stored["step"]
    if clock.progress(step) < 1:
        with reader_of(config.dialect) as read, stopped_by_signals(clock):
            trainer = make_trainer(config, clock, GroupReward(read, config.space_group_weight))
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        step = trainer.state.global_step
    return {"step": step, "seconds": round(clock.seconds, 1), "stopped": clock.stopped}


def task_of(row: Mapping[str, Any]) -> CrystalTask:
    """What the prompt of a row asks for, as far as it can be enforced."""
    return CrystalTask(Composition.parse(row["formula"]).reduced, row["space_group"])


def read_prompts(path: Path, tokenizer: Any, max_tokens: int) -> list[dict[str, Any]]:
    """The rows of a file whose true texts are short enough.

    Raises:
        UserCorrectable: the stage ``crystext`` has not been run, or every text is too long.
    """
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run the stage 'crystext' first, or name its folder with --data.")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    texts = tokenizer([row["target"] for row in rows], add_special_tokens=False)["input_ids"]
    kept = [row for row, text in zip(rows, texts, strict=True) if len(text) < max_tokens]  # and the end of the text
    if not kept:
        raise UserCorrectable(f"Every text in '{path}' is longer than {max_tokens} tokens. Give a larger --max-tokens.")
    return kept


def make_trainer(config: GrpoConfig, clock: RunClock, reward: GroupReward) -> QuietTrainer:
    """The trainer of a run. Given a trained adapter, trl keeps a frozen copy of it, "ref", as the reference."""
    tokenizer = load_tokenizer(Path(config.base))
    tokenizer.padding_side = "left"
    rows = read_prompts(Path(config.data) / "train.jsonl", tokenizer, config.max_tokens)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    policy = load_policy(config, device)
    trainer = QuietTrainer(
        model=policy,
        reward_funcs=reward,
        args=_options(config, device),
        train_dataset=Dataset.from_list([{name: row[name] for name in ("prompt", "target")} for row in rows]),
        processing_class=tokenizer,
        callbacks=[clock, StepLog(config, clock, Path(config.output) / LOG)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.clock = clock
    if config.constrained:
        tasks = {row["prompt"]: task_of(row) for row in rows}
        how = (config.dialect, config.temperature, config.max_tokens)
        trainer.constrained = ConstrainedTexts(tokenizer, policy.config.vocab_size, tasks, *how)
    for parameter in policy.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # trl makes those on 4-bit weights bfloat16: steps of 1e-6 are lost
    return trainer


def load_policy(config: GrpoConfig, device: str) -> Any:
    """The base with the supervised adapter, ready to be trained on; on a CPU its 4-bit numbers are unpacked once."""
    base = load_base(Path(config.base), config.precision, device)
    if config.precision == "nf4" and device == "cpu":
        base = unpacked(base)
    return PeftModel.from_pretrained(base, config.adapter, is_trainable=True)


def _options(config: GrpoConfig, device: str) -> GRPOConfig:
    return GRPOConfig(
        output_dir=config.output,
        per_device_train_batch_size=config.generations,
        gradient_accumulation_steps=config.prompts_per_step,
        num_generations=config.generations,
        max_completion_length=config.max_tokens,
        temperature=config.temperature,
        beta=config.beta,
        loss_type="grpo",
        scale_rewards="group",
        learning_rate=config.learning_rate,
        weight_decay=0.0,
        max_grad_norm=1.0,
        max_steps=config.max_steps,
        use_cpu=device == "cpu",
        bf16=device != "cpu",
        gradient_checkpointing=device != "cpu",
        save_strategy="no",  # the clock says when
        save_total_limit=2,
        logging_steps=1,
        seed=config.seed,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=device != "cpu",
    )
