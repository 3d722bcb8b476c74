"""What a window remembers from one start to the next: places, the way crystals are drawn, what was being typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.settings import Settings
from crystal_studio.ui.chat.chat_settings import ChatSettings, SeedMode
from crystal_studio.ui.program import WindowProgram

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.viewer import CrystalViewer

LAYOUT_VERSION = 1  # counts up whenever docks are added, renamed or rearranged at first


class WindowMemory:
    """Places of windows and docks go into an INI file, as they are of this screen only; the rest into the settings."""

    def __init__(self, program: WindowProgram, project: str, complain: Callable[[str], None]) -> None:
        self._program = program
        self._project = project
        self._complain = complain
        self._layout = QSettings(str(program.layout_file), QSettings.Format.IniFormat)
        self._draft = program.settings.settings.drafts.get(project, "")

    def restore_layout(self, window: QMainWindow) -> bool:
        """Put the window and its docks back; False where nothing fitting was stored, and nothing was changed."""
        geometry, docks = self._layout.value("window/geometry"), self._layout.value("window/docks")
        if not isinstance(geometry, QByteArray) or not isinstance(docks, QByteArray):
            return False
        window.restoreGeometry(geometry)
        return window.restoreState(docks, LAYOUT_VERSION)

    def keep_layout(self, window: QMainWindow) -> None:
        """Remember where everything is."""
        self._layout.setValue("window/geometry", window.saveGeometry())
        self._layout.setValue("window/docks", window.saveState(LAYOUT_VERSION))
        self._layout.sync()

    def restore_viewer(self, viewer: CrystalViewer) -> None:
        """Draw as at the last time."""
        from crystal_studio.ui.stored_options import options_from_plain

        plain = self._program.settings.settings.viewer
        options, unreadable = options_from_plain(plain)
        viewer.set_options(options)
        if unreadable:
            self._complain(f"The stored way of drawing could not be used whole: {', '.join(unreadable)}.")

    def keep_viewer(self, viewer: CrystalViewer) -> None:
        """Remember how crystals are drawn."""
        from crystal_studio.ui.stored_options import options_to_plain

        settings = self._program.settings.settings
        self._use(settings.changed(viewer=options_to_plain(viewer.options)))

    def chat_settings(self) -> ChatSettings:
        """What the message box begins with."""
        design = self._program.settings.settings.design
        mode, engine = SeedMode(design.seed_mode), SamplingEngine(design.engine)
        return ChatSettings(design.candidates, design.strength, mode, design.seed, self._draft, engine)

    def keep_draft(self, draft: str) -> None:
        """What is typed and not sent."""
        self._draft = draft

    def keep_chat_settings(self, chosen: ChatSettings) -> None:
        """What the next message begins with."""
        settings = self._program.settings.settings
        design = settings.design.changed(
            candidates=chosen.candidates,
            strength=chosen.strength,
            seed_mode=chosen.seed_mode.value,
            seed=chosen.seed,
            engine=chosen.engine.value,
        )
        self._use(settings.changed(design=design))

    def store(self) -> None:
        """Write all of it."""
        self._use(self._program.settings.settings.with_draft(self._project, self._draft))

    def _use(self, settings: Settings) -> None:
        try:
            self._program.settings.save(settings)
        except StudioError as error:
            self._complain(str(error))
