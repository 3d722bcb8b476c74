"""Jobs that run rounds again: a replay, and a contact sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.replayed import Replayed
from crystal_studio.ports.context import JobContext
from crystal_studio.services.contact_sheet import fill_sheet
from crystal_studio.services.jobs import ReplayJob, SheetJob
from crystal_studio.services.provenance import VERSION
from crystal_studio.services.replay import replay

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _replay(job: ReplayJob, bench: Workbench, context: JobContext) -> Replayed:
    with bench.open_store(job.project) as store:
        return replay(job.node, bench.engines, store, context, bench.version)


def _sheet(job: SheetJob, bench: Workbench, context: JobContext) -> tuple[str, ...]:
    with bench.open_store(job.project) as store:
        return fill_sheet(job, bench.engines, store, context, {VERSION: bench.version})


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {
    ReplayJob: _replay,
    SheetJob: _sheet,
}
