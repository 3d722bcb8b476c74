"""Whether a language model can write crystals here, told without loading any."""

from __future__ import annotations

import os
from pathlib import Path

from crystal_studio.app import paths
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.registry.catalog import FolderCatalog


def writer_problem(models: Path | None = None) -> str:
    """Why no language model can write crystals, "" where one can.

    Args:
        models: where the person has said that models are; the environment counts for more, as it does for the hosts.
    """
    folders = paths.models_folders()
    if models is not None and not os.environ.get(paths.MODELS_VARIABLE):
        folders = (folders[0], models)
    try:
        card = FolderCatalog(folders).default(ModelKind.CRYSTAL_WRITER)
    except Unavailable as error:
        return str(error)
    missing = [file.path for file in card.files if not (card.folder / file.path).is_file()]
    return f"The model {card.id} has no file {missing[0]}. Fetch or train it again." if missing else ""
