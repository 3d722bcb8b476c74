"""Names of the files that nodes are written to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.symmetry import SpaceGroup

FIELDS = ("id", "formula", "name", "group", "round", "number")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.()+,=@ -]+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # devices of Windows
_LONGEST = 120


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that names no file, or that asks for more than the fields.

    Raises:
        UserCorrectable: says what may be used.
    """
    if not pattern.strip() or "/" in pattern or "\\" in pattern:
        raise UserCorrectable(f"The pattern '{pattern[:40]}' names no file. Give one such as {{formula}}-{{id}}.")
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError as error:
        raise UserCorrectable(f"The pattern '{pattern[:40]}' has a brace too many ({error}). Give pairs.") from error
    for _, field, form, conversion in parts:
        if field is not None and (field not in FIELDS or form or conversion):
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise UserCorrectable(f"The pattern has no field '{{{field[:20]}}}'. Its fields are {known}.")


class FileNames:
    """Gives each node a name of its own: the second of two equal names is numbered, and so on.

    Args:
        pattern: checked; see `check_pattern`.
        ending: of all files, its dot included.
        count: how many there will be, for the width of {number}.
    """

    def __init__(self, pattern: str, ending: str, count: int) -> None:
        check_pattern(pattern)
        self._pattern = pattern
        self._ending = ending
        self._width = len(str(count))
        self._given: set[str] = set()
        self._asked = 0

    def name(self, node: NodeOutline, given_name: str = "") -> str:
        """The name of the next file.

        Args:
            node: what is written to it.
            given_name: by the person, "" for none.
        """
        self._asked += 1
        stem = safe_name(self._pattern.format_map(self._values(node, given_name)))
        name, number = f"{stem}{self._ending}", 1
        while name.lower() in self._given:  # some disks do not tell capitals apart
            number += 1
            name = f"{stem}-{number}{self._ending}"
        self._given.add(name.lower())
        return name

    def _values(self, node: NodeOutline, given_name: str) -> Mapping[str, str]:
        return {
            "id": node.id[:8],
            "formula": node.formula,
            "name": given_name or node.formula,
            "group": SpaceGroup(node.space_group).symbol,
            "round": str(node.round),
            "number": f"{self._asked:0{self._width}}",
        }


def safe_name(text: str) -> str:
    """A name that every file system takes: plain characters, no device, no leading dot, not too long."""
    name = _UNSAFE.sub("_", text)[:_LONGEST].strip(" .")
    return f"_{name}" if _RESERVED.fullmatch(name) or not name else name
