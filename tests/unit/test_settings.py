"""Settings are validated, kept whole, and never silently overwritten."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec import ValidationError, convert

from crystal_studio.domain.errors import Unavailable
from crystal_studio.services.settings import MOST_RECENT_PROJECTS, Appearance, DesignDefaults, Settings, SettingsFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def written(path: Path, text: str) -> SettingsFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return SettingsFile(path)


def test_that_a_first_start_has_the_usual_settings_and_writes_nothing(path: Path) -> None:
    file = SettingsFile(path)
    assert file.settings == Settings()
    assert file.notices == ()
    assert not path.exists()


def test_that_what_was_chosen_is_there_at_the_next_start(path: Path) -> None:
    chosen = Settings(
        appearance=Appearance(theme="dark", font_percent=150),
        design=DesignDefaults(candidates=25, strength=0.35, seed_mode="fixed", seed=2**62),
        viewer={"style": "polyhedra", "repeats": [2, 2, 1], "bonds": {"Ti-O": 2.4}, "Odd key": True},
    ).with_recent(path)
    SettingsFile(path).save(chosen)
    read = SettingsFile(path).settings
    assert read == chosen


def test_that_keys_of_other_versions_are_kept(path: Path) -> None:
    text = 'colour_of_money = "green"\n[appearance]\ntheme = "dark"\nwallpaper = "quartz"\n[later]\na = 1\n'
    file = written(path, text)
    file.save(file.settings.with_recent(path))
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert table["colour_of_money"] == "green"
    assert table["appearance"]["wallpaper"] == "quartz"
    assert table["later"] == {"a": 1}


def test_that_a_damaged_file_is_set_aside_with_a_message(path: Path) -> None:
    file = written(path, "theme = = dark")
    file.save(Settings())
    (aside,) = path.parent.glob("*.damaged")
    assert aside.read_text() == "theme = = dark"
    assert aside.name in file.notices[0]


def test_that_one_bad_value_costs_only_itself_and_the_file_is_kept(path: Path) -> None:
    text = '[appearance]\ntheme = "dark"\nfont_percent = 9000\n[design]\nstrength = "strong"\n'
    file = written(path, text)
    assert file.settings.appearance == Appearance(theme="dark")
    assert file.settings.design == DesignDefaults()
    assert "font_percent" in file.notices[0]
    assert "design.strength" in file.notices[0]
    (aside,) = path.parent.glob("*.damaged")
    assert aside.read_text() == text


def test_that_the_file_of_a_newer_program_is_read_and_left_alone(path: Path) -> None:
    text = 'schema_version = 99\n[appearance]\ntheme = "dark"\n'
    file = written(path, text)
    file.save(Settings())
    assert path.read_text() == text
    assert "newer" in file.notices[0]


def test_that_a_folder_that_cannot_be_written_is_said_and_the_choice_still_holds(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    file = SettingsFile(tmp_path / "config" / "settings.toml")
    dark = Settings(appearance=Appearance(theme="dark"))
    with pytest.raises(Unavailable, match="cannot be stored"):
        file.save(dark)
    assert file.settings == dark


def test_that_recent_projects_are_listed_once_newest_first_and_are_not_endless(tmp_path: Path) -> None:
    settings = Settings()
    for number in range(MOST_RECENT_PROJECTS + 5):
        settings = settings.with_recent(tmp_path / f"{number}.cstudio")
    settings = settings.with_recent(tmp_path / "10.cstudio")
    assert settings.recent_projects[0] == str(tmp_path / "10.cstudio")
    assert len(set(settings.recent_projects)) == len(settings.recent_projects) == MOST_RECENT_PROJECTS


WRONG = ({"candidates": 0}, {"strength": 0}, {"strength": 1.5}, {"seed": -1}, {"seed_mode": "x"})


@pytest.mark.parametrize("wrong", WRONG)
def test_that_numbers_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        convert(wrong, DesignDefaults)
