"""Engines for a look at the program without models: fakes, but for the symmetry, which is true."""

from __future__ import annotations

from crystal_studio.engines.chem import create_symmetrizer
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.demo_language_model import DemoLanguageModel
from crystal_studio.engines.fake.demo_prototypes import DemoPrototypeLibrary
from crystal_studio.engines.fake.fake_crystal_writer import FakeCrystalWriter
from crystal_studio.engines.fake.fake_describer import FakeDescriber


def demo_engines() -> FakeEngines:
    """Engines that answer almost any wish with a well-known compound.

    Spglib is quick to load and needs no model, and the symmetry panel, which uses it, must agree with the card.
    """
    prototypes, symmetrizer = DemoPrototypeLibrary(), create_symmetrizer()
    return FakeEngines(
        language_model=DemoLanguageModel(prototypes),
        crystal_writer=FakeCrystalWriter(prototypes),
        prototypes=prototypes,
        symmetrizer=symmetrizer,
        describer=FakeDescriber(symmetrizer),
    )
