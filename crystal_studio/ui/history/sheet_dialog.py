"""Asks what a contact sheet is to draw."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.jobs import DesignJob, SheetJob
from crystal_studio.ui import theme
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.history.sheet_plan import (
    SheetPlan,
    estimate,
    read_first_seed,
    read_guidances,
    read_strengths,
    refuse_too_many,
    seconds_of_round,
)
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState

_STRENGTHS = "0.1, 0.3, 0.5, 0.8"
_COLUMNS = 4
_CANDIDATES = 4
_MOST_CANDIDATES = 200
_LONGEST_MESSAGE = 4000


class SheetDialog(QDialog):
    """Message, strengths, seeds and guidance scales, with the number of cells and how long they may take.

    Args:
        state: the session.
        node: what the sheet is of; None for a first wish.
        typed: what stands in the message box of the chat.
        seed: first seed offered.
    """

    def __init__(
        self, state: SessionState, node: Node | None, typed: str, seed: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._node, self._typed = state, node, typed.strip()
        self._seconds = seconds_of_round([node] if node else [])
        self.setObjectName("contact_sheet")
        self.setWindowTitle("Contact sheet")
        self.kind = QComboBox()
        self.kind.setAccessibleName("What is drawn")
        self.message = QPlainTextEdit()
        self.message.setTabChangesFocus(True)
        self.message.setAccessibleName("Message")
        self.strengths = CheckedLine(_STRENGTHS, _complaint(read_strengths), "Strengths")
        self.first_seed = CheckedLine(str(seed), _complaint(read_first_seed), "First seed")
        self.num_seeds = QSpinBox(minimum=1, maximum=64, value=_COLUMNS)
        self.num_seeds.setAccessibleName("Number of seeds")
        self.guidances = CheckedLine("", _complaint(read_guidances), "Guidance scales")
        self.candidates = QSpinBox(minimum=1, maximum=_MOST_CANDIDATES, value=_CANDIDATES)
        self.candidates.setAccessibleName("Candidates of each cell")
        self.summary = PlainLabel(wraps=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("&Draw")
        self._offer_kinds()
        self._lay_out()
        self._connect()
        self._choose_kind()

    def job(self) -> SheetJob:
        """What the fields ask for.

        Raises:
            UserCorrectable: a field cannot be read, or they ask for too much.
        """
        plan = self._plan()
        node, repeats = self._node, self._repeats()
        keeps_pivot = repeats and node is not None and node.pivot_source is PivotSource.PERSON
        base = DesignJob(
            project=self._state.path,
            message=self.message.toPlainText().strip() or None,
            parent=(node.parent if repeats else node.id) if node is not None else None,
            seed=plan.seeds[0],
            candidates=self.candidates.value(),
            strength=plan.strengths[0],
            pivot=node.pivot if keeps_pivot and node is not None else None,
            limits=node.intent.limits if repeats and node is not None else None,
            goals=node.intent.goals if repeats and node is not None else None,
            engine=SamplingEngine.of_round(node.parameters if repeats and node is not None else {}),
        )
        if base.message is None and base.parent is None and base.pivot is None:
            raise UserCorrectable("The message is empty. Say what you want to be drawn.")
        return SheetJob(base, uuid4().hex, plan.strengths, plan.seeds, plan.guidances)

    def _repeats(self) -> bool:
        """Whether the node's own round is drawn, rather than answers to it."""
        return self._node is not None and self.kind.currentData() == "round"

    def _offer_kinds(self) -> None:
        if self._node is None:
            self.kind.addItem("A new wish", "wish")
            return
        formula = formula_text(self._node.crystal.formula)
        self.kind.addItem(f"The round of {formula} again", "round")
        self.kind.addItem(f"Answers to {formula}", "answers")
        if self._typed or "repair" in self._node.parameters:
            self.kind.setCurrentIndex(1)

    def _lay_out(self) -> None:
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().lineSpacing()
        self.message.setFixedHeight(4 * line + 12)
        self.setMinimumWidth(letter * 60)
        self.guidances.line.setPlaceholderText("the model's own")
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for label, field in (
            ("D&raw", self.kind),
            ("&Message", self.message),
            ("&Strengths (rows)", self.strengths),
            ("&First seed", self.first_seed),
            ("&Number of seeds (columns)", self.num_seeds),
            ("&Guidance scales", self.guidances),
            ("&Candidates of each cell", self.candidates),
        ):
            name = PlainLabel(label)
            name.setBuddy(field)
            form.addRow(name, field)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.summary)
        column.addWidget(self.buttons)

    def _connect(self) -> None:
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.kind.currentIndexChanged.connect(self._choose_kind)
        for line in (self.strengths, self.first_seed, self.guidances):
            line.line.textChanged.connect(self._sum_up)
        for number in (self.num_seeds, self.candidates):
            number.valueChanged.connect(self._sum_up)
        self.message.textChanged.connect(self._sum_up)

    def _choose_kind(self) -> None:
        """The message of the round, or what is being typed."""
        node = self._node
        self.message.setPlainText(node.message if node is not None and self._repeats() else self._typed)
        self._sum_up()

    def _plan(self) -> SheetPlan:
        first = read_first_seed(self.first_seed.text)
        seeds = tuple(first + number for number in range(self.num_seeds.value()))
        read_first_seed(str(seeds[-1]))
        plan = SheetPlan(read_strengths(self.strengths.text), seeds, read_guidances(self.guidances.text))
        refuse_too_many(plan)
        if len(self.message.toPlainText()) > _LONGEST_MESSAGE:
            raise UserCorrectable(f"The message is too long. Shorten it to {_LONGEST_MESSAGE:,} characters.")
        return plan

    def _sum_up(self, _value: object = None) -> None:
        """Number of cells and time, or what stands against drawing them."""
        colours = theme.current()
        try:
            self.job()
            plan = self._plan()
        except UserCorrectable as error:
            self.summary.setText(str(error))
            self.summary.setStyleSheet(f"color: {colours.bad};")
            is_ready = False
        else:
            share = self.candidates.value() / self._candidates_of_node()
            self.summary.setText(f"{estimate(plan, self._seconds and self._seconds * share)}. {_NOTE}")
            self.summary.setStyleSheet(f"color: {colours.muted};")
            is_ready = True
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(is_ready)

    def _candidates_of_node(self) -> int:
        return max(len(self._node.candidates), 1) if self._node is not None else self.candidates.value()


_NOTE = "Each cell is kept as a hidden node until you promote it."


def _complaint(read: Callable[[str], object]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            read(text)
        except UserCorrectable as error:
            return str(error)
        return ""

    return check


def open_dialog(dialog: SheetDialog, submit: Callable[[SheetJob], None]) -> None:
    """Show the dialog, and submit what it asks for."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.accepted.connect(lambda: submit(dialog.job()))
    dialog.open()
