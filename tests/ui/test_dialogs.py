"""Preferences and the other dialogs: bad input has its message beside the field."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.settings import Settings
from crystal_studio.ui.banner import Banner
from crystal_studio.ui.crash_guard import CrashGuard
from crystal_studio.ui.dialogs.failure_dialog import FailureDialog
from crystal_studio.ui.dialogs.picture_dialog import PictureDialog
from crystal_studio.ui.dialogs.preferences_dialog import LARGEST_SEED, PreferencesDialog
from crystal_studio.ui.dialogs.refusal_dialog import RefusalDialog


@pytest.fixture
def preferences(qtbot) -> PreferencesDialog:
    made = PreferencesDialog(Settings(viewer={"style": "stick"}))
    qtbot.addWidget(made)
    made.show()
    return made


def ok(dialog: PreferencesDialog) -> bool:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_that_preferences_change_what_was_changed_and_nothing_else(preferences) -> None:
    preferences.theme.setCurrentIndex(preferences.theme.findData("dark"))
    preferences.candidates.setValue(25)
    chosen = preferences.chosen()
    assert chosen.appearance.theme == "dark"
    assert chosen.viewer == {"style": "stick"}
    assert chosen.design.candidates == 25
    assert chosen.folders == Settings().folders


@pytest.mark.parametrize("wrong", ["", "-1", "1.5", "abc", str(LARGEST_SEED + 1), "9" * 5000, "１２"])
def test_that_a_bad_seed_is_told_beside_the_field(preferences, wrong: str) -> None:
    preferences.seed_mode.setCurrentIndex(preferences.seed_mode.findData("fixed"))
    preferences.seed.line.setText(wrong)
    assert "whole number" in preferences.seed.message.text()
    assert preferences.seed.message.isVisible()
    assert not ok(preferences)
    preferences.seed.line.setText("42")
    assert not preferences.seed.message.isVisible()
    assert ok(preferences)
    assert preferences.chosen().design.seed == 42


def test_that_a_bad_seed_does_not_matter_while_seeds_are_random(preferences) -> None:
    preferences.seed.line.setText("nonsense")
    assert ok(preferences)


def test_that_a_folder_that_cannot_hold_models_is_told_beside_the_field(preferences, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong, why in (("models", "whole path"), (str(tmp_path / "file"), "is a file")):
        preferences.models.line.setText(wrong)
        assert why in preferences.models.message.text()
        assert not ok(preferences)
    preferences.models.line.setText(str(tmp_path / "new" / "models"))
    assert ok(preferences)


class Camera:
    def __init__(self) -> None:
        self.saved: list[tuple[Path, float, bool]] = []
        self.refusal = ""

    def save_png(self, path: Path, scale: float, transparent: bool) -> None:
        if self.refusal:
            raise UserCorrectable(self.refusal)
        self.saved.append((path, scale, transparent))


def test_that_a_picture_is_saved_where_and_as_asked(qtbot, tmp_path: Path) -> None:
    camera = Camera()
    dialog = PictureDialog(camera, tmp_path / "NaCl.png")
    qtbot.addWidget(dialog)
    dialog.scale.setValue(3)
    dialog.transparent.setChecked(True)
    dialog.buttons.accepted.emit()
    assert camera.saved == [(tmp_path / "NaCl.png", 3, True)]


@pytest.mark.parametrize(("name", "why"), [("", "Name a file"), ("a.jpg", "end in .png"), ("none/a.png", "not exist")])
def test_that_a_bad_name_of_a_picture_is_told_beside_the_field(qtbot, tmp_path: Path, name: str, why: str) -> None:
    dialog = PictureDialog(Camera(), tmp_path / "NaCl.png")
    qtbot.addWidget(dialog)
    dialog.file.line.setText(str(tmp_path / name) if name else "")
    assert why in dialog.file.message.text()
    assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Save).isEnabled()


def test_that_a_picture_that_cannot_be_written_leaves_the_dialog_open(qtbot, tmp_path: Path) -> None:
    camera = Camera()
    camera.refusal = "The disk is full."
    dialog = PictureDialog(camera, tmp_path / "NaCl.png")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.buttons.accepted.emit()
    assert dialog.isVisible()
    assert dialog.problem.text() == "The disk is full."


def test_that_a_failure_names_the_log_and_can_be_copied(qtbot) -> None:
    dialog = FailureDialog("It broke <b>badly</b>.", "Traceback …", Path("/var/log/studio.log"))
    qtbot.addWidget(dialog)
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "It broke <b>badly</b>." in copied
    assert "studio.log" in copied
    assert "Traceback" in copied


def test_that_a_failing_slot_is_told_and_the_window_lives(qtbot, caplog) -> None:
    guard = CrashGuard(None)
    with qtbot.waitSignal(guard.failed):
        guard._on_exception(ZeroDivisionError, ZeroDivisionError("by zero"), None)
    guard.failed.emit("again", "more")
    assert "2 times" in guard._dialog.windowTitle()
    assert "ZeroDivisionError: by zero" in guard._dialog.sentence.text()
    assert "a slot failed" in caplog.text
    guard._dialog.close()
    guard._dialog.deleteLater()


def test_that_the_banner_says_one_thing_after_the_other_and_none_twice(qtbot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    did: list[str] = []
    banner.say("The language model is missing.", "Do it", lambda: did.append("done"))
    banner.say("Second.")
    banner.say("Second.")
    assert banner.text == "The language model is missing."
    banner.button.click()
    assert did == ["done"]
    assert banner.text == "Second."
    banner.dismiss.click()
    assert banner.text == ""


def test_that_a_locked_project_can_be_read_and_a_damaged_one_cannot(qtbot) -> None:
    locked, damaged = RefusalDialog("It is open in process 7.", True), RefusalDialog("It is damaged.", False)
    for dialog in (locked, damaged):
        qtbot.addWidget(dialog)
        dialog.open()
    assert damaged.read is None
    with qtbot.waitSignal(locked.reading_wanted):
        locked.read.click()
    with qtbot.waitSignal(damaged.new_wanted):
        damaged.new.click()
