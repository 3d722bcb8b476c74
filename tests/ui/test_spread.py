"""A panel lies flat in a low dock and stands in a narrow one, and nothing of it is lost."""

from __future__ import annotations

import pytest
from inspected import EDGE_ANGSTROM, STRONTIUM_TITANATE
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QTableView

from crystal_studio.ui.links import link_with_viewer
from crystal_studio.ui.panels.measurement_panel import MeasurementPanel
from crystal_studio.ui.panels.spread import Spread, group
from crystal_studio.ui.viewer.picks import Pick


@pytest.fixture
def spread(qtbot):
    table = QTableView()
    made = Spread([group(QLabel("Pm-3m")), table], large=table)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_the_parts_lie_beside_each_other_in_a_low_dock_and_below_in_a_narrow_one(qtbot, spread) -> None:
    with qtbot.waitSignal(spread.turned) as told:
        spread.resize(800, 180)
    assert told.args == [True]
    assert spread.orientation() == Qt.Orientation.Horizontal
    spread.resize(300, 600)
    assert spread.orientation() == Qt.Orientation.Vertical


@pytest.mark.parametrize("size", [(800, 180), (300, 600)])
def test_that_the_large_part_has_most_of_the_room(qtbot, spread, size) -> None:
    spread.resize(*size)
    qtbot.waitUntil(lambda: spread.sizes()[1] > spread.sizes()[0] > 0)


def test_that_a_border_moved_by_the_person_stays(qtbot, spread) -> None:
    spread.resize(300, 600)
    qtbot.waitUntil(lambda: spread.sizes()[1] > spread.sizes()[0] > 0)
    spread.moveSplitter(250, 1)
    spread.splitterMoved.emit(250, 1)
    spread.widget(0).widget().findChild(QLabel).setText("P4/mmm\nP4/mmm")
    qtbot.wait(50)
    assert spread.sizes()[0] == pytest.approx(250, abs=5)


class PickingViewer(QObject):
    """The signals of the 3D view that the measurements listen to."""

    picks_changed = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.picked_images: tuple[Pick, ...] = ()


def test_that_the_image_that_was_clicked_is_measured_and_not_the_closest(qtbot, state, runner) -> None:
    panel, viewer = MeasurementPanel(state, runner), PickingViewer()
    qtbot.addWidget(panel)
    panel.show()
    state.show_crystal(STRONTIUM_TITANATE)
    link_with_viewer("measurements", panel, viewer)
    viewer.picked_images = (Pick(0), Pick(0, (1, 1, 1)))
    viewer.picks_changed.emit((0, 0))
    assert f"{EDGE_ANGSTROM * 3**0.5:.3f} Å" in panel.current.text()
    panel.close_panel()
