"""Importing a model: first what would be done, then, where that is wanted, the doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFormLayout,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.machine import Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_import import ImportMode, ImportPlan
from crystal_studio.services.device_plan import fits
from crystal_studio.services.jobs import Job
from crystal_studio.services.jobs_models import ImportModelJob, PlanImportJob
from crystal_studio.ui import theme
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.exchange.growing import Growing
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.models.asking import Asking, Hearing
from crystal_studio.ui.models.plan_words import MODES, facts_text, files_text, name_problem
from crystal_studio.ui.notation import breakable
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.progress_bar import ProgressBar

_PER_MILLE = 1000


class ImportDialog(Growing):
    """The plan with its files, the name, copy or link; then progress, and a way to stop.

    Args:
        source: folder or file.
        jobs: asked for the plan at once.
        machine: what has to hold the model, None where that is not known yet.
        taken: kind -> the names that models of it have already.
        parent: Qt's.

    Signals:
        installed: the `ModelCard`.
    """

    installed = Signal(object)

    def __init__(
        self,
        source: Path,
        jobs: JobRunner,
        machine: Machine | None,
        taken: Mapping[ModelKind, Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("import_model")
        self.setWindowTitle("Import a model")
        self._source, self._machine, self._taken = source, machine, taken
        self._asking = Asking(jobs, self)
        self._plan: ImportPlan | None = None
        self._job = ""
        self._make_fields()
        self._lay_out()
        self.install.clicked.connect(self._install)
        self.stop.clicked.connect(lambda: self._asking.cancel(self._job))
        self.name.line.textChanged.connect(lambda _text: self._examine())
        self.finished.connect(lambda _result: self._asking.close())
        hearing = Hearing(self._show_plan, self._refuse, lambda: self._refuse("Stopped."), progressed=self._progress)
        self._show_working(False)
        self._work(PlanImportJob(source), hearing, f"Reading {source}. Nothing is changed by that.")

    @property
    def mode(self) -> ImportMode:
        """Copy or link."""
        return next(mode for mode, button in self.modes.items() if button.isChecked())

    def _make_fields(self) -> None:
        self.what = PlainLabel("", self, wraps=True)
        font = self.what.font()
        font.setBold(True)
        self.what.setFont(font)
        self.facts = PlainLabel("", self, wraps=True)
        self.name = CheckedLine("", self._name_problem, "Name", self)
        self.target = PlainLabel("", self, wraps=True)
        self.files = QPlainTextEdit(self, readOnly=True)
        self.files.setAccessibleName("Files that are taken and left behind")
        self.files.setTabChangesFocus(True)
        self.modes = {mode: QRadioButton(text, self) for mode, (text, _) in MODES.items()}
        self.modes[ImportMode.COPY].setChecked(True)
        self.state = PlainLabel("", self, wraps=True)
        self.state.setAccessibleName("State of the import")
        self.bar = ProgressBar(self)
        self.bar.setRange(0, _PER_MILLE)
        self.bar.setTextVisible(False)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.install = QPushButton("&Install", self)
        self.stop = QPushButton("S&top", self, autoDefault=False)
        self.buttons.addButton(self.install, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.addButton(self.stop, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        self.plan_part = QWidget(self)
        form = QFormLayout()
        form.addRow("&Name", self.name)
        form.addRow("Goes to", self.target)
        inner = QVBoxLayout(self.plan_part)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.what)
        inner.addWidget(self.facts)
        inner.addLayout(form)
        inner.addWidget(self.files, 1)
        for mode, button in self.modes.items():
            inner.addWidget(button)
            words = PlainLabel(MODES[mode][1], self, wraps=True)
            words.setIndent(self.fontMetrics().averageCharWidth() * 3)
            inner.addWidget(words)
        layout = QVBoxLayout(self)
        layout.addWidget(self.plan_part, 1)
        layout.addWidget(self.state)
        layout.addWidget(self.bar)
        layout.addWidget(self.buttons)
        self.plan_part.hide()
        self.install.hide()
        room = self.screen().availableSize()
        self.setMinimumWidth(min(self.fontMetrics().averageCharWidth() * 80, room.width() - 60))

    def _show_plan(self, plan: ImportPlan) -> None:
        self._plan = plan
        self._show_working(False)
        self.what.setText(breakable(plan.what))
        self.facts.setText(facts_text(plan, fits(self._machine, plan.memory_mb) if self._machine else ""))
        self.files.setPlainText(files_text(plan))
        self.name.line.setText(plan.model_id)
        self._say("Nothing was changed yet.")
        self.plan_part.show()
        self.install.show()
        self.install.setDefault(True)
        self._examine()
        self.name.setFocus()

    def _refuse(self, why: str) -> None:
        """What lies there cannot be imported, or was not."""
        self._show_working(False)
        self._say(why, failed=True)

    def _examine(self) -> None:
        has_name = self.name.examine()
        if self._plan is not None:
            self.target.setText(breakable(str(self._plan.target.parent / self.name.text)))
        self.install.setEnabled(has_name and self._plan is not None and not self._job)
        self.grow()

    def _name_problem(self, name: str) -> str:
        return name_problem(name, self._taken.get(self._plan.kind, ())) if self._plan else ""

    def _install(self) -> None:
        hearing = Hearing(
            done=self._installed,
            failed=self._refuse,
            stopped=lambda: self._refuse("Stopped; nothing of it was kept."),
            started=lambda: self._say("Installing …"),
            progressed=self._progress,
        )
        self._work(ImportModelJob(self._source, self.mode, self.name.text), hearing, "Waits for the engine …")

    def _work(self, job: Job, hearing: Hearing, sentence: str) -> None:
        self._job = self._asking.ask(job, hearing)
        if self._job:
            self._show_working(True)
            self._say(sentence)

    def _installed(self, card: ModelCard) -> None:
        self._show_working(False)
        self.installed.emit(card)
        self.accept()

    def _progress(self, part: str, fraction: float, message: str) -> None:
        self.bar.setRange(0, _PER_MILLE)
        self.bar.show_value(round(_PER_MILLE * fraction))
        detail = f": {breakable(message)}" if message else ""
        self._say(f"{part.capitalize()} {round(100 * fraction)} %{detail}")

    def _show_working(self, is_working: bool) -> None:
        if not is_working:
            self._job = ""
        self.bar.setRange(0, 0 if is_working else _PER_MILLE)
        self.bar.setVisible(is_working)
        self.stop.setVisible(is_working)
        self.plan_part.setEnabled(not is_working)
        self._examine()

    def _say(self, sentence: str, failed: bool = False) -> None:
        colours = theme.current()
        self.state.setStyleSheet(f"color: {colours.bad if failed else colours.muted};")
        self.state.setText(breakable(sentence))
        self.grow()
