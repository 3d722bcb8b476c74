"""Lays the design tree out as far as it is looked at: which rows it has, and what fills a gap in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.tree_rows import Kind, Row, TreeRows

_PAGE = 50
_LINE_OF_HEAD = 10  # nodes of a line that come with its first one
_LINE = 200
_ROOTS = ""

Splice = Callable[[int, int, Sequence[Row]], None]


class Ancestry(Protocol):
    """What is asked of the session."""

    def page(self, parent: str | None, offset: int, limit: int, hidden: bool) -> list[NodeOutline]:
        """Answers to a node (roots for None), a page of them."""

    def lines(self, node_ids: Sequence[str], limit: int, hidden: bool) -> dict[str, list[str]]:
        """Node id -> its first answer, the first answer to that, and so on."""

    def way(self, node_id: str, hidden: bool) -> list[tuple[str, int]]:
        """From the root to a node, each with its place among its siblings, -1 where it is left out."""

    def num_answers(self, node_id: str | None, hidden: bool) -> int:
        """How many nodes answer a node, or are roots."""


@dataclass
class _Level:
    """The lines that begin at one node: those of its answers from `first` up to `last` are laid out."""

    first: int
    last: int
    total: int


class TreeLayout:
    """Rows of a tree that nobody has seen the whole of.

    Args:
        tree: answers questions about nodes.
        splice: puts rows in the place of others: (row, number of rows removed, new rows).

    Attributes:
        rows: what is laid out.
        hidden: whether hidden nodes have rows.
    """

    def __init__(self, tree: Ancestry, splice: Splice) -> None:
        self.rows = TreeRows()
        self.hidden = False
        self._tree = tree
        self._splice = splice
        self._levels: dict[str, _Level] = {}

    def build(self, focus: str | None) -> None:
        """Begin anew, with the roots around the one that a node descends from."""
        way = self._tree.way(focus, self.hidden) if focus else []
        self._levels.clear()
        around = way[0][1] if way and way[0][1] >= 0 else 0
        self._splice(0, len(self.rows), self._window(_ROOTS, 0, around))

    def opened(self) -> list[str]:
        """The nodes whose branches are laid out."""
        return [node for node in self._levels if node != _ROOTS]

    def is_open(self, row: int) -> bool:
        """Whether the branches of a node are laid out."""
        found = self.rows[row]
        return found.kind is Kind.NODE and found.node in self._levels

    def has_branches(self, row: int) -> bool:
        """Whether more than one node answers the node of a row."""
        found = self.rows[row]
        return found.kind is Kind.NODE and self._tree.num_answers(found.node, self.hidden) > 1

    def open(self, row: int, around: int = 0) -> None:
        """Lay out the branches of a node, those around one of its answers first."""
        if self.has_branches(row) and not self.is_open(row):
            found = self.rows[row]
            self._splice(row + 1, 0, self._window(found.node, found.depth + 1, around))

    def close(self, row: int) -> None:
        """Take the branches of a node away."""
        if self.is_open(row):
            self._remove(row + 1, self.rows.end_of_branches(row))
            self._levels.pop(self.rows[row].node, None)

    def fill(self, row: int) -> None:
        """Lay out some of the nodes that a gap stands for."""
        gap = self.rows[row]
        if gap.kind is Kind.FURTHER:
            self._splice(row, 1, self._further(gap.node, gap.depth, _LINE))
        elif gap.kind is Kind.LATER:
            level = self._levels[gap.node]
            self._fill_later(gap.node, row, min(level.last + _PAGE, level.total))
        elif gap.kind is Kind.EARLIER:
            level = self._levels[gap.node]
            self._fill_earlier(gap.node, row, max(level.first - _PAGE, _start(gap.node)))

    def reveal(self, node: str) -> int | None:
        """Lay out all that leads to a node; its row, None where it is hidden."""
        if self.rows.place(node) is None:
            way = self._tree.way(node, self.hidden)
            if any(place < 0 for _, place in way):
                return None
            self._open_way(way)
        return self.rows.place(node)

    def add(self, outline: NodeOutline) -> None:
        """Take in a node that was just committed, where its place is laid out."""
        parent = outline.parent
        row = self.rows.place(parent) if parent is not None else None
        if self.rows.place(outline.id) is not None or (parent is not None and row is None):
            return
        place = self._tree.way(outline.id, self.hidden)[-1][1]
        if parent is None:
            self._append(_ROOTS, place)
        elif row is not None and place == 0:
            self._continue_line(row, [outline.id])
        elif row is not None and self.is_open(row):
            self._append(parent, place)
        elif row is not None and self._tree.num_answers(parent, self.hidden) <= _PAGE:
            self.open(row)

    def _open_way(self, way: Sequence[tuple[str, int]]) -> None:
        """One line after the other: each begins where one branches off the line before."""
        at = 0
        parent = _ROOTS
        while at < len(way):
            self._lay_head(parent, way[at][1])
            end = next((i for i in range(at + 1, len(way)) if way[i][1] > 0), len(way))
            self._lay_line([node for node, _ in way[at:end]])
            parent, at = way[end - 1][0], end

    def _lay_head(self, parent: str, place: int) -> None:
        """Let the answer at a place among those of its parent have a row."""
        level = self._levels.get(parent)
        if level is None:
            row = self.rows.place(parent)
            if row is not None:
                self.open(row, place)
            return
        level.total = max(level.total, place + 1)
        begins, ends = self._extent(parent)
        if level.last <= place < level.last + _PAGE:
            self._fill_later(parent, ends - 1 if self._is(ends - 1, Kind.LATER, parent) else ends, place + 1)
        elif level.first - _PAGE <= place < level.first:
            self._fill_earlier(parent, begins, place)
        elif not level.first <= place < level.last:
            self._remove(begins, ends)
            self._splice(begins, 0, self._window(parent, self._depth(parent), place))

    def _lay_line(self, nodes: Sequence[str]) -> None:
        """Let every node of a line have a row; its first one has."""
        known = next((i for i in range(len(nodes) - 1, -1, -1) if self.rows.place(nodes[i]) is not None), None)
        if known is not None and known + 1 < len(nodes):
            self._continue_line(self.rows.place(nodes[known]) or 0, nodes[known + 1 :])

    def _continue_line(self, row: int, nodes: Sequence[str]) -> None:
        found = self.rows[row]
        at = self.rows.end_of_branches(row)
        rows = [Row(node, found.depth, is_head=False) for node in nodes]
        rows += self._further(nodes[-1], found.depth, _LINE_OF_HEAD)
        self._splice(at, int(self._is(at, Kind.FURTHER, found.node)), rows)

    def _append(self, parent: str, place: int) -> None:
        """Take in the newest answer of a node whose branches are laid out."""
        level = self._levels[parent]
        is_at_end = level.last == level.total
        level.total = max(level.total, place + 1)
        if is_at_end:
            self._fill_later(parent, self._extent(parent)[1], level.total)

    def _fill_later(self, parent: str, row: int, last: int) -> None:
        """Lay out answers up to one, where the gap behind them is or would be."""
        level, depth = self._levels[parent], self._depth(parent)
        rows = self._heads(parent, depth, level.last, last)
        level.last = last
        self._splice(row, int(self._is(row, Kind.LATER, parent)), [*rows, *self._later(parent, depth)])

    def _fill_earlier(self, parent: str, row: int, first: int) -> None:
        level, depth = self._levels[parent], self._depth(parent)
        rows = self._heads(parent, depth, first, level.first)
        level.first = first
        self._splice(row, 1, [*self._earlier(parent, depth), *rows])

    def _window(self, parent: str, depth: int, around: int) -> list[Row]:
        """The level of a node, with gaps where not all of its answers are laid out."""
        total = self._tree.num_answers(parent or None, self.hidden)
        first = max(min(around - _PAGE // 2, total - _PAGE), _start(parent))
        level = self._levels[parent] = _Level(first, min(first + _PAGE, total), total)
        heads = self._heads(parent, depth, level.first, level.last)
        return [*self._earlier(parent, depth), *heads, *self._later(parent, depth)]

    def _heads(self, parent: str, depth: int, first: int, last: int) -> list[Row]:
        heads = [one.id for one in self._tree.page(parent or None, first, last - first, self.hidden)]
        lines = self._tree.lines(heads, _LINE_OF_HEAD, self.hidden)
        rows: list[Row] = []
        for place, head in enumerate(heads, start=first):
            answers = lines.get(head, [])
            rows.append(Row(head, depth, is_head=True, place=place))
            rows += [Row(answer, depth, is_head=False) for answer in answers]
            if len(answers) == _LINE_OF_HEAD:
                rows.append(Row(answers[-1], depth, False, Kind.FURTHER))
        return rows

    def _further(self, node: str, depth: int, limit: int) -> list[Row]:
        answers = self._tree.lines([node], limit, self.hidden).get(node, [])
        rows = [Row(answer, depth, is_head=False) for answer in answers]
        return [*rows, Row(answers[-1], depth, False, Kind.FURTHER)] if len(answers) == limit else rows

    def _earlier(self, parent: str, depth: int) -> list[Row]:
        is_whole = self._levels[parent].first <= _start(parent)
        return [] if is_whole else [Row(parent, depth, True, Kind.EARLIER)]

    def _later(self, parent: str, depth: int) -> list[Row]:
        level = self._levels[parent]
        return [] if level.last >= level.total else [Row(parent, depth, True, Kind.LATER)]

    def _remove(self, first: int, last: int) -> None:
        for row in range(first, last):
            if self.rows[row].kind is Kind.NODE:
                self._levels.pop(self.rows[row].node, None)
        self._splice(first, last - first, [])

    def _extent(self, parent: str) -> tuple[int, int]:
        """The rows of the branches of a node: the first, and the one after the last."""
        row = self.rows.place(parent) if parent else None
        return (0, len(self.rows)) if row is None else (row + 1, self.rows.end_of_branches(row))

    def _depth(self, parent: str) -> int:
        row = self.rows.place(parent) if parent else None
        return 0 if row is None else self.rows[row].depth + 1

    def _is(self, row: int, kind: Kind, node: str) -> bool:
        return 0 <= row < len(self.rows) and self.rows[row].kind is kind and self.rows[row].node == node


def _start(parent: str) -> int:
    """The first answer of a node goes on in its own line, so its branches begin with the second."""
    return 0 if parent == _ROOTS else 1
