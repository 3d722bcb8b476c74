"""The conditions of a search as fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QWidget

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.node_search import asked_anonymous
from crystal_studio.services.query_text import (
    bounds_value,
    group_ranges,
    read_bounds,
    read_elements,
    read_formula,
    read_groups,
)
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.plain_label import PlainLabel

_ORDER_WORDS = {
    NodeOrder.CREATED: "when it was made",
    NodeOrder.BAND_GAP: "band gap",
    NodeOrder.E_ABOVE_HULL: "energy above the hull",
    NodeOrder.FORMULA: "formula",
    NodeOrder.SPACE_GROUP: "space group",
    NodeOrder.ALIGNMENT: "alignment",
    NodeOrder.STARRED: "stars",
}
_Read = Callable[[str], object]


class SearchForm(QWidget):
    """Edits a `NodeQuery`, all but its words.

    Signals:
        changed: the `NodeQuery` that the fields give; nothing while one of them cannot be read.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._query = NodeQuery()
        self._is_filling = False
        self._reads: dict[str, _Read] = {
            "elements": read_elements,
            "without": read_elements,
            "formula": lambda text: read_formula(text) if text else "",
            "anonymous": lambda text: asked_anonymous(text) if text else "",
            "space_groups": read_groups,
            "gap_ev": lambda text: read_bounds(text, "the gap") if text else (None, None),
            "hull_ev": lambda text: read_bounds(text, "the energy above the hull") if text else (None, None),
        }
        self.lines = {
            name: CheckedLine("", _complaint(read), label.replace("&", ""))
            for (name, read), (label, _) in zip(self._reads.items(), _LABELS, strict=True)
        }
        self.valid = QCheckBox("&Valid only")
        self.starred = QCheckBox("Sta&rred only")
        self.hidden = QCheckBox("&Hidden nodes too")
        self.order = QComboBox()
        self.descending = QCheckBox("&Largest or newest first")
        self._lay_out()
        self._connect()

    def show_query(self, query: NodeQuery) -> None:
        """Fill the fields."""
        self._query = query
        self._is_filling = True
        texts = {
            "elements": ",".join(query.elements),
            "without": ",".join(query.without),
            "formula": query.formula,
            "anonymous": query.anonymous,
            "space_groups": ",".join(group_ranges(query.space_groups)),
            "gap_ev": bounds_value(query.gap_ev),
            "hull_ev": bounds_value(query.hull_ev),
        }
        for name, text in texts.items():
            self.lines[name].line.setText(text)
        self.valid.setChecked(query.valid_only)
        self.starred.setChecked(query.starred_only)
        self.hidden.setChecked(query.hidden)
        self.order.setCurrentIndex(list(_ORDER_WORDS).index(query.order))
        self.descending.setChecked(query.is_descending)
        self._is_filling = False

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for line, (label, example) in zip(self.lines.values(), _LABELS, strict=True):
            line.line.setPlaceholderText(example)
            line.line.setMinimumWidth(self.fontMetrics().averageCharWidth() * 24)
            _add(form, label, line)
        for box in (self.valid, self.starred, self.hidden):
            form.addRow("", box)
        self.order.addItems(list(_ORDER_WORDS.values()))
        self.order.setAccessibleName("Order of the matches")
        _add(form, "Or&dered by", self.order)
        form.addRow("", self.descending)

    def _connect(self) -> None:
        for line in self.lines.values():
            line.line.textEdited.connect(self._tell)
        for box in (self.valid, self.starred, self.hidden, self.descending):
            box.toggled.connect(self._tell)
        self.order.currentIndexChanged.connect(self._tell)

    def _tell(self, _value: object = None) -> None:
        if self._is_filling or not all([line.examine() for line in self.lines.values()]):
            return
        fields = {name: read(self.lines[name].text) for name, read in self._reads.items()}
        self._query = replace(
            self._query,
            **fields,
            valid_only=self.valid.isChecked(),
            starred_only=self.starred.isChecked(),
            hidden=self.hidden.isChecked(),
            order=list(_ORDER_WORDS)[self.order.currentIndex()],
            is_descending=self.descending.isChecked(),
        )
        self.changed.emit(self._query)


def _complaint(read: _Read) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            read(text)
        except UserCorrectable as error:
            return str(error)
        return ""

    return check


def _add(form: QFormLayout, label: str, field: QWidget) -> None:
    name = PlainLabel(label)
    name.setBuddy(field)
    form.addRow(name, field)


_LABELS = (
    ("&Contains", "Sr,Ti"),
    ("Contains n&ot", "Pb,Cd"),
    ("&Formula", "SrTiO3"),
    ("&Pattern", "ABC3"),
    ("&Space groups", "225, 195-206"),
    ("Band &gap (eV)", "2-4, >2 or <4"),
    ("Above h&ull (eV/atom)", "<0.1"),
)
