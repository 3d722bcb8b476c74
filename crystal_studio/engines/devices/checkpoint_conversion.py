"""Convert a pickled checkpoint (.ckpt, .pt, .pth, .bin) to safetensors, in a process of its own with little power.

    python -m crystal_studio.engines.devices.checkpoint_conversion SOURCE TARGET_FOLDER

TARGET_FOLDER, which must not be there yet, appears whole or not at all and then holds

* ``weights.safetensors``: every tensor of the state dict; tensors that share their memory are written once;
* ``hyperparameters.json``: ``{"hyper_parameters": {...}, "about": {...}, "same_as": {...}, "left_out": [...]}``, plain
  data only. ``same_as`` names, for each tensor that was not written again, the one that it is the same as;
  ``left_out`` names the classes of what became null among the hyperparameters.

The exit status is 0, or 2 with one sentence on stderr. What may be in the file says `checkpoint_pickle`, what its
reader may do says `checkpoint_limits`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crystal_studio.domain.errors import StudioError, UserCorrectable

WEIGHTS, HYPERPARAMETERS = "weights.safetensors", "hyperparameters.json"
PICKLED_SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
_READER = "crystal_studio.engines.devices.checkpoint_reader"
# Processor time is what bounds the reader; this is for a stalled disk, and generous, since the machine may be busy.
_START_SECONDS, _SECONDS_PER_GB = 900.0, 300.0
_LONGEST_SENTENCE = 2_000


def convert(source: Path, target: Path) -> Path:
    """Write the converted checkpoint into a new folder and return it.

    Raises:
        UserCorrectable: no such file, the folder is there already, or the file was refused; says why.
    """
    if not source.is_file():
        raise UserCorrectable(f"There is no file {source}. Name a checkpoint.")
    if target.exists():
        raise UserCorrectable(f"{target} is there already. Name a new folder.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A leading dot: the catalogue does not look into a model that is still being written.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as made:
            partial = Path(made) / target.name
            partial.mkdir()
            _read(source, partial)
            partial.rename(target)
    except OSError as error:
        raise UserCorrectable(f"{target} cannot be written ({error.strerror}). Name another folder.") from error
    return target


def _read(source: Path, folder: Path) -> None:
    """Let the limited process write into the folder.

    Raises:
        UserCorrectable: it refused the file, or died of it.
    """
    seconds = _START_SECONDS + _SECONDS_PER_GB * source.stat().st_size / 2**30
    command = [sys.executable, "-m", _READER, str(source.resolve()), str(folder.resolve())]
    try:
        done = subprocess.run(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserCorrectable(f"{source} was not read within {seconds:.0f} s and was refused.") from error
    if done.returncode:
        raise UserCorrectable(_why(source, done.returncode, done.stderr.decode("utf-8", "replace")))


def _environment() -> dict[str, str]:
    """Our import path and one thread; nothing else of the environment is of use to the reader."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG") if name in os.environ}
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    search = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | threads | search | {"CUDA_VISIBLE_DEVICES": ""}


def _why(source: Path, status: int, said: str) -> str:
    if status == UserCorrectable.exit_status and said.strip():
        return said.strip().splitlines()[-1][:_LONGEST_SENTENCE]
    if status == -signal.SIGXCPU:
        return f"{source} took more processor time than a checkpoint of its size and was refused."
    ending = f"signal {-status}" if status < 0 else f"status {status}"
    return f"{source} broke the process that read it ({ending}) and was refused. Fetch it again."


def main(arguments: Sequence[str]) -> int:
    """Command line; a refusal is one sentence on stderr."""
    if len(arguments) != 2:
        sys.stderr.write("usage: checkpoint_conversion SOURCE TARGET_FOLDER\n")
        return 2
    try:
        target = convert(Path(arguments[0]), Path(arguments[1]))
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_status)
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
