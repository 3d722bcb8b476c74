"""What processes there are, read from /proc."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def is_alive(process: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for does not."""
    return _state(process) not in ("", "Z")


def children(process: int) -> set[int]:
    """The living processes that this one started, and those that they started."""
    parents = {int(path.name): _parent(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found: set[int] = set()
    while more := {one for one, parent in parents.items() if parent in found | {process}} - found:
        found |= more
    return {one for one in found if is_alive(one)}


def name_of(process: int) -> str:
    """Name of its program, "" when there is none."""
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition held before the time was over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _state(process: int) -> str:
    fields = _fields(process)
    return fields[0] if fields else ""


def _parent(process: int) -> int:
    fields = _fields(process)
    return int(fields[1]) if fields else 0


def _fields(process: int) -> list[str]:
    """State, parent, ... of a process; empty when there is none."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()
