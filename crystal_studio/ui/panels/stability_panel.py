"""How stable the crystal is predicted to be, and whether it is known."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.domain.known import Known
from crystal_studio.domain.measured import Measured
from crystal_studio.ui.notation import one_line
from crystal_studio.ui.panels.hull_bar import HullBar
from crystal_studio.ui.panels.node_page import NodePage, column, words
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

    def blocks(self, node: Node) -> list[QWidget]:
        """Hull, then known or new, then relaxation and energy."""
        return [_hull(node.e_above_hull), _known(node.known), _energy(node)]


def _hull(measured: Measured | None) -> QWidget:
    parts: list[QWidget] = [words(verdict(measured), bold=True)]
    if measured is not None and hull_energy(measured) is not None:
        parts += [HullBar(measured), words(interval(measured), selectable=True)]
        if sentence := doubt(measured):
            parts.append(words(sentence, muted=True))
        if not measured.in_distribution:
            parts.append(words(f"⚠ {_STRANGE}"))
        parts.append(words(f"Learned from {one_line(measured.method[:60]) or 'an unknown method'}.", muted=True))
    return column(*parts)


def _energy(node: Node) -> QWidget:
    facts = QFormLayout()
    facts.addRow("Energy:", words(energy_per_atom(node), selectable=True))
    return column(words("At rest or not", bold=True), words(relaxation(node)), facts)


def _known(known: Known | None) -> QWidget:
    parts: list[QWidget] = [words(known_verdict(known), bold=True)]
    matches = [*known.compounds, *known.prototypes] if known else []
    for match in matches[:_LISTED_MATCHES]:
        parts += [words(match_line(match), selectable=True), words(match_source(match), muted=True)]
    if len(matches) > _LISTED_MATCHES:
        parts.append(words(f"and {len(matches) - _LISTED_MATCHES} more", muted=True))
    parts += [words(f"⚠ {one_line(problem[:400])}") for problem in (known.problems if known else ())]
    return column(*parts)
