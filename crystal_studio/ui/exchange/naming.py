"""Names of exported files from a pattern, shown before anything is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline

FIELDS = ("id", "formula", "name", "group", "round", "number")
_FIELD = re.compile(r"\{(\w*)\}")
_ILLEGAL = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_LONGEST = 120


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern, "" where nothing is."""
    if not pattern:
        return "Give a name, such as {formula}-{id}."
    unknown = [name for name in _FIELD.findall(pattern) if name not in FIELDS]
    if unknown:
        return f"There is no field {{{unknown[0]}}}. Use {', '.join(f'{{{name}}}' for name in FIELDS)}."
    rest = _FIELD.sub("", pattern)
    if "{" in rest or "}" in rest:
        return "A brace stands alone. Fields are written like {formula}."
    illegal = _ILLEGAL.search(rest)
    if illegal:
        return f"No file name may have '{illegal.group()}'."
    return ""


def file_names(pattern: str, nodes: Sequence[tuple[NodeOutline, Mark]], ending: str) -> list[str]:
    """The file name of each node, numbered from 1 in the order given."""
    return [_name(pattern, outline, mark, number) + ending for number, (outline, mark) in enumerate(nodes, start=1)]


def doubled(names: Sequence[str]) -> str:
    """A sentence on names that several crystals would share, "" where each has its own."""
    twice = [name for name, count in Counter(name.lower() for name in names).items() if count > 1]
    return f"Several crystals would be called {twice[0]}. Add {{id}} or {{number}} to the pattern." if twice else ""


def _name(pattern: str, outline: NodeOutline, mark: Mark, number: int) -> str:
    values = {
        "id": outline.id[:8],
        "formula": outline.formula,
        "name": mark.name or outline.formula,
        "group": str(outline.space_group),
        "round": str(outline.round),
        "number": f"{number:03d}",
    }
    filled = _FIELD.sub(lambda field: values[field.group(1)], pattern)
    return _ILLEGAL.sub("_", filled).strip(" .")[:_LONGEST] or "crystal"
