"""Where log lines go: a rotating file; the terminal belongs to the answers."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler, WatchedFileHandler
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
_MAX_BYTES = 2_000_000
_FILES_KEPT = 3


def set_up_logging(path: Path, level: int = logging.INFO) -> Path | None:
    """Send our log lines to `path` and warnings also to stderr; returns the path, None where it cannot be written.

    What libraries warn of goes to the file alone. Calling it again replaces what the earlier call set up.
    """
    libraries = logging.getLogger("py.warnings")
    libraries.propagate = False
    libraries.handlers = [logging.NullHandler()]
    logging.captureWarnings(True)
    ours = logging.getLogger("crystal_studio")
    for handler in list(ours.handlers):
        ours.removeHandler(handler)
        handler.close()
    ours.setLevel(level)
    ours.propagate = False
    to_terminal = logging.StreamHandler()
    to_terminal.setLevel(logging.WARNING)
    to_terminal.setFormatter(logging.Formatter("crystal-studio: %(message)s"))
    ours.addHandler(to_terminal)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        to_file = RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", delay=False)
    except OSError as error:
        ours.warning("No log is kept, because %s cannot be written: %s", path, error.strerror)
        return None
    to_file.setFormatter(logging.Formatter(_FORMAT))
    ours.addHandler(to_file)
    libraries.addHandler(to_file)
    return path


def set_up_host_logging(path: Path, level: int = logging.INFO) -> None:
    """Send our log lines, and whatever else a host's process prints, to the window's log.

    The window alone rotates the file; a host follows it. Where the file cannot be written, all goes to stderr.
    """
    ours, libraries = logging.getLogger("crystal_studio"), logging.getLogger("py.warnings")
    logging.captureWarnings(True)
    ours.propagate = libraries.propagate = False
    ours.setLevel(level)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = WatchedFileHandler(path, encoding="utf-8")
        printed = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        handler = logging.StreamHandler()
    else:
        sys.stderr.flush()
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.close(printed)
    handler.setFormatter(logging.Formatter(_FORMAT))
    ours.handlers, libraries.handlers = [handler], [handler]
