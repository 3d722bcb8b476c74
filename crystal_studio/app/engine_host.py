"""The engine host: the process in which models run, so that the window need not.

Started as `python -m crystal_studio.app.engine_host`; its stdin and stdout are the pipe to the window.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.app.logging_setup import set_up_host_logging
from crystal_studio.app.offline import stay_offline
from crystal_studio.app.paths import log_file
from crystal_studio.domain.errors import ProjectUnavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from crystal_studio.app.wiring import InstalledEngines
    from crystal_studio.domain.machine import Machine
    from crystal_studio.ports.context import JobContext
    from crystal_studio.ports.crystal_comparer import CrystalComparer
    from crystal_studio.ports.crystal_files import CrystalFiles
    from crystal_studio.ports.document_printer import DocumentPrinter
    from crystal_studio.ports.draftsman import Draftsman
    from crystal_studio.ports.history_store import HistoryStore
    from crystal_studio.ports.inspector import Inspector
    from crystal_studio.ports.model_catalog import ModelCatalog
    from crystal_studio.ports.model_memory import ModelMemory
    from crystal_studio.ports.model_store import ModelStore
    from crystal_studio.ports.model_trials import ModelTrials
    from crystal_studio.ports.project_bundles import ProjectBundles
    from crystal_studio.services.doctor import Surroundings
    from crystal_studio.services.engines import Engines
    from crystal_studio.services.jobs import Job

logger = logging.getLogger("crystal_studio.app.engine_host")  # __name__ is "__main__" here

NICENESS = 5  # the window's thread goes first
DEMO_PACE_SECONDS = 0.04
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the window that started this process until it quits or dies."""
    stay_offline()
    _leave_threads_to_the_window()
    from crystal_studio.host.channel import claim_channel
    from crystal_studio.host.lifeline import die_with_parent

    die_with_parent()
    channel = claim_channel()
    arguments = _arguments(argv)
    set_up_host_logging(log_file())
    faulthandler.enable(file=2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the window
    with contextlib.suppress(OSError):
        os.nice(NICENESS)

    from crystal_studio.host.server import serve
    from crystal_studio.services.handle import handle

    logger.info("engine host %s, demo %s", arguments.lane, arguments.demo)
    with contextlib.closing(HostWorkbench(arguments.language_model, arguments.demo)) as bench:
        pace = arguments.pace if arguments.demo else 0.0

        def run(job: Job, context: JobContext) -> object:
            return handle(job, bench, _paced(context, pace))

        serve(channel, run)
    return 0


class HostWorkbench:
    """Implements `services.handle.Workbench`: engines are loaded when first used, projects stay open until the end."""

    def __init__(self, language_model_id: str | None = None, demo: bool = False) -> None:
        self.version = version("crystal-studio")
        self._language_model_id = language_model_id
        self._demo = demo
        self._stores: dict[Path, HistoryStore] = {}
        self._installed: InstalledEngines | None = None

    @property
    def engines(self) -> Engines:
        """The engines of a design round, of the models that are in use by now."""
        if self._demo:
            return self._demo_engines
        from crystal_studio.app.wiring import installed_engines

        self._installed = (self._installed or installed_engines(self._language_model_id)).refreshed()
        return self._installed

    @cached_property
    def _demo_engines(self) -> Engines:
        from crystal_studio.app.demo import demo_engines

        return demo_engines()

    @cached_property
    def catalog(self) -> ModelCatalog:
        """Installed models."""
        from crystal_studio.app.wiring import open_catalog

        return open_catalog()

    @cached_property
    def model_store(self) -> ModelStore:
        """Takes models in, packs and removes them."""
        from crystal_studio.app.wiring import open_model_store

        return open_model_store()

    @cached_property
    def model_memory(self) -> ModelMemory:
        """The choice of models, and what was measured of them."""
        from crystal_studio.app.model_wiring import open_model_memory

        return open_model_memory()

    @cached_property
    def model_trials(self) -> ModelTrials:
        """Tries models in processes of their own."""
        from crystal_studio.app.model_wiring import create_model_trials

        return create_model_trials()

    @property
    def machine(self) -> Machine:
        """Cores, memory and cards, as they are at this moment."""
        from crystal_studio.app.model_wiring import read_machine

        return read_machine()

    @property
    def surroundings(self) -> Surroundings:
        """What the doctor looks at."""
        from crystal_studio.app.model_wiring import surroundings
        from crystal_studio.app.paths import projects_folder

        return surroundings(self.catalog, projects_folder())

    @cached_property
    def files(self) -> CrystalFiles:
        """Crystals on disk."""
        from crystal_studio.app.wiring import create_files

        return create_files()

    @cached_property
    def inspector(self) -> Inspector:
        """Symmetry, sites, cells and powder patterns."""
        from crystal_studio.app.wiring import create_inspector

        return create_inspector()

    @cached_property
    def crystal_comparer(self) -> CrystalComparer:
        """Two crystals side by side."""
        from crystal_studio.app.wiring import create_crystal_comparer

        return create_crystal_comparer()

    @cached_property
    def draftsman(self) -> Draftsman:
        """Draws crystals for reports."""
        from crystal_studio.app.wiring import create_draftsman

        return create_draftsman()

    @cached_property
    def printer(self) -> DocumentPrinter:
        """Prints reports, in a process of its own."""
        from crystal_studio.app.wiring import create_printer

        return create_printer()

    @cached_property
    def bundles(self) -> ProjectBundles:
        """Packs projects, and takes in what was packed."""
        from crystal_studio.app.wiring import create_bundles

        return create_bundles(self.version)

    def open_store(self, project: Path) -> AbstractContextManager[HistoryStore]:
        """The project's nodes, written under the lock of the window; only read where the disk allows no more.

        Raises:
            ProjectUnavailable: damaged, or newer than this program.
        """
        if project not in self._stores:
            from crystal_studio.app.projects import open_project

            try:
                self._stores[project] = open_project(project, take_lock=False)
            except ProjectUnavailable:
                self._stores[project] = open_project(project, read_only=True)
        return contextlib.nullcontext(self._stores[project])

    def close(self) -> None:
        """Close the projects."""
        for store in self._stores.values():
            store.close()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine_host", description="Started by the window.")
    parser.add_argument("--lane", default="model", help="for the log")
    parser.add_argument("--language-model", default=None, help="id of the language model, if not the default")
    parser.add_argument("--demo", action="store_true", help="engines without models")
    parser.add_argument("--pace", type=float, default=DEMO_PACE_SECONDS, help="seconds that a step takes with --demo")
    return parser.parse_args(argv)


def _leave_threads_to_the_window() -> None:
    """Numerical libraries read these when they are imported."""
    spare = max(1, len(os.sched_getaffinity(0)) - 1)
    for name in _THREAD_VARIABLES:
        os.environ.setdefault(name, str(spare))


def _paced(context: JobContext, seconds: float) -> JobContext:
    from crystal_studio.engines.fake.paced_context import PacedContext

    return PacedContext(context, seconds) if seconds > 0 else context


if __name__ == "__main__":
    sys.exit(main())
