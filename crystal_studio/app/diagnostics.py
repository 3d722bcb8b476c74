"""What a report of a failure should tell: versions, folders, models; nothing of a project."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crystal_studio.app import paths
from crystal_studio.app.wiring import open_catalog
from crystal_studio.domain.errors import StudioError
from crystal_studio.services.doctor import PACKAGES

_OF_THE_WINDOW = ("PySide6-Essentials", "vtk", "pyqtgraph", "qtawesome", "msgspec")
_OF_THE_DESKTOP = ("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR", "DISPLAY")


def diagnostics(program_version: str) -> str:
    """One fact a line."""
    lines = [
        f"Crystal Studio {program_version}",
        f"Python {platform.python_version()} ({sys.executable})",
        f"Platform {platform.platform()}",
        f"Cores {os.cpu_count()}",
        *(f"{name} {_version(name)}" for name in (*_OF_THE_WINDOW, *PACKAGES)),
        *(f"{name}={os.environ[name]}" for name in _OF_THE_DESKTOP if name in os.environ),
        *(f"{name}: {place}" for name, place in _folders().items()),
        *_models(),
    ]
    return "\n".join(lines) + "\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _folders() -> dict[str, Path]:
    return {
        "Settings": paths.settings_file(),
        "Log": paths.log_file(),
        "Shipped models": paths.shipped_models_folder(),
        "Own models": paths.user_models_folder(),
        "Known crystals": paths.references_folder(),
    }


def _models() -> list[str]:
    try:
        cards = open_catalog().cards()
    except StudioError as error:
        return [f"Models: {error}"]
    return [
        f"Model {card.kind} {card.id} {card.version}{'' if card.is_installed else ', not installed'}" for card in cards
    ]
