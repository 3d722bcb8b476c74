"""What the commands are given by the program that starts them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from crystal_studio.cli.console import Stop
from crystal_studio.domain.errors import Unavailable

if TYPE_CHECKING:
    from crystal_studio.cli.installed import InstalledEngines, ProjectOpener
    from crystal_studio.ports.document_printer import DocumentPrinter
    from crystal_studio.ports.draftsman import Draftsman
    from crystal_studio.ports.model_catalog import ModelCatalog
    from crystal_studio.ports.model_store import ModelStore
    from crystal_studio.ports.project_bundles import ProjectBundles
    from crystal_studio.services.doctor import Surroundings


def _not_wired() -> Any:
    raise Unavailable("This program was put together without this part.")


def _not_wired_with(*_arguments: object) -> Any:
    return _not_wired()


def _no_window(*_arguments: object) -> Any:
    raise Unavailable("This program was put together without a window.")


@dataclass(frozen=True)
class Program:
    """The wiring a command needs.

    Attributes:
        out: where answers go; everything else goes to stderr.
        stop: set by Ctrl-C.
        version: of the program, stored with every node.
        open_project: opens a project file.
        engines: loads engines on first use, with another language model when one is named.
        catalog: installed models.
        read_records: the crystals of a split by name, or of a file.
        models_folder: where models are installed for this person.
        data_folder: crystals for training and evaluation, None where none is named.
        draftsman: draws crystals for reports.
        printer: prints reports.
        bundles: packs projects, and takes in what was packed.
        model_store: takes models in, packs and removes them.
        surroundings: what the doctor looks at, with the folder where a project would be written.
        open_window: opens the window on a project (None for the last one), with or without models, and stays until it
            is closed; gives the exit status.
        take_screenshots: saves pictures of the window into a folder, of a project or of one made for it; names them.
    """

    out: TextIO
    stop: Stop
    version: str
    open_project: ProjectOpener
    engines: Callable[[str | None], InstalledEngines]
    catalog: Callable[[], ModelCatalog]
    read_records: Callable[[str], Sequence[Mapping[str, Any]]]
    models_folder: Path
    data_folder: Path | None
    draftsman: Callable[[], Draftsman] = _not_wired
    printer: Callable[[], DocumentPrinter] = _not_wired
    bundles: Callable[[], ProjectBundles] = _not_wired
    model_store: Callable[[], ModelStore] = _not_wired
    surroundings: Callable[[Path], Surroundings] = _not_wired_with
    open_window: Callable[[Path | None, bool], int] = _no_window
    take_screenshots: Callable[[Path, Path | None], Sequence[Path]] = _no_window


def complain(message: str) -> None:
    """One sentence on stderr."""
    print(f"crystal-studio: {message}", file=sys.stderr, flush=True)
