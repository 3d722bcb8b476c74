"""Jobs that read and write crystals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.imported import Imported
from crystal_studio.ports.context import JobContext
from crystal_studio.services.jobs import ExportJob, ImportJob
from crystal_studio.services.library import export_nodes, import_files
from crystal_studio.services.provenance import VERSION

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _export(job: ExportJob, bench: Workbench, context: JobContext) -> tuple[Path, ...]:
    with bench.open_store(job.project) as store:
        return tuple(one.path for one in export_nodes(job, store, bench.files, context, bench.version))


def _import(job: ImportJob, bench: Workbench, context: JobContext) -> Imported:
    with bench.open_store(job.project) as store:
        parameters = {VERSION: bench.version}
        return import_files(job.files, job.text, bench.engines, bench.files, store, context, parameters)


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {
    ExportJob: _export,
    ImportJob: _import,
}
