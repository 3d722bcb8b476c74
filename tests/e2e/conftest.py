"""Real windows with real engine hosts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from process_tree import children_of
from PySide6.QtWidgets import QApplication

from crystal_studio.app import engine_command
from crystal_studio.app.demo import demo_engines
from crystal_studio.app.paths import MODELS_VARIABLE, user_models_folder
from crystal_studio.app.projects import open_project
from crystal_studio.app.studio import SilentContext
from crystal_studio.app.window import StudioWindows, make_application
from crystal_studio.app.wiring import open_catalog
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.services.design import respond
from crystal_studio.services.models import missing_models
from crystal_studio.services.request import DesignRequest
from crystal_studio.services.settings import Confirmations
from crystal_studio.ui import theme
from crystal_studio.ui.log_panel import LogTap
from crystal_studio.ui.main_window import MainWindow

PATIENCE_MS = 60_000
PROJECT = "design.cstudio"
SLOW_PACE_SECONDS = 0.2
_MODELS = user_models_folder()  # before a test moves the person's folders


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, logs and projects of a test land in its own folder; its hosts find no models there."""
    for kind in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    return tmp_path


class Studio:
    """The program in this process, driven as a person would.

    Attributes:
        windows: the windows of the program.
        pace_seconds: that every step takes in the hosts of windows that are opened from now on, with `--demo`.
    """

    def __init__(self, qtbot, folder: Path, demo: bool) -> None:
        self.qtbot = qtbot
        self.folder = folder
        self.demo = demo
        self.pace_seconds = 0.0
        self.windows = self._program()

    def _program(self) -> StudioWindows:
        made = StudioWindows(make_application(), "test", LogTap(), demo=self.demo)
        silent = made.settings.settings.changed(confirmations=Confirmations(quit_while_running=False))
        made.settings.save(silent)
        return made

    def second_program(self) -> StudioWindows:
        """Another start of the program."""
        return self._program()

    def begin(self, message: str) -> str:
        """Make the project with one node in it, in this process and without a window; gives the node's id."""
        with open_project(self.folder / PROJECT) as store:
            return respond(DesignRequest(message, None, seed=7), demo_engines(), store, SilentContext()).id

    def open(self, name: str = PROJECT, windows: StudioWindows | None = None) -> MainWindow:
        """Open a project and wait until the whole window is there."""
        windows = windows or self.windows
        windows.open(self.folder / name)
        window = windows.windows[self.folder / name]
        self.until(lambda: window.viewer is not None and window.viewer.is_ready and not window.docks.missing())
        return window

    def until(self, condition: Callable[[], bool], timeout: int = PATIENCE_MS) -> None:
        """Wait for something, while the window lives."""

        def check() -> None:
            assert condition()

        self.qtbot.waitUntil(check, timeout=timeout)

    def write(self, window: MainWindow, text: str) -> None:
        """Type a message and press Enter."""
        from PySide6.QtCore import Qt

        window.actions_["chat.focus"].trigger()
        box = window.docks["chat"].composer.box
        self.qtbot.keyClicks(box, text)
        self.qtbot.keyClick(box, Qt.Key.Key_Return)

    def ask(self, window: MainWindow, text: str, timeout: int = PATIENCE_MS) -> str:
        """Send a message and wait for the node that answers it; gives its id."""
        before = {one.id for one in window.state.search(NodeQuery())}
        self.write(window, text)
        self.until(lambda: len(window.state.search(NodeQuery())) > len(before) and not window.bridge.has_tasks, timeout)
        return next(one.id for one in window.state.search(NodeQuery()) if one.id not in before)

    def close(self) -> None:
        """Close every window."""
        for window in list(self.windows.windows.values()):
            window.close()


@pytest.fixture
def studio(
    qtbot, display: str, own_folders: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    """The program with the engines of `--demo`, which lose no time unless `pace_seconds` says so."""
    made = Studio(qtbot, own_folders, demo=True)
    monkeypatch.setattr(
        "crystal_studio.app.window.command",
        lambda lane, demo: (*engine_command.command(lane, demo), "--pace", str(made.pace_seconds)),
    )
    yield from _running(made, qapp)


@pytest.fixture
def slow_studio(studio: Studio) -> Studio:
    """The program with the engines of `--demo`, which take seconds for a message."""
    studio.pace_seconds = SLOW_PACE_SECONDS
    return studio


@pytest.fixture
def real_studio(qtbot, display: str, own_folders: Path, qapp: QApplication, monkeypatch) -> Iterator[Studio]:
    """The program with the installed models."""
    monkeypatch.setenv(MODELS_VARIABLE, str(_MODELS))
    missing = missing_models(open_catalog())
    if missing:
        pytest.skip(f"a model is not installed: {next(iter(missing.values()))}")
    yield from _running(Studio(qtbot, own_folders, demo=False), qapp)


def _running(made: Studio, qapp: QApplication) -> Iterator[Studio]:
    before = children_of(os.getpid())
    yield made
    made.close()
    deadline = time.monotonic() + 10
    while (left := children_of(os.getpid()) - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in left:
        os.kill(process, signal.SIGKILL)
    theme.switch.use(qapp, theme.Mode.LIGHT)
    assert not left, "engine hosts were left behind"
