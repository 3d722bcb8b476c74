"""Where things lie on this machine."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path, user_state_path

APPLICATION = "crystal-studio"
MODELS_VARIABLE = "CRYSTAL_STUDIO_MODELS"
SHARED_MODELS_VARIABLE = "CRYSTAL_STUDIO_SHARED_MODELS"
REFERENCES_VARIABLE = "CRYSTAL_STUDIO_REFERENCES"
DATA_VARIABLE = "CRYSTAL_STUDIO_DATA"


def shipped_models_folder() -> Path:
    """The registry that comes with the program."""
    return Path(__file__).parents[2] / "models_registry"


def user_models_folder() -> Path:
    """The person's own models; fetched and imported ones go here."""
    named = os.environ.get(MODELS_VARIABLE) or _folder_setting("models")
    return Path(named).expanduser().absolute() if named else user_data_path(APPLICATION, appauthor=False) / "models"


def shared_models_folders() -> tuple[Path, ...]:
    """Folders of models that a group shares, such as on a lab's server; they are only read.

    The environment, or `shared_models` of the settings, names them as paths of programs are named, with ':' between.
    """
    named = os.environ.get(SHARED_MODELS_VARIABLE) or _folder_setting("shared_models")
    return tuple(Path(one).expanduser().absolute() for one in named.split(os.pathsep) if one)


def models_folders() -> tuple[Path, ...]:
    """Folders of model cards, the shipped one first and the person's last; the later one counts for more."""
    return (shipped_models_folder(), *shared_models_folders(), user_models_folder())


def offers_file() -> Path:
    """The catalogue of models that a person can fetch and import."""
    return shipped_models_folder() / "offers.toml"


def references_folder() -> Path:
    """The person's sets of known crystals."""
    named = os.environ.get(REFERENCES_VARIABLE)
    return Path(named).expanduser().absolute() if named else user_data_path(APPLICATION, appauthor=False) / "references"


def amcsd_pin() -> Path:
    """The requirements file that names the wheel with AMCSD's minerals and its hash."""
    return Path(__file__).parents[2] / "installer" / "amcsd.txt"


def training_data_folder() -> Path | None:
    """Folder of the training data, None where the environment names none."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named).expanduser().absolute() if named else None


def log_file() -> Path:
    """The rotating log."""
    return user_state_path(APPLICATION, appauthor=False) / "log" / "crystal-studio.log"


def model_memory_file() -> Path:
    """What was measured and verified about models on this machine."""
    return user_state_path(APPLICATION, appauthor=False) / "models.json"


def cache_folder() -> Path:
    """What can be computed again; it may be deleted at any time."""
    return user_cache_path(APPLICATION, appauthor=False)


def settings_file() -> Path:
    """The person's settings."""
    return user_config_path(APPLICATION, appauthor=False) / "settings.toml"


def layout_file() -> Path:
    """Where the window and its docks were when it was last closed."""
    return user_config_path(APPLICATION, appauthor=False) / "layout.ini"


def crash_file() -> Path:
    """Where Python's fault handler writes when the process dies in native code."""
    return log_file().with_name("crash.log")


def projects_folder() -> Path:
    """Where projects are made that the person has not placed."""
    return user_data_path(APPLICATION, appauthor=False) / "projects"


def _folder_setting(name: str) -> str:
    """What the person has set under ``[folders]``, "" where nothing can be read; the settings are only looked at."""
    try:
        folders = tomllib.loads(settings_file().read_text(encoding="utf-8")).get("folders", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
    named = folders.get(name, "") if isinstance(folders, dict) else ""
    return named if isinstance(named, str) else ""
