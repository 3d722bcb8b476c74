"""The clauses of a pivot: ticked, crossed or left open, with what was found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from crystal_studio.domain.clauses import ClauseCheck, Verdict
from crystal_studio.ui.chat.plain_text import FlatText, ToneLabel
from crystal_studio.ui.chat.wording import shown

MOST_CLAUSES = 60
_SIGNS = {Verdict.TRUE: ("✓", "good"), Verdict.FALSE: ("✗", "bad"), Verdict.NOT_CHECKABLE: ("?", "muted")}


class ClauseList(QWidget):
    """One row for each clause: a sign, the clause, and beneath it what is there instead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Clauses of the text, held against the crystal")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self.rows: list[str] = []

    def show_checks(self, checks: tuple[ClauseCheck, ...]) -> None:
        """Show these and no others."""
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        self.rows = []
        for place, check in enumerate(checks[:MOST_CLAUSES]):
            self._add(place, check)
        if len(checks) > MOST_CLAUSES:
            self._grid.addWidget(ToneLabel(f"and {len(checks) - MOST_CLAUSES} more", "muted"), MOST_CLAUSES, 1)

    def _add(self, place: int, check: ClauseCheck) -> None:
        sign, tone = _SIGNS[check.verdict]
        mark = ToneLabel(sign, tone, wraps=False)
        mark.setAccessibleName(check.verdict.value)
        text = shown(check.clause.text)
        if check.verdict is not Verdict.TRUE:
            text += f"  {check.verdict.value}: {shown(check.found)}"
        words = FlatText(text)
        words.setAccessibleName(f"{check.verdict.value}: {text}")
        self._grid.addWidget(mark, place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(words, place, 1)
        self.rows.append(f"{sign} {text}")
