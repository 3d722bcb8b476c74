"""Stage ``grpo``: CrysText-RL, the crystal writer's policy improved by the reward of what it writes.

Several texts are written for each prompt; each is rewarded (`rewards`), and the policy moves towards those that beat
the mean of their prompt, in units of their spread. The policy is the supervised adapter itself, trained on, so that one
adapter comes out that fits the plain base; where the divergence from it is charged for (`beta`), a frozen copy of it is
the reference. Source: Shao et al. 2024 (GRPO, DeepSeekMath); CrysText for samples, temperature and reward.

    python -m crystal_studio.training.grpo --base FOLDER --minutes 40 --export FOLDER
    python -m crystal_studio.training.grpo --config tiny --output runs/grpo-tiny

Ctrl-C or a termination signal ends the step under way and saves; the same command goes on from there, also after a
kill, and with more minutes for longer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.base_model import go_offline
from crystal_studio.training.grpo_config import GrpoConfig, configuration
from crystal_studio.training.reward_plot import reward_plot
from crystal_studio.training.sft_export import export

PLOT = "rewards.svg"


def run(config: GrpoConfig) -> dict[str, Any]:
    """Train to the end of the schedule, or until it is stopped; returns where the run stands.

    Raises:
        UserCorrectable: there is no base, no supervised adapter or no data, or the run has been started with other
            settings.
        Unavailable: the base cannot be loaded.
    """
    if not config.base:
        raise UserCorrectable("Name the folder of the model that is to be tuned with --base.")
    if not (Path(config.adapter) / "adapter_config.json").exists():
        raise UserCorrectable(
            f"There is no adapter in '{config.adapter}'. Run the stage 'sft' first, or name --adapter."
        )
    go_offline()  # before the libraries are imported, which read it then
    import torch

    from crystal_studio.training.grpo_trainer import train

    torch.set_num_threads(config.threads)
    figures = train(config)
    rows = logged(Path(config.output))
    (Path(config.output) / PLOT).write_text(reward_plot(rows), encoding="utf-8")
    return {**figures, **quarters(rows)}


def logged(output: Path) -> list[dict[str, Any]]:
    """The rows of the log of a run, one a step."""
    path = output / "log.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def quarters(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean reward of the first and of the last quarter of a run; empty where it has fewer than four steps."""
    rewards = [float(row["reward"]) for row in rows]
    count = len(rewards) // 4
    if not count:
        return {}
    first, last = sum(rewards[:count]) / count, sum(rewards[-count:]) / count
    return {"reward_first_quarter": round(first, 4), "reward_last_quarter": round(last, 4)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; prints one JSON object."""
    config, export_to = configuration(arguments)
    figures = run(config)
    if export_to is not None:
        figures["card"] = str(
            export(Path(config.output), export_to, Path(config.base), quarters(logged(Path(config.output))))
        )
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
