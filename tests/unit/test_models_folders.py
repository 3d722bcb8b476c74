"""Where models lie: the environment counts for more than the settings, and these more than the usual place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crystal_studio.app import paths


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a person, with nothing in the environment."""
    for variable in (paths.MODELS_VARIABLE, paths.SHARED_MODELS_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = paths.settings_file()
    path.parent.mkdir(parents=True)
    return path


def test_that_models_lie_in_the_usual_place_where_nothing_is_said(settings: Path, tmp_path: Path) -> None:
    usual = tmp_path / "data" / "crystal-studio" / "models"
    assert paths.models_folders() == (paths.shipped_models_folder(), usual)


def test_that_settings_name_the_persons_folder_and_those_of_a_group(settings: Path, tmp_path: Path) -> None:
    shared = os.pathsep.join([str(tmp_path / "lab"), str(tmp_path / "group")])
    settings.write_text(f'[folders]\nmodels = "{tmp_path / "mine"}"\nshared_models = "{shared}"\n')
    names = [folder.name for folder in paths.models_folders()]
    assert names == ["models_registry", "lab", "group", "mine"]


def test_that_the_environment_counts_for_more(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.write_text('[folders]\nmodels = "/set"\nshared_models = "/set/shared"\n')
    monkeypatch.setenv(paths.MODELS_VARIABLE, str(tmp_path / "mine"))
    monkeypatch.setenv(paths.SHARED_MODELS_VARIABLE, str(tmp_path / "lab"))
    assert [folder.name for folder in paths.models_folders()] == ["models_registry", "lab", "mine"]


@pytest.mark.parametrize("text", ["[folders", "folders = 3", "[folders]\nmodels = 3\nshared_models = ['x']"])
def test_that_settings_that_cannot_be_read_say_nothing(settings: Path, text: str) -> None:
    settings.write_text(text)
    assert len(paths.models_folders()) == 2
    assert settings.read_text() == text
