"""How a round is drawn: by which model, strength, number of candidates, seed."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.chat_settings import ChatSettings, SeedMode
from crystal_studio.ui.chat.engine_choice import EngineChoice
from crystal_studio.ui.chat.plain_text import ToneLabel
from crystal_studio.ui.chat.presenter import new_seed

MOST_CANDIDATES = 200
MOST_SEED = 2**63 - 1
_SEED_WORDS = {
    SeedMode.RANDOM: "random each time",
    SeedMode.FIXED: "the same number",
    SeedMode.NEXT: "the next number",
}


class DrawOptions(QWidget):
    """What draws; slider and number for the strength, with what it means; candidates; where the seed comes from.

    Signals:
        changed: a value was changed by hand.
    """

    changed = Signal()

    def __init__(self, settings: ChatSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_parent = False
        self.engine = EngineChoice(settings.engine)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.strength = QDoubleSpinBox()
        self.meaning = ToneLabel("", "muted")
        self.candidates = QSpinBox()
        self.seed_mode = QComboBox()
        self.seed = QLineEdit()
        self.seed_message = ToneLabel("", "bad")
        self._set_up(settings)
        self._lay_out()
        self._connect()
        self._explain()
        self._seed_changed()

    @property
    def summary(self) -> str:
        """The options in a line."""
        seed = "" if self._mode() is SeedMode.RANDOM else f", seed {self.seed.text()[:8] or '?'}"
        if self.engine.chosen is SamplingEngine.CRYSTEXT:
            return f"{self.candidates.value()} written{seed}"
        both = " by both" if self.engine.chosen is SamplingEngine.BOTH else ""
        return f"Strength {self.strength.value():.2f}, {self.candidates.value()} drawn{both}{seed}"

    @property
    def problem(self) -> str:
        """What has to be mended before anything can be sent, "" for nothing."""
        return self.seed_message.text()

    def set_has_parent(self, has_parent: bool) -> None:
        """Whether the next message answers a crystal; a first wish starts from prototypes."""
        self._has_parent = has_parent
        self._explain()

    def set_writer_problem(self, problem: str) -> None:
        """Say why no language model can write crystals; "" where one can."""
        self.engine.set_problem(problem)
        self._explain()

    def take_seed(self) -> int:
        """The seed of the message that is sent now."""
        if self._mode() is SeedMode.RANDOM:
            return new_seed()
        seed = int(self.seed.text())
        if self._mode() is SeedMode.NEXT:
            self.seed.setText(str(min(seed + 1, MOST_SEED)))
        return seed

    def settings(self) -> ChatSettings:
        """The options as they stand."""
        seed = int(self.seed.text()) if not self.problem and self.seed.text() else 0
        return ChatSettings(
            self.candidates.value(), self.strength.value(), self._mode(), seed, engine=self.engine.wanted
        )

    def use(self, settings: ChatSettings) -> None:
        """Show these options."""
        self.strength.setValue(settings.strength)
        self.slider.setValue(round(settings.strength * 100))
        self.candidates.setValue(settings.candidates)
        self.seed_mode.setCurrentIndex(list(_SEED_WORDS).index(settings.seed_mode))
        self.seed.setText(str(settings.seed))
        self.engine.use(settings.engine)
        self._explain()

    def _set_up(self, settings: ChatSettings) -> None:
        self.slider.setRange(1, 100)
        self.slider.setAccessibleName("Strength")
        self.strength.setRange(0.01, 1.0)
        self.strength.setSingleStep(0.05)
        self.strength.setDecimals(2)
        self.strength.setAccessibleName("Strength as a number")
        self.candidates.setRange(1, MOST_CANDIDATES)
        self.candidates.setAccessibleName("Number of candidates")
        for mode, words in _SEED_WORDS.items():
            self.seed_mode.addItem(words, mode)
        self.seed_mode.setAccessibleName("Where the seed comes from")
        self.seed.setAccessibleName("Seed")
        self.seed.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d{0,20}"), self))
        self.use(settings)

    def _lay_out(self) -> None:
        strength = QHBoxLayout()
        strength.addWidget(self.slider, 1)
        strength.addWidget(self.strength)
        seed = QHBoxLayout()
        seed.addWidget(self.seed_mode)
        seed.addWidget(self.seed, 1)
        with_message = QVBoxLayout()
        with_message.addLayout(seed)
        with_message.addWidget(self.seed_message)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Drawn b&y", self.engine)
        form.addRow("S&trength", strength)
        form.addRow("", self.meaning)
        form.addRow("Candidates d&rawn", self.candidates)
        form.addRow("S&eed", with_message)
        for row, field in (
            (self.engine, self.engine.box),
            (strength, self.strength),
            (self.candidates, self.candidates),
            (with_message, self.seed_mode),
        ):
            label = form.labelForField(row)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(field)

    def _connect(self) -> None:
        self.engine.changed.connect(self._engine_changed)
        self.slider.valueChanged.connect(lambda value: self.strength.setValue(value / 100))
        self.strength.valueChanged.connect(self._strength_changed)
        self.candidates.valueChanged.connect(self.changed)
        self.seed_mode.currentIndexChanged.connect(self._seed_changed)
        self.seed.textChanged.connect(self._seed_changed)

    def _mode(self) -> SeedMode:
        return SeedMode(self.seed_mode.currentData())

    def _strength_changed(self, value: float) -> None:
        self.slider.setValue(round(value * 100))
        self._explain()
        self.changed.emit()

    def _explain(self) -> None:
        engine = self.engine.chosen
        self.meaning.setText(wording.strength_line(self.strength.value(), self._has_parent, engine))
        for field in (self.slider, self.strength):
            field.setEnabled(engine is not SamplingEngine.CRYSTEXT)

    def _engine_changed(self) -> None:
        self._explain()
        self.changed.emit()

    def _seed_changed(self, _value: object = None) -> None:
        is_number = self._mode() is not SeedMode.RANDOM
        self.seed.setVisible(is_number)
        text = self.seed.text()
        fits = not is_number or (text.isdigit() and int(text) <= MOST_SEED)
        self.seed_message.setText("" if fits else f"Give a whole number from 0 to {MOST_SEED:,}.")
        self.seed_message.setVisible(not fits)
        self.changed.emit()
