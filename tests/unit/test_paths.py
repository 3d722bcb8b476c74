"""Where things lie, and where log lines go."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from crystal_studio.app import paths
from crystal_studio.app.logging_setup import set_up_logging


def test_that_the_models_folder_can_be_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "m"))
    assert paths.models_folders() == (paths.shipped_models_folder(), tmp_path / "m")


def test_that_the_models_folder_is_else_the_persons_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRYSTAL_STUDIO_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.user_models_folder() == tmp_path / "crystal-studio" / "models"


def test_that_the_sets_of_known_crystals_lie_in_the_persons_data_folder_or_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRYSTAL_STUDIO_REFERENCES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.references_folder() == tmp_path / "crystal-studio" / "references"
    monkeypatch.setenv("CRYSTAL_STUDIO_REFERENCES", str(tmp_path / "r"))
    assert paths.references_folder() == tmp_path / "r"
    assert paths.amcsd_pin().is_file()


def test_that_what_can_be_computed_again_lies_in_the_persons_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache_folder() == tmp_path / "crystal-studio"


def test_that_the_shipped_registry_lies_beside_the_package() -> None:
    assert (paths.shipped_models_folder().parent / "crystal_studio").is_dir()


def test_that_log_lines_go_to_the_file_and_warnings_to_stderr_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log" / "a.log"
    assert set_up_logging(log) == log
    set_up_logging(log)
    logging.getLogger("crystal_studio.storage").info("a quiet line")
    logging.getLogger("crystal_studio.storage").warning("a loud line")
    written = log.read_text()
    assert written.count("a quiet line") == 1
    assert written.count("a loud line") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("line") == 1


def test_that_a_log_that_cannot_be_written_is_said_and_survived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    assert set_up_logging(tmp_path / "log" / "a.log") is None
    assert "No log is kept" in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> object:
    ours = logging.getLogger("crystal_studio")
    before = (list(ours.handlers), ours.level, ours.propagate)
    yield
    for handler in ours.handlers:
        handler.close()
    ours.handlers, ours.level, ours.propagate = before
