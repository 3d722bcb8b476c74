"""The job that writes a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.ports.context import JobContext
from crystal_studio.services.compare import compare
from crystal_studio.services.jobs import ReportJob
from crystal_studio.services.report import Branch, ReportTools
from crystal_studio.services.report_file import check_report_file, write_report

if TYPE_CHECKING:
    from crystal_studio.services.handle import Workbench


def _report(job: ReportJob, bench: Workbench, context: JobContext) -> Path:
    check_report_file(job.out)
    comparer = bench.crystal_comparer
    tools = ReportTools(bench.version, bench.draftsman, lambda parent, node: compare(parent, node, comparer))
    with bench.open_store(job.project) as store:
        branch = Branch.to(job.node, store, job.project.name)
    return write_report(branch, job.out, tools, bench.printer, context)


HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {ReportJob: _report}
