"""Hiding a node with all below it, after asking."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from crystal_studio.ui.session_state import SessionState


def question(num_below: int) -> str:
    """What is asked before nodes are hidden."""
    if num_below == 0:
        return "Hide this node? Undo brings it back."
    nodes = "node" if num_below == 1 else "nodes"
    return f"Hide this node and {num_below:,} {nodes} below it? Undo brings them back."


def ask_to_hide(
    state: SessionState, node_id: str, parent: QWidget, do: Callable[[Callable[[], object]], None]
) -> QMessageBox:
    """Ask, with the number of nodes; `do` runs what was agreed to and says what stands against it.

    Raises:
        StudioError: the project cannot be read.
    """
    nodes = state.visible(state.subtree(node_id))
    box = QMessageBox(parent)
    box.setObjectName("hide_nodes")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(question(len(nodes) - 1))
    hide = box.addButton("&Hide", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(hide)
    box.accepted.connect(lambda: do(lambda: state.hide(nodes)))
    box.open()
    return box
