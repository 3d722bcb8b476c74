"""How nodes come to be compared: one window of comparison for each main window, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.session_state import SessionState

if TYPE_CHECKING:
    from crystal_studio.ui.compare.compare_window import CompareWindow

MOST = 4


class Comparing(QObject):
    """Opens the comparison and gathers nodes for it."""

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        say: Callable[[str], None],
        complain: Callable[[str], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._state, self._jobs, self._parent = state, jobs, parent
        self._say, self._complain = say, complain
        self._gathered: list[str] = []
        self.window: CompareWindow | None = None

    def compare(self, node_ids: list[str]) -> None:
        """Show two to four nodes side by side; a single one is compared with its parent.

        Raises:
            UserCorrectable: there are too few or too many, or one does not exist.
        """
        if len(node_ids) == 1:
            self.with_parent(node_ids[0])
            return
        if not 2 <= len(node_ids) <= MOST:
            raise UserCorrectable(f"Choose two to four nodes to compare; {len(node_ids)} are chosen.")
        window = self._opened()
        window.compare(node_ids)
        window.show()
        window.raise_()
        window.activateWindow()
        self._gathered.clear()

    def with_parent(self, node_id: str | None = None) -> None:
        """Compare a node, or the one that is shown, with the one that it answers.

        Raises:
            UserCorrectable: it answers none.
        """
        node = self._shown() if node_id is None else self._state.node(node_id)
        if node.parent is None:
            raise UserCorrectable("This node answers no other: there is no parent to compare it with.")
        self.compare([node.parent, node.id])

    def add(self, node_id: str | None = None) -> None:
        """Take a node, or the one that is shown, into the comparison; the second one opens it.

        Raises:
            UserCorrectable: no node is shown, or four are compared already.
        """
        node = self._shown() if node_id is None else self._state.node(node_id)
        present = list(self.window.node_ids) if self.window is not None else self._gathered
        if node.id in present and len(present) > 1:
            self.compare(present)
            return
        wanted = list(dict.fromkeys([*present, node.id]))
        if len(wanted) == 1:
            self._gathered = wanted
            self._say(f"{formula_text(node.crystal.formula)} is kept for a comparison: show another node and add it.")
        else:
            self.compare(wanted)

    def choose(self) -> None:
        """Ask which node the one that is shown is to be compared with.

        Raises:
            UserCorrectable: no node is shown.
        """
        self._choose_beside([self._shown().id], self._parent)

    def choose_more(self) -> None:
        """Ask for a further node of the comparison.

        Raises:
            UserCorrectable: four are compared already.
        """
        if self.window is not None:
            self._choose_beside(list(self.window.node_ids), self.window)

    def close_comparison(self) -> None:
        """Close the window of the comparison, if it is open."""
        if self.window is not None:
            self.window.close()

    def _choose_beside(self, present: list[str], over: QWidget) -> None:
        from crystal_studio.ui.compare.node_chooser import NodeChooser

        if len(present) >= MOST:
            raise UserCorrectable(f"At most {MOST} nodes are compared at a time: take one out first.")
        chooser = NodeChooser(self._state, "Compare with …", present, over)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.chosen.connect(lambda node_id: self._attempt(lambda: self.compare([*present, node_id])))
        chooser.open()

    def _shown(self) -> Node:
        if self._state.current is None:
            raise UserCorrectable("Show a node first.")
        return self._state.current

    def _opened(self) -> CompareWindow:
        if self.window is None:
            from crystal_studio.ui.compare.compare_window import CompareWindow

            self.window = CompareWindow(self._state, self._jobs, self._parent)
            self.window.node_asked.connect(lambda node_id: self._attempt(lambda: self._show(node_id)))
            self.window.add_asked.connect(lambda: self._attempt(self.choose_more))
            self.window.closed.connect(self._forget)
        return self.window

    def _show(self, node_id: str) -> None:
        self._state.set_current(node_id)
        self._parent.raise_()
        self._parent.activateWindow()

    def _forget(self) -> None:
        self.window = None

    def _attempt(self, does: Callable[[], None]) -> None:
        try:
            does()
        except StudioError as error:
            self._complain(str(error))
