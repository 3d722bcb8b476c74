"""What the docks about one crystal have in common: an empty state, work only while visible, a line of news."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.panels.inspection import Inspection
from crystal_studio.ui.panels.spread import Spread


class InspectionPanel(QWidget):
    """A dock that looks up nothing while it is hidden.

    Subclasses set `title`, `object_name` and `help_text`, call `lay_out`, say in `has_subject` whether there is
    something to show, and show it in `refresh`.
    """

    title = ""
    object_name = ""
    help_text = ""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.object_name)
        self.setAccessibleName(self.title)
        self.empty = EmptyHint(self.help_text)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        # One refresh for a burst of changes, and none from inside a virtual override.
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh_if_visible)

    def showEvent(self, event: QShowEvent) -> None:
        """Look up what changed while the panel was hidden."""
        super().showEvent(event)
        self._due.start()

    def lay_out(self, parts: Sequence[QWidget], large: QWidget) -> Spread:
        """Arrange the parts of the panel, one of which takes the room that is left."""
        spread = Spread(parts, large)
        self._stack.addWidget(spread)
        return spread

    def has_subject(self) -> bool:
        """Whether there is something to show."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show the subject; called while visible only."""
        raise NotImplementedError

    def close_panel(self) -> None:
        """Listen no longer."""
        self._due.stop()

    def _changed(self, *_: object) -> None:
        self._due.start()

    def _refresh_if_visible(self) -> None:
        if not self.isVisible():
            return
        present = self.has_subject()
        self._stack.setCurrentIndex(1 if present else 0)
        if present:
            self.refresh()


class NewsLine(QWidget):
    """One line under a panel: busy, failed with a way to try again, or nothing.

    Signals:
        retried: the person wants the question asked again.
    """

    retried = Signal()

    def __init__(self, busy_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._busy_text = busy_text
        self.label = plain_label("")
        self.retry = QPushButton("Try &again")
        self.retry.clicked.connect(self.retried)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(self.retry)
        theme.switch.changed.connect(self._recolour)
        self._say("", failed=False)

    def follow(self, inspection: Inspection) -> None:
        """Show how a question fares."""
        inspection.busy_changed.connect(self.busy)
        inspection.failed.connect(self.fail)

    def busy(self, is_busy: bool) -> None:
        """Say that an answer is awaited, or nothing."""
        self._say(self._busy_text if is_busy else "", failed=False)

    def fail(self, sentence: str) -> None:
        """Say what went wrong, and offer to try again."""
        self._say(sentence, failed=True)

    def tell(self, sentence: str, failed: bool = False) -> None:
        """Say something that needs no second try."""
        self._say(sentence, failed)
        self.retry.hide()

    def _say(self, text: str, failed: bool) -> None:
        self._failed = failed
        self.label.setText(text)
        self.retry.setVisible(failed)
        self.setVisible(bool(text))
        self._recolour()

    def _recolour(self, *_: object) -> None:
        colours = theme.current()
        self.label.setStyleSheet(f"color: {colours.bad if self._failed else colours.muted};")


def plain_label(text: str, selectable: bool = False) -> QLabel:
    """A wrapping label that shows its text as it is, never as markup."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(True)
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return label
