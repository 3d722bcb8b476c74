"""What was changed in a project, so that it can be undone and done again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OperationKind(StrEnum):
    """What an operation changed."""

    ADD_NODES = "add nodes"
    MARK = "name, star or note"
    HIDE = "hide"
    UNHIDE = "unhide"
    SAVE_SEARCH = "save a search"
    DROP_SEARCH = "drop a search"


@dataclass(frozen=True)
class Operation:
    """One change; undoing it is a change of its own kind, so that nothing is ever lost.

    Attributes:
        ordinal: its number in the project, in order.
        kind: what it changed.
        title: one line for a menu, such as "hide 12 nodes".
        nodes: ids of the nodes that changed.
        is_undone: whether it is undone at present.
        created: ISO 8601, UTC.
        is_superseded: whether something new was done since it was undone, so that it cannot be redone.
    """

    ordinal: int
    kind: OperationKind
    title: str
    nodes: tuple[str, ...]
    is_undone: bool
    created: str
    is_superseded: bool = False
