"""What the doctor says of models: whole, missing, chosen, how they share the machine; and of the self-test."""

from __future__ import annotations

from collections.abc import Iterator

from crystal_studio.domain.finding import Finding, State
from crystal_studio.domain.machine import Machine
from crystal_studio.domain.trial import SelfTest, TriedStep
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_memory import ModelMemory
from crystal_studio.services.device_plan import Placement, plan_devices
from crystal_studio.services.model_listing import models_in_use, trials_of
from crystal_studio.services.models import missing_models, verified_models
from crystal_studio.services.self_test import CHECKS, DENOISER, DESCRIPTION, LANGUAGE_MODEL, PROJECT_FILE

_SELF_TEST = "self-test"
_BUSY = "Close other programs and run it again; on a slow machine choose a smaller language model."
_REMEDIES = {
    LANGUAGE_MODEL: "Verify the language model and its adapter; if they are whole, choose a smaller model.",
    DENOISER: "Verify the denoiser, or get the folder models_registry again.",
    CHECKS: "Install Crystal Studio again: a library of chemistry does not do its work.",
    DESCRIPTION: "Install Crystal Studio again: robocrys does not do its work.",
    PROJECT_FILE: "See that the disk with temporary files has room and can be written to.",
}


def models(catalog: ModelCatalog) -> Iterator[Finding]:
    """Every card with its files verified, those that cannot be read, and the jobs that nothing does."""
    for state in verified_models(catalog):
        name = f"model {state.card.kind}"
        identity = f"{state.card.id} {state.card.version}"
        if state.how_to_install is not None:
            yield Finding(name, f"{identity}, optional, not installed", remedy=state.how_to_install)
        elif state.problem is None:
            yield Finding(name, f"{identity}, verified")
        else:
            yield Finding(name, f"{identity}, damaged or missing", State.PROBLEM, state.problem)
    for path, error in sorted(catalog.complaints().items()):
        yield Finding("model card", f"{path} cannot be read", State.ADVICE, str(error))
    for kind, remedy in missing_models(catalog).items():
        yield Finding(f"model {kind}", "missing", State.PROBLEM, remedy)


def choices(catalog: ModelCatalog, memory: ModelMemory) -> Iterator[Finding]:
    """Models that the person chose for a job and that are there no more."""
    here = {(card.kind, card.id) for card in catalog.cards() if card.is_installed}
    for kind, chosen in memory.chosen().items():
        if (kind, chosen) not in here:
            remedy = "The usual model takes its place. Choose another in the window of models, or install it again."
            yield Finding(f"chosen {kind}", f"{chosen} is not installed", State.ADVICE, remedy)


def plan(catalog: ModelCatalog, memory: ModelMemory, machine: Machine) -> Finding:
    """How the models in use share the machine."""
    used = models_in_use(catalog)
    found = plan_devices(machine, used, trials_of(used, memory))
    if any(one.placement is Placement.DOES_NOT_FIT for one in found.placed):
        return Finding("device plan", found.sentence, State.PROBLEM, "Choose smaller models, or add memory.")
    return Finding("device plan", found.sentence)


def self_test(tested: SelfTest) -> Iterator[Finding]:
    """One finding a step, one where a process ended too early, and the time of the whole."""
    for step in tested.steps:
        yield _step(step)
    for reached, how in tested.broken_off:
        is_slow = "took longer" in how
        remedy = _BUSY if is_slow else f"{_REMEDIES.get(reached, REPORT)} If that does not help: {REPORT}"
        yield Finding(f"{_SELF_TEST}: {reached}", f"it {how}", State.ADVICE if is_slow else State.PROBLEM, remedy)
    if not tested.broken_off:
        yield Finding(_SELF_TEST, f"{tested.seconds:.1f} s in all, starting the processes included")


REPORT = "send us the log."


def _step(step: TriedStep) -> Finding:
    name = f"{_SELF_TEST}: {step.name}"
    if step.problem:
        value = f"{step.problem} ({step.seconds:.1f} s)"
        return Finding(name, value, State.PROBLEM, _REMEDIES.get(step.name, REPORT))
    return Finding(name, f"{_short(step.found)} ({step.seconds:.1f} s)")


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117].rstrip()}..."
