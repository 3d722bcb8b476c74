"""The ports that a design round needs, as one object that the program wires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crystal_studio.ports.aligner import Aligner
from crystal_studio.ports.checks import Checker
from crystal_studio.ports.crystal_writer import CrystalWriter
from crystal_studio.ports.describer import Describer, StructureComparer, Symmetrizer
from crystal_studio.ports.language_model import LanguageModel
from crystal_studio.ports.predictor import Predictor
from crystal_studio.ports.prototype_library import PrototypeLibrary
from crystal_studio.ports.reference_library import ReferenceLibrary
from crystal_studio.ports.relaxer import Relaxer
from crystal_studio.ports.sampler import Sampler


class Engines(Protocol):
    """Each property loads its engine the first time it is asked for.

    Raises:
        Unavailable: from any property, when its model is missing or damaged.
    """

    @property
    def language_model(self) -> LanguageModel:
        """Writes pivots."""

    @property
    def sampler(self) -> Sampler:
        """Draws crystals."""

    @property
    def crystal_writer(self) -> CrystalWriter:
        """Writes crystals as text."""

    @property
    def aligner(self) -> Aligner:
        """Scores crystals against a text."""

    @property
    def band_gap(self) -> Predictor:
        """Predicts PBE band gaps."""

    @property
    def e_above_hull(self) -> Predictor:
        """Predicts energies above the convex hull."""

    @property
    def relaxer(self) -> Relaxer:
        """Energies and relaxation."""

    @property
    def prototypes(self) -> PrototypeLibrary:
        """Known prototypes."""

    @property
    def checker(self) -> Checker:
        """Validity checks."""

    @property
    def describer(self) -> Describer:
        """Robocrystallographer."""

    @property
    def symmetrizer(self) -> Symmetrizer:
        """Space groups."""

    @property
    def comparer(self) -> StructureComparer:
        """Compares crystals."""

    @property
    def references(self) -> ReferenceLibrary:
        """Sets of known crystals."""

    def identities(self) -> dict[str, str]:
        """Kind -> "id@fingerprint" of every model in use."""

    def with_models(self, identities: Mapping[str, str]) -> Engines:
        """These engines with the models named (kind -> "id@fingerprint"), as far as they are installed."""

    def environment(self) -> dict[str, str]:
        """What else decides the numbers: versions of libraries, device, threads, options of the models in use."""
