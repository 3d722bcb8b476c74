"""How much memory the program and its engine hosts hold."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def resident_bytes(process: int | None = None) -> int | None:
    """Resident memory of a process (this one if None) and all its descendants; None where the system does not say."""
    own = process if process is not None else os.getpid()
    try:
        total = _resident(own)
    except OSError:
        return None
    for child in _children(own):
        total += resident_bytes(child) or 0
    return total


def _resident(process: int) -> int:
    pages = int((_PROC / str(process) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children(process: int) -> list[int]:
    try:
        tasks = list((_PROC / str(process) / "task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []  # it ended meanwhile
