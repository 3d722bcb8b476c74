"""Every check of the crystal that is shown, and what may mend it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.domain.validity import CheckResult
from crystal_studio.services.jobs import Repair, RepairJob
from crystal_studio.services.repair import repairs
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.node_job import NodeJob
from crystal_studio.ui.notation import breakable, plain_tooltip
from crystal_studio.ui.panels.node_page import NodePage, column, words
from crystal_studio.ui.panels.validity_words import (
    CHARGE_SUMS,
    charge_rows,
    figures,
    meaning,
    name_of,
    offer,
    verdict,
    weight_of,
)
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.sign import Sign, SignMark

_LONGEST_DETAIL = 2000


class ValidityPanel(NodePage):
    """A card for each check; a button for each repair, whose result is a child node."""

    title = "Validity"
    object_name = "validity"
    help = "Show a node to see each check of its crystal, and why it passed or failed."

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        parent: QWidget | None = None,
        *,
        repairs: Callable[[Node], tuple[Repair, ...]] = repairs,
    ) -> None:
        super().__init__(state, jobs, parent)
        self._repairs = repairs
        self._job = NodeJob(state, jobs, self)
        self._says = words("")
        self._says.hide()
        self._frame.addWidget(self._says)
        self._buttons: list[QPushButton] = []
        self._job.began.connect(self._wait)
        self._job.ended.connect(self._end)

    @property
    def repair_buttons(self) -> tuple[QPushButton, ...]:
        """One for each repair that is offered."""
        return tuple(self._buttons)

    @property
    def sentence(self) -> str:
        """What is said of the last repair."""
        return self._says.text()

    def close_panel(self) -> None:
        """Listen no more."""
        super().close_panel()
        self._job.close()

    def head(self, node: Node) -> QWidget:
        """The verdict."""
        return words(verdict(node.checks), bold=True)

    def blocks(self, node: Node) -> list[QWidget]:
        """Repairs, then the checks: failed ones first, required before advice."""
        cards = [_card(check, node) for check in sorted(node.checks, key=_importance)]
        offered = self._offered(node)
        return [offered, *cards] if self._buttons else cards

    def _offered(self, node: Node) -> QWidget:
        self._buttons = []
        for repair in self._repairs(node):
            button = QPushButton(offer(repair).replace("&", "&&"))
            button.setToolTip(plain_tooltip(meaning(repair)))
            button.setEnabled(not self._job.is_running)
            button.clicked.connect(lambda _checked=False, repair=repair: self._mend(node.id, repair))
            self._buttons.append(button)
        return column(words("A repair makes a new node below this one:", muted=True), *self._buttons)

    def _mend(self, node_id: str, repair: Repair) -> None:
        self._job.submit(RepairJob(project=self._state.path, node=node_id, repair=repair))

    def _wait(self) -> None:
        self._tell("Mending the crystal…")

    def _end(self, problem: str) -> None:
        self._tell(problem)

    def _tell(self, sentence: str) -> None:
        self._says.setText(breakable(sentence))
        self._says.setVisible(bool(sentence))
        for button in self._buttons:
            button.setEnabled(not self._job.is_running)


def _importance(check: CheckResult) -> tuple[bool, bool]:
    return check.passed is not False, not check.required


def _card(check: CheckResult, node: Node) -> QWidget:
    """Sign, name, numbers, threshold and the sentence of a check."""
    card = QFrame(frameShape=QFrame.Shape.StyledPanel)
    sign = Sign.of(check.passed)
    card.setAccessibleName(f"{name_of(check)}: {sign.value}, {weight_of(check)}")
    grid = QGridLayout(card)
    grid.setContentsMargins(8, 4, 8, 4)
    grid.setVerticalSpacing(2)
    grid.setColumnStretch(1, 1)
    grid.addWidget(SignMark(sign), 0, 0, Qt.AlignmentFlag.AlignTop)
    grid.addWidget(words(name_of(check), bold=True), 0, 1)
    grid.addWidget(_tag(weight_of(check)), 0, 2, Qt.AlignmentFlag.AlignTop)
    row = 1
    for line in _number_lines(check, node):
        grid.addWidget(line, row, 1, 1, 2)
        row += 1
    grid.addWidget(words(check.detail[:_LONGEST_DETAIL], muted=True, selectable=True), row, 1, 1, 2)
    return card


def _number_lines(check: CheckResult, node: Node) -> list[QWidget]:
    rows = charge_rows(check, node.crystal.composition) if check.name == CHARGE_SUMS else []
    if rows:
        return [_charge_table(rows)]
    numbers = figures(check)
    line = ", ".join(f"{name} {value}" for name, value in numbers.values)
    compared = f"{line} (threshold {numbers.threshold})" if numbers.threshold else line
    return [words(compared.strip(), selectable=True)] if compared else []


def _charge_table(rows: list[tuple[str, str, str, str]]) -> QWidget:
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setColumnStretch(4, 1)
    for row, cells in enumerate([("Element", "Atoms", "Charge", "Total"), *rows]):
        for place, text in enumerate(cells):
            label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignRight if place else Qt.AlignmentFlag.AlignLeft)
            label.setEnabled(row > 0)
            grid.addWidget(label, row, place)
    return table


def _tag(text: str) -> QLabel:
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setEnabled(False)
    return label
