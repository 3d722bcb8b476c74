"""One model does its part of a design round on a fixed example, and is timed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.interpret import ALTERNATIVES
from crystal_studio.services.screen import RELAX_STEPS, SHORTLIST

WISH = WritingTask("a wide-gap insulator with strontium", Limits(required=frozenset({"Sr"})))
PIVOT = "SrTiO3 crystallizes in the cubic Pm-3m space group."
CANDIDATES, FROM_NOISE, STRENGTH = 10, 2, 0.1
_SEED = 0

Part = Callable[[], str]
# Kind -> loads the engine as far as it loads by itself, and gives what is to be timed.
_Loader = Callable[[Engines, JobContext], Part]


def perovskite(stretch: float = 0.0) -> Crystal:
    """Strontium titanate, its cubic cell longer by a share. Source: R. W. G. Wyckoff, Crystal Structures 2 (1964)."""
    places = [[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]
    return Crystal(np.eye(3) * 3.905 * (1 + stretch), ("Sr", "Ti", "O", "O", "O"), np.array(places))


def try_part(kind: ModelKind, engines: Engines, context: JobContext) -> Trial:
    """Load the model of a kind, then do its part of a round of ten candidates; memory and device are for the caller.

    Raises:
        UserCorrectable: a model of this kind does nothing by itself.
        Unavailable: it cannot be loaded.
        JobCancelled: stopped.
    """
    loader = _LOADERS.get(kind)
    if loader is None:
        raise UserCorrectable(f"A model of the kind '{kind}' does nothing by itself. Try the model that builds on it.")
    started = perf_counter()
    part = loader(engines, context)
    loaded = perf_counter()
    text = part()
    return Trial(perf_counter() - loaded, text, memory_mb=0, load_seconds=loaded - started)


def start_states(count: int, from_noise: int) -> tuple[StartState, ...]:
    """Starts as in a round: some from noise, the others from a crystal."""
    crystal = perovskite()
    near = StartState(Start.PROTOTYPE, "example", crystal, len(crystal), crystal.species, strength=STRENGTH)
    noise = StartState(Start.NOISE, "noise", None, len(crystal), crystal.species)
    return (near,) * (count - from_noise) + (noise,) * from_noise


def _language_model(engines: Engines, context: JobContext) -> Part:
    model = engines.language_model
    return lambda: model.write_pivots(WISH, ALTERNATIVES, _SEED, context)[0]


def _denoiser(engines: Engines, context: JobContext) -> Part:
    sampler = engines.sampler

    def draw() -> str:
        drawn = sampler.sample(SampleRequest(PIVOT, start_states(CANDIDATES, FROM_NOISE), _SEED), context)
        return f"{len(drawn)} crystals of {drawn[0].formula}"

    return draw


def _crystal_writer(engines: Engines, context: JobContext) -> Part:
    writer = engines.crystal_writer
    task = CrystalTask(perovskite().composition, 221)

    def write() -> str:
        (written,) = writer.write([task], _SEED, context)
        if written.crystal is None:
            return f"no crystal after {written.attempts} attempts: {'; '.join(written.refusals)}"
        return f"{written.crystal.formula}, {written.tokens} tokens"

    return write


def _aligner(engines: Engines, context: JobContext) -> Part:
    aligner = engines.aligner
    return lambda: f"alignment {aligner.score(PIVOT, _examples())[0]:.2f}"


def _predictor(engines: Engines, context: JobContext) -> Part:
    predictor = engines.band_gap

    def predict() -> str:
        gap = predictor.predict(_examples())[0]
        return f"band gap {gap.value:.2f} eV"

    return predict


def _prototypes(engines: Engines, context: JobContext) -> Part:
    library = engines.prototypes
    composition = perovskite().composition
    library.expected_volume_angstrom3(composition)

    def decorate() -> str:
        found = library.decorate(composition, CANDIDATES)
        return f"{len(found)} prototypes of {composition.formula}, first {found[0].label if found else 'none'}"

    return decorate


def _relaxer(engines: Engines, context: JobContext) -> Part:
    relaxer = engines.relaxer
    relaxer.energies([perovskite()])

    def relax() -> str:
        relaxer.energies(_examples())
        done = [relaxer.relax(one, RELAX_STEPS, context) for one in _examples()[:SHORTLIST]]
        return f"{done[-1].energy_per_atom_ev:.2f} eV/atom after {sum(one.steps for one in done)} steps"

    return relax


def _examples() -> list[Crystal]:
    return [perovskite(0.01 * (index + 1)) for index in range(CANDIDATES)]


_LOADERS: dict[ModelKind, _Loader] = {
    ModelKind.LANGUAGE_MODEL: _language_model,
    ModelKind.DENOISER: _denoiser,
    ModelKind.CRYSTAL_WRITER: _crystal_writer,
    ModelKind.ALIGNER: _aligner,
    ModelKind.PREDICTOR: _predictor,
    ModelKind.PROTOTYPES: _prototypes,
    ModelKind.RELAXER: _relaxer,
}
