"""How a design tree is laid out in rows: a line of answers stays on one level, only branches are nested.

A conversation is mostly a long chain, and a chain that moves to the right with every round leaves a narrow dock soon.
So the first answer of a node follows it on the same level (a run), and every further answer begins a run one level
deeper, under the node that it branches from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Ancestry(Protocol):
    """What is asked of the session."""

    def children(self, node_id: str | None) -> list[str]:
        """Ids of the nodes that answer a node (roots for None), in order of creation."""


class Runs:
    """The rows of one level: the runs that begin at one node, or at the roots.

    Attributes:
        ids: node ids in order of their rows.
        heads: ids of the nodes that begin a run.
    """

    def __init__(self, heads: Sequence[str], tree: Ancestry) -> None:
        self.ids: list[str] = []
        self.heads: set[str] = set()
        self._row: dict[str, int] = {}
        for head in heads:
            self.heads.add(head)
            self._append_run(head, tree)

    def row(self, node_id: str) -> int:
        """The row of a node of this level."""
        return self._row[node_id]

    def continues(self, row: int) -> bool:
        """Whether the run of a row goes on in the next one."""
        return row + 1 < len(self.ids) and self.ids[row + 1] not in self.heads

    def another_head_after(self, row: int) -> bool:
        """Whether a further run begins below a row."""
        return any(self._row[head] > row for head in self.heads)

    def insert(self, row: int, node_id: str, is_head: bool) -> None:
        """Put a node into a row."""
        self.ids.insert(row, node_id)
        if is_head:
            self.heads.add(node_id)
        for index in range(row, len(self.ids)):
            self._row[self.ids[index]] = index

    def _append_run(self, head: str, tree: Ancestry) -> None:
        run = [head]
        while answers := tree.children(run[-1]):
            run.append(answers[0])
        for node_id in run:
            self._row[node_id] = len(self.ids)
            self.ids.append(node_id)
