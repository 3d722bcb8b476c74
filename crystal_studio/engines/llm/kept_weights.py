"""Weights that were unpacked and merged once, kept on disk so that the next start only has to read them.

On a CPU a four-bit model is quantised, unpacked to float32 and merged with its adapter at every start. That takes two
libraries that are slow to import, and its outcome follows from files and versions alone. So the outcome is kept, as an
ordinary model folder of single precision; whatever is wrong with a kept folder, the model is loaded the long way again.

The file is mapped, as transformers does with every model, not read: that takes 0.1 s of processor time instead of 0.7
and no memory of the process's own (SmolLM2-135M, 538 MB). Nobody writes into a folder that has its name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.llm.base_model import Precision, load_base

logger = logging.getLogger(__name__)

MOST_FOLDERS = 3  # the listener, the writer of crystals, and one that was tried
MOST_BYTES = 2_000_000_000  # of a folder: a model of more than 500 million numbers is not for a CPU
_SPARED_BYTES = 1_000_000_000  # of the disk are left free
_LEFT_BEHIND_SECONDS = 3600.0
_LAYOUT = "1"  # another one wherever the weights are computed in another way
_SUMS = "SHA256SUMS"
_NAME = re.compile(r"[0-9a-f]{64}")
_WRITING = ".writing-"
# What changes the numbers besides the files: who quantises, unpacks, merges and writes.
_LIBRARIES = ("torch", "transformers", "bitsandbytes", "peft", "safetensors")


class KeptWeights:
    """The folder in which the weights of one base, one adapter and one precision are kept, if they are.

    Args:
        cache: folder of all kept weights; nothing else may lie there.
        base: folder of the model.
        adapter: folder of the adapter merged into it, None for none.
        precision: in which the base was quantised.

    Raises:
        OSError: a file of the model cannot be read.
    """

    def __init__(self, cache: Path, base: Path, adapter: Path | None, precision: Precision) -> None:
        self._cache = cache
        self.folder = cache / _name_of(base, adapter, precision)

    def load(self) -> Any | None:
        """The model in single precision; None where it is not kept, or not as it was written, which is then removed."""
        if not self.folder.exists():
            return None
        try:
            if (self.folder / _SUMS).read_text(encoding="utf-8") != _sums(self.folder):
                raise ValueError("they are not as they were written")
            model = load_base(self.folder, "float32")
        except (OSError, ValueError, Unavailable) as error:
            logger.warning("The weights kept in %s are made anew: %s", self.folder, error)
            _remove(self.folder)
            return None
        _note_use(self.folder)
        logger.info("weights read from %s", self.folder)
        return model

    def keep_meanwhile(self, model: Any) -> Thread:
        """Keep the weights while the model is used already; the program waits for the end of it before it ends."""
        thread = Thread(target=self.keep, args=(model,), name="keeping weights")
        thread.start()
        return thread

    def keep(self, model: Any) -> None:
        """Write the weights beside their place, then move them there; the log tells where that cannot be done."""
        size = sum(weight.nbytes for weight in model.parameters())
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._cache).free
            if size > MOST_BYTES or free < size + _SPARED_BYTES:
                logger.info("%.1f GB of weights are not kept; %.1f GB of the disk are free", size / 1e9, free / 1e9)
                return
            self._write(model)
            _sweep(self._cache)
        except OSError as error:
            logger.info("The weights cannot be kept in %s: %s", self._cache, error)

    def _write(self, model: Any) -> None:
        """Write a whole folder or none.

        Raises:
            OSError: the disk is full, or may not be written to.
        """
        from safetensors import SafetensorError

        written = Path(tempfile.mkdtemp(prefix=_WRITING, dir=self._cache))
        try:
            model.save_pretrained(written, max_shard_size=MOST_BYTES)
            (written / _SUMS).write_text(_sums(written), encoding="utf-8")
            if not self.folder.exists():  # another process may have been faster
                written.rename(self.folder)
        except SafetensorError as error:
            raise OSError(str(error)) from error
        finally:
            if written.exists():
                _remove(written)


def _name_of(base: Path, adapter: Path | None, precision: Precision) -> str:
    """Digest of everything that decides the weights: files, libraries, and the processor's instructions."""
    import torch

    facts = {
        "layout": _LAYOUT,
        "precision": precision,
        "base": {path.name: _sha256(path) for path in _weights(base)},
        "adapter": {path.name: _sha256(path) for path in _weights(adapter)} if adapter else {},
        "libraries": {name: version(name) for name in _LIBRARIES},
        "processor": torch.backends.cpu.get_cpu_capability(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _weights(folder: Path) -> Iterator[Path]:
    """Configuration and weights of a model or an adapter."""
    yield from (path for path in sorted(folder.iterdir()) if path.suffix in {".json", ".safetensors"})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sums(folder: Path) -> str:
    """A line for each file, as `sha256sum` writes them."""
    return "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir()) if path.name != _SUMS)


def _sweep(cache: Path) -> None:
    """Keep the folders used last, and remove what an interrupted program left half-written."""
    found = [path for path in cache.iterdir() if path.is_dir()]
    whole = sorted((path for path in found if _NAME.fullmatch(path.name)), key=_changed, reverse=True)
    before = time.time() - _LEFT_BEHIND_SECONDS
    halves = [path for path in found if path.name.startswith(_WRITING) and _changed(path) < before]
    for path in (*whole[MOST_FOLDERS:], *halves):
        _remove(path)


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def _note_use(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError as error:
        logger.info("The use of %s cannot be noted: %s", folder, error)


def _remove(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        logger.info("%s cannot be removed: %s", path, error)
