"""The person's choice of models: a small TOML file in their models folder, kind = "id"."""

from __future__ import annotations

import os
import tempfile
import tomllib
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.toml_text import toml_pairs

CHOICES_NAME = "choices.toml"
_HEAD = "# Which model does each job from now on. Written by Crystal Studio; remove a line to get the usual model.\n"


def read_choices(folder: Path) -> dict[ModelKind, str]:
    """Kind -> id; empty where there is no file, or none that can be read."""
    try:
        table = tomllib.loads((folder / CHOICES_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    kinds = set(ModelKind)
    return {ModelKind(kind): name for kind, name in table.items() if kind in kinds and isinstance(name, str)}


def write_choice(folder: Path, kind: ModelKind, model_id: str | None) -> None:
    """Set or, with None, forget one choice; the others stay.

    Raises:
        UserCorrectable: the folder cannot be written to.
    """
    others = {other: name for other, name in read_choices(folder).items() if other is not kind}
    chosen = others | ({kind: model_id} if model_id is not None else {})
    table = {name.value: chosen[name] for name in sorted(chosen)}
    try:
        replace_text(folder / CHOICES_NAME, _HEAD + toml_pairs(table) + "\n")
    except OSError as error:
        raise UserCorrectable(
            f"The choice cannot be written to {folder} ({error.strerror}). Give yourself write access to that folder."
        ) from error


def replace_text(path: Path, text: str) -> None:
    """Write beside the file and rename, so that a crash leaves the old text or the new.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
