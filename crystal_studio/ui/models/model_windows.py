"""The window of models and the doctor's dialog: one of each for a main window, made when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from crystal_studio.ui.dialogs.doctor_dialog import DoctorDialog
    from crystal_studio.ui.main_window import MainWindow
    from crystal_studio.ui.models.models_window import ModelsWindow


class ModelWindows(QObject):
    """Opens them, and brings them to the front where they are open.

    Signals:
        stock_changed: what is installed, or what does which job, is no longer what it was.
    """

    stock_changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.models: ModelsWindow | None = None
        self.doctor: DoctorDialog | None = None

    def open_models(self) -> None:
        """Show what is installed."""
        if self.models is None:
            from crystal_studio.ui.models.models_window import ModelsWindow

            self.models = ModelsWindow(self._window.jobs, self._window.state.path.parent, self._window)
            self.models.stock_changed.connect(self.stock_changed)
            self.models.doctor_asked.connect(self.open_doctor)
            self.models.closed.connect(self._forget_models)
        self.models.show()
        self.models.raise_()
        self.models.activateWindow()

    def open_doctor(self) -> None:
        """Show what the doctor says."""
        if self.doctor is None:
            from crystal_studio.ui.dialogs.doctor_dialog import DoctorDialog

            self.doctor = DoctorDialog(self._window.jobs, self.models or self._window)
            self.doctor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.doctor.finished.connect(self._forget_doctor)
        self.doctor.show()
        self.doctor.raise_()
        self.doctor.activateWindow()

    def close_windows(self) -> None:
        """Close what is open."""
        if self.doctor is not None:
            self.doctor.reject()
        if self.models is not None:
            self.models.close()

    def _forget_models(self) -> None:
        self.models = None

    def _forget_doctor(self, _result: int) -> None:
        self.doctor = None
