"""Where log lines go: a rotating file; the terminal belongs to the answers."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
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
