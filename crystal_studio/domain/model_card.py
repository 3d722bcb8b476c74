"""The card of an installed model: what it is, where its files are, what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class ModelKind(StrEnum):
    """The jobs a model can do."""

    TEXT_ENCODER = "text_encoder"
    ALIGNER = "aligner"
    DENOISER = "denoiser"
    PROTOTYPES = "prototypes"
    PREDICTOR = "predictor"
    RELAXER = "relaxer"
    LANGUAGE_MODEL = "language_model"
    ADAPTER = "adapter"
    CRYSTAL_WRITER = "crystal_writer"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model, relative to the card's folder, with its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class ModelCard:
    """One ``model.toml``.

    Attributes:
        backend: "module:factory"; the factory takes (folder: Path, options: dict) and returns the port's object.
        files: what must be there, with hashes.
        sources: where the files come from when they are not shipped (wheel, repository, folder).
        options: handed to the factory.
        provenance: data, steps, seed, commit, metrics, licence, limits.
        folder: where the card lies.
    """

    id: str
    kind: ModelKind
    version: str
    backend: str
    files: tuple[ModelFile, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    memory_mb: int = 0
    default: bool = False
    folder: Path = Path()

    @property
    def how_to_install(self) -> str | None:
        """What a person does to get a model that is not shipped and not needed; None for all others."""
        said = self.provenance.get("how_to_install")
        return None if said is None or self.default else str(said)

    @property
    def is_installed(self) -> bool:
        """Whether an optional model has at least one of its files; True for all others."""
        return self.how_to_install is None or any((self.folder / file.path).is_file() for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Short hash over the files, to be stored with every node."""
        return "-".join(file.sha256[:12] for file in self.files) or f"{self.id}-{self.version}"
