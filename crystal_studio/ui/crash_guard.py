"""Whatever fails in the window is written down and told; the window lives."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from crystal_studio.ui.dialogs.failure_dialog import FailureDialog

logger = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashGuard(QObject):
    """Takes Python's and Qt's last words.

    Signals:
        failed: (sentence, details) of a failure, on the window's thread.
    """

    failed = Signal(str, str)

    def __init__(self, log_file: Path | None) -> None:
        super().__init__()
        self._log_file = log_file
        self._dialog: FailureDialog | None = None
        self._before = (sys.excepthook, threading.excepthook)
        self.failed.connect(self.tell)

    def install(self) -> None:
        """Take over until `remove`."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        qInstallMessageHandler(_on_qt_message)

    def remove(self) -> None:
        """Hand back."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)

    def tell(self, sentence: str, details: str) -> None:
        """Show a failure; while one is shown, later ones are added to it instead of piling up windows."""
        if self._dialog is not None and self._dialog.isVisible():
            self._dialog.add(sentence, details)
            return
        from crystal_studio.ui.dialogs.failure_dialog import FailureDialog

        self._dialog = FailureDialog(sentence, details, self._log_file, QApplication.activeWindow())
        self._dialog.open()

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        logger.error("a slot failed\n%s", details)
        self.failed.emit(f"Something went wrong in the window ({kind.__name__}: {error}).", details)

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._on_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("crystal_studio.qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)
