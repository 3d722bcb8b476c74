"""The program `crystal-studio`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from crystal_studio.app.logging_setup import set_up_logging
from crystal_studio.app.offline import stay_offline
from crystal_studio.app.paths import log_file, training_data_folder, user_models_folder
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable

# What the commands need is imported by them: the window, which needs none of it, has to be painted soon.
if TYPE_CHECKING:
    from crystal_studio.cli.console import Stop
    from crystal_studio.cli.installed import InstalledEngines as EnginePort
    from crystal_studio.cli.program import Program
    from crystal_studio.ports.document_printer import DocumentPrinter
    from crystal_studio.ports.draftsman import Draftsman
    from crystal_studio.ports.history_store import HistoryStore
    from crystal_studio.ports.model_catalog import ModelCatalog
    from crystal_studio.ports.model_store import ModelStore
    from crystal_studio.ports.project_bundles import ProjectBundles
    from crystal_studio.services.doctor import Surroundings


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run one command; returns its exit status."""
    stay_offline()
    out = _claim_stdout()
    words = list(sys.argv[1:] if argv is None else argv)
    log = set_up_logging(log_file())
    try:
        if not words:
            return _open_window(None, False)
        status = _run_command(words, out)
    except StudioError as error:
        _complain(str(error))
        return int(error.exit_status)
    except KeyboardInterrupt:
        _complain("Stopped.")
        return int(ExitStatus.STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # the reader went away; nothing more to say
        return int(ExitStatus.DONE)
    except Exception as error:
        logging.getLogger(__name__).exception("bug")
        _complain(f"This is a bug of ours ({type(error).__name__}: {error}). Please send us the log: {log}")
        return int(ExitStatus.BUG)
    return status


def _run_command(words: list[str], out: TextIO) -> int:
    from crystal_studio.cli.console import Stop

    stop = Stop()
    stop.install()
    arguments = _arguments(words, out)
    status: int = arguments.run(arguments, _program(out, stop))
    return status


def _complain(sentence: str) -> None:
    from crystal_studio.cli.program import complain

    complain(sentence)


def _arguments(words: list[str], out: TextIO) -> argparse.Namespace:
    """The parsed command line.

    Raises:
        UserCorrectable: it cannot be parsed; with --json it is told on stdout as well.
    """
    from crystal_studio.cli.console import print_json
    from crystal_studio.cli.parser import build_parser

    try:
        return build_parser(_version(), words[0]).parse_args(words)
    except UserCorrectable as error:
        if "--json" in words:
            print_json({"error": str(error), "nodes": []}, out)
        raise


def _claim_stdout() -> TextIO:
    """The real stdout for our answers; whatever a library prints goes to stderr instead."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def _version() -> str:
    from importlib.metadata import version

    return version("crystal-studio")


def _program(out: TextIO, stop: Stop) -> Program:
    from crystal_studio.cli.program import Program

    return Program(
        out=out,
        stop=stop,
        version=_version(),
        open_project=_open_project,
        engines=_engines,
        catalog=_catalog,
        read_records=_read_records,
        models_folder=user_models_folder(),
        data_folder=training_data_folder(),
        draftsman=_draftsman,
        printer=_printer,
        bundles=_bundles,
        model_store=_model_store,
        surroundings=_surroundings,
        open_window=_open_window,
        take_screenshots=_take_screenshots,
    )


def _open_window(project: Path | None, demo: bool) -> int:
    from crystal_studio.app.display import require_display

    require_display()
    # Before PySide6, which looks into the source of every module that is imported once it is there.
    import crystal_studio.app.projects  # noqa: F401
    from crystal_studio.app.window import run_window

    return run_window(_version(), project, demo)


def _take_screenshots(folder: Path, project: Path | None) -> Sequence[Path]:
    from crystal_studio.app.screenshots import take_screenshots

    return take_screenshots(_version(), folder, project)


def _open_project(path: Path, read_only: bool = False) -> AbstractContextManager[HistoryStore]:
    from crystal_studio.app.projects import open_project

    return open_project(path, read_only)


def _engines(language_model_id: str | None) -> EnginePort:
    from crystal_studio.app.wiring import installed_engines

    return installed_engines(language_model_id)


def _catalog() -> ModelCatalog:
    from crystal_studio.app.wiring import open_catalog

    return open_catalog()


def _draftsman() -> Draftsman:
    from crystal_studio.app.wiring import create_draftsman

    return create_draftsman()


def _printer() -> DocumentPrinter:
    from crystal_studio.app.wiring import create_printer

    return create_printer()


def _bundles() -> ProjectBundles:
    from crystal_studio.app.wiring import create_bundles

    return create_bundles(_version())


def _model_store() -> ModelStore:
    from crystal_studio.app.wiring import open_model_store

    return open_model_store()


def _surroundings(project_folder: Path) -> Surroundings:
    from crystal_studio.app.model_wiring import surroundings

    return surroundings(_catalog(), project_folder)


def _read_records(name: str) -> Sequence[Mapping[str, Any]]:
    from crystal_studio.app.evaluation_data import evaluation_records

    return evaluation_records(name)


if __name__ == "__main__":
    sys.exit(main())
