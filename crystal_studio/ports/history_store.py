"""Where nodes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame


class HistoryStore(Protocol):
    """One project file."""

    def commit(self, node: Node, frames: Sequence[Frame] = ()) -> None:
        """Store a node with its candidates, and how its crystal was denoised, in one transaction.

        It is durable when this returns.

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

    def outlines(self) -> list[NodeOutline]:
        """All nodes in one line each, in order of creation, with one query."""

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised, in order; empty where that was not kept."""

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node; the node itself never changes.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: as `commit`.
        """

    def marks(self) -> dict[str, Mark]:
        """Node id -> mark, for the nodes that have one."""

    def close(self) -> None:
        """Checkpoint and close."""
