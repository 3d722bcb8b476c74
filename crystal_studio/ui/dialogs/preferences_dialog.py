"""What a person chooses once: every field is checked while it is typed, with the message beside it."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.services.settings import Appearance, DesignDefaults, Settings
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.plain_label import PlainLabel

_THEMES = {"system": "As the desktop", "light": "Light", "dark": "Dark"}
_SEED_MODES = {"new": "Random each time", "fixed": "The same number", "next": "The next number"}
LARGEST_SEED = 2**63 - 1


def seed_problem(text: str) -> str:
    """What is wrong with a seed, "" where nothing is."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_SEED:
        return ""
    return f"Give a whole number from 0 to {LARGEST_SEED}."


def folder_problem(text: str) -> str:
    """What is wrong with a folder for models, "" where nothing is; an empty text means the usual one."""
    if not text:
        return ""
    path = Path(text).expanduser()
    if not path.is_absolute():
        return "Give the whole path of the folder, from the root on."
    if path.exists() and not path.is_dir():
        return "This is a file. Choose a folder."
    existing = next(one for one in (path, *path.parents) if one.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return f"You may not write in {existing}. Choose another folder."
    return ""


class PreferencesDialog(QDialog):
    """Edits a copy of the settings; `chosen` gives what was typed."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setObjectName("preferences")
        self._settings = settings
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        layout = QVBoxLayout(self)
        self.models = CheckedLine(settings.folders.models, folder_problem, "Folder of models", self)
        layout.addWidget(self._appearance(settings.appearance))
        layout.addWidget(self._design(settings.design))
        layout.addWidget(self._rest(settings))
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._examine()

    def chosen(self) -> Settings:
        """The settings as they stand in the dialog; what it does not show stays as it was."""
        design = {
            "candidates": self.candidates.value(),
            "strength": round(self.strength.value(), 3),
            "seed_mode": self.seed_mode.currentData(),
        }
        if self.seed_mode.currentData() != "new":
            design["seed"] = int(self.seed.text)
        before = self._settings
        return before.changed(
            appearance=before.appearance.changed(
                theme=self.theme.currentData(), font_percent=self.font_percent.value()
            ),
            design=before.design.changed(**design),
            folders=before.folders.changed(models=self.models.text),
            confirmations=before.confirmations.changed(quit_while_running=self.ask_on_quit.isChecked()),
        )

    def _appearance(self, now: Appearance) -> QGroupBox:
        self.theme = _choice(_THEMES, now.theme)
        self.font_percent = QSpinBox(minimum=75, maximum=200, singleStep=5, suffix=" %", value=now.font_percent)
        box, form = _group("Appearance")
        form.addRow("&Colours", self.theme)
        form.addRow("&Text size", self.font_percent)
        return box

    def _design(self, now: DesignDefaults) -> QGroupBox:
        self.candidates = QSpinBox(minimum=1, maximum=200, value=now.candidates)
        self.candidates.setToolTip("Crystals drawn for one message; more take longer")
        self.strength = QDoubleSpinBox(minimum=0.01, maximum=1.0, singleStep=0.05, decimals=2, value=now.strength)
        self.strength.setToolTip("How much of the crystal that is answered is noised: little keeps it, 1 starts anew")
        self.seed_mode = _choice(_SEED_MODES, now.seed_mode)
        self.seed = CheckedLine(str(now.seed), seed_problem, "Seed", self)
        box, form = _group("A new message begins with")
        form.addRow("C&andidates", self.candidates)
        form.addRow("&Strength", self.strength)
        form.addRow("See&d", self.seed_mode)
        form.addRow("S&eed number", self.seed)
        self.seed_mode.currentIndexChanged.connect(self._examine)
        self.seed.line.textChanged.connect(self._examine)
        return box

    def _rest(self, now: Settings) -> QGroupBox:
        self.models.line.setPlaceholderText("the usual place")
        self.models.line.textChanged.connect(self._examine)
        browse = QPushButton("&Browse…", self)
        browse.clicked.connect(self._browse)
        self.models.row.addWidget(browse)
        self.ask_on_quit = QCheckBox("Ask before &quitting while a job runs", self)
        self.ask_on_quit.setChecked(now.confirmations.quit_while_running)
        box, form = _group("Files")
        form.addRow("Folder of &models", self.models)
        form.addRow("", PlainLabel("Another folder of models is used from the next start on.", self, wraps=True))
        form.addRow("", self.ask_on_quit)
        return box

    def _browse(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Folder of models", self.models.text)
        if found:
            self.models.line.setText(found)

    def _examine(self) -> None:
        self.seed.setEnabled(self.seed_mode.currentData() != "new")
        fits = [self.seed.examine(), self.models.examine()]
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(all(fits))


def _choice(texts: dict[str, str], now: str) -> QComboBox:
    box = QComboBox()
    for value, text in texts.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(now)))
    return box


def _group(title: str) -> tuple[QGroupBox, QFormLayout]:
    box = QGroupBox(title)
    form = QFormLayout(box)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    return box, form
