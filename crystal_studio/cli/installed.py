"""What a command may ask of the installation; apart from `Program`, which the window needs soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.crystal_comparer import CrystalComparer
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.ports.crystal_writer import CrystalWriter
from crystal_studio.ports.describer import StructureComparer
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ports.predictor import PropertyModel
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import TemplateRanking


class ProjectOpener(Protocol):
    """Opens a project file for the time of a `with` block."""

    def __call__(self, path: Path, read_only: bool = False) -> AbstractContextManager[HistoryStore]:
        """Open or create."""


class InstalledEngines(Engines, Protocol):
    """Engines that can also read crystals from files, and compare them."""

    @property
    def files(self) -> CrystalFiles:
        """Crystals on disk."""

    @property
    def crystal_comparer(self) -> CrystalComparer:
        """Two crystals side by side."""

    def property_model(self, model_id: str | None = None) -> PropertyModel:
        """The default model of properties, or the one named."""

    def nearest_templates(self, rows: Sequence[Mapping[str, Any]]) -> TemplateRanking:
        """The retrieval baseline over training rows (lattice, species, frac, formula)."""

    def crystal_writer_of(self, model_id: str, *, constrained: bool) -> CrystalWriter:
        """The language model named, writing crystals; unconstrained, it may write any text."""

    def read_crystal(self, text: str) -> Crystal:
        """The crystal that a writer's text says."""

    def crystal_reward(self, crystal: Crystal | None, truth: Crystal) -> float:
        """What reinforcement learning pays for a crystal; None for a text that says none."""

    @property
    def default_comparer(self) -> StructureComparer:
        """Compares crystals with the default tolerances of pymatgen's `StructureMatcher`."""
