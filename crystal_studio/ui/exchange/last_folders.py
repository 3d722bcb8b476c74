"""Where files were last taken from and written to, kept with the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crystal_studio.domain.errors import StudioError
from crystal_studio.ui.program import WindowProgram


class LastFolders:
    """One folder for what is read and one for what is written; the project's own until they are known.

    Args:
        program: has the settings.
        project: file of the project that is open.
        complain: is told where the settings cannot be stored.
    """

    def __init__(self, program: WindowProgram, project: Path, complain: Callable[[str], None]) -> None:
        self._program, self._project, self._complain = program, project, complain

    @property
    def imports(self) -> Path:
        """The folder that was last imported from."""
        return self._existing(self._program.settings.settings.folders.imports)

    @property
    def exports(self) -> Path:
        """The folder that was last exported to."""
        return self._existing(self._program.settings.settings.folders.exports)

    def keep_imports(self, folder: Path) -> None:
        """Remember where something was imported from."""
        self._keep(imports=str(folder))

    def keep_exports(self, folder: Path) -> None:
        """Remember where something was exported to."""
        self._keep(exports=str(folder))

    def _existing(self, folder: str) -> Path:
        return Path(folder) if folder and Path(folder).is_dir() else self._project.parent

    def _keep(self, **chosen: str) -> None:
        settings = self._program.settings.settings
        folders = settings.folders.changed(**chosen)
        if folders == settings.folders:
            return
        try:
            self._program.settings.save(settings.changed(folders=folders))
        except StudioError as error:
            self._complain(str(error))
