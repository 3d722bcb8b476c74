"""The panels around the 3D view: where they are at first, and made when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QTabWidget, QWidget

from crystal_studio.ui import theme

AREAS = Qt.DockWidgetArea
_FEATURES = (
    QDockWidget.DockWidgetFeature.DockWidgetClosable
    | QDockWidget.DockWidgetFeature.DockWidgetMovable
    | QDockWidget.DockWidgetFeature.DockWidgetFloatable
)


class Place(StrEnum):
    """Where a panel is at first; panels of one place are tabs of each other."""

    LEFT = "left"
    BOTTOM = "bottom"
    RIGHT = "right"


_AREA_OF = {
    Place.LEFT: AREAS.LeftDockWidgetArea,
    Place.BOTTOM: AREAS.BottomDockWidgetArea,
    Place.RIGHT: AREAS.RightDockWidgetArea,
}


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        name: of its dock in stored layouts; never changed.
        title: on its tab.
        place: where it is at first.
    """

    name: str
    title: str
    place: Place


PANELS = (
    Panel("tree", "History", Place.LEFT),
    Panel("queue", "Queue", Place.LEFT),
    Panel("chat", "Chat", Place.RIGHT),
    Panel("pivot", "Pivot", Place.RIGHT),
    Panel("candidates", "Candidates", Place.BOTTOM),
    Panel("sheet", "Contact sheet", Place.BOTTOM),
    Panel("validity", "Checks", Place.BOTTOM),
    Panel("gap", "Band gap", Place.BOTTOM),
    Panel("stability", "Stability", Place.BOTTOM),
    Panel("details", "Details", Place.BOTTOM),
    Panel("changes", "Changes", Place.BOTTOM),
    Panel("branch", "Branch", Place.BOTTOM),
    Panel("symmetry", "Symmetry", Place.BOTTOM),
    Panel("sites", "Atoms", Place.BOTTOM),
    Panel("measurements", "Measure", Place.BOTTOM),
    Panel("powder", "Powder", Place.BOTTOM),
    Panel("log", "Log", Place.BOTTOM),
)


class LazyDock(QDockWidget):
    """A dock whose panel is made when `fill` is called, at the latest.

    Signals:
        wanted: it is seen and has no panel yet.
    """

    wanted = Signal()

    def __init__(self, panel: Panel, window: QMainWindow) -> None:
        super().__init__(panel.title, window)
        self.setObjectName(f"dock.{panel.name}")
        self.setFeatures(_FEATURES)
        self.panel: QWidget | None = None
        self._is_in_front = True
        self.visibilityChanged.connect(self._seen)

    def fill(self, panel: QWidget) -> None:
        """Put the panel in."""
        self.panel = panel
        self.setWidget(panel)
        self.setFocusProxy(panel)
        policy = panel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # or every other tab would have another least size
        panel.setSizePolicy(policy)
        panel.setVisible(self._is_in_front)

    def _seen(self, is_in_front: bool) -> None:
        """Hide the panel behind another tab: Qt only moves it aside, and it would follow every node unseen."""
        self._is_in_front = is_in_front
        if self.panel is not None:
            self.panel.setVisible(is_in_front)
        elif is_in_front:
            self.wanted.emit()


class Docks(QObject):
    """All docks of a window.

    Signals:
        filled: name of a panel that was just made.
    """

    filled = Signal(str)

    def __init__(self, window: QMainWindow, makers: dict[str, Callable[[], QWidget]]) -> None:
        super().__init__(window)
        self._window = window
        self._makers = makers
        self._may_fill = False
        self.docks = {panel.name: LazyDock(panel, window) for panel in PANELS}
        window.setCorner(Qt.Corner.BottomLeftCorner, AREAS.BottomDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, AREAS.RightDockWidgetArea)
        window.setTabPosition(AREAS.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        # One pass for the burst of signals that a move of a dock sends.
        self._titles_due = QTimer(self, singleShot=True, interval=0)
        self._titles_due.timeout.connect(self._retitle)
        theme.switch.changed.connect(self._titles_due.start)
        for name, dock in self.docks.items():
            dock.wanted.connect(lambda name=name: self._want(name))
            for signal in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
                signal.connect(lambda *_: self._titles_due.start())
        self._titles_due.start()

    def __getitem__(self, name: str) -> QWidget:
        """The panel, made now if it was not there."""
        self.prepare(name)
        panel = self.docks[name].panel
        assert panel is not None
        return panel

    def prepare(self, name: str) -> None:
        """Make a panel if it is not there."""
        dock = self.docks[name]
        if dock.panel is None:
            dock.fill(self._makers[name]())
            self.filled.emit(name)

    def made(self) -> dict[str, QWidget]:
        """The panels that are there already."""
        return {name: dock.panel for name, dock in self.docks.items() if dock.panel is not None}

    def missing(self) -> list[str]:
        """Names of the panels that are not there yet, those in sight first."""
        names = [name for name, dock in self.docks.items() if dock.panel is None]
        return sorted(names, key=lambda name: self.docks[name].visibleRegion().isEmpty())

    def fill_when_seen(self) -> None:
        """From now on a panel is made as soon as it comes into sight."""
        self._may_fill = True

    def show(self, name: str) -> None:
        """Bring a panel to the front and put the keyboard there."""
        dock = self.docks[name]
        panel = self[name]
        dock.show()
        dock.raise_()
        _focus_within(panel)

    def arrange(self) -> None:
        """Put every panel where it is at first."""
        # Taken out first: Qt 6.10 leaves the tab bars of the old arrangement in sight otherwise.
        for dock in self.docks.values():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
        for place in Place:
            docks = [self.docks[panel.name] for panel in PANELS if panel.place is place]
            for dock in docks:
                self._window.addDockWidget(_AREA_OF[place], dock)
            for before, dock in pairwise(docks):
                self._window.tabifyDockWidget(before, dock)
            for dock in docks:
                dock.show()
            docks[0].raise_()
        self._share_out()
        QTimer.singleShot(0, self, self._share_out)  # sizes hold once the new arrangement is laid out

    def place_missing(self) -> None:
        """Put panels that a stored layout did not know where they are at first."""
        for panel in PANELS:
            if self._window.dockWidgetArea(self.docks[panel.name]) is AREAS.NoDockWidgetArea:
                self._window.addDockWidget(_AREA_OF[panel.place], self.docks[panel.name])

    def _share_out(self) -> None:
        """Widths and heights for 1280 x 800, in letters, so that larger text gets more room."""
        letter = self._window.fontMetrics().averageCharWidth()
        line = self._window.fontMetrics().height()
        left, right, bottom = (self.docks[name] for name in ("tree", "chat", "candidates"))
        self._window.resizeDocks([left, right], [letter * 41, letter * 60], Qt.Orientation.Horizontal)
        self._window.resizeDocks([bottom], [line * 17], Qt.Orientation.Vertical)

    def _want(self, name: str) -> None:
        if self._may_fill:
            self.prepare(name)

    def _retitle(self) -> None:
        """A panel has its name on its tab; one that is alone or floats gets a title bar to be moved by."""
        for dock in self.docks.values():
            others = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            is_tab = bool(others) and not dock.isFloating()
            if is_tab == (dock.titleBarWidget() is None):
                dock.setTitleBarWidget(_no_title_bar(dock) if is_tab else None)
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            _draw_flat(bar)


def _draw_flat(bar: QTabBar) -> None:
    """Tabs with a line below the chosen one; those of Fusion cut off the feet of letters."""
    colours = theme.current()
    sheet = (
        f"QTabBar::tab {{ padding: 4px 9px; border: none; border-bottom: 2px solid transparent; }}"
        f"QTabBar::tab {{ color: {colours.muted}; }}"
        f"QTabBar::tab:hover {{ color: {colours.text}; }}"
        f"QTabBar::tab:selected {{ border-bottom-color: {colours.accent}; color: {colours.text}; }}"
    )
    if bar.styleSheet() != sheet:
        bar.setStyleSheet(sheet)
        bar.setDrawBase(False)
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)


def _no_title_bar(dock: QDockWidget) -> QWidget:
    empty = QWidget(dock)
    empty.setFixedHeight(0)
    return empty


def _focus_within(panel: QWidget) -> None:
    """Put the keyboard where the panel wants it, else into its first field."""
    wanted = panel.focusProxy()
    field = panel.nextInFocusChain()
    while wanted is None and field is not panel:
        takes_keys = bool(field.focusPolicy() & Qt.FocusPolicy.TabFocus) and field.isEnabled()
        if takes_keys and panel.isAncestorOf(field) and field.isVisibleTo(panel):
            wanted = field
        field = field.nextInFocusChain()
    if wanted is not None:
        wanted.setFocus(Qt.FocusReason.ShortcutFocusReason)
