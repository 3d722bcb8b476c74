"""A history in memory."""

from __future__ import annotations

from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.engines.fake.script import Script


class FakeHistoryStore:
    """Keeps nodes in a dictionary.

    Attributes:
        script: True to commit as usual, exceptions or stalls, one for each call of `commit`.
    """

    def __init__(self) -> None:
        self.script: Script[bool] = Script()
        self._nodes: dict[str, Node] = {}
        self._open = True

    def commit(self, node: Node) -> None:
        """Keep a node.

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

    def close(self) -> None:
        """Refuse later commits."""
        self._open = False
