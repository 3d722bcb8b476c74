"""Which model draws the candidates: the diffusion model, the language model that writes crystals, or both."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.plain_text import ToneLabel

_NAMES = {
    SamplingEngine.DIFFUSION: "diffusion model",
    SamplingEngine.CRYSTEXT: "language model",
    SamplingEngine.BOTH: "both, half each",
}


class EngineChoice(QWidget):
    """A choice with a line on what it does; without a model that writes crystals, on why there is no choice.

    Signals:
        changed: another engine was chosen by hand.
    """

    changed = Signal()

    def __init__(self, wanted: SamplingEngine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem = ""
        self._wanted = wanted
        self.box = QComboBox()
        self.box.setAccessibleName("What draws the candidates")
        for engine, name in _NAMES.items():
            self.box.addItem(name, engine)
        self.meaning = ToneLabel("", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.box)
        column.addWidget(self.meaning)
        self.setFocusProxy(self.box)
        self.box.activated.connect(self._choose)
        self._show()

    @property
    def chosen(self) -> SamplingEngine:
        """What draws the next message."""
        return SamplingEngine.DIFFUSION if self._problem else self._wanted

    @property
    def wanted(self) -> SamplingEngine:
        """What the person has chosen, whether it can be had now or not."""
        return self._wanted

    def use(self, wanted: SamplingEngine) -> None:
        """Choose an engine without telling anybody."""
        self._wanted = wanted
        self._show()

    def set_problem(self, problem: str) -> None:
        """Say why no language model can write crystals; "" where one can."""
        self._problem = problem
        self._show()

    def _choose(self, index: int) -> None:
        engine = SamplingEngine(self.box.itemData(index))
        if engine is not self._wanted:
            self._wanted = engine
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        self.box.setCurrentIndex(list(_NAMES).index(self.chosen))
        self.box.setEnabled(not self._problem)
        self.meaning.setText(self._problem or wording.engine_line(self.chosen))
