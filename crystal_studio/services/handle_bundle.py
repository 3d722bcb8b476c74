"""The jobs that pack a project and take a bundle in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.ports.context import JobContext
from crystal_studio.services.bundle import unbundle
from crystal_studio.services.jobs import BundleJob, UnbundleJob

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _bundle(job: BundleJob, bench: Workbench, context: JobContext) -> Path:
    return bench.bundles.pack(job.project, job.out, context).file


def _unbundle(job: UnbundleJob, bench: Workbench, context: JobContext) -> tuple[str, ...]:
    merged = unbundle(job.project, job.bundle, bench.bundles, bench.open_store, context)
    for sentence in merged.conflicts:
        context.partial("conflict", sentence)
    return merged.new


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {BundleJob: _bundle, UnbundleJob: _unbundle}
