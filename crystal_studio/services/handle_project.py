"""Jobs on the project file itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crystal_studio.ports.context import JobContext
from crystal_studio.services.jobs import CheckProjectJob, CompactJob

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _check(job: CheckProjectJob, bench: Workbench, context: JobContext) -> bool:
    """True, or the failure that names the newest good backup."""
    with bench.open_store(job.project) as store:
        store.check()
    return True


def _compact(job: CompactJob, bench: Workbench, context: JobContext) -> int:
    with bench.open_store(job.project) as store:
        return store.compact()


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {CheckProjectJob: _check, CompactJob: _compact}
