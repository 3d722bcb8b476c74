"""Where a message is written: whom it answers, limits and goals, the box, how it is drawn."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.buttons import AccentButton, action_button
from crystal_studio.ui.chat.chat_settings import ChatSettings
from crystal_studio.ui.chat.draw_options import DrawOptions
from crystal_studio.ui.chat.drawer import Drawer
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.goals_editor import GoalsEditor
from crystal_studio.ui.chat.mentions import ID_LENGTH, resolved, suggestions
from crystal_studio.ui.chat.message_box import MessageBox, Suggestion
from crystal_studio.ui.chat.plain_text import ToneLabel
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.rounds import Wish

_DRAFT_PAUSE_MS = 400


class Composer(QWidget):
    """Writes a message and hands it to the presenter.

    Signals:
        draft_changed: what is typed and not sent, soon after it changed; keep it, and give it back in `ChatSettings`.
        settings_changed: the `ChatSettings` were changed by hand.
    """

    draft_changed = Signal(str)
    settings_changed = Signal(object)

    def __init__(self, presenter: ChatPresenter, settings: ChatSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.box = MessageBox()
        self.box.suggest = self._suggest
        self.box.recall = presenter.recent_messages
        self.goals = GoalsEditor()
        self.options = DrawOptions(settings)
        self.options.hide()
        self._draft_pause = QTimer(self)
        self._draft_pause.setSingleShot(True)
        self._draft_pause.setInterval(_DRAFT_PAUSE_MS)
        self._draft_pause.timeout.connect(self._tell_draft)
        self._told = settings.draft
        self._lay_out()
        self._connect()
        self.box.setPlainText(settings.draft)
        self._show_target()
        self._show_options()

    @property
    def text(self) -> str:
        """What is typed."""
        return self.box.toPlainText()

    def put(self, text: str) -> None:
        """Replace what is typed, undoably, and go there."""
        self.box.put(text)
        self.box.setFocus()

    def offer(self, text: str) -> bool:
        """Put a text into the box if nothing is typed there; whether it was."""
        if self.text.strip():
            return False
        self.box.put(text)
        return True

    def say(self, message: str) -> None:
        """Show a message beneath the box, "" for none."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def offer_writer(self, problem: str) -> None:
        """Let the language model be chosen to write crystals, or say why it cannot ("" where it can)."""
        self.options.set_writer_problem(problem)
        self._show_options()

    def submit(self) -> None:
        """Send what is typed, or say beside the field what is missing."""
        problem = self.options.problem or self.goals.problem
        if problem:
            self._open_options(bool(self.options.problem) or not self.options.isHidden())
            self.say(problem)
            return
        text = self.text
        try:
            words, _ = resolved(text, self._presenter.state)
            if not words:
                raise UserCorrectable("The message is empty. Say what you want, or what to change.")
            self.goals.settle(words, self._answered())
            self._presenter.send(self._wish(text))
        except UserCorrectable as error:
            self.say(str(error))
            return
        self.say("")
        self.box.put("")
        self.goals.reset()
        self._tell_draft()

    def close_composer(self) -> None:
        """Tell the draft a last time and listen no more."""
        self._tell_draft()
        self._draft_pause.stop()
        self.goals.close_editor()
        self._presenter.target_changed.disconnect(self._show_target)

    def _wish(self, text: str) -> Wish:
        draft, options = self.goals.draft, self.options
        return Wish(
            text=text,
            strength=options.strength.value(),
            candidates=options.candidates.value(),
            seed=options.take_seed(),
            limits=draft.edited_limits,
            goals=draft.edited_goals,
            engine=options.engine.chosen,
        )

    def _lay_out(self) -> None:
        self.target_line = ToneLabel("", "muted")
        self.target_line.setAccessibleName("Whom the message answers")
        self.new_wish = action_button("New wish", self._switch_target, "Answer nobody: begin a tree of its own")
        self.message = ToneLabel("", "bad")
        self.message.hide()
        self.options_button = action_button("", self._toggle_options, "What draws, strength, candidates and seed")
        self.send_button = AccentButton("&Send")
        self.send_button.setDefault(True)
        self.send_button.setAccessibleName("Send the message")
        self.box.setToolTip(
            wording.plain_tooltip("Enter sends, Shift+Enter breaks the line, Up recalls, @ names a crystal.")
        )
        self.box.setPlaceholderText("Say what you want; @ names a crystal")
        head = QHBoxLayout()
        head.addWidget(self.target_line, 1)
        head.addWidget(self.new_wish)
        opened = FlowLayout(gap=2)
        for button in (self.goals.toggle, self.goals.back, self.options_button):
            opened.addWidget(button)
        foot = QHBoxLayout()
        foot.addLayout(opened, 1)
        foot.addWidget(self.send_button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        self.drawer = Drawer((self.goals.form, self.options))
        for widget in (self.box, self.message, self.goals, self.drawer):
            column.addWidget(widget)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.box.submitted.connect(self.submit)
        self.box.left.connect(self._presenter.forget_choice)
        self.box.textChanged.connect(self._typed)
        self.box.was_cut.connect(
            lambda left: self.say(f"The pasted text was too long; {left:,} characters of it were left out.")
        )
        self.send_button.clicked.connect(self.submit)
        self.options.changed.connect(self._options_changed)
        self.goals.form_toggled.connect(self.drawer.adapt)
        self._presenter.target_changed.connect(self._show_target)

    def _typed(self) -> None:
        if not self.message.isHidden():
            self.say("")
        self._show_target()
        self._draft_pause.start()

    def _tell_draft(self) -> None:
        if self.text != self._told:
            self._told = self.text
            self.draft_changed.emit(self.text)

    def _mentioned(self) -> str | None:
        try:
            return resolved(self.text, self._presenter.state)[1]
        except UserCorrectable:
            return None  # it may still be being typed; sending says what is wrong with it

    def _answered(self) -> Node | None:
        node_id = self._mentioned() or self._presenter.target.node
        return self._presenter.state.node(node_id) if node_id is not None else None

    def _show_target(self) -> None:
        target, node = self._presenter.target, self._answered()
        name = f"{wording.subscripted(node.crystal.formula)}, round {node.round}" if node else ""
        if target.edited is not None and not self._mentioned():
            words = "rewrites a message" + (f" to {name}" if name else "") + "; the first answer is kept"
        else:
            words = f"answers {name}" if node else "a new wish"
        self.target_line.setText(words)
        current = self._presenter.state.current
        self.new_wish.setVisible(target.is_chosen or current is not None)
        back = f"Back to {wording.subscripted(current.crystal.formula)}" if current else "Leave it"
        self.new_wish.setText(wording.button_text(back if target.is_chosen else "New wish"))
        self.options.set_has_parent(node is not None)
        self.goals.listen_to(self.text, node)

    def _switch_target(self) -> None:
        if self._presenter.target.is_chosen:
            self._presenter.forget_choice()
        else:
            self._presenter.begin_new_wish()
        self.box.setFocus()

    def _toggle_options(self) -> None:
        self._open_options(self.options.isHidden())

    def _open_options(self, is_open: bool) -> None:
        self.options.setVisible(is_open)
        self.drawer.adapt()
        self._show_options()

    def _options_changed(self) -> None:
        self._show_options()
        self.settings_changed.emit(self.options.settings())

    def _show_options(self) -> None:
        arrow = "▸" if self.options.isHidden() else "▾"
        self.options_button.setText(f"{self.options.summary} {arrow}")

    def _suggest(self, typed: str) -> list[Suggestion]:
        state = self._presenter.state
        found = suggestions(typed, state)
        return [
            (
                f"@{one.id[:ID_LENGTH]}",
                " · ".join(
                    part
                    for part in (
                        wording.subscripted(one.formula),
                        wording.shortened(state.mark(one.id).name, 40),
                        f"round {one.round}",
                        one.id[:ID_LENGTH],
                    )
                    if part
                ),
            )
            for one in found
        ]
