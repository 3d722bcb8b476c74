"""What the window is given by the program that opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.services.settings import SettingsFile


@dataclass(frozen=True)
class WindowProgram:
    """The wiring a window needs.

    Attributes:
        version: of the program.
        settings: what the person has chosen.
        layout_file: where places of windows and docks are kept.
        log_file: the log, None where none can be written.
        diagnostics: versions, folders and models as text; nothing of the project.
        open_project: opens a project file (made if missing) in a window that takes the place of this one.
        new_project_path: a free file name for an untitled project.
        writer_problem: why no language model can write crystals, "" where one can.
    """

    version: str
    settings: SettingsFile
    layout_file: Path
    log_file: Path | None
    diagnostics: Callable[[], str]
    open_project: Callable[[Path], None]
    new_project_path: Callable[[], Path]
    writer_problem: Callable[[], str] = lambda: ""
