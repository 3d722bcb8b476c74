"""The whole window over a runner that is driven by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox

from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.host.protocol import Failure
from crystal_studio.services.jobs import CompactJob, DesignJob, WarmUpJob
from crystal_studio.services.jobs_models import DoctorJob, ModelsJob
from crystal_studio.services.settings import Settings, SettingsFile
from crystal_studio.ui import theme
from crystal_studio.ui.appearance import use_appearance
from crystal_studio.ui.dialogs.failure_dialog import FailureDialog
from crystal_studio.ui.dialogs.preferences_dialog import PreferencesDialog
from crystal_studio.ui.docks import PANELS
from crystal_studio.ui.history.sheet_dialog import SheetDialog
from crystal_studio.ui.log_panel import LogTap
from crystal_studio.ui.main_window import MainWindow
from crystal_studio.ui.program import WindowProgram


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


@pytest.fixture
def opened() -> list[Path]:
    return []


@pytest.fixture
def program(settings, tmp_path, opened) -> WindowProgram:
    return WindowProgram(
        version="1.2.3",
        settings=settings,
        layout_file=tmp_path / "layout.ini",
        log_file=tmp_path / "studio.log",
        diagnostics=lambda: "Qt 6\nmodels none",
        open_project=opened.append,
        new_project_path=lambda: tmp_path / "untitled.cstudio",
    )


@pytest.fixture
def tap() -> Iterator[LogTap]:
    made = LogTap()
    logging.getLogger("crystal_studio").addHandler(made)
    yield made
    logging.getLogger("crystal_studio").removeHandler(made)


@pytest.fixture
def open_window(state, runner, program, tap, qapp, qtbot) -> Iterator[object]:
    """A function that opens a window on the session and waits until every panel is made."""
    windows: list[MainWindow] = []

    def open_one(read_only: bool = False) -> MainWindow:
        made = MainWindow(state, runner, program, tap, read_only=read_only)
        windows.append(made)
        with qtbot.waitSignal(made.settled, timeout=30_000):
            made.show()
        return made

    yield open_one
    for made in windows:
        made._is_closing or made.bridge._open.clear()
        made.close()
        made.deleteLater()
    use_appearance(qapp, Settings())


@pytest.fixture
def window(open_window) -> MainWindow:
    return open_window()


def ask(window: MainWindow, text: str) -> None:
    chat = window.docks["chat"]
    chat.composer.put(text)
    chat.composer.submit()


def test_that_chat_and_tree_are_there_before_anything_heavy_and_models_load_behind(window, runner) -> None:
    assert type(next(iter(runner.jobs.values()))) is WarmUpJob
    assert set(window.docks.made()) == {panel.name for panel in PANELS}


def test_that_a_wish_becomes_a_job_and_its_node_is_shown(window, runner, state, node_of) -> None:
    ask(window, "a cubic oxide with strontium")
    job = runner.last_job
    assert isinstance(job, DesignJob)
    assert job.message == "a cubic oxide with strontium"
    assert job.parent is None
    assert window.actions_["job.stop"].isEnabled()
    node = node_of("a cubic oxide with strontium")
    runner.start()
    runner.finish(node)
    assert state.current is not None
    assert state.current.id == node.id
    assert not window.actions_["job.stop"].isEnabled()


def test_that_a_late_answer_does_not_steal_the_view(window, runner, state, new_node, node_of) -> None:
    root = new_node("a cubic oxide")
    state.set_current(root.id)
    ask(window, "make the band gap wider")
    job = runner.last
    other = new_node("an oxide of titanium")
    state.set_current(other.id)
    late = node_of("make the band gap wider", root)
    runner.finish(late, job)
    assert state.current.id == other.id
    assert late.id in [one.id for one in state.search(NodeQuery())]


def test_that_the_next_message_answers_what_is_shown(window, runner, state, new_node) -> None:
    root = new_node("a cubic oxide")
    new_node("make the band gap wider", root)
    state.set_current(root.id)
    ask(window, "make the band gap wider")
    assert runner.last_job.parent == root.id


def test_that_new_wish_answers_nothing(window, runner, state, new_node) -> None:
    state.set_current(new_node("a cubic oxide").id)
    window.actions_["wish.new"].trigger()
    ask(window, "an oxide of titanium")
    assert runner.last_job.parent is None


def test_that_stop_stops_the_newest_job(window, runner) -> None:
    ask(window, "a cubic oxide with strontium")
    job = runner.last
    window.actions_["job.stop"].trigger()
    assert runner.stopped == [job]
    runner.end_cancelled(job)
    assert not window.actions_["job.stop"].isEnabled()


def test_that_a_missing_model_is_said_in_the_banner(window, runner) -> None:
    runner.fail("The language model is not installed. Run the installer.", Failure.UNAVAILABLE)
    assert "not installed" in window.banner.text


def test_that_a_dead_engine_is_said_in_the_banner(window, runner) -> None:
    ask(window, "a cubic oxide with strontium")
    runner.fail("The engine stopped (signal 9).", Failure.HOST_DIED)
    assert "The engine stopped" in window.banner.text


def test_that_a_node_committed_by_an_engine_that_then_died_is_found(window, runner, node_of) -> None:
    ask(window, "a cubic oxide with strontium")
    node = node_of("a cubic oxide with strontium")
    told: list[str] = []
    window.state.node_added.connect(lambda outline: told.append(outline.id))
    runner.fail("The engine stopped (signal 9).", Failure.HOST_DIED)
    assert told == [node.id]


def test_that_a_bug_in_a_job_is_told_with_the_log_and_the_window_lives(window, runner) -> None:
    ask(window, "a cubic oxide with strontium")
    runner.fail("This is a bug of ours.", Failure.BUG, "Traceback …")
    dialog = window.findChild(FailureDialog)
    assert dialog is not None
    assert "studio.log" in dialog.log.text()
    dialog.close()
    assert window.isVisible()


def test_that_lanes_are_shown_in_words(window, runner) -> None:
    runner.lane_changed.emit("model", "loading")
    assert window.status.lanes["model"].text() == "Models: loading …"
    runner.lane_changed.emit("model", "ready")
    assert window.status.lanes["model"].text() == "Models: ready"


def test_that_the_tree_can_be_walked_by_keys(window, state, new_node) -> None:
    root = new_node("a cubic oxide")
    first = new_node("make the band gap wider", root)
    second = new_node("make the band gap wider", root)
    state.set_current(root.id)
    for action, expected in (
        ("node.child", second),
        ("node.previous", first),
        ("node.previous", first),
        ("node.next", second),
        ("node.parent", root),
    ):
        window.actions_[action].trigger()
        assert state.current.id == expected.id, action
    assert not window.actions_["node.parent"].isEnabled()


def test_that_a_star_is_set_and_taken_away(window, state, new_node) -> None:
    node = new_node("a cubic oxide")
    state.set_current(node.id)
    window.actions_["node.star"].trigger()
    assert state.mark(node.id).starred
    window.actions_["node.star"].trigger()
    assert not state.mark(node.id).starred


def test_that_what_is_chosen_is_there_at_the_next_start(open_window, settings, qapp) -> None:
    window = open_window()
    window.commands.use(settings.settings)
    window.actions_["theme.toggle"].trigger()
    window.actions_["text.larger"].trigger()
    assert theme.current() is theme.DARK
    again = SettingsFile(settings.path).settings
    assert again.appearance.theme == "dark"
    assert again.appearance.font_percent == 110


def test_that_what_a_message_begins_with_can_be_changed_in_the_preferences_and_in_the_chat(window, settings) -> None:
    window.actions_["preferences.open"].trigger()
    dialog = window.findChild(PreferencesDialog)
    dialog.candidates.setValue(33)
    dialog.strength.setValue(0.4)
    dialog.accept()
    options = window.docks["chat"].composer.options
    assert (options.candidates.value(), options.strength.value()) == (33, 0.4)
    options.candidates.setValue(12)
    assert SettingsFile(settings.path).settings.design.candidates == 12
    assert SettingsFile(settings.path).settings.design.strength == 0.4


def test_that_a_draft_is_there_at_the_next_start(open_window, settings, state) -> None:
    window = open_window()
    window.docks["chat"].composer.put("a wish half wri")
    window.close()
    assert SettingsFile(settings.path).settings.drafts[str(state.path)] == "a wish half wri"
    assert open_window().docks["chat"].composer.box.toPlainText() == "a wish half wri"


def test_that_the_layout_is_kept_and_can_be_reset(open_window) -> None:
    window = open_window()
    window.docks.docks["log"].hide()
    window.docks.docks["candidates"].setFloating(True)
    window.close()
    again = open_window()
    assert again.docks.docks["log"].isHidden()
    assert again.docks.docks["candidates"].isFloating()
    again.actions_["layout.reset"].trigger()
    assert not again.docks.docks["log"].isHidden()
    assert not again.docks.docks["candidates"].isFloating()
    assert again.docks.docks["log"] in again.tabifiedDockWidgets(again.docks.docks["candidates"])


def test_that_every_panel_comes_to_the_front_by_its_action(window, qapp) -> None:
    for panel in PANELS:
        window.actions_[f"panel.{panel.name}"].trigger()
        qapp.processEvents()
        assert window.docks[panel.name].isVisible(), panel.name
        assert not window.docks[panel.name].visibleRegion().isEmpty(), panel.name


def test_that_every_field_and_button_has_a_name_for_those_who_do_not_see(window, state, new_node, qapp) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QScrollBar

    state.set_current(new_node("a cubic oxide").id)
    nameless = []
    for panel in PANELS:
        window.docks.show(panel.name)
        qapp.processEvents()
        for kind in (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit):
            for field in window.docks[panel.name].findChildren(kind):
                inner = isinstance(field, QScrollBar) or field.objectName().startswith("qt_") or not field.isVisible()
                has_label = any(label.buddy() is field for label in window.findChildren(QLabel))
                text = field.text() if isinstance(field, QAbstractButton) else ""
                if not (inner or field.accessibleName() or text or field.toolTip() or has_label):
                    nameless.append(f"{panel.name}: {type(field).__name__} {field.objectName()}")
    assert nameless == []


def test_that_no_key_of_the_window_means_two_things(window) -> None:
    keys = [action.shortcut().toString() for action in window.actions() if not action.shortcut().isEmpty()]
    keys += [one.key().toString() for one in window.findChildren(QShortcut) if one.context().name == "WindowShortcut"]
    assert sorted(keys) == sorted(set(keys))


def test_that_no_label_reads_markup(window, state, new_node, qapp) -> None:
    state.set_current(new_node("an oxide <b>bold</b> <img src='file:///etc/hostname'>").id)
    for panel in PANELS:
        window.docks.show(panel.name)
        qapp.processEvents()
    from PySide6.QtCore import Qt

    rich = [
        one.text()
        for one in window.findChildren(QLabel)
        if "<b>" in one.text() and one.textFormat() is not Qt.TextFormat.PlainText
    ]
    assert rich == []


def test_that_diagnostics_hold_nothing_of_the_project(window, state) -> None:
    window.actions_["diagnostics.copy"].trigger()
    assert QGuiApplication.clipboard().text() == "Qt 6\nmodels none"
    assert state.path.name not in QGuiApplication.clipboard().text()


def test_that_the_log_shows_what_was_noted_before_and_after(open_window, tap) -> None:
    ours = logging.getLogger("crystal_studio.test")
    ours.warning("noted before")
    window = open_window()
    ours.warning("noted after")
    text = window.docks["log"].text.toPlainText()
    assert "noted before" in text
    assert "noted after" in text


def test_that_a_read_only_project_says_so_and_offers_no_star(open_window, runner, state, new_node) -> None:
    node = new_node("a cubic oxide")
    window = open_window(read_only=True)
    state.set_current(node.id)
    assert "reading only" in window.banner.text
    assert not window.actions_["node.star"].isEnabled()
    assert runner.of(WarmUpJob) == []


def test_that_quitting_while_a_job_runs_is_asked_and_can_be_taken_back(window, runner, qtbot) -> None:
    from PySide6.QtCore import QTimer

    ask(window, "a cubic oxide with strontium")
    answers = iter(["&Go on working", "&Stop it and quit"])

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        wanted = next(answers)
        next(button for button in box.buttons() if button.text() == wanted).click()

    QTimer.singleShot(100, answer)
    assert not window.close()
    assert window.isVisible()
    assert not runner.closed
    QTimer.singleShot(100, answer)
    assert window.close()
    assert runner.closed


def test_that_recent_projects_can_be_opened_and_missing_ones_are_grey(window, settings, tmp_path, opened) -> None:
    there = tmp_path / "there.cstudio"
    there.write_text("")
    for path in (tmp_path / "gone.cstudio", there):
        settings.save(settings.settings.with_recent(path))
    window.commands.list_recent()
    actions = {action.text(): action for action in window.recent_menu.actions()}
    assert [one.isEnabled() for one in actions.values()] == [True, False]
    next(iter(actions.values())).trigger()
    assert opened == [there]


def test_that_nothing_is_cut_off_when_everything_is_twice_as_large(open_window, settings, qapp) -> None:
    window = open_window()
    appearance = settings.settings.appearance.changed(font_percent=200)
    window.commands.use(settings.settings.changed(appearance=appearance))
    window.resize(2560, 1600)
    qapp.processEvents()
    assert window.minimumSizeHint().width() <= 2560
    assert window.minimumSizeHint().height() <= 1600


def test_that_undo_and_redo_say_in_menu_and_line_what_they_change(window, state, new_node) -> None:
    root = new_node("a cubic oxide")
    branch = new_node("make the band gap wider", root)
    state.set_current(branch.id)
    state.hide([branch.id])
    formula = branch.crystal.formula
    assert state.current.id == root.id
    assert window.actions_["history.undo"].text() == f"&Undo: hide {formula}"
    assert not window.actions_["history.redo"].isEnabled()
    window.actions_["history.undo"].trigger()
    assert window.status.currentMessage() == f"Undone: hide {formula}."
    assert window.actions_["history.redo"].text() == f"&Redo: hide {formula}"
    assert window.docks["tree"].model.row_of(branch.id) is not None
    window.actions_["history.redo"].trigger()
    assert window.docks["tree"].model.row_of(branch.id) is None


def test_that_undo_in_a_text_field_is_the_fields_own(window, state, new_node, qtbot) -> None:
    state.set_current(new_node("a cubic oxide").id)
    chat = window.docks["chat"]
    window.activateWindow()
    chat.focus_message()
    qtbot.keyClicks(chat.composer.box, "wider")
    qtbot.keyClick(chat.composer.box, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert chat.composer.text == ""
    assert state.operations(1)[0].is_undone is False


def test_that_a_project_is_compacted_by_a_host_and_the_bytes_won_are_said(window, runner, project) -> None:
    window.actions_["project.compact"].trigger()
    assert runner.last_job == CompactJob(project)
    runner.finish(2_340_000)
    assert window.status.currentMessage() == "Compacted: 2.3 MB won."


def test_that_a_contact_sheet_is_asked_for_with_what_is_typed(window, state, new_node) -> None:
    state.set_current(new_node("a cubic oxide").id)
    window.docks["chat"].composer.put("make the band gap wider")
    window.actions_["sheet.new"].trigger()
    dialog = window.docks["sheet"].findChild(SheetDialog)
    assert dialog.message.toPlainText() == "make the band gap wider"
    assert dialog.job().base.parent == state.current.id
    dialog.reject()


def test_that_nodes_are_compared_from_the_menu_the_chat_and_the_tree(window, state, new_node, qtbot) -> None:
    root = new_node("a cubic oxide")
    child = new_node("make the band gap wider", root)
    state.set_current(root.id)
    assert not window.actions_["compare.parent"].isEnabled()
    state.set_current(child.id)
    window.actions_["compare.parent"].trigger()
    compared = window.commands.comparing.window
    assert compared.isVisible()
    assert compared.node_ids == (root.id, child.id)
    compared.bar.swap.click()
    window.docks["tree"].compare_asked.emit([root.id, child.id])
    assert compared.node_ids == (root.id, child.id)
    with qtbot.waitSignal(compared.closed):
        compared.close()
    views = window.docks["chat"].conversation.views
    qtbot.waitUntil(lambda: views[child.id].is_filled)
    views[child.id].card.compare.click()
    assert window.commands.comparing.window.node_ids == (root.id, child.id)
    window.commands.comparing.window.gallery.opened.emit(root.id)
    assert state.current.id == root.id


def test_that_closing_the_window_closes_the_comparison_as_well(window, state, new_node, qtbot) -> None:
    root = new_node("a cubic oxide")
    state.set_current(new_node("make the band gap wider", root).id)
    window.actions_["compare.parent"].trigger()
    with qtbot.waitSignal(window.commands.comparing.window.closed):
        window.close()


def test_that_too_many_nodes_to_compare_are_refused_in_the_banner(window, new_node) -> None:
    window.commands.compare([new_node("a cubic oxide").id for _ in range(5)])
    assert "Choose two to four nodes to compare; 5 are chosen." in window.banner.text


def test_that_a_card_in_the_chat_tells_what_its_round_has_changed(window, state, new_node, qtbot) -> None:
    root = new_node("a cubic oxide")
    child = new_node("make the band gap wider", root)
    state.set_current(child.id)
    views = window.docks["chat"].conversation.views
    qtbot.waitUntil(lambda: all(one.is_filled for one in views.values()))
    assert views[child.id].card.changes.text().startswith("Against its parent: ")
    assert views[root.id].card.changes.isHidden()
    assert views[root.id].card.compare.isHidden()


def test_that_the_window_of_models_and_the_doctor_are_opened_once_and_closed_with_this_one(window, runner) -> None:
    window.actions_["doctor.open"].trigger()
    assert runner.last_job == DoctorJob(self_test=False)
    window.commands.models.doctor.reject()
    assert window.commands.models.doctor is None
    window.actions_["models.open"].trigger()
    models = window.commands.models.models
    assert runner.last_job == ModelsJob()
    window.actions_["models.open"].trigger()
    assert window.commands.models.models is models
    models.doctor.click()
    assert runner.last_job == DoctorJob(self_test=False)
    window.close()
    assert window.commands.models.models is None
    assert window.commands.models.doctor is None
