"""Fixtures for the whole suite, and the display that windows are drawn on."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_NO_DISPLAY = "this test opens real windows: install Xvfb (on Debian: apt-get install xvfb) or start it in a desktop"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose where Qt draws before it is loaded: off screen, or under Xvfb where one of the tests needs real windows.

    One process has one QApplication, so the choice is made once for all tests of a run.
    """
    runtime = tempfile.mkdtemp(prefix="crystal-studio-tests-")
    config.add_cleanup(lambda: shutil.rmtree(runtime, ignore_errors=True))
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    windows = [item for item in items if item.get_closest_marker("window")]
    if not windows:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif _start_display(config):
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    else:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        for item in windows:
            item.add_marker(pytest.mark.skip(reason=_NO_DISPLAY))


def _start_display(config: pytest.Config) -> bool:
    """Start Xvfb on a free number and name it in DISPLAY; without Xvfb, whether there is a display anyway."""
    program = shutil.which("Xvfb")
    if program is None:
        return bool(os.environ.get("DISPLAY"))
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        server.wait()
        return bool(os.environ.get("DISPLAY"))
    config.add_cleanup(lambda: _stop(server))
    os.environ["DISPLAY"] = f":{number}"
    return True


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture(scope="session")
def display() -> str:
    """Name of the X display that real windows are on; such a test is also marked `window`."""
    if os.environ.get("QT_QPA_PLATFORM") != "xcb":
        pytest.skip(_NO_DISPLAY)
    return os.environ["DISPLAY"]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the JSON-lines crystals; tests that need it skip where it is absent."""
    named = os.environ.get("CRYSTAL_STUDIO_DATA")
    if not named or not (Path(named) / "crystals").is_dir():
        pytest.skip("set CRYSTAL_STUDIO_DATA to the folder with crystals/*.jsonl.gz to run this test")
    return Path(named)
