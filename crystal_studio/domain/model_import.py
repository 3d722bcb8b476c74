"""What an import would do, before it does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crystal_studio.domain.model_card import ModelKind


class ImportMode(StrEnum):
    """How a model's files come into the models folder."""

    COPY = "copy"
    LINK = "link"
    DRY_RUN = "dry-run"


@dataclass(frozen=True)
class ImportPlan:
    """What was found at a place, and what importing it would do.

    Attributes:
        source: the folder or file as the person named it.
        kind: the job that the model does.
        model_id: its id, which is also its folder's name.
        what: one sentence, such as "Qwen3 language model, 4.0 B parameters, 16 bit".
        taken: the files that would be taken.
        left_behind: (file, reason) for each that would not.
        size_mb: of the files taken, in MB of 10^6 bytes.
        memory_mb: that the loaded model is expected to need, in MB of 10^6 bytes.
        target: the folder it would get.
    """

    source: Path
    kind: ModelKind
    model_id: str
    what: str
    taken: tuple[Path, ...]
    left_behind: tuple[tuple[Path, str], ...]
    size_mb: int
    memory_mb: int
    target: Path
