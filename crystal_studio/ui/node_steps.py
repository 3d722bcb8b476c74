"""Going through the tree by keys: parent, answer, siblings, root."""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.ui.session_state import SessionState


class NodeSteps:
    """Moves the current node; where there is nowhere to go, nothing happens."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    def parent(self) -> None:
        """To the node that the current one answers."""
        current = self._state.current
        if current is not None and current.parent is not None:
            self._state.set_current(current.parent)

    def child(self) -> None:
        """To the newest answer of the current node."""
        current = self._state.current
        answer = self._state.newest_answer(current.id) if current is not None else None
        if answer is not None:
            self._state.set_current(answer)

    def root(self) -> None:
        """To the first node of the branch."""
        current = self._state.current
        if current is not None:
            self._state.set_current(self._state.way(current.id)[0][0])

    def sibling(self, step: int) -> None:
        """To a node with the same parent, `step` places on."""
        current = self._state.current
        sibling = self._state.sibling(current.id, step) if current is not None else None
        if sibling is not None:
            self._state.set_current(sibling)

    def toggle_star(self) -> None:
        """Mark the current node as a favourite, or unmark it.

        Raises:
            ProjectUnavailable: the project cannot be written to.
        """
        current = self._state.current
        if current is not None:
            mark = self._state.mark(current.id)
            self._state.set_mark(current.id, replace(mark, starred=not mark.starred))
