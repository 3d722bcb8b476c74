"""Fixtures for the whole suite, and the display that windows are drawn on."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

_NO_DISPLAY = "this test opens real windows: install Xvfb (on Debian: apt-get install xvfb) or start it in a desktop"
_XVFB = pytest.StashKey[subprocess.Popen[bytes]]()
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


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
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        command,
        pass_fds=(writing,),
        stdout=quiet,
        stderr=quiet,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 (no thread has been started yet)
    )
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        server.wait()
        return bool(os.environ.get("DISPLAY"))
    config.stash[_XVFB] = server
    os.environ["DISPLAY"] = f":{number}"
    return True


def _end_with_parent() -> None:
    """Let the kernel end Xvfb after us: Xlib ends a process whose display goes first, with status 1."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


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
