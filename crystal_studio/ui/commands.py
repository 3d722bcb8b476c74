"""What the actions of the table do in one window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from crystal_studio.domain.errors import StudioError
from crystal_studio.scene import directions
from crystal_studio.scene.drawable import Style
from crystal_studio.services.settings import Settings
from crystal_studio.ui import theme
from crystal_studio.ui.action_table import ACTIONS, Situation
from crystal_studio.ui.appearance import use_appearance
from crystal_studio.ui.exchange.commands import exchange_slots
from crystal_studio.ui.history.tidying import tidying_slots
from crystal_studio.ui.node_steps import NodeSteps

if TYPE_CHECKING:
    from crystal_studio.ui.compare.comparing import Comparing
    from crystal_studio.ui.main_window import MainWindow
    from crystal_studio.ui.models.model_windows import ModelWindows

PROJECT_FILES = "Crystal Studio projects (*.cstudio)"
FONT_STEP_PERCENT = 10
_STYLES = {
    "style.ball_and_stick": Style.BALL_AND_STICK,
    "style.space_filling": Style.SPACE_FILLING,
    "style.stick": Style.STICK,
    "style.polyhedra": Style.POLYHEDRA,
}


class Commands:
    """One method for each thing that can be done; what fails is said in the banner."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._steps = NodeSteps(window.state)
        self._comparing: Comparing | None = None
        self._models: ModelWindows | None = None

    def slots(self) -> dict[str, Callable[[], None]]:
        """Id of an action -> what it does."""
        steps = self._steps
        found: dict[str, Callable[[], None]] = {
            "project.new": self.new_project,
            "project.open": self.open_project,
            "picture.save": self.save_picture,
            "models.open": self.open_models,
            "doctor.open": self.open_doctor,
            "preferences.open": self.open_preferences,
            "window.close": self._close_window,
            "wish.new": self.new_wish,
            "chat.focus": self.focus_chat,
            "job.stop": self._stop,
            "node.parent": steps.parent,
            "node.child": steps.child,
            "node.previous": lambda: steps.sibling(-1),
            "node.next": lambda: steps.sibling(1),
            "node.root": steps.root,
            "node.star": steps.toggle_star,
            "compare.choose": self.compare_with_another,
            "compare.parent": self.compare_with_parent,
            "compare.add": self.add_shown_to_comparison,
            "camera.reset": self._reset_camera,
            "text.larger": lambda: self.scale_text(FONT_STEP_PERCENT),
            "text.smaller": lambda: self.scale_text(-FONT_STEP_PERCENT),
            "theme.toggle": self.toggle_theme,
            "layout.reset": self.reset_layout,
            "palette.open": self.open_palette,
            "shortcuts.show": self.show_keys,
            "diagnostics.copy": self.copy_diagnostics,
            "about.show": self.show_about,
        }
        found |= exchange_slots(self._window) | tidying_slots(self._window)
        for action_id, style in _STYLES.items():
            found[action_id] = lambda style=style: self._set_style(style)
        for direction in directions.STANDARD:
            found[f"camera.{direction}"] = lambda direction=direction: self._view_along(direction)
        for action in ACTIONS:
            subject, _, name = action.id.partition(".")
            if subject == "panel":
                found[action.id] = lambda name=name: self._window.docks.show(name)
        found["panel.chat"] = self.focus_chat
        return {action_id: self._guarded(slot) for action_id, slot in found.items()}

    def situation(self) -> Situation:
        """What can be done now."""
        window = self._window
        current = window.state.current
        return Situation(
            node=current is not None,
            parent=current is not None and current.parent is not None,
            writable=not window.read_only,
            undoable=window.tidying.undoable is not None,
            redoable=window.tidying.redoable is not None,
            running=window.bridge.has_tasks,
            viewer=window.viewer is not None,
        )

    # Project

    def new_project(self) -> None:
        """Ask for a file and start an empty project in it."""
        suggested = str(self._window.program.new_project_path())
        name, _ = QFileDialog.getSaveFileName(self._window, "New project", suggested, PROJECT_FILES)
        if name:
            path = Path(name)
            self._window.program.open_project(path if path.suffix else path.with_suffix(".cstudio"))

    def open_project(self) -> None:
        """Ask for a project file and open it."""
        folder = str(self._window.state.path.parent)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open project", folder, PROJECT_FILES)
        if name:
            self._window.program.open_project(Path(name))

    def list_recent(self) -> None:
        """Fill the menu of recent projects."""
        menu = self._window.recent_menu
        menu.clear()
        others = [one for one in self._settings.recent_projects if one != str(self._window.state.path)]
        for number, name in enumerate(others, start=1):
            action = QAction(f"&{number} {name.replace('&', '&&')}" if number < 10 else name.replace("&", "&&"), menu)
            action.setEnabled(Path(name).exists())
            action.triggered.connect(lambda _checked=False, name=name: self._open_recent(name))
            menu.addAction(action)
        if not others:
            nothing = QAction("No other project was opened yet", menu)
            nothing.setEnabled(False)
            menu.addAction(nothing)

    def save_picture(self) -> None:
        """Ask for scale, ground and file, and save the 3D view."""
        from crystal_studio.ui.dialogs.picture_dialog import PictureDialog

        if self._window.viewer is not None:
            _open(PictureDialog(self._window.viewer, self._picture_name(), self._window))

    # Design

    def new_wish(self) -> None:
        """Let the next message begin a new branch."""
        self._window.state.set_current(None)
        self.focus_chat()

    def focus_chat(self) -> None:
        """Put the cursor into the message box."""
        self._window.docks.show("chat")
        self._window.docks["chat"].focus_message()

    @property
    def comparing(self) -> Comparing:
        """What opens the comparison; made when it is first asked for."""
        if self._comparing is None:
            from crystal_studio.ui.compare.comparing import Comparing

            window = self._window
            self._comparing = Comparing(window.state, window.jobs, window.status.say, window.banner.say, window)
        return self._comparing

    def compare(self, node_ids: list[str]) -> None:
        """Show two to four nodes side by side, or one beside its parent; what stands against it is said."""
        self._guarded(lambda: self.comparing.compare(node_ids))()

    def compare_with_another(self) -> None:
        """Ask which node the one that is shown is to be compared with."""
        self.comparing.choose()

    def compare_with_parent(self) -> None:
        """Show the current node beside the one that it answers."""
        self.comparing.with_parent()

    def add_shown_to_comparison(self) -> None:
        """Take the current node into the comparison; the second one opens it."""
        self.comparing.add()

    def add_to_comparison(self, node_id: str) -> None:
        """Take a node into the comparison; the second one opens it."""
        self._guarded(lambda: self.comparing.add(node_id))()

    def close_windows(self) -> None:
        """Close what was opened beside the main window."""
        if self._comparing is not None:
            self._comparing.close_comparison()
        if self._models is not None:
            self._models.close_windows()

    @property
    def models(self) -> ModelWindows:
        """What opens the window of models and the doctor; made when it is first asked for."""
        if self._models is None:
            from crystal_studio.ui.models.model_windows import ModelWindows

            self._models = ModelWindows(self._window)
            self._models.stock_changed.connect(self._window.look_for_writer)
        return self._models

    # View

    def scale_text(self, percent: int) -> None:
        """Make the text larger or smaller."""
        appearance = self._settings.appearance
        changed = max(75, min(200, appearance.font_percent + percent))
        self.use(self._settings.changed(appearance=appearance.changed(font_percent=changed)))

    def toggle_theme(self) -> None:
        """Change between light and dark."""
        other = "light" if theme.current() is theme.DARK else "dark"
        appearance = self._settings.appearance.changed(theme=other)
        self.use(self._settings.changed(appearance=appearance))

    def reset_layout(self) -> None:
        """Every panel where it was at first."""
        self._window.docks.arrange()

    # Help and preferences; a dialog is imported when it is first opened, as the window has to be painted soon

    def show_keys(self) -> None:
        """All keys on one sheet."""
        from crystal_studio.ui.dialogs.keys_dialog import KeysDialog

        _open(KeysDialog(self._window.actions_, self._window))

    def show_about(self) -> None:
        """Version and licence."""
        from crystal_studio.ui.dialogs.about_dialog import AboutDialog

        _open(AboutDialog(self._window.program.version, self._window))

    def open_palette(self) -> None:
        """Find an action or a node."""
        from crystal_studio.ui.palette import Palette, action_entries, node_entries

        state = self._window.state
        entries = action_entries(self._window.actions_) + node_entries(state)
        palette = Palette(entries, self._window, lambda typed: node_entries(state, typed))
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show_over(self._window)

    def open_models(self) -> None:
        """What is installed, what could be, and what fits on this machine."""
        self.models.open_models()

    def open_doctor(self) -> None:
        """What this machine has and lacks."""
        self.models.open_doctor()

    def open_preferences(self) -> None:
        """Edit the settings."""
        from crystal_studio.ui.dialogs.preferences_dialog import PreferencesDialog

        dialog = PreferencesDialog(self._settings, self._window)
        dialog.accepted.connect(self._guarded(lambda: self.use(dialog.chosen())))
        dialog.accepted.connect(lambda: self._window.docks["chat"].use_settings(self._window.memory.chat_settings()))
        _open(dialog)

    def use(self, settings: Settings) -> None:
        """Put settings in force and store them.

        Raises:
            Unavailable: they hold, but could not be stored.
        """
        self.apply(settings)
        self._window.program.settings.save(settings)

    def apply(self, settings: Settings) -> None:
        """Colours and text size of the whole program."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            use_appearance(app, settings)

    def copy_diagnostics(self) -> None:
        """Versions, folders and models to the clipboard."""
        QGuiApplication.clipboard().setText(self._window.program.diagnostics())
        self._window.status.say("Diagnostics copied. They name versions, folders and models, nothing of your project.")

    def tell_failure(self, sentence: str, details: str) -> None:
        """A job failed through a bug of ours."""
        from crystal_studio.ui.dialogs.failure_dialog import FailureDialog

        _open(FailureDialog(sentence, details, self._window.program.log_file, self._window))

    @property
    def _settings(self) -> Settings:
        return self._window.program.settings.settings

    def _guarded(self, slot: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                slot()
            except StudioError as error:
                self._window.banner.say(str(error))

        return run

    def _open_recent(self, name: str) -> None:
        self._guarded(lambda: self._window.program.open_project(Path(name)))()

    def _picture_name(self) -> Path:
        current = self._window.state.current
        name = f"{current.crystal.formula}-{current.id[:8]}" if current is not None else "crystal"
        return self._window.state.path.parent / f"{name}.png"

    def _close_window(self) -> None:
        self._window.close()

    def _stop(self) -> None:
        self._window.bridge.stop_newest()

    def _reset_camera(self) -> None:
        if self._window.viewer is not None:
            self._window.viewer.reset_camera()

    def _set_style(self, style: Style) -> None:
        if self._window.viewer is not None:
            self._window.viewer.set_style(style)

    def _view_along(self, direction: directions.ViewDirection) -> None:
        if self._window.viewer is not None:
            self._window.viewer.view_along(direction)


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
