"""Introduces what the windows of models and the doctor need."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.domain.machine import Machine
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_memory import ModelMemory
from crystal_studio.ports.model_trials import ModelTrials
from crystal_studio.services.doctor import Surroundings


def read_machine() -> Machine:
    """Cores, memory and cards, as they are at this moment."""
    from crystal_studio.engines.devices.machine import read_machine as read

    return read()


def open_model_memory() -> ModelMemory:
    """Choices, trials and checks."""
    from crystal_studio.app.paths import model_memory_file, user_models_folder
    from crystal_studio.registry.memory import FileModelMemory

    return FileModelMemory(user_models_folder(), model_memory_file())


def create_model_trials() -> ModelTrials:
    """Models tried in processes of their own."""
    from crystal_studio.app.trials import ChildTrials

    return ChildTrials()


def surroundings(catalog: ModelCatalog, project_folder: Path) -> Surroundings:
    """What the doctor looks at."""
    from crystal_studio.app import paths

    return Surroundings(
        catalog=catalog,
        memory=open_model_memory(),
        trials=create_model_trials(),
        machine=read_machine(),
        models_folder=paths.user_models_folder(),
        project_folder=project_folder,
        shared_folders=paths.shared_models_folders(),
        data_folder=paths.training_data_folder(),
        places={
            "program": Path(__file__).parents[1],
            "shipped models": paths.shipped_models_folder(),
            "settings": paths.settings_file(),
            "log": paths.log_file(),
        },
    )
