"""Engines without models: deterministic, instant, scriptable to fail or to stall."""

from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_aligner import FakeAligner
from crystal_studio.engines.fake.fake_checker import FakeChecker
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.fake.fake_crystal_comparer import FakeCrystalComparer
from crystal_studio.engines.fake.fake_crystal_files import FakeCrystalFiles
from crystal_studio.engines.fake.fake_crystal_writer import FakeCrystalWriter
from crystal_studio.engines.fake.fake_describer import FakeDescriber, FakeSymmetrizer
from crystal_studio.engines.fake.fake_history_store import FakeHistoryStore
from crystal_studio.engines.fake.fake_inspector import FakeInspector
from crystal_studio.engines.fake.fake_job_queue import FakeJobQueue
from crystal_studio.engines.fake.fake_predictor import FakePredictor
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.fake_reference_library import FakeReferenceLibrary
from crystal_studio.engines.fake.fake_relaxer import FakeRelaxer
from crystal_studio.engines.fake.fake_sampler import FakeSampler
from crystal_studio.engines.fake.script import Script, Stall
from crystal_studio.engines.fake.scripted_language_model import ScriptedLanguageModel

__all__ = [
    "FakeAligner",
    "FakeChecker",
    "FakeComparer",
    "FakeContext",
    "FakeCrystalComparer",
    "FakeCrystalFiles",
    "FakeCrystalWriter",
    "FakeDescriber",
    "FakeHistoryStore",
    "FakeInspector",
    "FakeJobQueue",
    "FakePredictor",
    "FakePrototypeLibrary",
    "FakeReferenceLibrary",
    "FakeRelaxer",
    "FakeSampler",
    "FakeSymmetrizer",
    "Script",
    "ScriptedLanguageModel",
    "Stall",
]
