"""What is exported, how, and where to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.services.file_names import FIELDS, FileNames, check_pattern
from crystal_studio.services.jobs import ExportJob
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.exchange.format_words import FORMATS, FormatWords
from crystal_studio.ui.exchange.growing import Growing
from crystal_studio.ui.exchange.target_dialog import folder_problem, may_overwrite, target_problem
from crystal_studio.ui.panels.number_field import NumberField
from crystal_studio.ui.plain_label import PlainLabel

TOLERANCES_ANGSTROM = (0.0001, 1.0)
_NAMES_SHOWN = 4
DEFAULT_PATTERN = "{formula}-{id}"
NodesOf = Callable[[Sequence[str]], list[tuple[NodeOutline, Mark]]]


@dataclass(frozen=True)
class Scope:
    """Some nodes that can be exported together.

    Attributes:
        title: in the list of scopes.
        nodes: their ids, in order.
    """

    title: str
    nodes: tuple[str, ...]


def pattern_problem(text: str) -> str:
    """What is wrong with a pattern of names, "" where nothing is."""
    try:
        check_pattern(text)
    except UserCorrectable as error:
        return str(error)
    return ""


class ExportDialog(Growing):
    """Every field is checked while it is typed, and the names of the files are shown before they are written.

    Signals:
        chosen: the `ExportJob`; that files may be replaced was asked.
    """

    chosen = Signal(object)

    def __init__(
        self, project: Path, scopes: Sequence[Scope], nodes_of: NodesOf, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setObjectName("export")
        self._project, self._scopes, self._nodes_of = project, tuple(scopes), nodes_of
        self._first: list[tuple[NodeOutline, Mark]] = []
        self.what = QComboBox(self)
        self.format = QComboBox(self)
        self.hint = PlainLabel("", self, wraps=True)
        self.hint.setEnabled(False)
        self.tolerance = NumberField("&Tolerance", "Å", 0.1, TOLERANCES_ANGSTROM)
        self.conventional = QCheckBox("&Conventional cell in place of the crystal's own", self)
        self.trajectory = QCheckBox("Every frame of the &denoising before the crystal", self)
        self.together = QCheckBox("&All in one file", self)
        self.pattern = CheckedLine(DEFAULT_PATTERN, pattern_problem, "Names of the files", self)
        self.preview = PlainLabel("", self, wraps=True)
        self.file = CheckedLine(str(folder / "crystal.cif"), self._file_problem, "File", self)
        self.folder = CheckedLine(str(folder), folder_problem, "Folder", self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.export = self.buttons.addButton("&Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out()
        self._fill()
        self._connect()
        self._take_scope()

    @property
    def words(self) -> FormatWords:
        """What is known of the chosen format."""
        return FORMATS[self.file_format]

    @property
    def file_format(self) -> FileFormat:
        """The chosen format."""
        return FileFormat(self.format.currentData())

    @property
    def scope(self) -> Scope:
        """The chosen nodes."""
        return self._scopes[self.what.currentIndex()]

    @property
    def is_one_file(self) -> bool:
        """Whether a file is named, and no folder."""
        return len(self.scope.nodes) == 1 or (self.file_format.holds_several and self.together.isChecked())

    @property
    def has_tolerance(self) -> bool:
        """Whether a symmetry is searched."""
        return self.words.has_tolerance or self.conventional.isChecked()

    def job(self, overwrite: bool = False) -> ExportJob:
        """What was chosen."""
        return ExportJob(
            project=self._project,
            nodes=self.scope.nodes,
            file_format=self.file_format,
            out=self._path(self.file if self.is_one_file else self.folder),
            pattern=self.pattern.text or DEFAULT_PATTERN,
            symprec_angstrom=self.tolerance.value,
            conventional=self.conventional.isChecked(),
            with_trajectory=self.words.has_trajectory and self.trajectory.isChecked(),
            overwrite=overwrite,
        )

    def replaced(self) -> list[Path]:
        """The files that are there already and would be written anew."""
        if self.is_one_file:
            targets = [self._path(self.file)]
        else:
            folder = self._path(self.folder)
            if not any(folder.glob(f"*{self.file_format.ending}")):
                return []  # without asking for the name of every node
            targets = [folder / name for name in self._names(self._nodes_of(self.scope.nodes))]
        return [one for one in targets if one.exists()]

    def _lay_out(self) -> None:
        for line in (self.file, self.folder):
            browse = QPushButton("&Browse…", self)
            browse.setAccessibleName("Browse for the file" if line is self.file else "Browse for the folder")
            browse.clicked.connect(self._browse_file if line is self.file else self._browse_folder)
            line.row.addWidget(browse)
        form = QFormLayout()
        self._form = form
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&What", self.what)
        form.addRow("&Format", self.format)
        form.addRow("", self.hint)
        form.addRow("", self.tolerance)
        form.addRow("", self.conventional)
        form.addRow("", self.trajectory)
        form.addRow("", self.together)
        form.addRow("&Names", self.pattern)
        form.addRow("", self.preview)
        form.addRow("F&ile", self.file)
        form.addRow("F&older", self.folder)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        letter = self.fontMetrics().averageCharWidth()
        self.setMinimumWidth(min(letter * 80, self.screen().availableSize().width() - 40))

    def _fill(self) -> None:
        for scope in self._scopes:
            self.what.addItem(scope.title)
        for file_format, words in FORMATS.items():
            self.format.addItem(words.title, file_format.value)
        self.what.setAccessibleName("What is exported")
        self.format.setAccessibleName("Format")
        self.pattern.line.setToolTip(f"Fields: {', '.join(f'{{{field}}}' for field in FIELDS)}")

    def _connect(self) -> None:
        self.what.currentIndexChanged.connect(lambda _row: self._take_scope())
        self.format.currentIndexChanged.connect(lambda _row: self._take_format())
        for choice in (self.together, self.conventional):
            choice.toggled.connect(lambda _on: self._show_fields())
        for line in (self.pattern, self.file, self.folder):
            line.line.textChanged.connect(lambda _text: self._examine())
        self.tolerance.edit.textChanged.connect(lambda _text: self._examine())
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)

    def _take_scope(self) -> None:
        self._first = self._nodes_of(self.scope.nodes[:_NAMES_SHOWN])
        self._take_format()

    def _take_format(self) -> None:
        self.hint.setText(self.words.hint)
        self.together.setChecked(self.words.together)
        self._suggest_file()
        self._show_fields()

    def _show_fields(self) -> None:
        """Those that the format and the number of crystals leave a choice in."""
        is_one = self.is_one_file
        shown = {
            self.together: len(self.scope.nodes) > 1 and self.file_format.holds_several,
            self.tolerance: self.has_tolerance,
            self.trajectory: self.words.has_trajectory,
            self.pattern: not is_one,
            self.preview: not is_one,
            self.file: is_one,
            self.folder: not is_one,
        }
        for field, is_shown in shown.items():
            self._form.setRowVisible(field, is_shown)
        self._examine()

    def _suggest_file(self) -> None:
        """A name that fits nodes and format, in the folder that stands there."""
        count, ending = len(self.scope.nodes), self.file_format.ending
        name = self._names(self._first)[0] if count == 1 else f"{self._project.stem}-{count}-crystals{ending}"
        self.file.line.setText(str(Path(self.file.text).parent / name))

    def _examine(self) -> None:
        is_one = self.is_one_file
        fields = (self.file,) if is_one else (self.pattern, self.folder)
        fits = [field.examine() for field in fields]
        fits.append(self.tolerance.is_valid or not self.has_tolerance)
        if not is_one:
            self._show_names()
        self.export.setEnabled(all(fits))
        self.grow()

    def _show_names(self) -> None:
        if pattern_problem(self.pattern.text):
            self.preview.setText("")
            return
        names = self._names(self._first)
        more = len(self.scope.nodes) - len(names)
        self.preview.setText("\n".join([*names, f"and {more:,} more"] if more else names))

    def _names(self, nodes: Sequence[tuple[NodeOutline, Mark]]) -> list[str]:
        """Names of the files of the first nodes of the scope."""
        pattern = self.pattern.text if not pattern_problem(self.pattern.text) else DEFAULT_PATTERN
        names = FileNames(pattern, self.file_format.ending, len(self.scope.nodes))
        return [names.name(outline, mark.name) for outline, mark in nodes]

    def _file_problem(self, text: str) -> str:
        return target_problem(text, ()) or ("" if Path(text).suffix else "Give the name an ending, such as .cif.")

    def _browse_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Export", self.file.text, "All files (*)", "", QFileDialog.Option.DontConfirmOverwrite
        )
        if name:
            self.file.line.setText(name if Path(name).suffix else f"{name}{self.file_format.ending}")

    def _browse_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Export to a folder", self.folder.text)
        if name:
            self.folder.line.setText(name)

    def _accept(self) -> None:
        self._examine()
        there = self.replaced() if self.export.isEnabled() else []
        if self.export.isEnabled() and may_overwrite(there, self):
            self.chosen.emit(self.job(overwrite=bool(there)))
            self.accept()

    @staticmethod
    def _path(line: CheckedLine) -> Path:
        return Path(line.text).expanduser()
