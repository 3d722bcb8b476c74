"""What this machine has, and what to do about what it lacks; nothing heavy is imported here to find out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.machine import Machine
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_memory import ModelMemory
from crystal_studio.ports.model_trials import ModelTrials
from crystal_studio.services import doctor_display, doctor_libraries, doctor_machine, doctor_models
from crystal_studio.services.child_probe import GRAPHICS, LIBRARIES, ChildProbe
from crystal_studio.services.doctor_libraries import PACKAGES

__all__ = ["PACKAGES", "Surroundings", "examine", "has_problem"]


@dataclass(frozen=True)
class Surroundings:
    """What the doctor looks at.

    Attributes:
        catalog: installed models.
        memory: choices and trials.
        trials: runs the self-test.
        machine: cores, memory, cards.
        models_folder: the person's own models.
        shared_folders: models of a group, only read.
        project_folder: where projects would be written.
        data_folder: training data, None where none is named.
        places: name -> path, for a person who looks for it.
        probe: starts one that answers as the module of this name does.
    """

    catalog: ModelCatalog
    memory: ModelMemory
    trials: ModelTrials
    machine: Machine
    models_folder: Path
    project_folder: Path
    shared_folders: tuple[Path, ...] = ()
    data_folder: Path | None = None
    places: Mapping[str, Path] = field(default_factory=dict)
    probe: Callable[[str], ChildProbe] = ChildProbe


def examine(surroundings: Surroundings, context: JobContext, *, self_test: bool = False) -> list[Finding]:
    """Look at the machine, the libraries, the display, the folders and the models; with `self_test`, run a round.

    Raises:
        JobCancelled: the person stopped.
    """
    libraries, graphics = surroundings.probe(LIBRARIES), surroundings.probe(GRAPHICS)
    found: list[Finding] = []
    try:
        for part in (_machine, _models):
            context.check_cancelled()
            found += part(surroundings)
        context.progress("looking", 0.5)
        found += doctor_libraries.libraries(libraries.answer(context), surroundings.machine)
        found.append(doctor_display.display())
        found += doctor_display.graphics(graphics.answer(context))
    finally:
        libraries.close()
        graphics.close()
    context.progress("looking", 1.0)
    if self_test:
        found += doctor_models.self_test(surroundings.trials.self_test(context))
    return found


def has_problem(findings: list[Finding]) -> bool:
    """Whether anything stops the design loop."""
    return any(finding.state is State.PROBLEM for finding in findings)


def _machine(around: Surroundings) -> Iterator[Finding]:
    yield from doctor_machine.system(around.machine)
    yield from map(doctor_libraries.package, PACKAGES)
    yield doctor_machine.writable("models folder", around.models_folder)
    yield from doctor_machine.readable(around.shared_folders)
    yield doctor_machine.writable("project folder", around.project_folder)
    yield from doctor_machine.places(around.places)
    yield from doctor_machine.leftovers(around.models_folder)
    yield doctor_machine.training_data(around.data_folder)


def _models(around: Surroundings) -> Iterator[Finding]:
    around.catalog.refresh()
    yield from doctor_models.models(around.catalog)
    yield from doctor_models.choices(around.catalog, around.memory)
    yield doctor_models.plan(around.catalog, around.memory, around.machine)
