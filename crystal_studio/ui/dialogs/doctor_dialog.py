"""What the doctor says: each finding with its state and its remedy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.domain.finding import Finding, State
from crystal_studio.services.jobs_models import DoctorJob
from crystal_studio.ui import theme
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.models.asking import Asking, Hearing
from crystal_studio.ui.notation import breakable
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.progress_bar import ProgressBar
from crystal_studio.ui.sign import Sign
from crystal_studio.ui.sign_rows import SignRow, SignRowsView

_SIGNS = {State.GOOD: Sign.PASSED, State.ADVICE: Sign.ADVICE, State.PROBLEM: Sign.FAILED}
_HEADINGS = {State.PROBLEM: "Problems", State.ADVICE: "Could be better", State.GOOD: "Good"}
_LOOKING = "Looking at versions, folders, models and the display …"
_TESTING = "Running a small design round: ten seconds or more …"
_WAITING = "Waits for the engine, which is at work …"
_PER_MILLE = 1000


def headline(findings: Sequence[Finding]) -> str:
    """How many findings ask for something, in a sentence."""
    problems = sum(one.state is State.PROBLEM for one in findings)
    advice = sum(one.state is State.ADVICE for one in findings)
    if problems:
        return f"{_count(problems, 'problem')} to mend" + (f", {_count(advice, 'piece')} of advice." if advice else ".")
    return f"Everything needed is there; {_count(advice, 'piece')} of advice." if advice else "All is well."


def findings_text(findings: Sequence[Finding]) -> str:
    """One line a finding, its remedy below it: to send to somebody."""
    lines = []
    for one in findings:
        lines.append(f"[{one.state.value}] {one.name}: {one.value}")
        lines += [f"    {one.remedy}"] if one.remedy else []
    return "\n".join([headline(findings), "", *lines]) + "\n"


def finding_rows(findings: Sequence[Finding]) -> list[SignRow]:
    """What asks for something first, each group with a heading."""
    rows: list[SignRow] = []
    for state, heading in _HEADINGS.items():
        members = [(number, one) for number, one in enumerate(findings) if one.state is state]
        rows += [SignRow(None, f"{heading} ({len(members)})")] if members else []
        rows += [
            SignRow(number, one.name, one.value, "", _SIGNS[state], one.remedy, state is State.GOOD)
            for number, one in members
        ]
    return rows


class DoctorDialog(QDialog):
    """Asks at once; the self-test is run when it is wanted."""

    def __init__(self, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Doctor")
        self.setObjectName("doctor")
        self.findings: tuple[Finding, ...] = ()
        self._asking = Asking(jobs, self)
        self._job = ""
        self.headline = PlainLabel("", self, wraps=True)
        self.state = PlainLabel("", self, wraps=True)
        self.bar = ProgressBar(self)
        self.bar.setTextVisible(False)
        self.list = SignRowsView("Findings", self)
        self.empty = EmptyHint(_LOOKING, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.list)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.test = self._button("Run the &self-test")
        self.again = self._button("Look a&gain")
        self.copy = self._button("&Copy as text")
        self.stop = self._button("S&top")
        self._lay_out()
        self.test.clicked.connect(lambda: self._ask(self_test=True))
        self.again.clicked.connect(lambda: self._ask(self_test=False))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(findings_text(self.findings)))
        self.stop.clicked.connect(lambda: self._asking.cancel(self._job))
        self.buttons.rejected.connect(self.reject)
        self.finished.connect(lambda _result: self._asking.close())
        self._ask(self_test=False)

    def _lay_out(self) -> None:
        font = self.headline.font()
        font.setBold(True)
        self.headline.setFont(font)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(self._stack, 1)
        for widget in (self.state, self.bar, self.buttons):
            layout.addWidget(widget)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        room = self.screen().availableSize()
        self.resize(min(letter * 100, room.width() - 40), min(line * 36, room.height() - 80))

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self, autoDefault=False)
        self.buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        return button

    def _ask(self, self_test: bool) -> None:
        doing = _TESTING if self_test else _LOOKING
        hearing = Hearing(
            done=self._show,
            failed=lambda why: self._end(why, failed=True),
            stopped=lambda: self._end("Stopped."),
            started=lambda: self._say(doing),
            progressed=self._progress,
        )
        self._job = self._asking.ask(DoctorJob(self_test), hearing)
        if self._job:
            self._show_working(True)
            self._say(_WAITING)

    def _show(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        self.headline.setText(headline(self.findings))
        self.list.show_rows(finding_rows(self.findings))
        self._stack.setCurrentIndex(1)
        self._end("")
        self.list.setFocus()

    def _end(self, sentence: str, failed: bool = False) -> None:
        self._job = ""
        self._show_working(False)
        self._say(sentence, failed)
        if not self.findings:
            self.empty.setText("Nothing was found out. Look again.")

    def _progress(self, part: str, fraction: float, message: str) -> None:
        self.bar.setRange(0, _PER_MILLE)
        self.bar.show_value(round(_PER_MILLE * fraction))
        if message:
            self._say(f"{part.capitalize()}: {message}")

    def _show_working(self, is_working: bool) -> None:
        self.bar.setRange(0, 0 if is_working else _PER_MILLE)
        self.bar.setVisible(is_working)
        self.stop.setVisible(is_working)
        for button in (self.test, self.again):
            button.setEnabled(not is_working)
        self.copy.setEnabled(bool(self.findings))

    def _say(self, sentence: str, failed: bool = False) -> None:
        colours = theme.current()
        self.state.setStyleSheet(f"color: {colours.bad if failed else colours.muted};")
        self.state.setText(breakable(sentence))
        self.state.setVisible(bool(sentence))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
