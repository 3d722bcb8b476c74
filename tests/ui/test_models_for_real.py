"""The window of models over the real handlers and real folders of models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_models
from hand_runner import HandRunner
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox
from shiboken6 import isValid

from crystal_studio.app.engine_host import HostWorkbench
from crystal_studio.domain.errors import StudioError
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.services.handle import handle
from crystal_studio.ui.models.import_dialog import ImportDialog
from crystal_studio.ui.models.models_window import ModelsWindow
from crystal_studio.ui.sign import Sign

KEY = ("language_model", "tiny-llama")


class HandlingRunner(HandRunner):
    """Hands its jobs to the real handlers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._bench = HostWorkbench()
        self._done: set[str] = set()

    def work(self) -> None:
        """Everything that waits, and what is asked for because of it."""
        while waiting := [job_id for job_id in self.jobs if job_id not in self._done]:
            self._done.add(waiting[0])
            self.start(waiting[0])
            try:
                result = handle(self.jobs[waiting[0]], self._bench, FakeContext())
            except StudioError as error:
                self.fail(str(error), job_id=waiting[0])
            else:
                self.finish(result, waiting[0])
            QCoreApplication.processEvents()


@pytest.fixture
def real(qapp, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandlingRunner]:
    """Over the shipped models and an empty folder of the person's own."""
    monkeypatch.delenv("CRYSTAL_STUDIO_MODELS", raising=False)
    made = HandlingRunner()
    yield made
    made.deleteLater()


@pytest.fixture
def window(real, qtbot, tmp_path: Path) -> Iterator[ModelsWindow]:
    """Once it has read what is installed."""
    made = ModelsWindow(real, tmp_path)
    with qtbot.waitExposed(made):
        made.show()
    real.work()
    yield made
    if isValid(made):
        made.close()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A tiny language model as a hub has it, with a program beside it."""
    folder = tiny_models.language_model(tmp_path / "Tiny-Llama")
    (folder / "modeling_tiny.py").write_text("raise SystemExit")
    return folder


def rows(window: ModelsWindow) -> dict[str, object]:
    return {row.title: row for row in window.list.view.rows_model.rows}


def bring(window: ModelsWindow, real: HandlingRunner, source: Path) -> ImportDialog:
    window.import_from(source)
    real.work()
    return next(one for one in window.findChildren(ImportDialog) if one.isVisible())


def test_that_what_ships_is_listed_with_a_plan_and_offers(window) -> None:
    assert rows(window)["crystal-denoiser-small"].badge == "in use"
    assert rows(window)["qwen3-4b-instruct"].badge.endswith("to fetch")
    assert window.plan.text()
    assert not window.news.isVisible()


def test_that_a_model_is_imported_verified_packed_removed_and_unpacked(window, real, published, tmp_path: Path) -> None:
    dialog = bring(window, real, published)
    assert "modeling_tiny.py: a program" in dialog.files.toPlainText()
    dialog.install.click()
    real.work()
    assert window.list.chosen == (KEY,)
    window.page.verify.click()
    real.work()
    assert rows(window)["tiny-llama"].sign is Sign.PASSED
    packed = tmp_path / "stick.tar"
    window.tasks.pack(["tiny-llama"], packed)
    real.work()
    assert packed.is_file()
    window.page.remove.click()
    next(one for one in window.findChild(QMessageBox).buttons() if one.text() == "&Remove").click()
    real.work()
    assert "tiny-llama" not in rows(window)
    window.tasks.unpack(packed)
    real.work()
    assert "tiny-llama" in rows(window)


def test_that_a_damaged_model_is_told_in_its_row(window, real, published) -> None:
    bring(window, real, published).install.click()
    real.work()
    folder = window._listing(KEY).card.folder
    weights = folder / "model.safetensors"
    weights.chmod(0o600)
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    window.page.verify.click()
    real.work()
    assert rows(window)["tiny-llama"].sign is Sign.FAILED
    assert "model.safetensors" in rows(window)["tiny-llama"].said


def test_that_a_name_that_is_taken_is_told_beside_the_field(window, real, published) -> None:
    bring(window, real, published).install.click()
    real.work()
    again = bring(window, real, published)
    assert "already" in again.name.message.text()
    assert not again.install.isEnabled()


def test_that_a_folder_without_a_model_is_refused_with_its_name(window, real, tmp_path: Path) -> None:
    empty = tmp_path / "holiday-pictures"
    empty.mkdir()
    dialog = bring(window, real, empty)
    assert "holiday-pictures" in dialog.state.text().replace("\u200b", "")
    assert not dialog.install.isVisible()
