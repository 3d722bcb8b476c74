"""Stage ``grpo``: CrysText-RL, the crystal writer's policy improved by the reward of what it writes.

Several texts are written for each prompt; each is rewarded (`rewards`), and the policy moves towards those that beat
the mean of their prompt, in units of their spread, while the divergence from the supervised model is charged for. The
policy is the supervised adapter itself, trained on; its frozen copy is the reference, so that one adapter comes out
that fits the plain base. Source: Shao et al. 2024 (GRPO, DeepSeekMath); CrysText for samples, temperature and reward.

    python -m crystal_studio.training.grpo --base FOLDER --adapter runs/crystext-sft/adapter --minutes 35
    python -m crystal_studio.training.grpo --config tiny --output runs/grpo-tiny

Ctrl-C or a termination signal ends the step under way and saves; the same command goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.base_model import go_offline, load_base, load_tokenizer, unpacked
from crystal_studio.training.crystal_dialects import reader_of
from crystal_studio.training.grpo_config import GrpoConfig, configuration
from crystal_studio.training.grpo_log import RunLog, quarters
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.reward_plot import reward_plot
from crystal_studio.training.stopping import Stop, stop_on_signals


def read_prompts(folder: Path, tokenizer: Any, max_tokens: int) -> list[dict[str, str]]:
    """Prompts with their true texts, as far as these fit.

    Raises:
        UserCorrectable: the stage ``crystext_data`` has not been run, or every text is too long.
    """
    path = folder / "train.jsonl"
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'python -m crystal_studio.training.crystext_data' first.")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lengths = [len(ids) for ids in tokenizer([row["target"] for row in rows], add_special_tokens=False)["input_ids"]]
    kept = [
        {"prompt": row["prompt"], "target": row["target"]}
        for row, length in zip(rows, lengths, strict=True)
        if length < max_tokens
    ]
    if not kept:
        raise UserCorrectable(f"Every text in '{path}' is longer than {max_tokens} tokens. Give a larger --max-tokens.")
    return kept


def load_policy(config: GrpoConfig) -> Any:
    """The base with the supervised adapter, ready to be trained on.

    Raises:
        UserCorrectable: there is no supervised adapter.
        Unavailable: there is no base.
    """
    if not (Path(config.adapter) / "adapter_config.json").exists():
        raise UserCorrectable(f"There is no adapter in '{config.adapter}'. Run the stage ``sft`` first.")
    base = load_base(Path(config.base), config.precision, config.device)
    if config.precision == "nf4" and config.device == "cpu":
        base = unpacked(base)
    from peft import PeftModel

    return PeftModel.from_pretrained(base, config.adapter, is_trainable=True)


def latest_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end: its state is what is written last."""
    found = [(int(path.parent.name.rpartition("-")[2]), path.parent) for path in folder.glob("*/trainer_state.json")]
    return max(found)[1] if found else None


def train(config: GrpoConfig, stop: Stop | None = None) -> dict[str, Any]:
    """Train until the minutes or the steps are used up, or a stop is asked for; returns the last figures."""
    import torch

    go_offline()
    torch.set_num_threads(config.threads)
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    (output / "config.json").write_text(json.dumps(asdict(config), indent=1), encoding="utf-8")
    checkpoint = latest_checkpoint(output / "checkpoints")
    log = RunLog.resumed(output / "log.jsonl", int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0)
    stop = stop or Stop()
    if log.steps < config.max_steps and log.seconds < 60 * config.minutes:
        _train(config, checkpoint, log, stop)
    (output / "rewards.svg").write_text(reward_plot(log.rows), encoding="utf-8")
    return {"steps": log.steps, "minutes": round(log.seconds / 60, 2), "stopped": stop.requested, **quarters(log.rows)}


def _train(config: GrpoConfig, checkpoint: Path | None, log: RunLog, stop: Stop) -> None:
    from crystal_studio.training.grpo_trainer import make_trainer

    tokenizer = load_tokenizer(Path(config.base))
    prompts = read_prompts(Path(config.prompts), tokenizer, config.max_tokens)
    policy = load_policy(config)
    with reader_of(config.dialect) as read, stop_on_signals(stop):
        reward = GroupReward(read, config.space_group_weight)
        trainer = make_trainer(config, policy, tokenizer, prompts, reward, log, stop)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    policy.save_pretrained(str(Path(config.output) / "adapter"), selected_adapters=["default"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; prints one JSON object."""
    print(json.dumps(train(configuration(arguments))))  # noqa: T201


if __name__ == "__main__":
    main()
