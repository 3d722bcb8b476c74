"""Every port, faked: for tests, and for a demonstration without models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from crystal_studio.engines.fake.fake_aligner import FakeAligner
from crystal_studio.engines.fake.fake_checker import FakeChecker
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.fake.fake_crystal_comparer import FakeCrystalComparer
from crystal_studio.engines.fake.fake_crystal_files import FakeCrystalFiles
from crystal_studio.engines.fake.fake_crystal_writer import FakeCrystalWriter
from crystal_studio.engines.fake.fake_describer import FakeDescriber, FakeSymmetrizer
from crystal_studio.engines.fake.fake_predictor import FakePredictor, FakePropertyModel
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.fake_reference_library import FakeReferenceLibrary
from crystal_studio.engines.fake.fake_relaxer import FakeRelaxer
from crystal_studio.engines.fake.fake_sampler import FakeSampler
from crystal_studio.engines.fake.scripted_language_model import ScriptedLanguageModel
from crystal_studio.ports.describer import Symmetrizer


@dataclass
class FakeEngines:
    """The engines of a design round without a model."""

    language_model: ScriptedLanguageModel = field(default_factory=ScriptedLanguageModel)
    sampler: FakeSampler = field(default_factory=FakeSampler)
    crystal_writer: FakeCrystalWriter = field(default_factory=FakeCrystalWriter)
    aligner: FakeAligner = field(default_factory=FakeAligner)
    band_gap: FakePredictor = field(default_factory=FakePredictor)
    formation_energy: FakePredictor = field(default_factory=lambda: FakePredictor("formation_energy"))
    e_above_hull: FakePredictor = field(default_factory=lambda: FakePredictor("e_above_hull"))
    relaxer: FakeRelaxer = field(default_factory=FakeRelaxer)
    prototypes: FakePrototypeLibrary = field(default_factory=FakePrototypeLibrary)
    checker: FakeChecker = field(default_factory=FakeChecker)
    describer: FakeDescriber = field(default_factory=FakeDescriber)
    symmetrizer: Symmetrizer = field(default_factory=FakeSymmetrizer)
    comparer: FakeComparer = field(default_factory=FakeComparer)
    crystal_comparer: FakeCrystalComparer = field(default_factory=FakeCrystalComparer)
    references: FakeReferenceLibrary = field(default_factory=FakeReferenceLibrary)
    files: FakeCrystalFiles = field(default_factory=FakeCrystalFiles)
    surroundings: dict[str, str] = field(default_factory=lambda: {"numpy": np.__version__, "device": "cpu"})

    def property_model(self, model_id: str | None = None) -> FakePropertyModel:
        """All three predictors."""
        found = (self.band_gap, self.formation_energy, self.e_above_hull)
        return FakePropertyModel({predictor.quantity: predictor for predictor in found})

    def identities(self) -> dict[str, str]:
        """The language model by its own name; a writer of crystals where it was asked."""
        named = {"language_model": f"{self.language_model.identity}@fake", "denoiser": "fake@fake"}
        return {**named, "crystal_writer": "fake@fake"} if self.crystal_writer.tasks else named

    def with_models(self, identities: Mapping[str, str]) -> FakeEngines:
        """These: there are no other fakes."""
        return self

    def environment(self) -> dict[str, str]:
        """`surroundings`, which a test may change."""
        return dict(self.surroundings)
