"""The nodes that meet a query as a Qt model: as long as they are many, and read page by page where it is looked at."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QModelIndex, QObject

from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.node_model import Index, NodeModel
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.session_state import SessionState

_PAGE = 50
_PAGES_KEPT = 20
_NOWHERE = QModelIndex()


class MatchesModel(NodeModel):
    """A flat list in the order of the query."""

    def __init__(self, state: SessionState, shelf: ThumbnailShelf, parent: QObject | None = None) -> None:
        super().__init__(state, shelf, parent)
        self.query = NodeQuery()
        self._count = 0
        self._pages: OrderedDict[int, list[NodeOutline]] = OrderedDict()
        self._rows: dict[str, int] = {}

    def search(self, query: NodeQuery) -> None:
        """List what meets another query, or the same one anew.

        Raises:
            StudioError: the query or the project cannot be read; the list stays as it was.
        """
        count = self.state.count(query)
        first = self.state.search(query, 0, _PAGE)
        self.beginResetModel()
        self.query, self._count = query, count
        self._pages.clear()
        self._rows.clear()
        self._keep(0, first)
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many nodes meet the query."""
        return 0 if parent.isValid() else self._count

    def node_at(self, row: int) -> str | None:
        """Id of the node in a row."""
        found = self.outline_at(row)
        return found.id if found is not None else None

    def outline_at(self, row: int) -> NodeOutline | None:
        """The node in a row; None where fewer are found than when they were counted."""
        number, place = divmod(row, _PAGE)
        if number not in self._pages:
            self._keep(number, self.state.search(self.query, number * _PAGE, _PAGE))
        self._pages.move_to_end(number)
        page = self._pages[number]
        return page[place] if place < len(page) else None

    def row_of(self, node_id: str) -> int | None:
        """The row of a node among the pages that are kept."""
        return self._rows.get(node_id)

    def read_ahead(self, first: int, last: int) -> None:
        """Read the marks of the rows that are about to be painted."""
        rows = range(first, min(last, self._count))
        self.state.read_ahead([one for one in map(self.node_at, rows) if one is not None], self.query.hidden)

    def _keep(self, number: int, page: list[NodeOutline]) -> None:
        self._pages[number] = page
        self._rows.update((one.id, number * _PAGE + place) for place, one in enumerate(page))
        while len(self._pages) > _PAGES_KEPT:
            _, dropped = self._pages.popitem(last=False)
            for one in dropped:
                self._rows.pop(one.id, None)
