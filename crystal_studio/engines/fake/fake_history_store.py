"""A history in memory."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.script import Script


class FakeHistoryStore:
    """Keeps nodes in a dictionary.

    Attributes:
        script: True to commit as usual, exceptions or stalls, one for each call of `commit`.
    """

    def __init__(self) -> None:
        self.script: Script[bool] = Script()
        self._nodes: dict[str, Node] = {}
        self._frames: dict[str, tuple[Frame, ...]] = {}
        self._marks: dict[str, Mark] = {}
        self._open = True

    def commit(self, node: Node, frames: Sequence[Frame] = ()) -> None:
        """Keep a node and how its crystal was denoised.

        Raises:
            ProjectUnavailable: the store is closed.
            UserCorrectable: the parent is not in this project.
        """
        self.script.play()
        if not self._open:
            raise ProjectUnavailable("The project is closed. Open it again.")
        if node.parent is not None and node.parent not in self._nodes:
            raise UserCorrectable(f"There is no parent '{node.parent}' in this project. Commit it first.")
        self._nodes[node.id] = node
        self._frames[node.id] = tuple(frames)

    def node(self, node_id: str) -> Node:
        """Find a node by its id or an unambiguous beginning of it.

        Raises:
            UserCorrectable: no such node, or several.
        """
        found = [node for name, node in self._nodes.items() if name.startswith(node_id)]
        if len(found) != 1:
            many = "several nodes begin" if found else "no node begins"
            raise UserCorrectable(f"In this project {many} with '{node_id[:40]}'. Give more of an id that it lists.")
        return found[0]

    def nodes(self) -> list[Node]:
        """All nodes in order of creation."""
        return list(self._nodes.values())

    def outlines(self) -> list[NodeOutline]:
        """All nodes in one line each."""
        return [NodeOutline.of(node) for node in self._nodes.values()]

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        if node_id not in self._nodes:
            raise UserCorrectable(f"There is no node '{node_id[:40]}' in this project. Name one that it lists.")
        return self._nodes[node_id].crystal

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised; empty where that was not kept."""
        return self._frames.get(node_id, ())

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: the store is closed.
        """
        if not self._open:
            raise ProjectUnavailable("The project is closed. Open it again.")
        self._marks[self.node(node_id).id] = mark

    def marks(self) -> dict[str, Mark]:
        """Node id -> mark, for the nodes that have one."""
        return dict(self._marks)

    def close(self) -> None:
        """Refuse later commits."""
        self._open = False
