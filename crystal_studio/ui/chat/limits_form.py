"""The form behind the chips: every limit and goal that can be set by hand."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS, SYMMETRY_CLASSES, SpaceGroup
from crystal_studio.ui.chat.limits_draft import LimitsDraft, read_elements, read_formula, read_space_group
from crystal_studio.ui.chat.plain_text import ToneLabel

_KEY = Qt.ItemDataRole.UserRole
_SYMBOL = Qt.ItemDataRole.UserRole + 1
_ANY = "any"
_BETWEEN = "between"
_CHOICES = (("no goal", None), *((one.value.replace("_", " "), one) for one in Direction), (_BETWEEN, _BETWEEN))
_MOST_ATOMS = 500


class ElementCompleter(QCompleter):
    """Completes the last word of a field to an element's symbol, by its symbol or its name."""

    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        model = QStandardItemModel(self)
        for element in ELEMENTS:
            for key in (element.symbol, element.name):
                item = QStandardItem(f"{element.symbol}  {element.name}")
                item.setData(key, _KEY)
                item.setData(element.symbol, _SYMBOL)
                model.appendRow(item)
        self.setModel(model)
        self.setCompletionRole(_KEY)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._field = field

    def splitPath(self, path: str) -> list[str]:
        """The last word is what is completed."""
        return [path.replace(";", ",").replace(",", " ").split(" ")[-1] or "\0"]

    def pathFromIndex(self, index: QModelIndex) -> str:
        """The field with its last word completed."""
        text = self._field.text()
        head = text[: max(text.rfind(" "), text.rfind(","), text.rfind(";")) + 1]
        return f"{head}{index.data(_SYMBOL)}, "


class CheckedField(QWidget):
    """A text field with its message beneath it.

    Signals:
        edited: the value, whenever a text that can be read was typed.
    """

    edited = Signal(object)

    def __init__(self, name: str, hint: str, read: Callable[[str], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self.field = QLineEdit()
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(hint)
        self.field.setMaxLength(400)
        self.message = ToneLabel("", "bad")
        self.message.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self.field)
        column.addWidget(self.message)
        self.setFocusProxy(self.field)
        self.field.textChanged.connect(self._changed)
        self._is_showing = False

    def show_value(self, text: str) -> None:
        """Show a value that was not typed here; what is being typed is left alone."""
        if self.field.hasFocus() or self.field.text() == text:
            return
        self._is_showing = True
        self.field.setText(text)
        self._is_showing = False

    def _changed(self, text: str) -> None:
        try:
            value = self._read(text)
        except UserCorrectable as error:
            self.message.setText(str(error))
            self.message.show()
            return
        self.message.hide()
        self.message.setText("")
        if not self._is_showing:
            self.edited.emit(value)


class GoalField(QWidget):
    """A goal for one quantity: which way, and how far.

    Signals:
        edited: tuple of `Goal`.
    """

    edited = Signal(object)

    def __init__(self, quantity: Quantity, name: str, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quantity = quantity
        self.way = QComboBox()
        self.way.setAccessibleName(name)
        for words, choice in _CHOICES:
            self.way.addItem(words, choice)
        self.first = self._number(name, unit)
        self.second = self._number(f"{name}, upper end", unit)
        self.message = ToneLabel("", "bad")
        row = QHBoxLayout()
        for widget in (self.way, self.first, self.second):
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addLayout(row)
        column.addWidget(self.message)
        self.setFocusProxy(self.way)
        self._is_showing = False
        self.way.currentIndexChanged.connect(self._changed)
        self.first.valueChanged.connect(self._changed)
        self.second.valueChanged.connect(self._changed)
        self._changed()

    def show_goals(self, goals: tuple[Goal, ...]) -> None:
        """Show goals that were not set here; what is being edited is left alone."""
        if self.isAncestorOf(self.focusWidget() or self) and any(
            one.hasFocus() for one in (self.way, self.first, self.second)
        ):
            return
        if goals == self.goals():
            return
        self._is_showing = True
        targets = {goal.direction: goal.target for goal in goals}
        is_range = {Direction.AT_LEAST, Direction.AT_MOST} <= targets.keys()
        choice = _BETWEEN if is_range else (goals[0].direction if goals else None)
        self.way.setCurrentIndex([each for _, each in _CHOICES].index(choice))
        first = targets[Direction.AT_LEAST] if is_range else (goals[0].target if goals else None)
        self.first.setValue(first or 0.0)
        self.second.setValue((targets.get(Direction.AT_MOST) or 0.0) if is_range else 0.0)
        self._is_showing = False

    def goals(self) -> tuple[Goal, ...]:
        """The goals as they stand."""
        choice = self.way.currentData()
        if choice is None:
            return ()
        low, high = self.first.value(), self.second.value()
        if choice == _BETWEEN:
            return (
                Goal(self._quantity, Direction.AT_LEAST, low),
                Goal(self._quantity, Direction.AT_MOST, high),
            )
        direction = Direction(choice)
        is_relative = direction in (Direction.HIGHER, Direction.LOWER)
        return (Goal(self._quantity, direction, None if is_relative else low),)

    def _number(self, name: str, unit: str) -> QDoubleSpinBox:
        number = QDoubleSpinBox()
        number.setRange(0.0, 100.0)
        number.setDecimals(2)
        number.setSingleStep(0.1)
        number.setSuffix(f" {unit}")
        number.setAccessibleName(name)
        return number

    def _changed(self, _value: object = None) -> None:
        choice = self.way.currentData()
        self.first.setVisible(choice not in (None, Direction.HIGHER, Direction.LOWER))
        self.second.setVisible(choice == _BETWEEN)
        is_turned = choice == _BETWEEN and self.second.value() < self.first.value()
        self.message.setText("The upper end lies below the lower one." if is_turned else "")
        self.message.setVisible(is_turned)
        if not self._is_showing and not is_turned:
            self.edited.emit(self.goals())


class LimitsForm(QWidget):
    """All fields; it shows a `LimitsDraft` and changes it.

    Signals:
        changed: the draft was changed by hand.
    """

    changed = Signal()

    def __init__(self, draft: LimitsDraft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._is_showing = False
        self.required = CheckedField("Elements in", "Sr, Ti", read_elements)
        self.excluded = CheckedField("Elements out", "Pb, Cd", read_elements)
        for field in (self.required.field, self.excluded.field):
            field.setCompleter(ElementCompleter(field))
        self.formula = CheckedField("Composition lock", "SrTiO3", read_formula)
        self.space_group = CheckedField("Space group", "221 or Pm-3m", read_space_group)
        self.crystal_system = QComboBox()
        self.crystal_system.addItems([_ANY, *CRYSTAL_SYSTEMS])
        self.symmetry_class = QComboBox()
        self.symmetry_class.addItems([_ANY, *SYMMETRY_CLASSES])
        self.num_elements = _count("Number of elements", 10)
        self.max_atoms = _count("Atoms at most", _MOST_ATOMS)
        self.gap = GoalField(Quantity.BAND_GAP, "Band gap", "eV")
        self.distance = GoalField(Quantity.UNIT_DISTANCE, "Distance between units", "Å")
        self._lay_out()
        self._connect()

    @property
    def problem(self) -> str:
        """The first message beside a field, "" where there is none."""
        fields = (self.required, self.excluded, self.formula, self.space_group, self.gap, self.distance)
        return next((field.message.text() for field in fields if field.message.text()), "")

    def refresh(self) -> None:
        """Show the draft."""
        limits = self._draft.limits
        self._is_showing = True
        self.required.show_value(", ".join(sorted(limits.required)))
        self.excluded.show_value(", ".join(sorted(limits.excluded)))
        self.formula.show_value(limits.formula or "")
        self.space_group.show_value(SpaceGroup(limits.space_group).symbol if limits.space_group else "")
        self.crystal_system.setCurrentText(limits.crystal_system or _ANY)
        self.symmetry_class.setCurrentText(limits.symmetry_class or _ANY)
        self.num_elements.setValue(limits.num_elements or 0)
        self.max_atoms.setValue(limits.max_atoms or 0)
        self.gap.show_goals(self._draft.goals_for(Quantity.BAND_GAP))
        self.distance.show_goals(self._draft.goals_for(Quantity.UNIT_DISTANCE))
        self._is_showing = False

    def _lay_out(self) -> None:
        self.crystal_system.setAccessibleName("Crystal system")
        self.symmetry_class.setAccessibleName("Symmetry class")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for words, field in (
            ("Elements &in", self.required),
            ("Elements &out", self.excluded),
            ("Composition &lock", self.formula),
            ("Space &group", self.space_group),
            ("Crystal s&ystem", self.crystal_system),
            ("Symmetry &class", self.symmetry_class),
            ("&Number of elements", self.num_elements),
            ("&Atoms at most", self.max_atoms),
            ("&Band gap", self.gap),
            ("&Unit distance", self.distance),
        ):
            form.addRow(words, field)
            form.labelForField(field).setTextFormat(Qt.TextFormat.PlainText)

    def _connect(self) -> None:
        for name in ("required", "excluded", "formula", "space_group"):
            getattr(self, name).edited.connect(lambda value, name=name: self._set(name, value))
        for name in ("crystal_system", "symmetry_class"):
            getattr(self, name).currentTextChanged.connect(
                lambda text, name=name: self._set(name, None if text == _ANY else text)
            )
        self.num_elements.valueChanged.connect(lambda value: self._set("num_elements", value or None))
        self.max_atoms.valueChanged.connect(lambda value: self._set("max_atoms", value or None))
        self.gap.edited.connect(lambda goals: self._set_goals(Quantity.BAND_GAP, goals))
        self.distance.edited.connect(lambda goals: self._set_goals(Quantity.UNIT_DISTANCE, goals))

    def _set(self, name: str, value: object) -> None:
        if not self._is_showing:
            self._draft.set_limit(name, value)
            self.changed.emit()

    def _set_goals(self, quantity: Quantity, goals: tuple[Goal, ...]) -> None:
        if not self._is_showing:
            self._draft.set_goals(quantity, goals)
            self.changed.emit()


def _count(name: str, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, most)
    box.setSpecialValueText(_ANY)
    box.setAccessibleName(name)
    return box
