"""Opens windows: each on one project, with its engine hosts."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QFileDialog

from crystal_studio.app import paths
from crystal_studio.app.engine_command import command
from crystal_studio.app.projects import open_job_queue, open_project
from crystal_studio.domain.errors import ProjectLocked, ProjectUnavailable, StudioError
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.jobs import CheckProjectJob
from crystal_studio.services.lane import Lane
from crystal_studio.services.settings import SettingsFile
from crystal_studio.storage.damage import CHECKED_ON_OPENING_BYTES
from crystal_studio.ui.appearance import follow_desktop, use_appearance
from crystal_studio.ui.commands import PROJECT_FILES
from crystal_studio.ui.crash_guard import CrashGuard
from crystal_studio.ui.jobs.qt_runner import QtJobRunner
from crystal_studio.ui.jobs.reading_runner import ReadingJobRunner
from crystal_studio.ui.log_panel import LogTap
from crystal_studio.ui.main_window import MainWindow
from crystal_studio.ui.program import WindowProgram
from crystal_studio.ui.session_state import SessionState

if TYPE_CHECKING:
    from crystal_studio.ui.dialogs.refusal_dialog import RefusalDialog

logger = logging.getLogger(__name__)

_SIGNAL_POLL_MS = 300
_ICONS = Path(__file__).parents[2] / "resources" / "icons"
_CRYSTAL_SUFFIXES = (".cif", ".mcif")  # what the desktop entry of the installer says that we open, beside projects


def run_window(version: str, project: Path | None = None, demo: bool = False) -> int:
    """Open the window and stay until the last one is closed; returns the exit status.

    Args:
        version: of the program.
        project: a project file, or a crystal's, which is imported into the project that was open last.
        demo: engines without models.
    """
    gc.disable()  # nothing is thrown away while the window is made: looking for it is work for nothing
    app = make_application()
    tap = LogTap()
    logging.getLogger("crystal_studio").addHandler(tap)
    guard = CrashGuard(paths.log_file())
    guard.install()
    crash_log = _watch_for_faults()
    studio = StudioWindows(app, version, tap, demo)
    poll = _quit_on_signals(app, studio)
    studio.finished.connect(app.quit)
    if project is not None and project.suffix.lower() in _CRYSTAL_SUFFIXES:
        studio.open_crystal(project)
    else:
        studio.open(project or studio.first_project())
    try:
        return app.exec()
    finally:
        poll.stop()
        guard.remove()
        logging.getLogger("crystal_studio").removeHandler(tap)
        if crash_log is not None:
            faulthandler.disable()
            crash_log.close()


def make_application() -> QApplication:
    """The one QApplication, named so that desktops know it."""
    os.environ.setdefault("QT_API", "pyside6")  # for the libraries that can do with several
    QApplication.setApplicationName("crystal-studio")
    QApplication.setApplicationDisplayName("Crystal Studio")
    QApplication.setDesktopFileName("crystal-studio")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(_icon())
    return app


def _icon() -> QIcon:
    icon = QIcon()
    for picture in _ICONS.glob("crystal-studio-*.png"):
        icon.addFile(str(picture))
    return icon


class StudioWindows(QObject):
    """The open windows of this process, one for each project.

    Attributes:
        windows: project file -> its window.
        refusal: the dialog about a project that could not be opened, None where there is none.

    Signals:
        finished: the last window is closed.
    """

    finished = Signal()

    def __init__(self, app: QApplication, version: str, tap: LogTap, demo: bool = False) -> None:
        super().__init__(app)
        self.windows: dict[Path, MainWindow] = {}
        self.refusal: RefusalDialog | None = None
        self._tap = tap
        self._demo = demo
        self.settings = SettingsFile(paths.settings_file())
        use_appearance(app, self.settings.settings)
        follow_desktop(app, self.settings)
        self._program = WindowProgram(
            version=version,
            settings=self.settings,
            layout_file=paths.layout_file(),
            log_file=paths.log_file(),
            diagnostics=lambda: _diagnostics(version),
            open_project=self.open,
            new_project_path=free_project_path,
            writer_problem=self._writer_problem,
        )

    def first_project(self) -> Path:
        """The project that was open last, else an untitled one: no question stands before the first wish."""
        if self._demo:
            return paths.projects_folder() / "demo.cstudio"
        recent = [Path(one) for one in self.settings.settings.recent_projects]
        return next((one for one in recent if one.is_file()), paths.projects_folder() / "untitled.cstudio")

    def open(self, project: Path, read_only: bool = False) -> None:
        """Open a project in a window that takes the place of the others; what stands against it is said."""
        path = project.expanduser().absolute()
        if path in self.windows:
            self.windows[path].raise_()
            self.windows[path].activateWindow()
            return
        try:
            window = self._window(path, read_only)
        except StudioError as error:
            self._refuse(path, error)
            return
        others = list(self.windows.values())
        self.windows[path] = window
        window.closed.connect(lambda: self._closed(path))
        window.show()
        window.activateWindow()
        for other in others:
            other.close()

    def open_crystal(self, file: Path) -> None:
        """Open the project that was open last, and import a crystal's file into it."""
        project = self.first_project()
        self.open(project)
        if (window := self.windows.get(project)) is not None:
            whole = file.expanduser().absolute()
            window.settled.connect(lambda: window.exchange().importing.take_files([whole]))

    def close_all(self) -> None:
        """Close every window without asking."""
        for window in list(self.windows.values()):
            window.close_unasked()

    def _window(self, path: Path, read_only: bool) -> MainWindow:
        if path.parent == paths.projects_folder():
            _make_folder(path.parent)
        store = open_project(path, read_only)
        try:
            state = SessionState(path, store)
            _show_newest(state)
            queue = None if read_only else open_job_queue(path)
            kind = ReadingJobRunner if read_only else QtJobRunner
            jobs = kind(host_commands(self._demo), queue, self._environment())
            window = MainWindow(state, jobs, self._program, self._tap, read_only=read_only)
        except BaseException:
            store.close()
            raise
        self._remember(path, window)
        for notice in store.notices:
            window.banner.say(notice)
        window.listening.connect(jobs.resume)
        window.painted.connect(lambda: _note("chat and tree are painted"))
        window.settled.connect(_collect_garbage_again)
        if not read_only and path.stat().st_size >= CHECKED_ON_OPENING_BYTES:
            window.settled.connect(lambda: jobs.submit(CheckProjectJob(path)))
        window.viewer_ready.connect(lambda: _note("the 3D view can draw"))
        window.closed.connect(lambda: _close_store(store))
        return window

    def _environment(self) -> Mapping[str, str] | None:
        """Hosts look for models where the person has said, unless the environment says otherwise."""
        models = self.settings.settings.folders.models
        if not models or os.environ.get(paths.MODELS_VARIABLE):
            return None
        return {**os.environ, paths.MODELS_VARIABLE: models}

    def _writer_problem(self) -> str:
        if self._demo:
            return ""
        from crystal_studio.app.writer_problem import writer_problem

        models = self.settings.settings.folders.models
        return writer_problem(Path(models) if models else None)

    def _remember(self, path: Path, window: MainWindow) -> None:
        try:
            self.settings.save(self.settings.settings.with_recent(path))
        except StudioError as error:
            window.banner.say(str(error))

    def _closed(self, path: Path) -> None:
        window = self.windows.pop(path)
        window.deleteLater()
        if not self.windows and self.refusal is None:
            self.finished.emit()

    def _refuse(self, path: Path, error: StudioError) -> None:
        from crystal_studio.ui.dialogs.refusal_dialog import RefusalDialog

        logger.warning("%s", error)
        may_read = isinstance(error, ProjectLocked)
        parent = next(iter(self.windows.values()), None)
        self.refusal = RefusalDialog(str(error), may_read, parent)
        self.refusal.reading_wanted.connect(lambda: self._after_refusal(path, read_only=True))
        self.refusal.new_wanted.connect(lambda: self._after_refusal(free_project_path()))
        self.refusal.other_wanted.connect(lambda: self._after_refusal(_chosen_project(path.parent)))
        self.refusal.given_up.connect(lambda: self._after_refusal(None))
        self.refusal.open()

    def _after_refusal(self, path: Path | None, read_only: bool = False) -> None:
        self.refusal = None
        if path is not None:
            self.open(path, read_only)
        elif not self.windows:
            self.finished.emit()


def host_commands(demo: bool = False) -> dict[Lane, tuple[str, ...]]:
    """How the engine host of each lane is started."""
    return {lane: command(lane.value, demo) for lane in Lane}


def _collect_garbage_again() -> None:
    """What the finished window consists of stays as long as it does: no later collection has to look through it."""
    gc.freeze()
    gc.enable()


def _note(milestone: str) -> None:
    logger.info("%s, %.2f s of CPU time", milestone, time.process_time())


def _diagnostics(version: str) -> str:
    from crystal_studio.app.diagnostics import diagnostics

    return diagnostics(version)


def free_project_path() -> Path:
    """A file name for an untitled project that is not taken."""
    folder = paths.projects_folder()
    _make_folder(folder)
    names = ("untitled.cstudio", *(f"untitled-{number}.cstudio" for number in range(2, 100_000)))
    return next(folder / name for name in names if not (folder / name).exists())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectUnavailable(
            f"The folder {folder} cannot be made ({error.strerror}). Name a project in another folder."
        ) from error


def _chosen_project(folder: Path) -> Path | None:
    name, _ = QFileDialog.getOpenFileName(None, "Open project", str(folder), PROJECT_FILES)
    return Path(name) if name else None


def _show_newest(state: SessionState) -> None:
    """Go on where the project was left."""
    newest = state.newest()
    if newest is not None:
        state.set_current(newest)


def _close_store(store: HistoryStore) -> None:
    store.close()


def _watch_for_faults() -> IO[str] | None:
    """Let a fault in native code leave its stack behind."""
    path = paths.crash_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        logger.warning("No crash log is kept, because %s cannot be written: %s", path, error.strerror)
        return None
    faulthandler.enable(file)
    return file


def _quit_on_signals(app: QApplication, studio: StudioWindows) -> QTimer:
    """Close the windows on SIGINT and SIGTERM; Python hears signals only while it runs, so it is woken now and then."""

    def close_all(_number: int, _frame: object) -> None:
        studio.close_all()
        app.quit()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, close_all)
    timer = QTimer(app, interval=_SIGNAL_POLL_MS)
    timer.timeout.connect(lambda: None)
    timer.start()
    return timer
