"""Convert MatGL's published MEGNet checkpoint to safetensors, in a process of its own with little power.

    python -m crystal_studio.engines.predictors.megnet_import CHECKPOINT_FOLDER CARD_FOLDER TARGET_FOLDER

The file is compared with the hash on the card before it is opened, and opened as tensors only: nothing in it can run.
"""

from __future__ import annotations

import hashlib
import pickle
import resource
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import StudioError, UserCorrectable

_CHECKPOINT = "state.pt"
_PREFIX = "model."
_MOST_BYTES = 8 * 2**30
_MOST_SECONDS = 120


def convert(checkpoint_folder: Path, card_folder: Path, target: Path) -> Path:
    """Write the converted weights and a copy of the card; they appear when both are complete.

    Raises:
        UserCorrectable: the checkpoint is missing, is not the one that the card names, or holds more than tensors.
    """
    card = tomllib.loads((card_folder / "model.toml").read_text(encoding="utf-8"))
    checkpoint = checkpoint_folder / _CHECKPOINT
    expected = card["sources"][0]["sha256"]
    if not checkpoint.is_file():
        raise UserCorrectable(f"There is no '{_CHECKPOINT}' in {checkpoint_folder}. Name the folder of the checkpoint.")
    if hashlib.sha256(checkpoint.read_bytes()).hexdigest() != expected:
        raise UserCorrectable(f"{checkpoint} is not the published file (SHA-256 {expected[:12]}...). Fetch it again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # A leading dot: the catalogue does not look into a model that is still being written.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as made:
        partial = Path(made) / target.name
        partial.mkdir()
        _write(checkpoint, partial / card["files"][0]["path"])
        shutil.copyfile(card_folder / "model.toml", partial / "model.toml")
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    return target


def _write(checkpoint: Path, path: Path) -> None:
    import torch
    from safetensors.numpy import save_file

    try:
        state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserCorrectable(f"{checkpoint} holds more than tensors and was not opened. Fetch it again.") from error
    save_file({name.removeprefix(_PREFIX): value.numpy() for name, value in sorted(state.items())}, path)


def main(arguments: Sequence[str]) -> int:
    """Command line; the exit status is that of the error, which goes to stderr."""
    if len(arguments) != 3:
        sys.stderr.write("usage: megnet_import CHECKPOINT_FOLDER CARD_FOLDER TARGET_FOLDER\n")
        return 2
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    try:
        target = convert(*(Path(argument) for argument in arguments))
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_status)
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
