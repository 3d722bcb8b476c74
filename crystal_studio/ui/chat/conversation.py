"""The rounds of the branch; only the last of many are built."""

from __future__ import annotations

from functools import partial
from time import perf_counter

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.chat.buttons import action_button
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.round_view import THUMBNAIL_SIZE, RoundView
from crystal_studio.ui.chat.rounds import Round
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.notation import edge_text

PAGE = 30
_TURN_SECONDS = 0.012
AT_ONCE = 5  # more than are seen at a time; a whole page would make the window wait


class Conversation(QWidget):
    """One `RoundView` for each of the last rounds of the branch, filled in one at a time while nothing else is to do.

    Signals:
        edit_asked, branch_asked, compare_asked: a node's id.
    """

    edit_asked = Signal(str)
    branch_asked = Signal(str)
    compare_asked = Signal(str)

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
        self._wanted: dict[str, Round] = {}
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._work_on)

    def refresh(self) -> None:
        """Show the branch as it is now; the newest rounds at once, those above them soon."""
        self._wanted = {one.outline.id: one for one in self._presenter.rounds(PAGE * self._pages)}
        for node_id in [one for one in self.views if one not in self._wanted]:
            self._drop(self.views.pop(node_id))
        for node_id in self.views:
            self.views[node_id].update_round(self._wanted[node_id], self._presenter.state.mark(node_id))
        for node_id in list(self._wanted)[-AT_ONCE:]:
            self._build(node_id)
        hidden = self._presenter.num_rounds() - len(self._wanted)
        self.earlier.setText(f"{hidden:,} earlier round{'s' * (hidden != 1)}")
        self.earlier.setVisible(hidden > 0)
        self._show_later_button()
        if any(one not in self.views or not self.views[one].is_filled for one in self._wanted):
            self._idle.start()

    @property
    def is_growing(self) -> bool:
        """Whether rounds are still being built and filled, above those that are seen."""
        return self._idle.isActive()

    def in_order(self) -> list[str]:
        """Ids of the rounds that are built, from the root on."""
        return [one for one in self._wanted if one in self.views]

    def close_conversation(self) -> None:
        """Draw and fill nothing more."""
        self._idle.stop()
        self.shelf.close()

    def _build(self, node_id: str) -> None:
        """Add a round in its place, if it is not there."""
        if node_id in self.views:
            return
        view = RoundView(self._wanted[node_id], self._presenter.state.mark(node_id))
        self._listen(view)
        self.views[node_id] = view
        self._column.insertWidget(1 + self.in_order().index(node_id), view)

    def _listen(self, view: RoundView) -> None:
        presenter = self._presenter
        for asked, does in (
            (view.show_asked, presenter.show),
            (view.regenerate_asked, presenter.regenerate),
            (view.star_asked, presenter.toggle_star),
        ):
            asked.connect(partial(presenter.attempt, does))
        view.sibling_asked.connect(self._show_sibling)
        view.edit_asked.connect(self.edit_asked)
        view.branch_asked.connect(self.branch_asked)
        view.compare_asked.connect(self.compare_asked)

    def _drop(self, view: RoundView) -> None:
        self._column.removeWidget(view)
        view.hide()
        view.deleteLater()

    def _work_on(self) -> None:
        """Build and fill further rounds, the newest first, for a few milliseconds."""
        end = perf_counter() + _TURN_SECONDS
        has_worked = False
        for node_id in reversed(self._wanted):
            self._build(node_id)
            view = self.views[node_id]
            if not view.is_filled:
                self._fill(view)
                has_worked = True
                if perf_counter() > end:
                    return
        if not has_worked:  # else the layout has still to follow
            self._idle.stop()

    def _fill(self, view: RoundView) -> None:
        state = self._presenter.state
        try:
            node = state.node(view.node_id)
            view.fill(node)
            if node.parent is not None:
                view.card.say_changes(_changes(state.node(node.parent), node))
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

    def _show_sibling(self, node_id: str, step: int) -> None:
        self._presenter.attempt(lambda one: self._presenter.show_sibling(one, step), node_id)

    def _show_earlier(self) -> None:
        self._pages += 1
        self.refresh()

    def _show_later_button(self) -> None:
        later = self._presenter.later_leaf()
        if later is not None:
            self.later.setText(f"{later[1]} later round{'s' * (later[1] != 1)} of this branch ▾")
        self.later.setVisible(later is not None)

    def _show_later(self) -> None:
        later = self._presenter.later_leaf()
        if later is not None:
            self._presenter.attempt(self._presenter.show, later[0])


def _changes(parent: Node, child: Node) -> str:
    """What a round has changed, in a line."""
    crystals = parent.crystal, child.crystal
    return edge_text(EdgeChange.between(NodeOutline.of(parent), NodeOutline.of(child), crystals))
