"""One round: the person's bubble and the crystal's card."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.ui import notation
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.bubble import Bubble, ClickableBubble, Ground, beside
from crystal_studio.ui.chat.buttons import action_button
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.plain_text import CappedText, FlatText, ToneLabel
from crystal_studio.ui.chat.rounds import Round

THUMBNAIL_SIZE = 88
# What stands in the place of a message that was not written.
_SILENT = {
    PivotSource.PERSON.value: "Edited the description by hand",
    PivotSource.DESCRIBED.value: "Imported from a file",
}


class RoundView(QWidget):
    """A message, and the crystal that answers it; it knows nothing but what it is shown.

    Signals (all with the node's id):
        show_asked, branch_asked, regenerate_asked, edit_asked, star_asked, compare_asked.
        sibling_asked: and -1 or 1, for the sibling before or after it.
    """

    show_asked = Signal(str)
    branch_asked = Signal(str)
    regenerate_asked = Signal(str)
    edit_asked = Signal(str)
    star_asked = Signal(str)
    compare_asked = Signal(str)
    sibling_asked = Signal(str, int)

    def __init__(self, shown: Round, mark: Mark, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.node_id = shown.outline.id
        self._round = shown
        self.is_filled = False
        self.switcher: QWidget | None = None
        self._shown: tuple[Round, Mark] | None = None
        self.person = Bubble(Ground.PERSON)
        self.card = CrystalCard(shown, mark)
        self.card.clicked.connect(lambda: self.show_asked.emit(self.node_id))
        self.card.compare_asked.connect(lambda: self.compare_asked.emit(self.node_id))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(6)
        column.addWidget(beside(self.person, is_right=True))
        column.addWidget(beside(self.card, is_right=False))
        self._build_person()
        self._build_actions()
        self.update_round(shown, mark)

    def update_round(self, shown: Round, mark: Mark) -> None:
        """Show another set of siblings, another mark, or that it is (no longer) the current one."""
        if self._shown == (shown, mark):
            return
        self._shown = shown, mark
        self._round = shown
        if shown.num_siblings > 1 and self.switcher is None:
            self._build_switcher()
        self._show_siblings(shown)
        self.star.setText("★" if mark.starred else "☆")
        self.star.setAccessibleName("Remove the star" if mark.starred else "Star")
        self.show_button.setVisible(not shown.is_current)
        self.card.update_round(shown, mark)

    def _show_siblings(self, shown: Round) -> None:
        if self.switcher is None:
            return
        place, count = shown.place, shown.num_siblings
        self.switcher.setVisible(count > 1)
        self.position.setText(f"{place + 1:,}/{count:,}")
        self.previous.setEnabled(place > 0)
        self.next.setEnabled(place + 1 < count)

    def fill(self, node: Node) -> None:
        """Show what only the whole node says."""
        self.is_filled = True
        self.card.fill(node)
        is_repair = "repair" in node.parameters
        can_repeat = not is_repair and (
            bool(node.message) or node.parent is not None or node.pivot_source is PivotSource.PERSON
        )
        self.regenerate.setEnabled(can_repeat)
        self.edit.setVisible(bool(node.message) and not is_repair)

    def _build_person(self) -> None:
        message = self._round.outline.message
        silent = _SILENT.get(self._round.outline.pivot_source, "Let the predicted values decide")
        self.message = CappedText(message or silent, "text" if message else "muted")
        self.message.setAccessibleName("Your message")
        self.person.column.addWidget(self.message)
        self.edit = action_button(
            "Edit", lambda: self.edit_asked.emit(self.node_id), "Write this message anew; this answer is kept", "muted"
        )
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(0, 0, 0, 0)
        self._foot.addStretch(1)
        self._foot.addWidget(self.edit)
        self.person.column.addLayout(self._foot)
        self.edit.setVisible(bool(message))

    def _build_switcher(self) -> None:
        self.previous = action_button("‹", lambda: self._step(-1), "Previous answer to the same crystal", "text")
        self.next = action_button("›", lambda: self._step(1), "Next answer to the same crystal", "text")
        self.position = ToneLabel("", "muted", wraps=False)
        self.switcher = QWidget()
        row = QHBoxLayout(self.switcher)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self.previous, self.position, self.next):
            row.addWidget(widget)
        self._foot.insertWidget(0, self.switcher)

    def _build_actions(self) -> None:
        node = self.node_id
        self.show_button = action_button("Show", lambda: self.show_asked.emit(node), "Make this the current crystal")
        self.branch = action_button(
            "Branch from here", lambda: self.branch_asked.emit(node), "Answer this crystal with the next message"
        )
        self.regenerate = action_button(
            "Regenerate",
            lambda: self.regenerate_asked.emit(node),
            "The same message once more with another seed; this answer is kept",
        )
        self.star = action_button("☆", lambda: self.star_asked.emit(node), "Star")
        flow = FlowLayout(gap=2)
        for button in (self.show_button, self.branch, self.regenerate, self.star):
            flow.addWidget(button)
        self.card.column.addLayout(flow)

    def _step(self, step: int) -> None:
        self.sibling_asked.emit(self.node_id, step)


class CrystalCard(ClickableBubble):
    """What came out: picture, formula, space group, gap, stability, checks, known or new, notes, model, seconds.

    Signals:
        compare_asked: it is to be seen beside the crystal that it answers.
    """

    compare_asked = Signal()

    def __init__(self, shown: Round, mark: Mark, parent: QWidget | None = None) -> None:
        super().__init__(Ground.CRYSTAL, parent)
        self._outline = outline = shown.outline
        self.picture = QLabel()
        self.picture.setFixedSize(QSize(THUMBNAIL_SIZE, THUMBNAIL_SIZE))
        self.picture.setAccessibleName(f"Picture of {outline.formula}")
        self.formula = ToneLabel(wraps=True)
        font = self.formula.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.formula.setFont(font)
        self.group = ToneLabel(wording.group_line(outline.space_group), "muted")
        self.gap = ToneLabel(f"gap {notation.with_unit(outline.band_gap_ev, 'eV')}")
        self.hull = ToneLabel(f"{notation.with_unit(outline.e_above_hull_ev, 'eV/atom', 3)} above the hull")
        self.checks = ToneLabel("✓ valid" if outline.valid else "✗ not valid", "good" if outline.valid else "bad")
        self.known = ToneLabel("", "muted")
        self.changes = ToneLabel("", "muted")
        self.compare = action_button("Compare", self.compare_asked.emit, "See it beside the crystal that it answers")
        self.changes.hide()
        self.compare.hide()
        self.notes = FlatText("", "muted")
        self.notes.hide()
        self.author = ToneLabel(wording.author_line(outline), "muted")
        self._lay_out()
        self.update_round(shown, mark)

    def update_round(self, shown: Round, mark: Mark) -> None:
        """Show whether it is current, and its name."""
        outline = shown.outline
        formula = wording.subscripted(outline.formula)
        name = wording.shortened(mark.name, 60)
        self.formula.setText(f"{name} · {formula}" if name else formula)
        self.set_ground(Ground.CURRENT if shown.is_current else Ground.CRYSTAL)
        is_current = ", shown" if shown.is_current else ""
        self.setAccessibleName(f"Round {outline.round}: {outline.formula}, {self.group.text()}{is_current}")

    def fill(self, node: Node) -> None:
        """Show what only the whole node says."""
        if node.band_gap is not None:
            self.gap.setText(f"gap {wording.measured_line(node.band_gap)}, {node.band_gap.method}")
        if node.e_above_hull is not None:
            self.hull.setText(wording.measured_line(node.e_above_hull, "above the hull"))
        self.checks.say(*wording.checks_line(node.checks))
        self.checks.setToolTip(wording.plain_tooltip("\n".join(check.detail for check in node.checks)))
        self.known.setText(wording.known_line(node.known))
        self.known.setToolTip(wording.plain_tooltip(node.known.sentence if node.known else ""))
        notes = [wording.shortened(note, 300) for note in node.notes if note.strip()]
        self.notes.say("\n".join(f"• {note}" for note in notes[:6]))
        self.notes.setVisible(bool(notes))
        spent = "\n".join(f"{part}: {seconds:.1f} s" for part, seconds in node.seconds.items() if part)
        self.author.setText(f"{wording.author_line(self._outline)} · {wording.seconds_line(node.seconds)}")
        self.author.setToolTip(wording.plain_tooltip(spent))

    def say_changes(self, words: str) -> None:
        """Show what the round has changed against its parent."""
        self.changes.setText(f"Against its parent: {wording.shown(words)}" if words else "")
        for part in (self.changes, self.compare):
            part.setVisible(bool(words))

    def set_picture(self, picture: QPixmap) -> None:
        """Show the crystal."""
        self.picture.setPixmap(picture)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        facts = QVBoxLayout()
        facts.setSpacing(1)
        for widget in (self.formula, self.group, self.gap, self.hull, self.checks, self.known):
            facts.addWidget(widget)
        head.addLayout(facts, 1)
        self.column.addLayout(head)
        edge = QHBoxLayout()
        edge.addWidget(self.changes, 1)
        edge.addWidget(self.compare, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(edge)
        self.column.addWidget(self.notes)
        self.column.addWidget(self.author)
