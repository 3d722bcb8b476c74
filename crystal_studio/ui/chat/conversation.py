"""The rounds of the branch; only the last of many are built."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.ui.chat.bubble import action_button
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.round_view import THUMBNAIL_SIZE, RoundView
from crystal_studio.ui.chat.rounds import Round
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf

PAGE = 30


class Conversation(QWidget):
    """One `RoundView` for each of the last rounds of the branch, filled in one at a time while nothing else is to do.

    Signals:
        edit_asked, branch_asked: a node's id.
        moved: x, y of what should be seen.
    """

    edit_asked = Signal(str)
    branch_asked = Signal(str)
    moved = Signal(int, int)

    def __init__(self, presenter: ChatPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.views: dict[str, RoundView] = {}
        self._pages = 1
        self.shelf = ThumbnailShelf(THUMBNAIL_SIZE, parent=self)
        self.shelf.drawn.connect(self._show_picture)
        self.earlier = action_button("", self._show_earlier, "Show earlier rounds of this branch")
        self.later = action_button("", self._show_later, "Go to where you last were on this branch")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.earlier)
        self._column.addWidget(self.later)
        self.earlier.hide()
        self.later.hide()
        self._fill_timer = QTimer(self)
        self._fill_timer.setInterval(0)
        self._fill_timer.timeout.connect(self._fill_next)

    def refresh(self) -> None:
        """Show the branch as it is now."""
        rounds = self._presenter.rounds()
        shown = rounds[-PAGE * self._pages :]
        kept = {one.outline.id for one in shown}
        for node_id in [one for one in self.views if one not in kept]:
            self._drop(self.views.pop(node_id))
        for place, one in enumerate(shown):
            self._place(one, place + 1)
        hidden = len(rounds) - len(shown)
        self.earlier.setText(f"{hidden} earlier round{'s' * (hidden != 1)}")
        self.earlier.setVisible(hidden > 0)
        self._show_later_button()
        self._fill_timer.start()

    def close_conversation(self) -> None:
        """Draw and fill nothing more."""
        self._fill_timer.stop()
        self.shelf.close()

    def _place(self, shown: Round, place: int) -> None:
        node_id = shown.outline.id
        mark = self._presenter.state.mark(node_id)
        view = self.views.get(node_id)
        if view is None:
            view = RoundView(shown, mark)
            self._listen(view)
            self.views[node_id] = view
        else:
            view.update_round(shown, mark)
        if self._column.indexOf(view) != place:
            self._column.removeWidget(view)
            self._column.insertWidget(place, view)
            view.show()

    def _listen(self, view: RoundView) -> None:
        view.show_asked.connect(self._presenter.show)
        view.sibling_asked.connect(self._presenter.show_sibling)
        view.regenerate_asked.connect(self._presenter.regenerate)
        view.star_asked.connect(self._presenter.toggle_star)
        view.edit_asked.connect(self.edit_asked)
        view.branch_asked.connect(self.branch_asked)

    def _drop(self, view: RoundView) -> None:
        self._column.removeWidget(view)
        view.hide()
        view.deleteLater()

    def _fill_next(self) -> None:
        """Fill the newest card that is not filled yet."""
        for view in reversed(list(self.views.values())):
            if not view.is_filled:
                self._fill(view)
                return
        self._fill_timer.stop()

    def _fill(self, view: RoundView) -> None:
        state = self._presenter.state
        try:
            view.fill(state.node(view.node_id))
        except StudioError as error:
            view.is_filled = True
            view.card.checks.say(str(error), "bad")
            return
        picture = self.shelf.picture(view.node_id, lambda: state.crystal_of(view.node_id))
        if picture is not None:
            view.card.set_picture(picture)

    def _show_picture(self, node_id: str) -> None:
        view = self.views.get(node_id)
        if view is not None:
            picture = self.shelf.picture(node_id, lambda: self._presenter.state.crystal_of(node_id))
            if picture is not None:
                view.card.set_picture(picture)

    def _show_earlier(self) -> None:
        self._pages += 1
        self.refresh()
        first = next(iter(self._presenter.rounds()[-PAGE * self._pages :]), None)
        if first is not None:
            self.moved.emit(0, 0)

    def _show_later_button(self) -> None:
        later = self._presenter.later_leaf()
        if later is not None:
            self.later.setText(f"{later[1]} later round{'s' * (later[1] != 1)} of this branch ▾")
        self.later.setVisible(later is not None)

    def _show_later(self) -> None:
        later = self._presenter.later_leaf()
        if later is not None:
            self._presenter.show(later[0])
