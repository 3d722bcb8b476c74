"""The window of models: what it lists, what it says, and what it asks of the engine hosts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import modelled
import pytest
from modelled import DAMAGED, OWN, SHIPPED, WRITER, card, listing, report
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from shiboken6 import isValid

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.host.protocol import Failure
from crystal_studio.services.jobs_models import (
    ChooseModelJob,
    ModelsJob,
    PackModelsJob,
    PlanImportJob,
    RemoveModelJob,
    TryModelJob,
    UnpackModelsJob,
    VerifyModelJob,
)
from crystal_studio.ui import theme
from crystal_studio.ui.exchange.target_dialog import TargetDialog
from crystal_studio.ui.models.import_dialog import ImportDialog
from crystal_studio.ui.models.model_rows import ModelNews
from crystal_studio.ui.models.models_window import ModelsWindow
from crystal_studio.ui.models.stock_list import LOOKING, NOTHING_FITS, NOTHING_THERE
from crystal_studio.ui.sign import Sign

OWN_KEY = ("denoiser", "own-sampler")


@pytest.fixture
def cold(runner, qtbot, tmp_path: Path) -> Iterator[ModelsWindow]:
    """The window before its first answer."""
    made = ModelsWindow(runner, tmp_path)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    if isValid(made):
        made.close()


@pytest.fixture
def window(cold, runner) -> ModelsWindow:
    """The window with five models, an offer and a card that cannot be read."""
    runner.finish(report())
    return cold


def rows(window: ModelsWindow) -> dict[str, object]:
    QCoreApplication.processEvents()
    return {row.title: row for row in window.list.view.rows_model.rows}


def make_active(window: ModelsWindow, qtbot) -> None:
    """Give it the keyboard, which a window of another test may have had."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def choose(window: ModelsWindow, *keys: tuple[str, str]) -> None:
    window.list.view.choose(keys)
    assert set(window.list.chosen) == set(keys)


def answer(window: ModelsWindow, text: str) -> None:
    box = window.findChild(QMessageBox)
    next(button for button in box.buttons() if button.text() == text).click()


def id_of(runner, kind: type) -> str:
    return next(job_id for job_id, job in reversed(runner.jobs.items()) if isinstance(job, kind))


# What is shown


def test_that_it_asks_at_once_and_says_so_in_a_sentence(cold, runner) -> None:
    assert isinstance(runner.last_job, ModelsJob)
    assert cold.list.empty.text() == LOOKING
    assert cold.list.empty.isVisible()


def test_that_the_plan_of_the_machine_stands_on_top(window) -> None:
    assert window.plan.text() == modelled.SENTENCE
    assert "RTX A2000: 4.1 GB of 6.0 GB free" in window.memory.text()
    assert "of 24.0 GB" in window.memory.text()


def test_that_installed_and_offered_models_stand_apart(window) -> None:
    titles = [row.title for row in window.list.view.rows_model.rows]
    assert titles == [
        "Cards that cannot be read (1)",
        "mine",
        "Installed (4)",
        "talker",
        "shipped-sampler",
        "own-sampler",
        "aligner",
        "Offered: fetched by you, then imported (2)",
        "optional",
        "qwen3-4b-instruct",
    ]


def test_that_a_row_tells_use_memory_fit_state_and_problem(window) -> None:
    found = rows(window)
    assert found["talker"].badge == "in use"
    assert "300 MB of memory" in found["own-sampler"].facts
    assert modelled.FITS in found["own-sampler"].facts
    assert found["own-sampler"].facts.endswith("not verified")
    assert found["own-sampler"].sign is None
    assert found["shipped-sampler"].sign is Sign.PASSED
    assert found["aligner"].sign is Sign.FAILED
    assert found["aligner"].said == "Its file weights is missing. Import it again."
    assert found["mine"].sign is Sign.FAILED
    assert "Mend it" in found["mine"].said
    assert found["qwen3-4b-instruct"].badge == "8.0 GB to fetch"


def test_that_the_list_is_filtered_by_words_and_by_kind(window) -> None:
    window.list.words.setText("sampler own")
    assert [row.title for row in window.list.view.rows_model.rows] == ["Installed (1)", "own-sampler"]
    window.list.words.setText("huggingface")
    assert "qwen3-4b-instruct" in rows(window)
    window.list.words.setText("nothing like it")
    assert window.list.empty.isVisible()
    assert window.list.empty.text() == NOTHING_FITS
    window.list.words.clear()
    window.list.kind.setCurrentIndex(window.list.kind.findData("language_model"))
    assert {"talker", "qwen3-4b-instruct"} < rows(window).keys()
    assert "own-sampler" not in rows(window)


def test_that_nothing_installed_is_one_sentence(cold, runner) -> None:
    runner.finish(replace(report(), cards=(), offers=(), complaints=()))
    assert cold.list.empty.text() == NOTHING_THERE
    assert "Choose a model" in cold.page.text.toPlainText()


def test_that_the_details_tell_everything_as_plain_text(window) -> None:
    choose(window, OWN_KEY)
    told = window.page.text.toPlainText()
    for part in ("own-sampler, version 1", "draws crystals", "4 MB", "300 MB", "Apache-2.0", "Materials Project"):
        assert part in told
    for part in ("val loss: 0.5", "Cells of 20 atoms.", "a1" * 32, "weights.safetensors", "FINGERPRINT", "/models"):
        assert part in told
    assert window.page.text.isReadOnly()


def test_that_markup_and_huge_values_of_a_card_stay_plain_and_short(cold, runner) -> None:
    evil = card(
        "evil", provenance={"data": "<img src='file:///etc/passwd'>", "limits": "x" * 10**6, "note": "a\x00\nb"}
    )
    runner.finish(report(listing("evil", card=evil)))
    choose(cold, ("denoiser", "evil"))
    told = cold.page.text.toPlainText()
    assert "<img src='file:///etc/passwd'>" in told
    assert len(told) < 10_000
    assert "note: a  b" in told or "note: a b" in told


def test_that_an_offer_says_how_to_get_it_and_what_fits(window) -> None:
    choose(window, ("offered", "qwen3-4b-instruct"))
    told = window.page.text.toPlainText()
    for part in (
        "8.0 GB",
        "models import FOLDER",
        "4 bit: 2.9 GB of memory, fits on the card",
        "does not fit",
        "huggin",
    ):
        assert part in told
    assert "The program itself fetches nothing." in told
    window.page.copy.click()
    assert "models import FOLDER" in QGuiApplication.clipboard().text()
    assert not window.page.verify.isVisible()


def test_that_an_optional_model_says_how_to_get_it(window) -> None:
    choose(window, ("predictor", "optional"))
    assert "models import X" in window.page.text.toPlainText()
    window.page.copy.click()
    assert "models import X" in QGuiApplication.clipboard().text()


def test_that_what_cannot_be_removed_says_why(window) -> None:
    choose(window, ("denoiser", "shipped-sampler"))
    assert not window.page.remove.isEnabled()
    assert "comes with the program" in window.page.remove.toolTip()
    assert not window.page.choose.isEnabled()
    choose(window, OWN_KEY)
    assert window.page.remove.isEnabled()
    assert window.page.choose.isEnabled()


# Verifying and trying


def test_that_verifying_shows_progress_and_its_result_beside_the_row(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.verify.click()
    verifying = runner.last
    assert runner.last_job == VerifyModelJob(ModelKind.DENOISER, "own-sampler")
    assert rows(window)["own-sampler"].badge == "waits: verifying"
    assert not window.page.verify.isEnabled()
    runner.start(verifying)
    runner.progress("hashing", 0.4, job_id=verifying)
    assert rows(window)["own-sampler"].badge == "verifying 40 %"
    assert rows(window)["own-sampler"].fraction == 0.4
    runner.finish(None, verifying)
    assert isinstance(runner.last_job, ModelsJob)
    runner.finish(report(WRITER, SHIPPED, replace(OWN, checked=True)))
    row = rows(window)["own-sampler"]
    assert (row.sign, row.is_good_news, row.fraction) == (Sign.PASSED, True, None)
    assert "Every file" in row.said


def test_that_a_damaged_model_is_told_in_its_row_with_the_remedy(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.verify.click()
    runner.finish("The file weights is not the one its card names. Get it again.")
    row = rows(window)["own-sampler"]
    assert row.sign is Sign.FAILED
    assert "Get it again." in row.said


def test_that_a_job_that_waits_can_be_stopped(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.verify.click()
    verifying = runner.last
    QCoreApplication.processEvents()
    assert window.page.stop.isVisible()
    window.page.stop.click()
    assert runner.stopped == [verifying]
    runner.end_cancelled(verifying)
    assert rows(window)["own-sampler"].badge == ""
    assert window.page.verify.isEnabled()


def test_that_all_installed_models_are_verified_and_no_offer(window, runner) -> None:
    window.verify_all.click()
    assert {job.id for job in runner.of(VerifyModelJob)} == {"talker", "shipped-sampler", "own-sampler", "aligner"}
    window.verify_all.click()
    assert len(runner.of(VerifyModelJob)) == 4


def test_that_a_test_run_tells_seconds_memory_and_what_was_made(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.try_out.click()
    assert runner.last_job == TryModelJob(ModelKind.DENOISER, "own-sampler")
    trial = Trial(3.2, "SrTiO3, space group 221", 900)
    runner.finish(trial)
    assert "3.2 s, 900 MB of memory. SrTiO3" in rows(window)["own-sampler"].said
    runner.finish(report(WRITER, replace(OWN, trial=trial)))
    assert "SrTiO3, space group 221" in window.page.text.toPlainText()


def test_that_a_test_run_that_fails_says_why_in_the_row(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.try_out.click()
    runner.fail("It needs 9 GB, and 4 GB are free. Close other programs.", Failure.UNAVAILABLE)
    assert "Close other programs." in rows(window)["own-sampler"].said
    assert rows(window)["own-sampler"].sign is Sign.FAILED


# Which model does which job


def test_that_another_model_can_do_the_job(window, runner, qtbot) -> None:
    choose(window, OWN_KEY)
    with qtbot.waitSignal(window.stock_changed):
        window.page.choose.click()
        runner.finish(None, id_of(runner, ChooseModelJob))
    assert runner.of(ChooseModelJob) == [ChooseModelJob(ModelKind.DENOISER, "own-sampler")]
    runner.finish(report(replace(SHIPPED, in_use=False), replace(OWN, in_use=True)))
    assert rows(window)["own-sampler"].badge == "in use"
    assert rows(window)["shipped-sampler"].badge == ""


def test_that_the_page_of_jobs_tells_where_each_model_runs_and_lets_another_do_the_job(window, runner) -> None:
    page = window.jobs_page
    assert "on the card, 6.0 s of a round" in page.places[ModelKind.LANGUAGE_MODEL].text()
    assert "It needs the card most." in page.places[ModelKind.LANGUAGE_MODEL].text()
    assert page.places[ModelKind.ALIGNER].text().startswith("✗ does not fit")
    assert page.choices[ModelKind.RELAXER].currentText() == "none is installed"
    assert not page.choices[ModelKind.LANGUAGE_MODEL].isEnabled()
    sampler = page.choices[ModelKind.DENOISER]
    assert sampler.currentText() == "shipped-sampler"
    sampler.setCurrentIndex(sampler.findData("own-sampler"))
    sampler.activated.emit(sampler.currentIndex())
    assert runner.last_job == ChooseModelJob(ModelKind.DENOISER, "own-sampler")
    QCoreApplication.processEvents()
    assert not sampler.isEnabled()


def test_that_every_model_in_use_is_tried_and_an_adapter_does_no_job_by_itself(window, runner) -> None:
    window.jobs_page.try_all.click()
    assert [job.id for job in runner.of(TryModelJob)] == ["talker", "shipped-sampler", "aligner"]
    QCoreApplication.processEvents()
    assert "waits: test run" in window.jobs_page.places[ModelKind.ALIGNER].text()
    runner.fail("It cannot be loaded. Verify it.")
    QCoreApplication.processEvents()
    assert "Verify it." in window.jobs_page.places[ModelKind.ALIGNER].text()
    window.refresh()
    runner.finish(report(listing("adapter", ModelKind.ADAPTER), OWN))
    choose(window, ("adapter", "adapter"))
    assert not window.page.choose.isVisible()
    assert not window.page.try_out.isVisible()
    assert window.page.verify.isVisible()


def test_that_a_choice_that_is_refused_goes_back_to_what_does_the_job(window, runner) -> None:
    sampler = window.jobs_page.choices[ModelKind.DENOISER]
    sampler.setCurrentIndex(sampler.findData("own-sampler"))
    sampler.activated.emit(sampler.currentIndex())
    runner.fail("The models folder cannot be written to.")
    assert "cannot be written to" in rows(window)["own-sampler"].said
    assert sampler.currentText() == "shipped-sampler"


# Removing, packing, unpacking


def test_that_removing_asks_first(window, runner, qtbot) -> None:
    make_active(window, qtbot)
    window.list.view.setFocus()
    choose(window, ("denoiser", "shipped-sampler"))
    qtbot.keyClick(window.list.view, Qt.Key.Key_Delete)
    assert window.findChild(QMessageBox) is None
    choose(window, OWN_KEY)
    qtbot.keyClick(window.list.view, Qt.Key.Key_Delete)
    assert "takes over" not in window.findChild(QMessageBox).informativeText()
    assert runner.of(RemoveModelJob) == []
    answer(window, "&Keep")
    assert runner.of(RemoveModelJob) == []


def test_that_removing_the_model_in_use_says_that_another_takes_over(window, runner) -> None:
    window.refresh()
    runner.finish(report(replace(OWN, in_use=True)))
    choose(window, OWN_KEY)
    window.page.remove.click()
    assert "takes over" in window.findChild(QMessageBox).informativeText()


def test_that_a_removed_model_is_gone_from_the_list(window, runner) -> None:
    choose(window, OWN_KEY)
    window.page.remove.click()
    answer(window, "&Remove")
    assert runner.of(RemoveModelJob) == [RemoveModelJob(ModelKind.DENOISER, "own-sampler")]
    runner.finish(None, id_of(runner, RemoveModelJob))
    runner.finish(report(WRITER, SHIPPED))
    assert "own-sampler" not in rows(window)
    assert window.news.label.text() == "own-sampler is removed."
    assert window.list.chosen


def test_that_chosen_models_are_packed_into_one_new_file(window, runner, tmp_path: Path) -> None:
    choose(window, OWN_KEY, ("language_model", "talker"))
    assert "2 models" in window.page.text.toPlainText()
    window.page.pack.click()
    dialog = window.findChild(TargetDialog)
    (tmp_path / "there.tar").write_text("mine")
    dialog.file.line.setText(str(tmp_path / "there.tar"))
    assert "already" in dialog.file.message.text()
    dialog.file.line.setText(str(tmp_path / "stick.tar"))
    dialog.buttons.accepted.emit()
    assert runner.last_job == PackModelsJob(("talker", "own-sampler"), tmp_path / "stick.tar")
    runner.progress("copying", 0.5)
    assert "50 %" in window.news.label.text()
    assert window.stop_file.isVisible()
    window.stop_file.click()
    assert runner.stopped == [runner.last]
    runner.finish(tmp_path / "stick.tar")
    assert "stick.tar" in window.news.label.text()
    assert not window.stop_file.isVisible()


def test_that_a_packed_file_is_unpacked_and_its_models_are_told(window, runner, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.tar"), ""))
    window.unpack.click()
    assert runner.last_job == UnpackModelsJob(tmp_path / "a.tar")
    runner.finish((card("new-one"),), id_of(runner, UnpackModelsJob))
    assert window.news.label.text() == "Installed from the file: new-one."
    assert isinstance(runner.last_job, ModelsJob)


def test_that_a_full_disk_is_told_in_the_window(window, runner, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.tar"), ""))
    window.unpack.click()
    runner.fail("There is no room. Free 3 GB.")
    assert window.news.label.text() == "There is no room. Free 3 GB."
    assert theme.LIGHT.bad in window.news.label.styleSheet()
    assert window.unpack.isEnabled()


# Import by drop


def drop(window: ModelsWindow, *urls: QUrl) -> bool:
    mime = QMimeData()
    mime.setUrls(list(urls))
    copy, button, no = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), copy, mime, button, no)
    QCoreApplication.sendEvent(window.windowHandle(), enter)
    QCoreApplication.sendEvent(window.windowHandle(), QDropEvent(QPointF(300, 300), copy, mime, button, no))
    return enter.isAccepted()


def test_that_a_dropped_folder_shows_first_what_an_import_would_do(window, runner, qtbot, tmp_path: Path) -> None:
    qtbot.waitUntil(lambda: window._drops is not None)
    assert drop(window, QUrl.fromLocalFile(str(tmp_path)))
    assert runner.last_job == PlanImportJob(tmp_path)
    assert window.findChild(ImportDialog).isVisible()


def test_that_a_dropped_packed_file_is_unpacked(window, runner, qtbot, tmp_path: Path) -> None:
    qtbot.waitUntil(lambda: window._drops is not None)
    assert drop(window, QUrl.fromLocalFile(str(tmp_path / "a.tar")))
    assert runner.last_job == UnpackModelsJob(tmp_path / "a.tar")


def test_that_an_address_or_several_files_are_refused_with_a_sentence(window, runner, qtbot, tmp_path: Path) -> None:
    qtbot.waitUntil(lambda: window._drops is not None)
    assert not drop(window, QUrl("https://example.org/model"))
    assert "Nothing is fetched" in window._drops.hint.offer.invitation
    assert not drop(window, QUrl.fromLocalFile(str(tmp_path)), QUrl.fromLocalFile("/a"))
    assert runner.of(PlanImportJob) == []


def test_that_buttons_ask_for_a_folder_and_a_file(window, runner, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window.import_folder.click()
    assert runner.last_job == PlanImportJob(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.gguf"), ""))
    window.import_file.click()
    assert runner.last_job == PlanImportJob(tmp_path / "a.gguf")


# Answers that come late, failures, keys


def test_that_answers_after_the_window_is_closed_are_harmless(cold, runner) -> None:
    asked = runner.last
    cold.close()
    assert runner.stopped == [asked]
    runner.finish(report(), asked)
    runner.fail("late", job_id=asked)
    assert cold.report is None


def test_that_a_change_during_reading_is_read_again(window, runner) -> None:
    window.refresh()
    reading = runner.last
    window.refresh()
    assert len(runner.of(ModelsJob)) == 2
    runner.finish(report(OWN), reading)
    assert len(runner.of(ModelsJob)) == 3


def test_that_a_failed_reading_is_told_and_can_be_tried_again(cold, runner) -> None:
    runner.fail("The engine stopped.", Failure.HOST_DIED)
    assert cold.news.label.text() == "The engine stopped."
    cold.news.retry.click()
    runner.finish(report())
    assert not cold.news.isVisible()
    assert "talker" in rows(cold)


def test_that_what_is_chosen_stays_chosen_when_the_list_is_read_again(window, runner) -> None:
    choose(window, OWN_KEY)
    window.refresh()
    runner.finish(report(WRITER, OWN, DAMAGED))
    assert window.list.chosen == (OWN_KEY,)


def test_that_keys_go_from_the_filter_through_the_list_past_the_headings(window, qtbot) -> None:
    make_active(window, qtbot)
    qtbot.keyClick(window.list.words, Qt.Key.Key_Down)
    assert window.list.view.hasFocus()
    choose(window, ("unreadable", str(modelled.BROKEN[0])))
    qtbot.keyClick(window.list.view, Qt.Key.Key_Down)
    assert window.list.chosen == (("language_model", "talker"),)
    qtbot.keyClick(window.list.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "talker, in use" in QGuiApplication.clipboard().text()


def test_that_every_letter_of_the_window_is_taken_once(window) -> None:
    texts = [button.text() for button in window.findChildren(QPushButton) if "&" in button.text()]
    texts += [window.tabs.tabText(index) for index in range(window.tabs.count())]
    letters = [text[text.index("&") + 1].lower() for text in texts]
    assert len(letters) == len(set(letters)), sorted(letters)


def test_that_nothing_is_cut_off_at_twice_the_text_size(window, qtbot) -> None:
    font = window.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    window.setFont(font)
    window.resize(1280, 800)
    qtbot.wait(20)
    assert window.width() <= 1280
    for button in (*window.findChildren(QPushButton),):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width()
            assert window.rect().contains(button.mapTo(window, QPoint(button.width() - 1, button.height() - 1)))


def test_that_a_hundred_models_hold_the_window_up_for_less_than_a_tenth_of_a_second(cold, runner) -> None:
    kinds = list(ModelKind)
    many = [listing(f"model-{number}", kinds[number % len(kinds)]) for number in range(100)]
    runner.finish(report(*many))
    QCoreApplication.processEvents()
    spent = []
    for number in range(3):
        begun = time.process_time()
        cold.list.show_report(cold.report, {("denoiser", "model-2"): ModelNews(said=f"Said {number} times. " * 9)})
        QCoreApplication.processEvents()
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.1, spent
