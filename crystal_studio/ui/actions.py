"""The table of actions as Qt's actions: menus, toolbar, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.action_table import ACTIONS, Action, Situation


def refuse_duplicates(table: Iterable[Action]) -> None:
    """Check the table at start-up.

    Raises:
        ValueError: two actions have one id or one key, or a key is none.
    """
    ids: set[str] = set()
    keys: dict[str, str] = {}
    for action in table:
        if action.id in ids:
            raise ValueError(f"two actions are called {action.id}")
        ids.add(action.id)
        if not action.shortcut:
            continue
        key = QKeySequence(action.shortcut, QKeySequence.SequenceFormat.PortableText).toString()
        if not key:
            raise ValueError(f"{action.id}: '{action.shortcut}' is no key")
        if key in keys:
            raise ValueError(f"{key} is the key of both {keys[key]} and {action.id}")
        keys[key] = action.id


def plain_text(text: str) -> str:
    """A menu text without its mnemonic and dots."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").removesuffix("…")


class ActionSet(QObject):
    """The table as Qt's actions.

    Raises:
        ValueError: the table has duplicates, or an action without something to do or the other way round.
    """

    def __init__(
        self, window: QWidget, slots: Mapping[str, Callable[[], None]], table: Iterable[Action] = ACTIONS
    ) -> None:
        super().__init__(window)
        self.table = tuple(table)
        refuse_duplicates(self.table)
        if slots.keys() != {action.id for action in self.table}:
            raise ValueError(f"not both named and done: {sorted(slots.keys() ^ {action.id for action in self.table})}")
        self._icons: dict[str, str] = {}
        self._actions = {action.id: self._made(window, action, slots[action.id]) for action in self.table}
        self._situation = Situation()
        self.update_for(self._situation)
        theme.switch.changed.connect(self._recolour)

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    @property
    def situation(self) -> Situation:
        """What the actions are enabled for."""
        return self._situation

    def update_for(self, situation: Situation) -> None:
        """Enable what can be done now."""
        self._situation = situation
        for action in self.table:
            self._actions[action.id].setEnabled(situation.allows(action.when))

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """One menu for each title of the table, in its order."""
        menus: dict[str, QMenu] = {}
        for action in self.table:
            if action.menu not in menus:
                menus[action.menu] = bar.addMenu(action.menu)
                menus[action.menu].setToolTipsVisible(True)
            elif action.opens_group:
                menus[action.menu].addSeparator()
            menus[action.menu].addAction(self._actions[action.id])
        return menus

    def fill_toolbar(self, bar: QToolBar) -> None:
        """Buttons, with a gap between the menus they are from."""
        before = ""
        for action in self.table:
            if not action.on_toolbar:
                continue
            if before and action.menu != before:
                bar.addSeparator()
            before = action.menu
            bar.addAction(self._actions[action.id])

    def show_icons(self) -> None:
        """Load the icon font; it takes a while, so it is done after the first paint."""
        self._icons = {action.id: f"fa6s.{action.icon}" for action in self.table if action.icon}
        self._recolour()

    def _made(self, window: QWidget, action: Action, slot: Callable[[], None]) -> QAction:
        made = QAction(action.text, window)
        made.setObjectName(action.id)
        key = QKeySequence(action.shortcut, QKeySequence.SequenceFormat.PortableText)
        made.setShortcut(key)
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        named = f" ({key.toString(QKeySequence.SequenceFormat.NativeText)})" if action.shortcut else ""
        made.setToolTip(f"{action.tip}{named}")
        made.setStatusTip(action.tip)
        made.setIconText(plain_text(action.text))
        made.triggered.connect(lambda _checked=False: slot())
        window.addAction(made)
        return made

    def _recolour(self) -> None:
        if not self._icons:
            return
        import qtawesome

        colours = theme.current()
        for action_id, name in self._icons.items():
            self._actions[action_id].setIcon(qtawesome.icon(name, color=colours.text, color_disabled=colours.muted))
