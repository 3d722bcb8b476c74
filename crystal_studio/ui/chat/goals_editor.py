"""Limits and goals beside the message box: chips for what is in force, a form to change it."""

from __future__ import annotations

from importlib import import_module

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.buttons import action_button
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.hearing import MODULES, MOST_CHARACTERS, hear
from crystal_studio.ui.chat.limits_draft import Chip, LimitsDraft
from crystal_studio.ui.chat.limits_form import LimitsForm
from crystal_studio.ui.chat.plain_text import ToneLabel

_PAUSE_MS = 300
_HINT_LENGTH = 90
_FIRST_IMPORT_MS = 1500  # when the window is painted and usable
_IMPORT_PAUSE_MS = 60


class GoalsEditor(QWidget):
    """Filled from what is typed and from what the answered node carries on; a change by hand stays until it is sent.

    Signals:
        changed: limits or goals in force are others.
        form_toggled: the form was opened or closed.

    Attributes:
        form, toggle, back: the form, and the buttons that open it and drop what was changed by hand; they are laid
            out by whoever uses the editor.
    """

    changed = Signal()
    form_toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.draft = LimitsDraft()
        self._text = ""
        self._parent_node: Node | None = None
        self._chips: list[Chip] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.listen_now)
        self.form = LimitsForm(self.draft)
        self.form.hide()
        self.form.changed.connect(self._edited)
        self.hint = ToneLabel("", "muted")
        self.hint.hide()
        self.message = ToneLabel("", "bad")
        self.message.hide()
        self._modules = list(MODULES)
        self._import_timer = QTimer(self)
        self._import_timer.setInterval(_IMPORT_PAUSE_MS)
        self._import_timer.timeout.connect(self._import_next)
        self._import_timer.start(_FIRST_IMPORT_MS)
        self._lay_out()
        self._show_chips()

    @property
    def problem(self) -> str:
        """What has to be mended before anything can be sent, "" for nothing."""
        return self.form.problem or (self.draft.problem() if self.draft.is_edited else "")

    def listen_to(self, text: str, parent: Node | None) -> None:
        """Understand a text soon: when typing rests, at once when another node is answered."""
        is_other = parent is not self._parent_node
        self._text, self._parent_node = text, parent
        if not is_other:
            self._pause.start()
        elif text or parent is not None or self.draft.chips():
            self._pause.start(0)

    def listen_now(self, most_characters: int = MOST_CHARACTERS) -> None:
        """Understand the text as it stands."""
        self._pause.stop()
        heard = hear(self._text, self._parent_node, most_characters)
        self.draft.hear(heard)
        self.hint.setText(wording.shortened(heard.hint, _HINT_LENGTH))
        self.hint.setToolTip(wording.plain_tooltip(heard.hint))
        self.hint.setVisible(bool(heard.hint))
        self._refresh()

    def settle(self, text: str, parent: Node | None) -> None:
        """Understand the whole of a text that is about to be sent, where a change by hand must join what it says."""
        if self.draft.is_edited:
            self._text, self._parent_node = text, parent
            self.listen_now(len(text))

    def reset(self) -> None:
        """Drop what was changed by hand, as after sending."""
        self.draft.forget_edits()
        self._refresh()

    def close_editor(self) -> None:
        """Listen no more."""
        self._pause.stop()
        self._import_timer.stop()

    def _import_next(self) -> None:
        """Import what hears before it is needed, one module a turn."""
        if self._modules:
            import_module(self._modules.pop(0))
            self._import_timer.start(_IMPORT_PAUSE_MS)
        else:
            self._import_timer.stop()

    def _lay_out(self) -> None:
        self.toggle = action_button("Limits and goals ▸", self.toggle_form, "Show or hide the form of limits and goals")
        self.back = action_button("As heard", self.reset, "Drop what was changed by hand")
        self._row = QWidget()
        self._flow = FlowLayout(self._row, gap=4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._row)
        for widget in (self.message, self.hint):
            column.addWidget(widget)

    def toggle_form(self) -> None:
        """Open or close the form."""
        is_open = self.form.isHidden()
        self.form.setVisible(is_open)
        self.form_toggled.emit()
        self.toggle.setText("Limits and goals ▾" if is_open else "Limits and goals ▸")
        if is_open:
            self.form.refresh()
            self.form.required.setFocus()

    def _edited(self) -> None:
        self._show_chips()
        self._show_problem()
        self.changed.emit()

    def _refresh(self) -> None:
        if not self.form.isHidden():
            self.form.refresh()
        self._edited()

    def _remove(self, key: str) -> None:
        self.draft.remove(key)
        self._refresh()

    def _show_problem(self) -> None:
        problem = self.draft.problem() if self.draft.is_edited else ""
        self.message.setText(problem)
        self.message.setVisible(bool(problem))
        self.back.setVisible(self.draft.is_edited)

    def _show_chips(self) -> None:
        chips = self.draft.chips()
        self.back.setVisible(self.draft.is_edited)
        if chips == self._chips:
            return
        self._chips = chips
        while self._flow.count():
            self._flow.takeAt(0).widget().deleteLater()
        for chip in chips:
            self._flow.addWidget(self._chip(chip))
        self._row.setVisible(bool(chips))
        self._row.updateGeometry()

    def _chip(self, chip: Chip) -> QToolButton:
        mark = "✎ " if chip.is_edited else ""
        button = action_button(
            f"{mark}{chip.text}  ×",
            lambda: self._remove(chip.key),
            f"Remove: {chip.whole}",
            "accent" if chip.is_edited else "text",
        )
        button.setAutoRaise(False)
        button.setAccessibleName(f"Remove the limit or goal: {wording.shortened(chip.text, 200)}")
        return button
