"""What this machine has to run models on, found out without importing torch."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from crystal_studio.domain.machine import Card, Machine

_MIB = 1.048576  # in MB of 10^6 bytes
_MB = 10**6
_SECONDS = 10.0
_HOST = "crystal_studio.app.engine_host"
_CARD_FIELDS = "index,uuid,name,memory.total,memory.free,driver_version,compute_cap"
# Where a container or a cgroup of version 2, then 1, states how much memory its processes may have, and have.
_CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def read_machine() -> Machine:
    """Cores, memory, and the cards that the installed torch was built for, as they are at this moment.

    What this program's own engines hold of a card counts as free.
    """
    memory = psutil.virtual_memory()
    total, free = int(memory.total), int(memory.available)
    for limit_file, used_file in _CGROUPS:
        limit, used = _number_in(limit_file), _number_in(used_file)
        if limit is not None and limit < total:
            total = limit
            free = min(free, limit - (used or 0))
    cards = nvidia_cards() if cuda_of_torch() else ()
    return Machine(_cores(), total // _MB, max(0, free) // _MB, cards)


def cuda_of_torch() -> str | None:
    """The CUDA version torch was built for, from its version file: importing torch takes seconds. None for none."""
    try:
        path = Path(str(distribution("torch").locate_file("torch/version.py")))
        found = re.search(r"^cuda[^=]*= *'([\d.]+)'", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (PackageNotFoundError, OSError):
        return None
    return found[1] if found else None


def nvidia_cards() -> tuple[Card, ...]:
    """The cards that NVIDIA's driver shows and `CUDA_VISIBLE_DEVICES` leaves, largest first; none without a driver."""
    rows = [row for row in _asked("--query-gpu", _CARD_FIELDS) if len(row) == len(_CARD_FIELDS.split(","))]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = [row for row in rows if _is_visible(row[0], row[1], visible)]
    own = _own_memory_mb() if chosen else {}
    cards = [card for row in chosen if (card := _card(row, own)) is not None]
    return tuple(sorted(cards, key=lambda card: -card.memory_mb))


def _card(row: Sequence[str], own_mb: Mapping[str, int]) -> Card | None:
    """A card from its row; None where the driver does not tell its memory."""
    _index, uuid, name, total, free, driver, compute = row
    if not (total.isdigit() and free.isdigit()):
        return None
    memory = round(int(total) * _MIB)
    available = min(memory, round(int(free) * _MIB) + own_mb.get(uuid, 0))
    return Card(name, memory, available, driver, compute if re.fullmatch(r"\d+\.\d+", compute) else "")


def _is_visible(index: str, uuid: str, visible: str | None) -> bool:
    """As CUDA reads the variable: numbers or beginnings of UUIDs; an empty one, or -1, hides every card."""
    if visible is None:
        return True
    named = [word.strip() for word in visible.split(",")]
    kept = named[: named.index("-1")] if "-1" in named else named
    return any(word and (word == index or (word.startswith("GPU-") and uuid.startswith(word))) for word in kept)


def _own_memory_mb() -> dict[str, int]:
    """UUID of a card -> MB that this program's engine hosts hold of it."""
    held: dict[str, int] = {}
    for row in _asked("--query-compute-apps", "pid,gpu_uuid,used_memory"):
        if len(row) == 3 and row[0].isdigit() and row[2].isdigit() and _is_engine_host(int(row[0])):
            held[row[1]] = held.get(row[1], 0) + round(int(row[2]) * _MIB)
    return held


def _is_engine_host(pid: int) -> bool:
    try:
        return _HOST in psutil.Process(pid).cmdline()
    except (psutil.Error, OSError):
        return False


def _asked(query: str, fields: str) -> list[list[str]]:
    """Rows of one question to NVIDIA's driver; none where there is no driver, or no answer in time."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"{query}={fields}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode:
        return []
    return [[cell.strip() for cell in row] for row in csv.reader(done.stdout.splitlines())]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _number_in(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None
