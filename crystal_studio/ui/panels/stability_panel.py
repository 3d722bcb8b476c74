"""How stable the crystal is predicted to be, and whether it is known."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QVBoxLayout

from crystal_studio.domain.history import Node
from crystal_studio.domain.known import Known
from crystal_studio.ui.notation import one_line
from crystal_studio.ui.panels.hull_bar import HullBar
from crystal_studio.ui.panels.node_page import NodePage, words
from crystal_studio.ui.panels.stability_words import (
    doubt,
    energy_per_atom,
    hull_energy,
    interval,
    known_verdict,
    match_line,
    match_source,
    relaxation,
    verdict,
)

_STRANGE = "Unlike what the model was trained on: the value and its interval are guesses."
_LISTED_MATCHES = 30


class StabilityPanel(NodePage):
    """Energy above the hull with its interval; matches in the reference sets."""

    title = "Stability"
    object_name = "stability"
    help = "Show a node to see how stable its crystal is predicted to be, and whether it is known."

    def fill(self, node: Node, column: QVBoxLayout) -> None:
        """Hull, relaxation, energy, then known or new."""
        column.addWidget(words(verdict(node.e_above_hull), bold=True))
        measured = node.e_above_hull
        if measured is not None and hull_energy(measured) is not None:
            column.addWidget(HullBar(measured))
            column.addWidget(words(interval(measured), selectable=True))
            if sentence := doubt(measured):
                column.addWidget(words(sentence, muted=True))
            if not measured.in_distribution:
                column.addWidget(words(f"⚠ {_STRANGE}"))
            column.addWidget(
                words(f"Learned from {one_line(measured.method[:60]) or 'an unknown method'}.", muted=True)
            )
        facts = QFormLayout()
        facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        facts.addRow("Energy:", words(energy_per_atom(node), selectable=True))
        column.addLayout(facts)
        column.addWidget(words(relaxation(node)))
        column.addWidget(_rule())
        column.addWidget(words(known_verdict(node.known), bold=True))
        if node.known is not None:
            _list_matches(node.known, column)


def _list_matches(known: Known, column: QVBoxLayout) -> None:
    matches = [*known.compounds, *known.prototypes]
    for match in matches[:_LISTED_MATCHES]:
        column.addWidget(words(match_line(match), selectable=True))
        column.addWidget(words(match_source(match), muted=True))
    if len(matches) > _LISTED_MATCHES:
        column.addWidget(words(f"and {len(matches) - _LISTED_MATCHES} more", muted=True))
    for problem in known.problems:
        column.addWidget(words(f"⚠ {one_line(problem[:400])}"))


def _rule() -> QFrame:
    line = QFrame(frameShape=QFrame.Shape.HLine)
    line.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return line
