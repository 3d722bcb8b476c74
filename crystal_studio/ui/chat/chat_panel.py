"""The chat: the branch as a conversation, jobs under way, and the box to write in."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from crystal_studio.ui.chat.chat_settings import ChatSettings
from crystal_studio.ui.chat.composer import Composer
from crystal_studio.ui.chat.conversation import Conversation
from crystal_studio.ui.chat.job_list import JobList
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.welcome import Welcome
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

_NEAR_END = 60  # pixels from the end within which the view keeps to the end


class ChatPanel(QWidget):
    """The conversation of one project.

    Signals:
        frames_arrived: tuple of `Frame` of the job that the person waits for, for the viewer.
        draft_changed: what is typed and not sent; keep it with the project and give it back in `ChatSettings`.
        settings_changed: the `ChatSettings` were changed by hand.
        compare_asked: list with the id of a node that is to be seen beside the one that it answers.
    """

    title = "Chat"
    object_name = "chat"

    frames_arrived = Signal(tuple)
    draft_changed = Signal(str)
    settings_changed = Signal(object)
    compare_asked = Signal(list)

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        settings: ChatSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(self.object_name)
        self.presenter = ChatPresenter(state, jobs, self)
        self.welcome = Welcome()
        self.conversation = Conversation(self.presenter)
        self.jobs = JobList(self.presenter)
        self.composer = Composer(self.presenter, settings or ChatSettings())
        self._keeps_to_end = True
        self._shown: str | None = None
        self._length = 0
        self._read: tuple[str, int] | None = None
        self._is_moving = False
        self._hold = QTimer(self, singleShot=True, interval=0)
        self._hold.timeout.connect(self._keep_place)
        self._lay_out()
        self._connect()
        self._refresh()

    def focus_message(self) -> None:
        """Go to the box."""
        self.composer.box.setFocus()

    def use_settings(self, settings: ChatSettings) -> None:
        """Let the next message begin with these, as the person has chosen elsewhere."""
        self.composer.options.use(settings)

    def offer_writer(self, problem: str) -> None:
        """Let the language model be chosen to write crystals, or say why it cannot ("" where it can)."""
        self.composer.offer_writer(problem)

    def close_panel(self) -> None:
        """Tell the draft a last time and listen no more."""
        self.composer.close_composer()
        self.conversation.close_conversation()
        self.jobs.close_list()
        self.presenter.close()

    def _lay_out(self) -> None:
        self._content = QWidget()
        column = QVBoxLayout(self._content)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        column.addWidget(self.welcome, 20)
        column.addWidget(self.conversation)
        column.addWidget(self.jobs)
        column.addStretch(1)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(self._content)
        self.scroll.setAccessibleName("Conversation")
        self.scroll.setMinimumHeight(self.fontMetrics().height() * 8)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.scroll, 1)
        whole.addWidget(self.composer)

    def _connect(self) -> None:
        presenter = self.presenter
        presenter.conversation_changed.connect(self._refresh)
        presenter.job_changed.connect(self._refresh_job)
        presenter.text_returned.connect(self.composer.offer)
        presenter.refused.connect(self.composer.say)
        presenter.frames_arrived.connect(self.frames_arrived)
        self.composer.draft_changed.connect(self.draft_changed)
        self.composer.settings_changed.connect(self.settings_changed)
        self.welcome.chosen.connect(self._send_example)
        self.conversation.edit_asked.connect(self._edit)
        self.conversation.branch_asked.connect(self._branch)
        self.conversation.compare_asked.connect(lambda node_id: self.compare_asked.emit([node_id]))
        bar = self.scroll.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._range_changed)

    def _refresh(self) -> None:
        self.conversation.refresh()
        self._show_welcome()
        current = self.presenter.state.current
        shown = current.id if current is not None else None
        if shown != self._shown:  # a star, or an answer on another branch, moves nothing
            self._shown = shown
            self._go_to_end()

    def _refresh_job(self, job_id: str) -> None:
        is_new = job_id not in self.jobs.views
        self.jobs.refresh_job(job_id)
        if is_new and job_id in self.jobs.views:
            self._go_to_end()
        self._show_welcome()

    def _show_welcome(self) -> None:
        is_empty = self.presenter.state.current is None and not self.presenter.jobs()
        self.welcome.setVisible(is_empty)

    def _send_example(self, text: str) -> None:
        self.composer.put(text)
        self.composer.submit()

    def _edit(self, node_id: str) -> None:
        self.composer.put(self.presenter.edit(node_id))

    def _branch(self, node_id: str) -> None:
        self.presenter.attempt(self.presenter.answer, node_id)
        self.focus_message()

    def _scrolled(self, value: int) -> None:
        if self._is_moving:
            return
        self._keeps_to_end = value >= self.scroll.verticalScrollBar().maximum() - _NEAR_END
        self._read = self._topmost()

    def _range_changed(self, _least: int, most: int) -> None:
        grown, self._length = most - self._length, most
        bar = self.scroll.verticalScrollBar()
        if self._keeps_to_end:
            bar.setValue(most)
        elif self.conversation.is_growing:
            self._move_by(grown)  # most of it grows above what is being read; the rest is mended when it is laid out
            self._hold.start()

    def _topmost(self) -> tuple[str, int] | None:
        """Id of the first round that is seen, and how far below the upper edge it begins, in pixels."""
        for node_id in self.conversation.in_order():
            view = self.conversation.views[node_id]
            top = self._top(node_id)
            if top + view.height() > 0:
                return node_id, top
        return None

    def _top(self, node_id: str) -> int:
        return self.conversation.views[node_id].mapTo(self.scroll.viewport(), QPoint(0, 0)).y()

    def _keep_place(self) -> None:
        """Put the round that is being read back where it was."""
        if self._read is not None and not self._keeps_to_end and self._read[0] in self.conversation.views:
            self._move_by(self._top(self._read[0]) - self._read[1])

    def _move_by(self, pixels: int) -> None:
        bar = self.scroll.verticalScrollBar()
        self._is_moving = True
        bar.setValue(bar.value() + pixels)
        self._is_moving = False

    def _go_to_end(self) -> None:
        self._keeps_to_end = self.welcome.isHidden()
        QTimer.singleShot(0, self, self._to_end)

    def _to_end(self) -> None:
        if not self._keeps_to_end:
            return
        bar = self.scroll.verticalScrollBar()
        bar.setValue(bar.maximum())
