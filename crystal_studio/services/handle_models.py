"""The jobs of the window of models, and the doctor's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.finding import Finding
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_import import ImportPlan
from crystal_studio.domain.trial import Trial
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.services.device_plan import ROUND
from crystal_studio.services.doctor import examine
from crystal_studio.services.jobs_models import (
    ChooseModelJob,
    DoctorJob,
    ImportModelJob,
    ModelsJob,
    ModelsReport,
    PackModelsJob,
    PlanImportJob,
    RemoveModelJob,
    TryModelJob,
    UnpackModelsJob,
    VerifyModelJob,
)
from crystal_studio.services.model_listing import bytes_to_verify, list_models

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _models(job: ModelsJob, bench: Workbench, context: JobContext) -> ModelsReport:
    return list_models(bench)


def _verify(job: VerifyModelJob, bench: Workbench, context: JobContext) -> str | None:
    card = _card(bench.catalog, job.kind, job.id)
    total, done = bytes_to_verify(card, bench.catalog), 0

    def told(num_bytes: int) -> None:
        nonlocal done
        context.check_cancelled()
        done += num_bytes
        context.progress("verifying", min(1.0, done / max(1, total)), card.id)

    told(0)
    try:
        bench.catalog.verify(card, told)
    except Unavailable as error:
        return str(error)
    bench.model_memory.remember_check(card)
    return None


def _plan_import(job: PlanImportJob, bench: Workbench, context: JobContext) -> ImportPlan:
    return bench.model_store.plan(job.source, job.model_id)


def _import(job: ImportModelJob, bench: Workbench, context: JobContext) -> ModelCard:
    return bench.model_store.install(bench.model_store.plan(job.source, job.model_id), job.mode, context)


def _remove(job: RemoveModelJob, bench: Workbench, context: JobContext) -> None:
    bench.model_store.remove(_card(bench.catalog, job.kind, job.id))
    if bench.model_memory.chosen().get(job.kind) == job.id:
        bench.model_memory.choose(job.kind, None)


def _pack(job: PackModelsJob, bench: Workbench, context: JobContext) -> Path:
    bench.catalog.refresh()
    cards = [card for card in bench.catalog.cards() if card.id in job.ids]
    missing = sorted(set(job.ids) - {card.id for card in cards})
    if missing or not cards:
        raise UserCorrectable(f"There is no model '{missing[0]}' here." if missing else "Choose models to pack.")
    return bench.model_store.pack(cards, job.target, context)


def _unpack(job: UnpackModelsJob, bench: Workbench, context: JobContext) -> tuple[ModelCard, ...]:
    return bench.model_store.unpack(job.file, context)


def _choose(job: ChooseModelJob, bench: Workbench, context: JobContext) -> None:
    card = _card(bench.catalog, job.kind, job.id)
    if job.kind not in ROUND:
        raise UserCorrectable(f"A model of the kind '{job.kind}' does no job by itself: the one that uses it names it.")
    if not card.is_installed:
        raise UserCorrectable(f"{card.id} is not installed. {card.how_to_install}")
    bench.model_memory.choose(job.kind, job.id)


def _try(job: TryModelJob, bench: Workbench, context: JobContext) -> Trial:
    card = _card(bench.catalog, job.kind, job.id)
    trial = bench.model_trials.try_model(card, context)
    bench.model_memory.remember_trial(card, trial)
    return trial


def _doctor(job: DoctorJob, bench: Workbench, context: JobContext) -> tuple[Finding, ...]:
    return tuple(examine(bench.surroundings, context, self_test=job.self_test))


def _card(catalog: ModelCatalog, kind: ModelKind, model_id: str) -> ModelCard:
    """The card of a kind and id, as it lies there now.

    Raises:
        UserCorrectable: there is none any more.
    """
    catalog.refresh()
    for card in catalog.cards():
        if (card.kind, card.id) == (kind, model_id):
            return card
    raise UserCorrectable(f"There is no {kind} '{model_id}' any more. Look at the list again.")


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {
    ModelsJob: _models,
    VerifyModelJob: _verify,
    PlanImportJob: _plan_import,
    ImportModelJob: _import,
    RemoveModelJob: _remove,
    PackModelsJob: _pack,
    UnpackModelsJob: _unpack,
    ChooseModelJob: _choose,
    TryModelJob: _try,
    DoctorJob: _doctor,
}
