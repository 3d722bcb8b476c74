"""Where a run of the stages ``sft`` and ``grpo`` stands: its checkpoints, its settings and its log."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable

LOG, CONFIG, STATE = "log.jsonl", "config.json", "trainer_state.json"
CLOCK = "RunClock"  # the class whose seconds a checkpoint keeps
_MAY_CHANGE = frozenset(
    {"minutes", "max_steps", "threads", "val_rows", "save_minutes", "evaluate_minutes", "output", "base", "data"}
)


def newest_checkpoint(run: Path) -> Path | None:
    """The last complete checkpoint of a run; its state is written last, so one that was cut short has none."""
    found = [path for path in run.glob("checkpoint-*") if _is_whole(path)]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def stored_in(checkpoint: Path) -> dict[str, Any]:
    """``step`` and ``seconds`` of a checkpoint."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    return {"step": state["global_step"], **state["stateful_callbacks"][CLOCK]["attributes"]}


def prepare_folder(run: Path, settings: Mapping[str, Any]) -> Path | None:
    """The checkpoint to go on from; what was cut short, and what was logged after it, is removed.

    Raises:
        UserCorrectable: the run in this folder has other settings.
    """
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = newest_checkpoint(run)
    for path in run.glob("checkpoint-*"):
        if not _is_whole(path):
            shutil.rmtree(path)
    if checkpoint is None:
        (run / LOG).unlink(missing_ok=True)
    else:
        _refuse_other(run, settings)
        _cut_log(run / LOG, stored_in(checkpoint)["step"])
    (run / CONFIG).write_text(json.dumps(dict(settings), indent=1) + "\n", encoding="utf-8")
    return checkpoint


def _is_whole(checkpoint: Path) -> bool:
    try:
        return "global_step" in json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # killed before or while it was written
        return False


def _refuse_other(run: Path, settings: Mapping[str, Any]) -> None:
    before = json.loads((run / CONFIG).read_text(encoding="utf-8"))
    for name in sorted(settings.keys() - _MAY_CHANGE):
        if before.get(name) != settings[name]:
            raise UserCorrectable(
                f"The run in '{run}' has another {name.replace('_', ' ')} ({before.get(name)}). Give the same one to "
                "go on, or another --output to start anew."
            )


def _cut_log(log: Path, last_step: int) -> None:
    rows = [line for line in log.read_text(encoding="utf-8").splitlines() if _step_of(line) <= last_step]
    log.write_text("".join(f"{line}\n" for line in rows), encoding="utf-8")


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except ValueError:  # cut short by a kill, so later than any checkpoint
        return float("inf")
