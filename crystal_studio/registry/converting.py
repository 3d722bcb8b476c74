"""Pickled checkpoints are opened by other processes only; here they are started, watched and stopped."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.context import JobContext

_POLL_SECONDS = 0.2


def run_converter(module: str, arguments: tuple[Path, ...], context: JobContext) -> None:
    """Run one of our modules to its end.

    Raises:
        UserCorrectable: it refused; with the last line that it said.
        JobCancelled: the person stopped; the process is gone.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _wait(child, context)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines() or ["the converter said nothing."]
            raise UserCorrectable(f"{arguments[0].name} was not imported: {lines[-1][:500]}")


def _wait(child: subprocess.Popen[bytes], context: JobContext) -> None:
    while True:
        try:
            child.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            context.progress("converting", 0.0, "in a process without network")
            context.check_cancelled()
        else:
            return
