"""Stage ``sft``: teach a language model to write pivots or crystals, with a LoRA adapter on its frozen 4-bit numbers.

trl's SFTTrainer on the JSON lines that the stages ``dialogues`` and ``crystext`` write; loss on the target alone,
cosine schedule over the minutes given, a checkpoint now and then. The same command goes on where a run was stopped or
killed; with more minutes it goes on for longer. Source: Dettmers et al., NeurIPS 2023 (QLoRA); Hu et al., ICLR 2022.

    python -m crystal_studio.training.sft --config dialogue --base FOLDER --minutes 60
    python -m crystal_studio.training.sft --config crystext --base FOLDER --minutes 60 --export FOLDER
    python -m crystal_studio.training.sft --config tiny --output runs/sft-tiny
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines.llm.base_model import Precision, go_offline
from crystal_studio.training.sft_export import export
from crystal_studio.training.sft_tiny import make_tiny_base, write_tiny_crystals


@dataclass(frozen=True)
class SftConfig:
    """Everything that decides a run.

    Attributes:
        base: folder of the model that is tuned.
        adapter: folder of an adapter to go on from, with its rank and alpha; "" for a new one.
        data: folder with ``train.jsonl`` and ``val.jsonl``.
        minutes: wall time over all restarts; the schedule ends with it, or with `max_steps`.
        row_tokens: dialogues or crystals are packed into rows of at most so many tokens; longer ones are left out.
        rows: of one step.
        precision: of the frozen weights; on a CPU, NF4 numbers are unpacked to float32 once.
        evaluate_minutes: between two validations on `val_rows` dialogues or crystals.
    """

    base: str = ""
    adapter: str = ""
    data: str = ""
    output: str = ""
    minutes: float = 60.0
    max_steps: int = 1_000_000
    row_tokens: int = 256
    rows: int = 1
    learning_rate: float = 8e-4
    rank: int = 16
    alpha: int = 16
    precision: Precision = "nf4"
    threads: int = 1
    seed: int = 0
    val_rows: int = 48
    save_minutes: float = 4.0
    evaluate_minutes: float = 12.0


CONFIGS = {
    "dialogue": SftConfig(data="runs/dialogues", output="runs/sft"),
    "crystext": SftConfig(data="runs/crystext", output="runs/crystext-sft"),
    "tiny": SftConfig(
        output="runs/sft-tiny",
        max_steps=40,
        row_tokens=64,
        learning_rate=2e-2,
        rank=4,
        alpha=4,
        precision="float32",
        val_rows=4,
        minutes=math.inf,
    ),
}


def run(config: SftConfig) -> dict[str, float]:
    """Train to the end of the schedule, or until it is stopped; returns where the run stands.

    Raises:
        UserCorrectable: there is no base, no data or no adapter to go on from, or the run has been started with other
            settings.
        Unavailable: trl is not installed, or the base cannot be loaded.
    """
    if not config.base:
        raise UserCorrectable("Name the folder of the model that is to be tuned with --base.")
    if config.adapter and not (Path(config.adapter) / "adapter_config.json").exists():
        raise UserCorrectable(f"There is no adapter in '{config.adapter}'. Name another, or none for a new one.")
    go_offline()  # before the libraries are imported, which read it then
    import torch

    try:
        from crystal_studio.training.sft_trainer import train
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"Tuning needs '{error.name}'. Install it with: pip install 'crystal-studio[train]'."
        ) from error
    torch.set_num_threads(config.threads)
    return train(config)


def configuration(arguments: Sequence[str] | None = None) -> tuple[SftConfig, Path | None]:
    """Read the command line: the run, and where its adapter is exported to, if anywhere.

    ``--config tiny`` makes its own model and crystals.
    """
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.sft", description=__doc__)
    parser.add_argument("--config", choices=list(CONFIGS), default="dialogue")
    parser.add_argument("--export", type=Path, help="folder of models_registry/adapter that the adapter is shipped in")
    for each in fields(SftConfig):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=None)
    options = vars(parser.parse_args(arguments))
    name, export_to = options.pop("config"), options.pop("export")
    given = {name: value for name, value in options.items() if value is not None}
    config = replace(CONFIGS[name], **given)
    if name == "tiny":
        folder = Path(config.output)
        config = replace(config, base=str(folder / "base"), data=str(folder / "crystals"))
        make_tiny_base(folder / "base", embedding_scale=10.0)
        write_tiny_crystals(folder / "crystals")
    return config, export_to


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; prints one JSON object."""
    config, export_to = configuration(arguments)
    figures: dict[str, Any] = dict(run(config))
    if export_to is not None:
        figures["card"] = str(export(Path(config.output), export_to, Path(config.base), {}))
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
