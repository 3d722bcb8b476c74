"""Importing a model: the plan first, then the doing."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelled import MACHINE, card, import_plan

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.services.jobs_models import ImportModelJob, PlanImportJob
from crystal_studio.ui.bridge import Bridge
from crystal_studio.ui.models.import_dialog import ImportDialog
from crystal_studio.ui.models.plan_words import files_text


@pytest.fixture
def cold(runner, qtbot, tmp_path: Path) -> ImportDialog:
    """The dialog before the plan is there."""
    made = ImportDialog(tmp_path, runner, MACHINE, {ModelKind.LANGUAGE_MODEL: ["talker"]})
    qtbot.addWidget(made)
    made.open()
    return made


@pytest.fixture
def dialog(cold, runner, tmp_path: Path) -> ImportDialog:
    """The dialog with a plan."""
    runner.finish(import_plan(tmp_path))
    return cold


def test_that_what_lies_there_is_read_before_anything_can_be_installed(cold, runner, tmp_path: Path) -> None:
    assert runner.last_job == PlanImportJob(tmp_path)
    assert "Nothing is changed" in cold.state.text()
    assert not cold.install.isVisible()
    assert cold.bar.isVisible()


def test_that_the_plan_tells_what_is_taken_and_what_is_left_behind_and_why(dialog) -> None:
    assert dialog.what.text() == "Qwen3 language model, 4.0 B parameters, 16 bit"
    assert "8.0 GB of files, 8.1 GB of memory: " in dialog.facts.text()
    told = dialog.files.toPlainText()
    assert told.splitlines() == [
        "TAKEN (2)",
        "    model.safetensors",
        "    config.json",
        "",
        "LEFT BEHIND (1)",
        "    modeling.py: may hold code",
    ]
    assert dialog.target.text().replace("\u200b", "") == "/models/language_model/qwen3-4b"
    assert dialog.install.isEnabled()
    assert not dialog.bar.isVisible()


def test_that_a_plan_of_a_single_file_and_of_very_many_stay_readable(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    assert "    a.gguf" in files_text(import_plan(file, taken=(file,), left_behind=()))
    assert "nothing: every file is taken" in files_text(import_plan(file, taken=(file,), left_behind=()))
    many = tuple((tmp_path / f"{number}.py", "may hold code") for number in range(2000))
    told = files_text(import_plan(tmp_path, left_behind=many))
    assert "LEFT BEHIND (2,000)" in told
    assert told.endswith("and 1,600 more\n")


def test_that_a_refusal_names_the_file_and_offers_nothing_to_install(cold, runner) -> None:
    runner.fail("evil.pkl is a pickle, which can run code. Convert it to safetensors.")
    assert "evil.pkl" in cold.state.text()
    assert not cold.install.isVisible()
    assert not cold.stop.isVisible()


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "Name the model"), ("Qwen 3", "Small letters"), ("../up", "Small letters"), ("talker", "already")],
)
def test_that_a_bad_name_is_told_beside_the_field(dialog, name: str, why: str) -> None:
    dialog.name.line.setText(name)
    assert why in dialog.name.message.text()
    assert not dialog.install.isEnabled()
    dialog.name.line.setText("qwen3-4b")
    assert dialog.install.isEnabled()


def test_that_a_model_is_copied_or_linked_under_the_name_that_was_chosen(dialog, runner, tmp_path: Path) -> None:
    dialog.modes[ImportMode.LINK].setChecked(True)
    dialog.name.line.setText("qwen")
    dialog.install.click()
    assert runner.last_job == ImportModelJob(tmp_path, ImportMode.LINK, "qwen")
    assert not dialog.install.isEnabled()
    assert not dialog.name.isEnabled()


def test_that_progress_is_shown_and_the_model_is_told_when_it_is_in(dialog, runner, qtbot) -> None:
    dialog.install.click()
    runner.start()
    runner.progress("copying", 0.25, "model.safetensors")
    assert dialog.bar.value() == 250
    assert dialog.state.text() == "Copying 25 %: model.safetensors"
    with qtbot.waitSignal(dialog.installed) as signal:
        runner.finish(card("qwen3-4b", ModelKind.LANGUAGE_MODEL))
    assert signal.args[0].id == "qwen3-4b"
    assert not dialog.isVisible()


def test_that_stopping_keeps_nothing_and_leaves_the_plan(dialog, runner) -> None:
    dialog.install.click()
    dialog.stop.click()
    assert runner.stopped == [runner.last]
    runner.end_cancelled()
    assert dialog.state.text() == "Stopped; nothing of it was kept."
    assert dialog.install.isEnabled()


def test_that_a_full_disk_is_told_and_the_import_can_be_tried_again(dialog, runner) -> None:
    dialog.install.click()
    runner.fail("There is no room for 8.0 GB. Free some.")
    assert dialog.state.text() == "There is no room for 8.0 GB. Free some."
    dialog.install.click()
    assert len(runner.of(ImportModelJob)) == 2


def test_that_closing_the_dialog_stops_what_it_asked_for(dialog, runner) -> None:
    dialog.install.click()
    asked = runner.last
    dialog.reject()
    assert runner.stopped == [asked]
    runner.finish(card("late"), asked)
    runner.fail("late", job_id=asked)
    assert not dialog.isVisible()


def test_that_quitting_would_stop_a_running_import_and_asks(state, runner) -> None:
    bridge = Bridge(state, runner, print, print, print)
    job = runner.submit(ImportModelJob(Path("/models/a")))
    assert bridge.has_tasks
    runner.finish(card("a"), job)
    assert not bridge.has_tasks
