"""Dock: the predicted band gap with its interval, along the branch and across the candidates."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QTabWidget, QWidget

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.ui import theme
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.panels import gap_plots, gap_words, plot
from crystal_studio.ui.panels.gap_plots import Point
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, plain_label
from crystal_studio.ui.panels.plot_starter import PlotStarter
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView
from crystal_studio.ui.panels.spread import column, divided, group, turn
from crystal_studio.ui.session_state import SessionState

_BRANCH = (
    Column("Round"),
    Column("Formula", formula_text),
    Column("Gap", gap_words.electronvolts),
    Column("95 % interval", gap_words.interval),
    Column(""),
)
_CANDIDATES = (
    Column("Rank", tip="1 is the chosen one; none for candidates that failed a required check"),
    Column("Formula", formula_text),
    Column("Gap", gap_words.electronvolts),
    Column("95 % interval", gap_words.interval),
    Column(""),
)

_LEGEND = "Diamond: best estimate. Thick bar: 68 % interval, thin line: 95 %. Shaded: where the goal is met."


class GapPanel(InspectionPanel):
    """Band gap of the current node: the value, its branch, its candidates."""

    title = "Band gap"
    object_name = "gap_panel"
    help_text = "The predicted band gap of the crystal appears here, once there is one: describe a crystal in the chat."

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._tip: str | None = None
        self._nodes: dict[str, Node] = {}
        self._unread: list[str] = []
        self._plots: list[Any] = []
        self.headline = plain_label("", selectable=True)
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setBold(True)
        self.headline.setFont(font)
        self.details = plain_label("", selectable=True)
        self.method = plain_label("")
        self.warning = plain_label("")
        self.branch_rows = RowsModel(_BRANCH, self)
        self.candidate_rows = RowsModel(_CANDIDATES, self)
        self.branch_table = RowsView(self.branch_rows, "Band gap along the branch")
        self.candidate_table = RowsView(self.candidate_rows, "Band gaps of the candidates")
        self.views = QTabWidget()
        self.views.setAccessibleName("Views of the band gap")
        facts = group(self.headline, self.details, self.warning, self.method)
        self.spread = self.lay_out([facts, self.views], large=self.views)
        # A long branch is read from the file one node a turn of the event loop, so that the window never waits.
        self._reading = QTimer(self, interval=0)
        self._reading.timeout.connect(self._read_one)
        self._starter = PlotStarter(self)
        self._starter.ready.connect(self._build)
        self._connect()

    def has_subject(self) -> bool:
        """Whether there is a current node."""
        return self._state.current is not None

    def refresh(self) -> None:
        """Show the current node; the plots follow when their library is loaded."""
        self._starter.start()
        node = self._state.current
        assert node is not None
        self._nodes[node.id] = node
        self._follow_branch(node)
        self._write(node)
        self._fill_tables(node)
        self._draw()

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._reading.stop()
        self._starter.stop()
        self._state.current_changed.disconnect(self._changed)
        self._state.node_added.disconnect(self._changed)
        theme.switch.changed.disconnect(self._changed)
        for one in self._plots:
            one.close()

    def _connect(self) -> None:
        self._state.current_changed.connect(self._changed)
        self._state.node_added.connect(self._changed)
        theme.switch.changed.connect(self._changed)
        self.branch_table.opened.connect(lambda row: self._open_node(self._branch_ids()[row]))
        self.candidate_table.opened.connect(self._open_candidate)
        self.views.currentChanged.connect(lambda _: self._draw())

    def _build(self) -> None:
        """Make the plots."""
        self._plots = [plot.new_plot(f"Band gap: {name}") for name in ("value", "along the branch", "candidates")]
        value = QWidget()
        column(value, plain_label(_LEGEND)).insertWidget(0, self._plots[0], 1)
        self.views.addTab(value, "&Value")
        for drawn, table, name in (
            (self._plots[1], self.branch_table, "&Branch"),
            (self._plots[2], self.candidate_table, "&Candidates"),
        ):
            page = divided(drawn, table)
            turn(page, self.spread.is_wide)
            self.spread.turned.connect(partial(turn, page))
            self.views.addTab(page, name)
        self._changed()

    def _follow_branch(self, node: Node) -> None:
        """Keep showing the branch that an earlier node was picked from, so that one can go forward again."""
        if self._tip is None or node.id not in self._branch_ids():
            self._tip = node.id
        self._unread = [one for one in self._branch_ids() if one not in self._nodes]
        if self._unread:
            self._reading.start()

    def _branch_ids(self) -> list[str]:
        return [one.id for one in self._state.branch(self._tip)] if self._tip else []

    def _read_one(self) -> None:
        if self._unread:
            node_id = self._unread.pop()
            try:
                self._nodes[node_id] = self._state.node(node_id)
            except StudioError as error:
                self.warning.setText(str(error))
                self._unread.clear()
        if not self._unread:
            self._reading.stop()
            self._changed()

    def _write(self, node: Node) -> None:
        gap = node.band_gap
        colours = theme.current()
        self.headline.setText(gap_words.electronvolts(gap.value) if gap else "No band gap was predicted")
        self.details.setText("\n".join(_details(node, gap, self._parent_ev(node))))
        self.method.setText(gap_words.method_sentence(gap.method) if gap else "")
        self.method.setStyleSheet(f"color: {colours.muted};")
        strange = gap is not None and not gap.in_distribution
        self.warning.setText(f"⚠ {gap_words.STRANGE}" if strange else "")
        self.warning.setVisible(strange)
        self.warning.setStyleSheet(f"color: {colours.warning};")

    def _fill_tables(self, node: Node) -> None:
        self.branch_rows.show_rows(
            [
                (one.round, one.formula, one.band_gap_ev, _wide(self._gap_of(one.id)), "current" * (one.id == node.id))
                for one in self._state.branch(self._tip or node.id)
            ]
        )
        self.candidate_rows.show_rows(
            [
                (one.rank, one.crystal.formula, one.band_gap.value if one.band_gap else None, _wide(one.band_gap),
                 _remark(one, i == node.chosen))
                for i, one in _by_gap(node)
            ]
        )  # fmt: skip

    def _draw(self) -> None:
        """Only the view that is seen: each costs a fiftieth of a second."""
        node = self._state.current
        if node is None or not self._plots:
            return
        view = self.views.currentIndex()
        drawn = self._plots[view]
        plot.recolour(drawn)
        goals = gap_words.wishes(node.intent.goals, None, self._parent_ev(node))
        if view == 1:
            gap_plots.draw_points(drawn, self._rounds(node), goals, "Round", self._open_node)
        elif view == 2:
            gap_plots.draw_points(drawn, _candidates(node), goals, "Rank (★ chosen)", self._open_index)
        elif node.band_gap is not None:
            gap_plots.draw_value(drawn, node.band_gap, goals)
        else:
            drawn.clear()

    def _rounds(self, node: Node) -> list[Point]:
        return [
            Point(str(one.round), one.band_gap_ev, self._gap_of(one.id), one.id, one.id == node.id, not one.valid)
            for one in self._state.branch(self._tip or node.id)
            if one.band_gap_ev is not None
        ]

    def _gap_of(self, node_id: str) -> Measured | None:
        return self._nodes[node_id].band_gap if node_id in self._nodes else None

    def _parent_ev(self, node: Node) -> float | None:
        return self._state.outline(node.parent).band_gap_ev if node.parent else None

    def _open_node(self, node_id: object) -> None:
        if node_id != (self._state.current.id if self._state.current else None):
            self._state.set_current(str(node_id))

    def _open_candidate(self, row: int) -> None:
        if self._state.current is not None:
            self._open_index(_by_gap(self._state.current)[row][0])

    def _open_index(self, index: object) -> None:
        """Look at a candidate without committing it."""
        node = self._state.current
        if node is not None and isinstance(index, int) and index < len(node.candidates):
            self._state.show_crystal(node.crystal if index == node.chosen else node.candidates[index].crystal)


def _by_gap(node: Node) -> list[tuple[int, Candidate]]:
    """Candidates with their index, by gap; those without one last."""

    def place(pair: tuple[int, Candidate]) -> tuple[bool, float]:
        gap = pair[1].band_gap
        return (True, 0.0) if gap is None or not gap_words.is_drawable(gap.value) else (False, gap.value)

    return sorted(enumerate(node.candidates), key=place)


def _candidates(node: Node) -> list[Point]:
    return [
        Point("–" if one.rank is None else f"#{one.rank}", one.band_gap.value, one.band_gap, i, i == node.chosen,
              not one.valid)
        for i, one in _by_gap(node)
        if one.band_gap is not None
    ]  # fmt: skip


def _details(node: Node, gap: Measured | None, parent_ev: float | None) -> list[str]:
    lines = [formula_text(node.crystal.formula)]
    if gap is not None:
        wide = gap_words.nearly_sure(gap)
        lines.append(f"68 % interval: {gap_words.interval(gap_words.likely(gap))}")
        lines.append(f"95 % interval: {gap_words.interval(wide) if wide else 'not known'}")
    value = gap.value if gap else None
    return lines + [wish.text for wish in gap_words.wishes(node.intent.goals, value, parent_ev)]


def _wide(gap: Measured | None) -> tuple[float, float] | None:
    return gap_words.nearly_sure(gap) if gap is not None else None


def _remark(candidate: Candidate, is_chosen: bool) -> str:
    strange = candidate.band_gap is not None and not candidate.band_gap.in_distribution
    words = ["chosen" * is_chosen, "failed a check" * (not candidate.valid), "unlike the training data" * strange]
    return ", ".join(word for word in words if word)
