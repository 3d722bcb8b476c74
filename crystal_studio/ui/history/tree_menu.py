"""The menu behind the button above the tree: searches that were kept, and what the tree shows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu

from crystal_studio.ui.history.search_bar import SearchBar
from crystal_studio.ui.history.tree_model import TreeModel
from crystal_studio.ui.session_state import SessionState

_LONGEST_NAME = 80


class TreeMenu(QMenu):
    """Filled whenever it opens.

    Args:
        bar: is given the search that is chosen.
        do: does something with the project and says what stands against it.
    """

    def __init__(
        self, state: SessionState, bar: SearchBar, tree: TreeModel, do: Callable[[Callable[[], None]], None]
    ) -> None:
        super().__init__(bar)
        self._state, self._bar, self._tree, self._do = state, bar, tree, do
        self.dropped = QMenu("&Delete", self)
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List what there is now."""
        self.clear()
        save = self._entry(self, "&Save this search…", self._ask_name)
        save.setEnabled(not self._bar.query.is_everything)
        self._do(self._list_searches)
        self.addSeparator()
        hidden = self._entry(self, "Show &hidden nodes", lambda: self._tree.show_hidden(not self._tree.shows_hidden))
        hidden.setCheckable(True)
        hidden.setChecked(self._tree.shows_hidden)
        self._entry(self, "&Open all branches", self._tree.open_all)
        self._entry(self, "&Close all branches", self._tree.close_all)

    def _list_searches(self) -> None:
        searches = self._state.saved_searches()
        if not searches:
            return
        self.addSeparator()
        for name, query in searches.items():
            self._entry(self, _plain(name), lambda query=query: self._bar.put(query))
        self.dropped.clear()
        self.addMenu(self.dropped)
        for name in searches:
            self._entry(self.dropped, _plain(name), lambda name=name: self._drop(name))

    def _drop(self, name: str) -> None:
        self._do(lambda: self._state.save_search(name, None))

    def _ask_name(self) -> None:
        asking = QInputDialog(self._bar)
        asking.setWindowTitle("Save this search")
        asking.setLabelText(f"Name of the search (an older one of this name is replaced):\n{self._bar.line.text()}")
        asking.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asking.textValueSelected.connect(
            lambda name: self._do(lambda: self._state.save_search(name[:_LONGEST_NAME], self._bar.query))
        )
        asking.open()

    def _entry(self, menu: QMenu, text: str, does: Callable[[], object]) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(lambda _checked=False: does())
        menu.addAction(action)
        return action


def _plain(name: str) -> str:
    return name.replace("&", "&&")
