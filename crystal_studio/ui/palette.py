"""The command palette: type a part of an action or of a node, press Enter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.actions import ActionSet, plain_text
from crystal_studio.ui.session_state import SessionState

NODES_OFFERED = 200
NODES_FOUND = 20
_WORD_START_BONUS = 3
_RUN_BONUS = 2
_MESSAGE_SHOWN = 60
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}


@dataclass(frozen=True)
class Entry:
    """One line of the palette.

    Attributes:
        title: what is searched and shown.
        hint: key, shown after it.
        run: what Enter does.
    """

    title: str
    hint: str
    run: Callable[[], None]


def likeness(typed: str, title: str) -> int | None:
    """How well a title fits what was typed, higher is better; None where its letters do not occur in order.

    Letters at the start of a word and letters that follow each other count for more.
    """
    wanted, text = "".join(typed.lower().split()), title.lower()
    score, at, before = 0, 0, -2
    for letter in wanted:
        found = text.find(letter, at)
        if found < 0:
            return None
        starts_word = found == 0 or not text[found - 1].isalnum()
        score += 1 + _WORD_START_BONUS * starts_word + _RUN_BONUS * (found == before + 1)
        before, at = found, found + 1
    return score


def best(entries: Iterable[Entry], typed: str) -> list[Entry]:
    """The entries that fit, best first; those that fit equally well in the order given."""
    scored = [(likeness(typed, entry.title), entry) for entry in entries]
    fitting = [(score, entry) for score, entry in scored if score is not None]
    return [entry for _, entry in sorted(fitting, key=lambda one: -one[0])]


def action_entries(actions: ActionSet) -> list[Entry]:
    """The actions that can be taken now."""
    enabled = [one for one in actions.table if one.id != "palette.open" and actions[one.id].isEnabled()]
    return [
        Entry(
            f"{plain_text(one.menu)}: {plain_text(one.text)}",
            actions[one.id].shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            actions[one.id].trigger,
        )
        for one in enabled
    ]


def node_entries(state: SessionState, words: str = "") -> list[Entry]:
    """The newest nodes, or the newest of those that tell of words, newest first."""

    def entry(outline: NodeOutline) -> Entry:
        name = state.mark(outline.id).name
        shown = f"{name} ({outline.formula})" if name else outline.formula
        message = " ".join(outline.message.split())[:_MESSAGE_SHOWN]
        title = f"Node {outline.id[:8]} {shown}" + (f", {message}" if message else "")
        return Entry(title, f"round {outline.round}", lambda: state.set_current(outline.id))

    found = state.search(NodeQuery(words=words, is_descending=True), 0, NODES_FOUND if words else NODES_OFFERED)
    state.read_ahead([one.id for one in found])
    return [entry(outline) for outline in found]


class Palette(QDialog):
    """A line to type in over a list.

    Args:
        entries: what is offered at once.
        parent: the window.
        find: more that fits what was typed, listed below.
    """

    def __init__(
        self, entries: list[Entry], parent: QWidget, find: Callable[[str], list[Entry]] = lambda _typed: []
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setAccessibleName("Find an action or node")
        self._entries = entries
        self._find = find
        self._shown: list[Entry] = []
        self.line = QLineEdit(self, placeholderText="An action, a formula, a message …", clearButtonEnabled=True)
        self.line.setAccessibleName("What to find")
        self.list = QListWidget(self, uniformItemSizes=True)
        self.list.setAccessibleName("What was found")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.nothing = QLabel("Nothing fits. Type fewer letters.", self, textFormat=Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        for widget in (self.line, self.list, self.nothing):
            layout.addWidget(widget)
        self.line.installEventFilter(self)
        self.line.textChanged.connect(self._filter)
        self.line.returnPressed.connect(self._run)
        self.list.itemActivated.connect(lambda _item: self._run())
        self.list.itemClicked.connect(lambda _item: self._run())
        self._filter("")

    def titles(self) -> list[str]:
        """What is listed now."""
        return [entry.title for entry in self._shown]

    def show_over(self, window: QWidget) -> None:
        """Open in the upper middle of a window."""
        width = min(window.width() - 40, self.fontMetrics().averageCharWidth() * 84)
        height = min(window.height() // 2, self.fontMetrics().height() * 18)
        self.resize(width, height)
        self.move(window.mapToGlobal(QPoint((window.width() - width) // 2, window.height() // 8)))
        self.show()
        self.line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys in the line move through the list."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None and self._shown:
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        self._shown = best(self._entries, typed)
        if typed.strip():
            titles = set(self.titles())
            self._shown += [one for one in self._find(typed) if one.title not in titles]
        self.list.clear()
        for entry in self._shown:
            item = QListWidgetItem(entry.title + (f"    {entry.hint}" if entry.hint else ""))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(self._shown))
        self.nothing.setVisible(not self._shown)

    def _run(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._shown):
            entry = self._shown[row]
            self.close()
            entry.run()
