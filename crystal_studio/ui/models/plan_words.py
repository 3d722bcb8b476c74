"""What an import would do, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crystal_studio.domain.model_import import ImportMode, ImportPlan
from crystal_studio.ui.models.kind_words import job_text, kind_text, size_text
from crystal_studio.ui.notation import one_line

_MOST_SHOWN = 400
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
MODES = {
    ImportMode.COPY: ("&Copy the files", "The place they come from is no longer needed afterwards."),
    ImportMode.LINK: (
        "&Link to the files",
        "Takes no room, but the model is gone when they are moved, changed, or on a disk that is not there.",
    ),
}


def name_problem(name: str, taken: Sequence[str]) -> str:
    """What is wrong with the name of a model to be imported, "" where nothing is."""
    if not name:
        return "Name the model."
    if not _IDENTIFIER.fullmatch(name):
        return "Small letters a to z, digits, dots and hyphens; it begins with a letter or a digit."
    if name in taken:
        return "A model of this kind has this name already. Choose another name, or remove that model first."
    return ""


def facts_text(plan: ImportPlan, fits: str) -> str:
    """Kind, size and memory."""
    memory = f", {size_text(plan.memory_mb)} of memory: {fits}" if plan.memory_mb else ""
    return f"{kind_text(plan.kind)}: {job_text(plan.kind)}. {size_text(plan.size_mb)} of files{memory}"


def files_text(plan: ImportPlan) -> str:
    """What is taken, and what is left behind and why."""
    taken = [_inside(file, plan.source) for file in plan.taken]
    left = [f"{_inside(file, plan.source)}: {one_line(why)}" for file, why in plan.left_behind]
    blocks = [_block("TAKEN", taken, "nothing"), _block("LEFT BEHIND", left, "nothing: every file is taken")]
    return "\n\n".join(blocks) + "\n"


def _inside(file: Path, source: Path) -> str:
    """The file as it lies in the folder; a hub's cache links out of its own, so links are not followed."""
    if file == source:
        return one_line(file.name)
    return one_line(str(file.relative_to(source) if file.is_relative_to(source) else file))


def _block(heading: str, lines: Sequence[str], none: str) -> str:
    shown = [f"    {line}" for line in lines[:_MOST_SHOWN]] or [f"    {none}"]
    more = [f"    and {len(lines) - _MOST_SHOWN:,} more"] if len(lines) > _MOST_SHOWN else []
    return "\n".join([f"{heading} ({len(lines):,})", *shown, *more])
