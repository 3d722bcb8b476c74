"""Where nodes are kept."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.history import Node


class HistoryStore(Protocol):
    """One project file."""

    def commit(self, node: Node) -> None:
        """Store a node with its candidates in one transaction; durable when it returns.

        Raises:
            ProjectUnavailable: the disk is full or read-only; nothing was stored.
        """

    def node(self, node_id: str) -> Node:
        """Load a whole node by id or by an unambiguous prefix of it.

        Raises:
            UserCorrectable: no such node, or several.
        """

    def nodes(self) -> list[Node]:
        """All nodes in order of creation, without their candidates' crystals being shared."""

    def close(self) -> None:
        """Checkpoint and close."""
