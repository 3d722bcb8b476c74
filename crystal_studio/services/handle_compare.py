"""The job that compares two nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.comparison import Comparison
from crystal_studio.ports.context import JobContext
from crystal_studio.services.compare import compare
from crystal_studio.services.jobs import CompareJob

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _compare(job: CompareJob, bench: Workbench, context: JobContext) -> Comparison:
    with bench.open_store(job.project) as store:
        return compare(store.node(job.first), store.node(job.second), bench.crystal_comparer)


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {CompareJob: _compare}
