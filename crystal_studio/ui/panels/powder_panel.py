"""Dock: the simulated powder pattern of the crystal that is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QSplitter, QToolButton, QWidget

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.inspection import Reflection
from crystal_studio.services.jobs import DiffractionJob
from crystal_studio.services.powder import Profile, Shape, broadened, hkl_text, profile_csv, reflections_csv
from crystal_studio.ui import theme
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text, number_text
from crystal_studio.ui.panels import plot
from crystal_studio.ui.panels.inspection import Inspection
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, NewsLine, plain_label
from crystal_studio.ui.panels.plot_starter import PlotStarter
from crystal_studio.ui.panels.powder_controls import PowderControls
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.panels.spread import group, turn
from crystal_studio.ui.session_state import SessionState

REFLECTIONS_FILTER = "Reflections (*.csv)"
PROFILE_FILTER = "Broadened curve (*.csv)"
_HOVER_PIXELS = 12
_MOST_WIDE_STICKS = 300  # Qt draws wide lines ten times slower than thin ones
_COLUMNS = (
    Column("hkl"),
    Column("2θ (°)", decimals(3), is_number=True),
    Column("d (Å)", decimals(4), is_number=True, tip="lattice spacing"),
    Column("Intensity", decimals(1), is_number=True, tip="0 to 100"),
)


class PowderPanel(InspectionPanel):
    """X-ray powder pattern with its reflections."""

    title = "Powder pattern"
    object_name = "powder_panel"
    help_text = "The simulated X-ray powder pattern of a crystal appears here, once one is shown."

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._crystal: Crystal | None = None
        self._reflections: tuple[Reflection, ...] = ()
        self._shown: tuple[Reflection, ...] = ()
        self._profile: Profile | None = None
        self._plot: Any = None
        self._pointer: Any = None
        self.ask_path: Callable[[str], tuple[str, str]] = self._ask_path
        self.lines = Inspection(jobs, self)
        self._starter = PlotStarter(self)
        self.controls = PowderControls()
        self.rows = RowsModel(_COLUMNS, self)
        self.table = RowsView(self.rows, "Reflections")
        self.news = NewsLine("Simulating the pattern …")
        self.line_text = plain_label("", selectable=True)
        self.line_text.setAccessibleName("Reflection pointed at")
        self.options = QToolButton(text="&Options", checkable=True)
        self.export = QPushButton("&Export CSV …")
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._lay_out_parts()
        self._connect()

    def has_subject(self) -> bool:
        """Whether a crystal is drawn."""
        return self._state.crystal is not None

    def refresh(self) -> None:
        """Ask for the lines of the crystal that is drawn."""
        self._starter.start()
        crystal = self._state.crystal
        assert crystal is not None
        if crystal is not self._crystal:
            self._crystal, self._reflections = crystal, ()
            self._display()
        self._ask()

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._state.crystal_changed.disconnect(self._changed)
        theme.switch.changed.disconnect(self._display)
        self.lines.close()
        self._starter.stop()
        if self._plot is not None:
            self._plot.close()

    def _lay_out_parts(self) -> None:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.options)
        row.addWidget(self.export)
        row.addStretch(1)
        self.controls.hide()
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.table)
        facts = group(bar, self.controls, self.news, self.line_text)
        self.spread = self.lay_out([facts, self._split], large=self._split)
        self.spread.turned.connect(partial(turn, self._split))

    def _connect(self) -> None:
        self._state.crystal_changed.connect(self._changed)
        self._starter.ready.connect(self._build)
        theme.switch.changed.connect(self._display)
        self.options.toggled.connect(self.controls.setVisible)
        self.controls.radiation_changed.connect(self._ask)
        self.controls.display_changed.connect(self._display)
        self.lines.answered.connect(self._take)
        self.lines.failed.connect(self._clear)
        self.news.follow(self.lines)
        self.news.retried.connect(self._ask)
        self.export.clicked.connect(self._export)
        self.table.picked.connect(lambda rows: self._point_at(self._shown[rows[-1]]) if rows else None)

    def _build(self) -> None:
        self._plot = plot.new_plot("Powder pattern")
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.scene().sigMouseMoved.connect(self._hover)
        self._split.insertWidget(0, self._plot)
        turn(self._split, self.spread.is_wide)
        self._display()

    def _ask(self) -> None:
        if self._crystal is not None and self.controls.is_valid:
            high = self.controls.bounds_degree[1]
            self.lines.ask(DiffractionJob(self._crystal, self.controls.wavelength_angstrom, high))

    def _take(self, question: DiffractionJob, reflections: tuple[Reflection, ...]) -> None:
        if question.crystal is self._crystal:
            self._reflections = reflections
            self._display()

    def _clear(self, _: str) -> None:
        self._reflections = ()
        self._display()

    def _display(self, *_: object) -> None:
        if not self.controls.is_valid:
            return
        low, high = self.controls.bounds_degree
        self._shown = tuple(one for one in self._reflections if low <= one.two_theta_degree <= high)
        self._profile = broadened(self._shown, (low, high), self.controls.fwhm.value, Shape(self._shape()))
        self.rows.show_rows(
            [(hkl_text(one), one.two_theta_degree, one.d_angstrom, one.intensity) for one in self._shown]
        )
        self.export.setEnabled(bool(self._shown))
        self.line_text.setText(self._summary())
        if self._plot is not None:
            self._draw(low, high)

    def _shape(self) -> str:
        return str(self.controls.shape.currentText())

    def _summary(self) -> str:
        if not self._shown or self._crystal is None:
            return ""
        return (
            f"{formula_text(self._crystal.formula)}, λ = {self.controls.wavelength_angstrom:g} Å: "
            f"{len(self._shown)} lines. Point at one, or select it below."
        )

    def _draw(self, low: float, high: float) -> None:
        import pyqtgraph

        colours = theme.current()
        self._plot.clear()
        plot.recolour(self._plot)
        plot.name_axes(self._plot, "2θ (°)", "Intensity")
        if self.controls.with_sticks.isChecked() and self._shown:
            x = [one.two_theta_degree for one in self._shown for _ in range(2)]
            y = [value for one in self._shown for value in (0.0, one.intensity)]
            width = 3 if len(self._shown) <= _MOST_WIDE_STICKS else 1
            pen = pyqtgraph.mkPen(plot.see_through(colours.accent, 0.6), width=width)
            self._plot.plot(x, y, connect="pairs", pen=pen)
        if self.controls.with_curve.isChecked() and self._shown and self._profile is not None:
            pen = pyqtgraph.mkPen(colours.text, width=1)
            self._plot.plot(self._profile.two_theta_degree, self._profile.intensity, pen=pen)
        self._pointer = pyqtgraph.TextItem("", color=colours.text, anchor=(0.5, 1.0), fill=colours.raised)
        self._pointer.hide()
        self._plot.addItem(self._pointer, ignoreBounds=True)
        self._plot.setXRange(low, high, padding=0)
        self._plot.setYRange(0.0, 118.0, padding=0)

    def _hover(self, place: QPointF) -> None:
        """The strongest line close to the pointer."""
        if not self._shown or self._pointer is None:
            return
        box = self._plot.getViewBox()
        reach = abs(box.viewPixelSize()[0]) * _HOVER_PIXELS
        at = box.mapSceneToView(place).x()
        near = [one for one in self._shown if abs(one.two_theta_degree - at) <= reach]
        if near:
            self._point_at(max(near, key=lambda one: one.intensity))
        else:
            self._pointer.hide()

    def _point_at(self, line: Reflection) -> None:
        self.line_text.setText(
            f"{hkl_text(line)} at 2θ = {number_text(line.two_theta_degree, 3)}°, "
            f"d = {number_text(line.d_angstrom, 4)} Å, intensity {number_text(line.intensity, 1)}"
        )
        if self._pointer is not None:
            self._pointer.setText(hkl_text(line))
            self._pointer.setPos(line.two_theta_degree, line.intensity)
            self._pointer.show()

    def _export(self) -> None:
        if self._crystal is None or self._profile is None:
            return
        path, kind = self.ask_path(f"{self._crystal.formula}-powder.csv")
        if not path:
            return
        wavelength = f"{self.controls.wavelength_angstrom:g} angstrom"
        about = f"{self._crystal.formula}, simulated X-ray powder pattern, {wavelength}"
        if kind == PROFILE_FILTER:
            shape = f"{self._shape()}, full width at half maximum {self.controls.fwhm.value:g} degree"
            text = profile_csv(self._profile, f"{about}, {shape}")
        else:
            text = reflections_csv(self._shown, about)
        self._write(Path(path), text)

    def _write(self, path: Path, text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            self.news.tell(f"{path.name} was not written: {reason}. Choose another folder.", failed=True)
        else:
            self.news.tell(f"Written: {path.name}")

    def _ask_path(self, proposed: str) -> tuple[str, str]:
        filters = f"{REFLECTIONS_FILTER};;{PROFILE_FILTER}"
        return QFileDialog.getSaveFileName(self, "Export the powder pattern", proposed, filters)
